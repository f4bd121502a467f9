"""Services, providers and tokens through the JSON API."""

import pytest

from tests.threescale.administration.conftest import Admin

DEFAULT = 'Service id="1001" is the default service, cannot be removed'
DIFFER = "Provider keys are not valid, must be not nil and different"


async def test_a_service_lives_from_its_creation_to_its_end(admin: Admin) -> None:
    made = {"service": {"id": "1001", "provider_key": "pk", "zzz": 1}}
    shown = {
        "id": "1001",
        "state": "active",
        "provider_key": "pk",
        "backend_version": "2",
        "referrer_filters_required": False,
        "default_service": True,
    }
    second = {"service": {"id": 1002, "provider_key": "pk", "backend_version": "oauth"}}
    assert await admin.ask("POST", "services/", made) == (201, {"service": shown, "status": "created"})
    assert await admin.ask("GET", "services/1001/") == (200, {"service": shown, "status": "found"})
    assert (await admin.do("POST", "services", second))["service"]["default_service"] is False
    assert await admin.ask("DELETE", "services/1001") == (400, {"status": "error", "error": DEFAULT})
    changed = await admin.do("PUT", "services/1002", {"service": {"state": "suspended"}})
    assert (changed["status"], changed["service"]["state"]) == ("ok", "suspended")
    assert changed["service"]["backend_version"] == "oauth"
    assert (await admin.do("PUT", "services/1002", {"service": {"state": None}}))["service"][
        "state"
    ] == "active"
    assert [each["id"] for each in (await admin.do("GET", "services"))["services"]] == ["1001", "1002"]
    assert await admin.ask("DELETE", "services/1002") == (200, {"status": "deleted"})
    assert await admin.ask("DELETE", "services/1001") == (200, {"status": "deleted"})
    for verb in ("GET", "DELETE"):
        assert await admin.ask(verb, "services/1001") == (404, {"status": "not_found", "error": "not_found"})


async def test_the_default_service_can_be_another_and_then_the_first_can_go(admin: Admin) -> None:
    for number in ("1001", "1002"):
        await admin.do("PUT", f"services/{number}", {"service": {"provider_key": "pk"}})
    await admin.do("PUT", "services/1002", {"service": {"default_service": True}})
    assert (await admin.do("GET", "services/1001"))["service"]["default_service"] is False
    await admin.do("DELETE", "services/1001")
    assert (await admin.do("GET", "services/1002"))["service"]["default_service"] is True


@pytest.mark.parametrize(
    ("said", "is_default"),
    [
        (True, True),
        ("true", True),
        ("1", True),
        (False, False),
        ("false", False),
        ("0", False),
        (None, False),
    ],
)
async def test_a_service_becomes_the_default_when_that_is_said_in_a_truth_value_or_its_text(
    said: object, is_default: bool, admin: Admin
) -> None:
    await admin.do("PUT", "services/1001", {"service": {"provider_key": "pk"}})
    made = {"service": {"id": "1002", "provider_key": "pk", "default_service": said}}
    assert (await admin.do("POST", "services", made))["service"]["default_service"] is is_default


async def test_a_service_can_move_to_another_provider(admin: Admin) -> None:
    for number in ("1001", "1002"):
        await admin.do("PUT", f"services/{number}", {"service": {"provider_key": "pk"}})
    assert await admin.ask("PUT", "services/1001", {"service": {"provider_key": "other"}}) == (
        400,
        {"status": "error", "error": DEFAULT},
    )
    moved = await admin.do("PUT", "services/1002", {"service": {"provider_key": "other"}})
    assert moved["service"]["default_service"] is True
    assert await admin.ask("DELETE", "services/1001") == (200, {"status": "deleted"})


async def test_a_provider_takes_its_services_to_its_new_key(admin: Admin) -> None:
    for number in ("1001", "1002"):
        await admin.do("PUT", f"services/{number}", {"service": {"provider_key": "pk"}})
    await admin.do("PUT", "services/9", {"service": {"provider_key": "taken"}})
    path = "services/change_provider_key/"
    refused = [
        (path + "pk", {}, DIFFER),
        (path + "pk", {"new_key": "  "}, DIFFER),
        (path + "pk", {"new_key": "pk"}, DIFFER),
        (path + "pk", {"new_key": "taken"}, 'Provider key="taken" already exists'),
        (path + "nobody", {"new_key": "x"}, 'Provider key="nobody" does not exist'),
    ]
    for place, body, error in refused:
        assert await admin.ask("PUT", place, body) == (400, {"status": "error", "error": error})
    await admin.do("PUT", path + "pk", {"new_key": "new"})
    for number, default in (("1001", True), ("1002", False)):
        service = (await admin.do("GET", f"services/{number}"))["service"]
        assert (service["provider_key"], service["default_service"]) == ("new", default)
    assert await admin.ask("PUT", path + "pk", {"new_key": "x"}) == (
        400,
        {"status": "error", "error": 'Provider key="pk" does not exist'},
    )


