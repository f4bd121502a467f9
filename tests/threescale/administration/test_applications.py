"""Applications, their keys and their accounts through the JSON API."""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from cgrates_py.accounts import load_account
from rater.account import Account
from rater.metering.catalogue import Application, UserKey
from storage.documents import Replacement, application_key, key_of, user_key_key
from tests.threescale.administration.conftest import NOW_NS, Admin

APP = "services/1001/applications/a1"


async def stored(admin: Admin, app_id: str = "a1") -> Application:
    (value,) = await admin.store.documents([application_key("1001", app_id)])
    assert isinstance(value, Application)
    return value


async def owner(admin: Admin, user_key: str) -> str | None:
    (value,) = await admin.store.documents([user_key_key("1001", user_key)])
    return value.app_id if isinstance(value, UserKey) else None


async def use(admin: Admin, app: Application) -> None:
    """Count one hit of an application, as a rater would."""
    counted = Account(*app.account_key, usage={app.series + "m1": {0: 1}})
    await load_account(admin.store, counted, True, NOW_NS)


async def test_of_two_who_create_an_application_at_once_one_is_told_that_it_exists(
    shop: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "services/1001/applications/x"
    replaced = shop.store.replace

    async def overtaken(changes: Sequence[Replacement]) -> bool:
        monkeypatch.setattr(shop.store, "replace", replaced)
        await shop.do("POST", path, {"application": {"state": "active", "plan_id": "first"}})
        return await replaced(changes)

    monkeypatch.setattr(shop.store, "replace", overtaken)
    status, answer = await shop.ask("POST", path, {"application": {"state": "off", "plan_id": "second"}})

    assert (status, answer["status"], answer["application"]["plan_id"]) == (405, "exists", "first")
    assert (await stored(shop, "x")).plan_id == "first"


async def test_an_application_lives_from_its_creation_to_its_end(shop: Admin) -> None:
    shown: dict[str, Any] = {
        "service_id": "1001",
        "id": "x",
        "state": "active",
        "plan_id": "p1",
        "plan_name": "Gold",
        "redirect_url": "https://e.org",
        "account": None,
    }
    path = "services/1001/applications/x"
    given = {
        "state": "active",
        "plan_id": "p1",
        "plan_name": "Gold",
        "redirect_url": "https://e.org",
        "zzz": [],
    }
    assert await shop.ask("POST", path, {"application": given}) == (
        201,
        {"status": "created", "application": shown},
    )
    assert await shop.ask("POST", path, {"application": {"state": "off"}}) == (
        405,
        {"status": "exists", "application": shown},
    )
    assert await shop.ask("GET", path + "/") == (200, {"status": "found", "application": shown})
    changed = await shop.do("PUT", path, {"application": {"state": "suspended", "plan_id": "p2"}})
    echo = shown | {"state": "suspended", "plan_id": "p2", "plan_name": None, "redirect_url": None}
    assert changed == {"status": "modified", "application": echo}
    kept = (await shop.do("GET", path))["application"]
    assert kept == shown | {"state": "suspended", "plan_id": "p2"}
    listed = (await shop.do("GET", "services/1001/applications/"))["applications"]
    assert [each["id"] for each in listed] == ["a1", "x"]
    assert await shop.ask("DELETE", path) == (200, {"status": "deleted"})
    error = {"status": "not_found", "error": "application not found"}
    for verb in ("GET", "DELETE"):
        assert await shop.ask(verb, path) == (404, error)
    again = await shop.do("PUT", path, {"application": {"state": "active"}})
    assert again["status"] == "created"


REFUSED: list[tuple[object, str]] = [
    ({}, "missing parameter 'application'"),
    ({"application": {}}, 'application with id="x" has no state'),
    ({"application": {"state": ""}}, 'application with id="x" has no state'),
    ({"application": {"state": "active", "plan_id": []}}, "plan_id: expected a text"),
    ({"application": {"state": "active", "user_key": " "}}, "user_key: expected a text that is not blank"),
    ({"application": {"state": "active", "account": "t:nobody"}}, "account: there is no account t:nobody"),
    (
        {"application": {"state": "active", "redirect_url": "x" * 4097}},
        "redirect_url: expected at most 4096 characters, got 4097",
    ),
    (
        {"application": {"state": "active", "application_keys": [str(each) for each in range(1001)]}},
        "application_keys: expected at most 1000 members, got 1001",
    ),
]


@pytest.mark.parametrize(("body", "error"), REFUSED)
async def test_a_bad_application_is_refused_and_leaves_nothing(shop: Admin, body: object, error: str) -> None:
    path = "services/1001/applications/x"
    assert await shop.ask("PUT", path, body) == (400, {"status": "error", "error": error})
    assert (await shop.ask("GET", path))[0] == 404
    assert await shop.store.read(("1001", "x")) is None


async def test_an_application_needs_a_service(shop: Admin) -> None:
    answer = await shop.ask("PUT", "services/9/applications/a", {"application": {"state": "active"}})
    assert answer == (404, {"status": "not_found", "error": "service not found"})


async def test_an_application_has_an_account_of_its_own_with_a_journal(shop: Admin) -> None:
    found = await shop.store.read(("1001", "a1"))
    assert found is not None
    assert found.account == Account("1001", "a1")
    assert [line.method for line in await shop.store.journal(("1001", "a1"))] == ["Create"]
    await shop.do("DELETE", APP)
    await shop.do("PUT", APP, {"application": {"state": "active"}})
    assert len(await shop.store.journal(("1001", "a1"))) == 1


async def test_an_account_that_pays_is_tied_until_usage_is_counted_there(shop: Admin) -> None:
    await load_account(shop.store, Account("t", "payer", credit=5), True, NOW_NS)
    tied = {"state": "active", "account": "t:payer"}
    shown = (await shop.do("PUT", "services/1001/applications/b", {"application": tied}))["application"]
    assert shown["account"] == "t:payer"
    assert await shop.store.read(("1001", "b")) is None
    await shop.do("PUT", APP, {"application": tied})
    await shop.do("PUT", APP, {"application": {"state": "active"}})
    assert (await stored(shop)).account == ("t", "payer")
    await use(shop, await stored(shop))
    moved = await shop.ask("PUT", APP, {"application": {"state": "active", "account": None}})
    error = (
        'account: application "a1" has usage with account t:payer, which cannot move;'
        " delete it and create it again"
    )
    assert moved == (400, {"status": "error", "error": error})
    await shop.do("PUT", APP, {"application": tied})
    await shop.do("DELETE", APP)
    await shop.do("PUT", APP, {"application": {"state": "active", "account": None}})
    assert (await stored(shop)).account is None


async def test_what_is_created_again_begins_anew(shop: Admin) -> None:
    first = await stored(shop)
    await shop.do("DELETE", APP)
    await shop.do("PUT", APP, {"application": {"state": "active"}})
    second = await stored(shop)
    assert first.generation != second.generation
    await shop.do("DELETE", "services/1001")
    assert (await shop.ask("GET", APP))[0] == 404
    await shop.do("PUT", "services/1001", {"service": {"provider_key": "pk"}})
    assert (await shop.ask("GET", APP))[0] == 404
    assert (await shop.do("GET", "services/1001/applications"))["applications"] == []
    assert (await shop.do("PUT", APP, {"application": {"state": "active"}}))["status"] == "created"
    assert (await stored(shop)).service_generation != second.service_generation


async def test_a_deleted_services_user_keys_open_nothing_of_the_next_one(shop: Admin) -> None:
    await shop.do("PUT", f"{APP}/key/u1")
    await shop.do("DELETE", "services/1001")
    await shop.do("PUT", "services/1001", {"service": {"provider_key": "pk"}})
    assert (await shop.ask("GET", "services/1001/applications/key/u1"))[0] == 404
    await shop.do("PUT", APP, {"application": {"state": "active", "user_key": "u2"}})
    assert (await owner(shop, "u1"), await owner(shop, "u2")) == (None, "a1")


async def test_a_user_key_names_one_application_at_a_time(shop: Admin) -> None:
    found = "services/1001/applications/key/u1"
    assert (await shop.ask("GET", found))[0] == 404
    assert await shop.ask("PUT", f"{APP}/key/u1") == (200, {"status": "modified"})
    await shop.do("PUT", f"{APP}/key/u2")
    assert (await shop.do("GET", found))["application"]["id"] == "a1"
    assert [each["value"] for each in (await shop.do("GET", f"{APP}/user_keys"))["user_keys"]] == ["u1", "u2"]
    taken = {"application": {"state": "active", "user_key": "u1"}}
    await shop.do("PUT", "services/1001/applications/a2", taken)
    assert (await shop.do("GET", found))["application"]["id"] == "a2"
    assert (await stored(shop)).user_keys == ("u2",)
    await shop.do("DELETE", APP)
    assert await owner(shop, "u2") is None
    for _ in range(2):
        assert await shop.ask("DELETE", found) == (200, {"status": "deleted"})
    assert (await stored(shop, "a2")).user_keys == ()
    assert (await shop.ask("PUT", "services/1001/applications/no/key/u1"))[0] == 404


async def test_application_keys_are_listed_added_and_deleted(shop: Admin) -> None:
    keys = f"{APP}/keys/"
    made = {"service_id": "1001", "app_id": "a1", "value": "k/1"}
    added = await shop.ask("POST", keys, {"application_key": {"value": "k/1"}})
    assert added == (201, {"status": "created", "application_key": made})
    await shop.do("POST", keys, {"application_key": {"value": "k/1"}})
    random = (await shop.do("POST", keys, {"application_key": {"value": ""}}))["application_key"]["value"]
    assert len(random) == 32
    assert int(random, 16) >= 0
    values = [each["value"] for each in (await shop.do("GET", keys))["application_keys"]]
    assert values == ["k/1", random]
    assert await shop.ask("DELETE", keys + random) == (200, {"status": "deleted"})
    missing = {"status": "not_found", "error": "application key not found"}
    assert await shop.ask("DELETE", keys + random) == (404, missing)
    assert (await shop.ask("POST", keys, {}))[0] == 400
    assert (await shop.ask("GET", "services/1001/applications/no/keys"))[0] == 404


async def test_referrer_filters_are_listed_added_and_deleted(shop: Admin) -> None:
    filters = f"{APP}/referrer_filters"
    added = await shop.ask("POST", filters, {"referrer_filter": "*.ex.org/?ü"})
    assert added == (201, {"status": "created", "referrer_filter": "*.ex.org/?ü"})
    blank = {"status": "error", "error": "referrer filter can't be blank"}
    assert await shop.ask("POST", filters, {"referrer_filter": " "}) == (400, blank)
    assert (await shop.do("GET", filters))["referrer_filters"] == ["*.ex.org/?ü"]
    for bad in ("%%%", "_w=="):
        assert (await shop.ask("DELETE", f"{filters}/{bad}"))[0] == 400
    encoded = base64.urlsafe_b64encode("*.ex.org/?ü".encode()).decode()
    assert await shop.ask("DELETE", f"{filters}/{encoded}") == (200, {"status": "deleted"})
    assert (await shop.do("GET", filters))["referrer_filters"] == []


async def test_the_longest_referrer_filter_can_be_deleted(shop: Admin) -> None:
    filters, longest = f"{APP}/referrer_filters", "\U0001f40d" * 255
    await shop.do("POST", filters, {"referrer_filter": longest})
    encoded = base64.urlsafe_b64encode(longest.encode()).decode()
    assert await shop.ask("DELETE", f"{filters}/{encoded}") == (200, {"status": "deleted"})
    assert (await shop.do("GET", filters))["referrer_filters"] == []
    assert (await shop.ask("PUT", f"services/{'x' * 256}", {"service": {"provider_key": "k"}}))[0] == 400


async def test_a_batch_does_each_application_for_itself(shop: Admin) -> None:
    batch = [
        {
            "id": "x1",
            "state": "active",
            "plan_id": "p1",
            "user_key": "u1",
            "application_keys": ["k"],
            "referrer_filters": ["*.a"],
        },
        {"id": "x2"},
        "text",
        {"state": "active"},
        {"id": "a1", "state": "off"},
    ]
    document = await shop.do("PUT", "services/1001/applications/batch", {"applications": batch})
    assert (document["total"], document["successful"], document["failed"]) == (5, 2, 3)
    assert [each["status"] for each in document["applications"]] == ["created", "modified"]
    first = document["applications"][0]["application"]
    assert (first["id"], first["user_key"], first["application_keys"]) == ("x1", "u1", ["k"])
    assert document["failures"] == [
        {"id": "x2", "error": 'application with id="x2" has no state'},
        {"id": None, "error": "applications: expected an object"},
        {"id": None, "error": "id: expected a text"},
    ]
    made = await stored(shop, "x1")
    assert (made.keys, made.user_keys, made.referrer_filters) == (("k",), ("u1",), ("*.a",))
    assert (await shop.ask("PUT", "services/9/applications/batch", {"applications": []}))[0] == 404
    assert (await shop.ask("PUT", "services/1001/applications/batch", {"applications": {}}))[0] == 400


async def test_a_batch_that_names_an_application_twice_does_so_in_order(shop: Admin) -> None:
    batch = [{"id": "x", "state": str(number), "application_keys": [str(number)]} for number in range(5)]
    document = await shop.do("PUT", "services/1001/applications/batch", {"applications": batch})
    said = [each["status"] for each in document["applications"]]
    assert said == ["created", *["modified"] * 4]
    last = await stored(shop, "x")
    assert (last.state, last.keys) == ("4", ("0", "1", "2", "3", "4"))


async def test_changes_at_the_same_time_all_happen(shop: Admin) -> None:
    """Each reads before any has written; all but one lose the race, and try again."""
    keys = [f"k{number}" for number in range(20)]
    asks = (shop.do("POST", f"{APP}/keys", {"application_key": {"value": key}}) for key in keys)
    await asyncio.gather(*asks)
    assert sorted((await stored(shop)).keys) == sorted(keys)


async def test_a_change_by_another_between_reading_and_writing_is_kept(shop: Admin) -> None:
    read, other = shop.store.documents, shop.store.connect()
    before = await stored(shop)
    interfered = False

    async def documents(keys: Any) -> Any:
        nonlocal interfered
        values = await read(keys)
        if before in values and not interfered:
            interfered = True
            change = Replacement(key_of(before), before, replace(before, plan_name="Changed"))
            assert await other.replace([change])
        return values

    shop.store.documents = documents  # type: ignore[method-assign]  # -- another comes between, once
    await shop.do("POST", f"{APP}/keys", {"application_key": {"value": "k"}})
    after = await stored(shop)
    assert (after.plan_name, after.keys) == ("Changed", ("k",))
