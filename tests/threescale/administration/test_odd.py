"""Whatever is sent to whichever route, the answer is a document that says why not; never a fault."""

import json
from typing import Any

import pytest

from cgrates_py.metering.administration import ROUTES
from tests.threescale.administration.conftest import Admin

WRAPPERS = (
    "service",
    "application",
    "applications",
    "metric",
    "usagelimit",
    "rates",
    "application_key",
    "referrer_filter",
    "service_tokens",
    "alert_limit",
    "new_key",
    "upto_id",
)
MEMBERS = (
    "id",
    "provider_key",
    "backend_version",
    "state",
    "referrer_filters_required",
    "default_service",
    "plan_id",
    "redirect_url",
    "user_key",
    "user_keys",
    "application_keys",
    "account",
    "name",
    "parent_id",
    "day",
    "value",
    "tiers",
    "from",
    "per",
    "over",
    "whole",
    "service_token",
    "service_id",
)
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e300,
    2**64,
    "",
    " ",
    "\x00",
    "\ud800",
    "x" * 300,
    "m1",
    [],
    [[]],
    {},
    {"": {}},
)
NAMES = {"service": "1001", "application": "a1", "metric": "m1", "plan": "p1", "period": "day"}


def bodies() -> list[str]:
    wrapped = [dict.fromkeys(WRAPPERS, odd) for odd in ODD]
    objects = [dict.fromkeys(MEMBERS, odd) for odd in ODD]
    mixed = [
        dict.fromkeys(MEMBERS, "1") | {"state": "active", member: odd} for member in MEMBERS for odd in ODD
    ]
    for each in (*objects, *mixed):
        wrapped += [
            dict.fromkeys(WRAPPERS, each),
            {wrapper: [each] for wrapper in WRAPPERS},
            {wrapper: {"t": each} for wrapper in WRAPPERS},
        ]
    return [json.dumps(body) for body in (*ODD, *wrapped)]


@pytest.mark.parametrize(
    ("verb", "path"), [(verb, path) for verb, path, _ in ROUTES if verb in ("PUT", "POST", "DELETE")]
)
async def test_no_body_is_a_fault(shop: Admin, verb: str, path: str) -> None:
    place = "/".join(NAMES.get(piece[1:], "1") if piece[0] == ":" else piece for piece in path.split("/"))
    for body in bodies():
        status, document = await shop.ask_raw(verb, place, body.encode())
        assert status in (200, 201, 400, 404, 405, 422), (body, document)
        assert document["error" if status >= 400 and status != 405 else "status"], body


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ('{"usagelimit":{"day":5,"day":7}}', "'day'"),
        ('{"usagelimit":{"day":5},"usagelimit":{"day":7}}', "'usagelimit'"),
        ('{"usagelimit":{"day":5,"\\u0064ay":5}}', "'day'"),
        ('{"usagelimit":{"day":5},"":1,"":1}', "nothing"),
    ],
)
async def test_a_member_that_stands_twice_is_refused(shop: Admin, body: str, named: str) -> None:
    place = "services/1001/plans/p1/usagelimits/m1/day"
    status, document = await shop.ask_raw("PUT", place, body.encode())
    assert (status, document["error"]) == (400, f"{named}: expected each member of an object once")
    assert (await shop.do("GET", place))["usagelimit"]["day"] == 10


@pytest.mark.parametrize("name", ["\x00", "\ud800", "x" * 2000, " ", "é", "/", "~", "*"])
@pytest.mark.parametrize(("verb", "path"), [(verb, path) for verb, path, _ in ROUTES if ":" in path])
async def test_no_name_in_a_path_is_a_fault(shop: Admin, verb: str, path: str, name: str) -> None:
    pieces = path.split("/")
    for place, piece in enumerate(pieces):
        if piece[0] == ":":
            named = [NAMES.get(each[1:], "1") if each[0] == ":" else each for each in pieces]
            named[place] = name
            status, _ = await shop.ask_segments(verb, named)
            assert status in (200, 201, 400, 404), named