BAD_SERVICES: list[tuple[object, str]] = [
    ({}, "missing parameter 'service'"),
    (None, "missing parameter 'service'"),
    ([], "missing parameter 'service'"),
    ({"service": 5}, "service: expected an object"),
    ({"service": {"provider_key": "pk"}}, "id: expected a text"),
    ({"service": {"id": " ", "provider_key": "pk"}}, "id: expected a text that is not blank"),
    ({"service": {"id": "a\nb", "provider_key": "pk"}}, "id: expected no control characters"),
    ({"service": {"id": "\ud800", "provider_key": "pk"}}, "id: expected no control characters"),
    ({"service": {"id": "x" * 256, "provider_key": "pk"}}, "id: expected at most 255 characters, got 256"),
    ({"service": {"id": True, "provider_key": "pk"}}, "id: expected a text"),
    ({"service": {"id": "1"}}, "provider_key: expected the key of the provider that owns the service"),
    (
        {"service": {"id": "1", "provider_key": "pk", "backend_version": "3"}},
        "backend_version: expected one of 1, 2, oauth",
    ),
    (
        {"service": {"id": "1", "provider_key": "pk", "referrer_filters_required": "maybe"}},
        "referrer_filters_required: expected true or false",
    ),
]


@pytest.mark.parametrize(("body", "error"), BAD_SERVICES)
async def test_a_bad_service_is_refused_by_the_name_of_what_is_bad(
    admin: Admin, body: object, error: str
) -> None:
    assert await admin.ask("POST", "services/", body) == (400, {"status": "error", "error": error})
    assert await admin.do("GET", "services") == {"status": "found", "services": []}


@pytest.mark.parametrize("body", [b"", b"{", b'{"service":NaN}', b'{"service":{"id":"1"}} x', b"[" * 100_000])
async def test_what_is_no_json_is_refused(admin: Admin, body: bytes) -> None:
    error = {"status": "error", "error": "the body is not JSON"}
    assert await admin.ask_raw("POST", "services/", body) == (400, error)


@pytest.mark.parametrize(
    ("verb", "path"),
    [("GET", ""), ("GET", "nothing"), ("PATCH", "services/1"), ("POST", "services/1/2/3")],
)
async def test_what_is_no_route_is_not_found(shop: Admin, verb: str, path: str) -> None:
    assert (await shop.ask(verb, path, {}))[0] == 404


async def test_tokens_are_kept_all_or_none(shop: Admin) -> None:
    await shop.do("POST", "service_tokens/", {"service_tokens": {"tok": {"service_id": 1001}}})
    assert await shop.ask("HEAD", "service_tokens/tok/1001/") == (200, None)
    assert (await shop.ask("HEAD", "service_tokens/tok/9/"))[0] == 404
    owner = {"status": "found", "provider_key": "pk"}
    assert await shop.ask("GET", "service_tokens/tok/1001/provider_key") == (200, owner)
    blanks: list[tuple[object, str]] = [
        ({"t1": {"service_id": "1001"}, "": {"service_id": "1"}}, "Service token cannot be blank"),
        ({"t1": {"service_id": "1001"}, "t2": {"service_id": ""}}, "Service ID cannot be blank"),
        ({"t1": {"service_id": "1001"}, "t2": {}}, "Service ID cannot be blank"),
    ]
    for tokens, error in blanks:
        answer = await shop.ask("POST", "service_tokens", {"service_tokens": tokens})
        assert answer == (422, {"status": "error", "error": error})
    assert (await shop.ask("HEAD", "service_tokens/t1/1001/"))[0] == 404
    pairs = [{"service_token": "tok", "service_id": "1001"}, {"service_token": "zz", "service_id": "1"}]
    gone = await shop.do("DELETE", "service_tokens/", {"service_tokens": [*pairs, pairs[0]]})
    assert gone == {"status": "deleted", "count": 1}


async def test_a_token_of_a_service_that_does_not_exist_is_kept_but_opens_nothing(admin: Admin) -> None:
    await admin.do("POST", "service_tokens/", {"service_tokens": {"tok": {"service_id": "9"}}})
    assert await admin.ask("HEAD", "service_tokens/tok/9") == (200, None)
    assert (await admin.ask("GET", "service_tokens/tok/9/provider_key"))[0] == 404
    listed = [{"service_token": "tok", "service_id": "9"}]
    assert (await admin.do("GET", "service_tokens"))["service_tokens"] == listed
