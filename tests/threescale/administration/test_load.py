"""``threescale.json`` in a folder: what is wrong with it, and what it makes of a store."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cgrates_py.accounts import load_account
from cgrates_py.demo import FOLDERS
from cgrates_py.metering.administration.desk import Desk, RefusedError
from cgrates_py.metering.administration.seeding import (
    ChangedError,
    missing_payers,
    moved_usage,
    seed_catalogue,
)
from rater.account import Account
from rater.metering.catalogue import Application, MetricRate, Service
from rater.tariff import Tariff
from storage.documents import Replacement, application_key, key_of, service_key
from storage.loading import Loaded, load_folder
from storage.memory import MemoryStore
from tests.loading.folders import CSV, write
from tests.threescale.administration.conftest import NOW_NS, Admin, StillClock

SERVICE = {"id": "1001", "provider_key": "pk"}
METRIC = {"service": "1001", "id": "m1", "name": "hits"}
WHOLE: dict[str, Any] = {
    "services": [
        SERVICE | {"service_tokens": ["t1"], "alert_limits": [100, 80]},
        {"id": 7, "provider_key": "pk"},
    ],
    "metrics": [METRIC, {"service_id": "1001", "id": "m2", "name": "deep", "parent_id": "m1"}],
    "limits": [{"service": "1001", "plan": "p1", "metric": "m1", "day": 10, "eternity": 0}],
    "rates": [{"service": "1001", "metric": "m1", "from": "2026-01-01T00:00:00Z", "tiers": [{"price": 0.1}]}],
    "applications": [
        {
            "service": "1001",
            "id": "a1",
            "plan_id": "p1",
            "keys": ["k"],
            "user_keys": ["u"],
            "account": "t:payer",
        },
        {"service": "1001", "id": "a2", "state": "suspended"},
    ],
    "tokens": [{"token": "t2", "service": "9"}],
}


def read(folder: Path, document: object, known: dict[str, Service] | None = None) -> Loaded:
    content = document if isinstance(document, str) else json.dumps(document)
    write(folder, {"threescale.json": content})
    return load_folder(folder, Tariff(), now_ns=NOW_NS, services=known or {})


ONE_RATE = "expected one rate of a metric and plan from a time on"
OTHER = 'another metric has the name "hits"'
PROBLEMS: list[tuple[object, list[str]]] = [
    ([], ["threescale.json $: expected an object, got a list"]),
    ("{", ["threescale.json:1:2: expected JSON, got expecting property name enclosed in double quotes"]),
    (
        {"services": [{"id": "1"}]},
        ["threescale.json $.services[0].provider_key: expected this member, got nothing"],
    ),
    (
        '{"services": [{"id": "1", "provider_key": "a", "provider_key": "b"}]}',
        ["threescale.json: expected each member of an object once, got 'provider_key' a second time"],
    ),
    (
        '{"limits": [{"service": "1"}], "limits": []}',
        ["threescale.json: expected each member of an object once, got 'limits' a second time"],
    ),
    ('{"services": [NaN]}', ["threescale.json: NaN is no JSON number"]),
    (
        {"services": [SERVICE | {"state": [], "default": 1, "alert_limits": ["80"]}]},
        [
            "threescale.json $.services[0].alert_limits[0]: expected a whole number, got '80'",
            "threescale.json $.services[0].default: expected true or false, got 1",
            "threescale.json $.services[0].state: expected a text, got a list",
        ],
    ),
    (
        {"services": [SERVICE | {"service_tokens": ["t"] * 1001}]},
        ["threescale.json $.services[0].service_tokens: expected at most 1000 of them, got a list"],
    ),
    (
        {"limits": [{"service": "1", "plan": "p", "metric": "m", "day": -1}]},
        ["threescale.json $.limits[0].day: expected 0 or more, got -1"],
    ),
    ({"services": {}}, ["threescale.json $.services: expected a list, got an object"]),
    (
        {"services": [SERVICE | {"id": str(each), "default": each > 1} for each in range(4)]},
        ["threescale.json $.services[3]: expected one default service of a provider, got another"],
    ),
    (
        {
            "services": [SERVICE],
            "metrics": [METRIC],
            "rates": [
                {"service": "1001", "metric": "m1", "plan": plan, "tiers": [{"price": 1}]} for plan in "aabcb"
            ],
        },
        [f"threescale.json $.rates[{place}]: {ONE_RATE}, got another" for place in (1, 4)],
    ),
    ({"servces": []}, ["threescale.json $.servces: expected a known member, got another"]),
    (
        {"services": [SERVICE | {"backend_version": "3"}, SERVICE | {"id": "a\tb"}]},
        [
            "threescale.json $.services[0].backend_version: expected '1', '2' or 'oauth', got '3'",
            "threescale.json $.services[1].id: expected no control characters, got 'a\ufffdb'",
        ],
    ),
    (
        {"services": [SERVICE, SERVICE]},
        ["threescale.json $.services[1]: expected each of them once, got it a second time"],
    ),
    ({"metrics": [METRIC]}, ["threescale.json $.metrics[0].service_id: expected a service, got '1001'"]),
    (
        {"services": [SERVICE], "metrics": [METRIC | {"parent": "m9"}, METRIC | {"id": "m2"}]},
        [f"threescale.json $.metrics[{place}].name: {OTHER}" for place in (0, 1)],
    ),
    (
        {"services": [SERVICE], "metrics": [METRIC | {"parent": "m9"}]},
        ['threescale.json $.metrics[0].parent_id: there is no metric "m9"'],
    ),
    (
        {"services": [SERVICE], "limits": [{"service": "1001", "plan": "p", "metric": "m9", "day": 1}]},
        ["threescale.json $.limits[0].metric_id: expected the id of a metric, got 'm9'"],
    ),
    (
        {
            "services": [SERVICE],
            "metrics": [METRIC],
            "limits": [
                {"service": "1001", "plan": "p", "metric": "m1"},
                {"service": "1001", "plan": "q", "metric": "m1", "day": 2**63},
            ],
        },
        [f"threescale.json $.limits[1].day: expected at most {2**63 - 1}, got {2**63}"],
    ),
    (
        {
            "services": [SERVICE],
            "metrics": [METRIC],
            "limits": [{"service": "1001", "plan": "p", "metric": "m1"}],
            "rates": [{"service": "1001", "metric": "m1", "tiers": [{"start": 5, "price": 1}]}],
        },
        [
            "threescale.json $.limits[0]: expected at least one period, got none",
            "threescale.json $.rates[0].tiers: expected a first tier that starts at 0, got others",
        ],
    ),
    (
        {"rates": [{"service": "1", "metric": "m", "from": "noon", "tiers": [{"price": -1}]}]},
        [
            "threescale.json $.rates[0].from: expected an RFC 3339 time with a zone, got 'noon'",
            "threescale.json $.rates[0].tiers[0].price: expected a number from 0 to 9000000000, got -1",
        ],
    ),
    (
        {
            "services": [SERVICE],
            "applications": [
                {"service": "1001", "id": "a", "user_keys": ["u"]},
                {"service": "1001", "id": "b", "user_keys": ["u"]},
            ],
        },
        [
            "threescale.json $.applications[1].user_keys:"
            " expected user keys that no other application has, got 'u'"
        ],
    ),
]


@pytest.mark.parametrize(("document", "problems"), PROBLEMS)
def test_every_problem_is_told_with_its_place(tmp_path: Path, document: object, problems: list[str]) -> None:
    loaded = read(tmp_path, document)
    assert [str(problem) for problem in loaded.problems] == problems
    assert loaded.catalogue.services == ()


ODD: tuple[Any, ...] = (None, True, -1, 1e300, 2**64, "", "\x00", "\ud800", "x" * 300, [], [[]], {}, {"": {}})


@pytest.mark.parametrize("name", WHOLE)
def test_no_member_is_a_fault(tmp_path: Path, name: str) -> None:
    """Each is taken or told; what is told can be printed."""
    first = WHOLE[name][0]
    for odd in ODD:
        members = [first | {member: value} for member in first for value in (odd, [odd])]
        for given in (odd, [odd], *([each] for each in members)):
            loaded = read(tmp_path, WHOLE | {name: given})
            assert "\n".join(map(str, loaded.problems)).encode() or loaded.catalogue.counts


@pytest.mark.parametrize("text", ["", "[" * 100_000, "1" * 5_000, "NaN", '{"services": NaN}'])
def test_what_is_no_json_is_told(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).problem_count == 1


def test_a_catalogue_stands_alone_or_beside_a_tariff(tmp_path: Path) -> None:
    alone = read(tmp_path / "alone", WHOLE)
    beside = read(write(tmp_path / "beside", CSV), WHOLE)
    assert (alone.problems, beside.problems) == ((), ())
    assert alone.tariff == Tariff()
    assert beside.tariff != Tariff()
    assert len(beside.accounts) == 1
    assert alone.catalogue == beside.catalogue
    assert dict(alone.counts) == {
        "services": 2,
        "metrics": 2,
        "limits": 1,
        "applications": 2,
        "service tokens": 2,
        "rates of usage": 1,
    }


def test_the_demo_is_loaded_without_a_word() -> None:
    loaded = load_folder(FOLDERS[-1], Tariff(), now_ns=NOW_NS)
    assert (loaded.problems, loaded.notices) == ((), ())
    assert loaded.counts["applications"] == 4


async def test_a_second_load_changes_nothing(tmp_path: Path) -> None:
    store, desk = await shop(tmp_path)
    before = await everything(store)
    assert await seed(desk, tmp_path, WHOLE) == 0
    assert await everything(store) == before


async def test_what_a_file_names_is_as_it_says_and_the_rest_stays(tmp_path: Path) -> None:
    store, desk = await shop(tmp_path)
    admin = Admin(store)
    await admin.do("POST", "services/1001/metrics/m3", {"metric": {"name": "other"}})
    await admin.do("PUT", "services/1001/applications/a3", {"application": {"state": "active"}})
    first, service = await app(store), await service_of(store)
    changed = WHOLE["applications"][0] | {"keys": ["k2"], "user_keys": [], "plan_name": "Gold"}
    limits = [{"service": "1001", "plan": "p1", "metric": "m1", "day": 11}]
    assert await seed(desk, tmp_path, {"limits": limits, "applications": [changed]}) == 2
    now, then = await app(store), await service_of(store)
    assert now == replace(first, keys=("k2",), user_keys=(), plan_name="Gold")
    assert [each.maximum for each in then.limits] == [0, 11]
    assert replace(then, limits=service.limits) == service
    assert (await admin.ask("GET", "services/1001/applications/key/u"))[0] == 404
    assert (await admin.ask("GET", "services/1001/applications/a3"))[0] == 200


async def test_a_rate_replaces_the_one_of_its_metric_plan_and_time_alone(tmp_path: Path) -> None:
    store, desk = await shop(tmp_path)
    named = [("m1", "p", None), ("m1", "q", None), ("m1", "p", "2027-01-01T00:00:00Z"), ("m2", "p", None)]
    await seed(desk, tmp_path, {"rates": [_rate(*each, price=1) for each in named]})
    before = (await service_of(store)).rates
    assert len(before) == 5
    again = [_rate("m1", "p", None, price=2), _rate("m1", "r", None, price=3)]
    assert await seed(desk, tmp_path, {"rates": again}) == 1
    after = (await service_of(store)).rates
    assert {_named(each) for each in after} == {_named(each) for each in before} | {("m1", "r", 0)}
    changed = {_named(each): int(each.tiers[0].price) for each in set(after) - set(before)}
    assert changed == {("m1", "p", 0): 2, ("m1", "r", 0): 3}


def _rate(metric: str, plan: str, start: str | None, *, price: int) -> dict[str, Any]:
    rate = {"service": "1001", "metric": metric, "plan": plan, "tiers": [{"price": price}]}
    return rate | ({"from": start} if start else {})


def _named(rate: MetricRate) -> tuple[str, str, int]:
    return rate.metric_id, rate.plan_id, rate.from_ns


async def test_what_a_named_service_leaves_out_is_as_if_it_were_new(tmp_path: Path) -> None:
    store, desk = await shop(tmp_path)
    before = await service_of(store)
    assert before.alert_bins == (80, 100)
    assert await seed(desk, tmp_path, {"services": [SERVICE]}) == 1
    assert await service_of(store) == replace(before, alert_bins=())


async def test_the_default_service_is_the_first_or_the_one_said_to_be(tmp_path: Path) -> None:
    store, desk = await shop(tmp_path)
    admin = Admin(store)
    shown = [each["default_service"] for each in (await admin.do("GET", "services"))["services"]]
    assert shown == [True, False]
    assert await seed(desk, tmp_path, {"services": [{"id": "7", "provider_key": "pk", "default": True}]}) == 1
    shown = [each["default_service"] for each in (await admin.do("GET", "services"))["services"]]
    assert shown == [False, True]


async def test_an_account_that_pays_has_to_be_there(tmp_path: Path) -> None:
    desk = Desk(store := MemoryStore(), store, StillClock())
    applications = read(tmp_path, WHOLE).catalogue.applications
    assert await missing_payers(desk, applications) == [0]
    await load_account(store, Account("t", "payer"), True, NOW_NS)
    assert await missing_payers(desk, applications) == []


async def test_usage_cannot_move_to_another_account_by_a_load(tmp_path: Path) -> None:
    store, desk = await shop(tmp_path)
    usage = {(await app(store)).series + "m1": {0: 1}}
    await load_account(store, Account("t", "payer", usage=usage), True, NOW_NS)
    untied = {"applications": [{"service": "1001", "id": each} for each in ("a2", "a1", "new")]}
    known = {"1001": await service_of(store)}
    given = read(tmp_path, untied, known).catalogue.applications
    assert await moved_usage(desk, given, known) == [1]
    with pytest.raises(RefusedError, match="cannot move"):
        await seed(desk, tmp_path, untied)


async def test_a_service_that_changed_since_it_was_read_is_not_overwritten(tmp_path: Path) -> None:
    store, desk = await shop(tmp_path)
    known = {"1001": await service_of(store)}
    loaded = read(tmp_path, WHOLE, known)
    other = replace(known["1001"], state="suspended")
    assert await store.replace([Replacement(key_of(other), known["1001"], other)])
    with pytest.raises(ChangedError):
        await seed_catalogue(desk, loaded.catalogue, known)
    assert await service_of(store) == other


async def shop(folder: Path) -> tuple[MemoryStore, Desk]:
    """Load the whole document into a new store."""
    store = MemoryStore()
    desk = Desk(store, store, StillClock())
    await load_account(store, Account("t", "payer"), True, NOW_NS)
    assert await seed(desk, folder, WHOLE) == 6
    return store, desk


async def seed(desk: Desk, folder: Path, document: object) -> int:
    every = await desk.store.list_documents("service")
    known = {each.service_id: each for each in every if isinstance(each, Service)}
    loaded = read(folder, document, known)
    assert loaded.problems == ()
    return await seed_catalogue(desk, loaded.catalogue, known)


async def everything(store: MemoryStore) -> list[object]:
    kinds = ("provider", "service", "application", "user_key", "token")
    return [each for kind in kinds for each in await store.list_documents(kind)]


async def app(store: MemoryStore) -> Application:
    (value,) = await store.documents([application_key("1001", "a1")])
    assert isinstance(value, Application)
    return value


async def service_of(store: MemoryStore) -> Service:
    (value,) = await store.documents([service_key("1001")])
    assert isinstance(value, Service)
    return value
