"""Metrics, limits and rates through the JSON API."""

from decimal import Decimal

import pytest

from rater.instant import parse
from rater.metering.catalogue import MetricRate, Service, Tier
from rater.metering.period import LABELS, Period
from storage.documents import service_key
from tests.threescale.administration.conftest import Admin

LIMITS = "services/1001/plans/p1/usagelimits"
RATES = "services/1001/metrics/m1/rates"


async def service(admin: Admin) -> Service:
    (value,) = await admin.store.documents([service_key("1001")])
    assert isinstance(value, Service)
    return value


async def test_a_metric_lives_from_its_creation_to_its_end(shop: Admin) -> None:
    path = "services/1001/metrics/m3"
    shown = {"service_id": "1001", "id": "m3", "name": "deep", "parent_id": "m2"}
    body = {"metric": {"name": "deep", "parent_id": "m2"}}
    assert await shop.ask("POST", path, body) == (201, {"status": "created", "metric": shown})
    assert await shop.ask("GET", path) == (200, {"status": "found", "metric": shown})
    renamed = {"status": "modified", "metric": shown | {"name": "deeper"}}
    assert await shop.ask("PUT", path, {"metric": {"name": "deeper"}}) == (200, renamed)
    root = await shop.do("PUT", path, {"metric": {"parent_id": None}})
    assert root["metric"] == shown | {"name": "deeper", "parent_id": None}
    listed = (await shop.do("GET", "services/1001/metrics/"))["metrics"]
    assert [each["id"] for each in listed] == ["m1", "m2", "m3"]
    assert await shop.ask("DELETE", path) == (200, {"status": "deleted"})
    for verb in ("GET", "DELETE"):
        assert await shop.ask(verb, path) == (404, {"status": "not_found", "error": "metric not found"})


BAD_METRICS: list[tuple[str, object, str]] = [
    ("m3", {}, "missing parameter 'metric'"),
    ("m3", {"metric": {}}, "name: expected a text"),
    ("m3", {"metric": {"name": " hits2"}}, "name: expected no blanks around it"),
    ("m3", {"metric": {"name": "hits"}}, 'name: another metric has the name "hits"'),
    ("m2", {"metric": {"name": "hits"}}, 'name: another metric has the name "hits"'),
    ("m3", {"metric": {"name": "x", "parent_id": "m9"}}, 'parent_id: there is no metric "m9"'),
    (
        "m3",
        {"metric": {"name": "x", "parent_id": "m3"}},
        'parent_id: metric "m3" would be its own ancestor',
    ),
    ("m1", {"metric": {"parent_id": "m2"}}, 'parent_id: metric "m1" would be its own ancestor'),
]


@pytest.mark.parametrize(("metric_id", "body", "error"), BAD_METRICS)
async def test_metrics_stay_a_tree_of_distinct_names(
    shop: Admin, metric_id: str, body: object, error: str
) -> None:
    before = await service(shop)
    answer = await shop.ask("PUT", f"services/1001/metrics/{metric_id}", body)
    assert answer == (400, {"status": "error", "error": error})
    assert await service(shop) == before


async def test_a_metric_goes_with_its_limits_and_rates_but_not_before_its_children(shop: Admin) -> None:
    await shop.do("PUT", RATES, {"rates": [{"tiers": [{"start": 0, "price": 1}]}]})
    kept = {"status": "error", "error": 'metric "m1" has children: searches'}
    assert await shop.ask("DELETE", "services/1001/metrics/m1") == (400, kept)
    for metric_id in ("m2", "m1"):
        await shop.do("DELETE", f"services/1001/metrics/{metric_id}")
    after = await service(shop)
    assert (after.metrics, after.limits, after.rates) == ((), (), ())


async def test_a_limit_lives_from_its_creation_to_its_end(shop: Admin) -> None:
    path = f"{LIMITS}/m2/eternity"
    shown = {"service_id": "1001", "plan_id": "p1", "metric_id": "m2", "eternity": 0}
    made = await shop.ask("PUT", path, {"usagelimit": {"eternity": 0, "day": 3}})
    assert made == (200, {"status": "created", "usagelimit": shown})
    assert await shop.ask("GET", path) == (200, {"status": "found", "usagelimit": shown})
    changed = await shop.do("PUT", path, {"usagelimit": {"eternity": str(2**63 - 1)}})
    assert changed == {"status": "modified", "usagelimit": shown | {"eternity": 2**63 - 1}}
    day = {"service_id": "1001", "plan_id": "p1", "metric_id": "m1", "day": 10}
    listed = (await shop.do("GET", LIMITS))["usagelimits"]
    assert listed == [day, shown | {"eternity": 2**63 - 1}]
    for _ in range(2):
        assert await shop.ask("DELETE", path) == (200, {"status": "deleted"})
    assert (await shop.ask("GET", path))[0] == 404
    assert (await shop.do("GET", LIMITS))["usagelimits"] == [day]


@pytest.mark.parametrize("of", ["1001/plans/p1/usagelimits/nope/day", "nope/plans/p1/usagelimits/m1/day"])
async def test_the_end_of_a_limit_that_never_was_is_well(shop: Admin, of: str) -> None:
    assert await shop.ask("DELETE", f"services/{of}") == (200, {"status": "deleted"})


@pytest.mark.parametrize("period", list(LABELS))
async def test_every_period_can_be_limited(shop: Admin, period: str) -> None:
    body = {"usagelimit": {period: 7}}
    assert (await shop.do("PUT", f"{LIMITS}/m2/{period}", body))["usagelimit"][period] == 7


BAD_LIMITS: list[tuple[str, object, int, str]] = [
    ("m1/day", {}, 400, "missing parameter 'usagelimit'"),
    ("m1/day", {"usagelimit": {"hour": 1}}, 400, "usagelimit: expected the member day"),
    ("m1/day", {"usagelimit": {"day": -1}}, 400, f"day: expected a whole number from 0 to {2**63 - 1}"),
    ("m1/day", {"usagelimit": {"day": 2**63}}, 400, f"day: expected a whole number from 0 to {2**63 - 1}"),
    ("m1/day", {"usagelimit": {"day": 1.5}}, 400, f"day: expected a whole number from 0 to {2**63 - 1}"),
    ("m1/day", {"usagelimit": {"day": True}}, 400, f"day: expected a whole number from 0 to {2**63 - 1}"),
    ("m1/day", {"usagelimit": {"day": "٣"}}, 400, f"day: expected a whole number from 0 to {2**63 - 1}"),
    ("m9/day", {"usagelimit": {"day": 1}}, 404, "metric not found"),
    (
        "m1/decade",
        {"usagelimit": {"decade": 1}},
        400,
        "period: expected one of eternity, year, month, week, day, hour, minute",
    ),
]


@pytest.mark.parametrize(("path", "body", "status", "error"), BAD_LIMITS)
async def test_a_bad_limit_is_refused(shop: Admin, path: str, body: object, status: int, error: str) -> None:
    before = await service(shop)
    answer = await shop.ask("PUT", f"{LIMITS}/{path}", body)
    assert (answer[0], answer[1]["error"]) == (status, error)
    assert await service(shop) == before


async def test_prices_are_kept_exactly_as_they_are_written(shop: Admin) -> None:
    body = (
        b'{"rates":[{"plan_id":"p1","from":"2026-01-01T00:00:00+01:00","package":10,"per":1000000,"over":"month",'
        b'"whole":true,"tiers":[{"start":0,"price":0.100000000000000001},{"start":1000,"price":"0.05"}]},'
        b'{"tiers":[{"price":3}]}]}'
    )
    status, document = await shop.ask_raw("PUT", RATES, body)
    assert (status, document["status"]) == (200, "modified")
    first = MetricRate(
        "m1",
        (Tier(0, Decimal("0.100000000000000001")), Tier(1000, Decimal("0.05"))),
        "p1",
        parse("2025-12-31T23:00:00Z")[0],
        10,
        1_000_000,
        Period.MONTH,
        True,
    )
    assert (await service(shop)).rates == (first, MetricRate("m1", (Tier(0, Decimal(3)),)))
    shown = (await shop.do("GET", RATES))["rates"]
    assert shown == document["rates"]
    assert shown[0]["tiers"][0]["price"] == "0.100000000000000001"
    assert shown[0]["from"] == "2025-12-31T23:00:00Z"
    await shop.do("PUT", RATES, {"rates": shown})
    assert (await service(shop)).rates[0] == first
    assert await shop.ask("DELETE", RATES) == (200, {"status": "deleted"})
    assert (await service(shop)).rates == ()


TIER = {"start": 0, "price": 1}
BAD_RATES: list[tuple[object, str]] = [
    ({"tiers": []}, "rates[0].tiers: expected a first tier that starts at 0"),
    ({}, "rates[0].tiers: expected a list"),
    ({"tiers": [{"start": 1, "price": 1}]}, "rates[0].tiers: expected a first tier that starts at 0"),
    ({"tiers": [TIER, TIER]}, "rates[0].tiers: expected starts that rise"),
    ({"tiers": [{"start": 0}]}, "rates[0].tiers[0].price: expected a number or the text of one"),
    ({"tiers": [{"price": "abc"}]}, "rates[0].tiers[0].price: expected a number"),
    ({"tiers": [{"price": -1}]}, "rates[0].tiers[0].price: expected a number from 0 to 9000000000"),
    ({"tiers": [{"price": 1e300}]}, "rates[0].tiers[0].price: expected a number from 0 to 9000000000"),
    ({"tiers": [{"price": 1e-19}]}, "rates[0].tiers[0].price: expected at most 18 decimals"),
    ({"tiers": [TIER], "package": 0}, f"rates[0].package: expected a whole number from 1 to {2**63 - 1}"),
    ({"tiers": [TIER], "over": "decade"}, "rates[0].over: expected one of eternity,"),
    ({"tiers": [TIER], "from": "yesterday"}, "rates[0].from: "),
    ({"tiers": [TIER], "from": "9000-01-01T00:00:00Z"}, "rates[0].from: expected a time from 1700 to 2262"),
    ({"tiers": [TIER], "whole": 2}, "rates[0].whole: expected true or false"),
]


@pytest.mark.parametrize(("rate", "error"), BAD_RATES)
async def test_a_bad_rate_is_refused_by_its_place(shop: Admin, rate: object, error: str) -> None:
    status, document = await shop.ask("PUT", RATES, {"rates": [rate]})
    assert status == 400
    assert document["error"].startswith(error)
    assert (await service(shop)).rates == ()


async def test_two_rates_of_a_plan_from_the_same_time_on_are_refused(shop: Admin) -> None:
    rates = [{"tiers": [TIER]}, {"plan_id": "p1", "tiers": [TIER]}, {"plan_id": None, "tiers": [TIER]}]
    error = "rates[2]: another rate of that plan begins at the same time"
    assert await shop.ask("PUT", RATES, {"rates": rates}) == (400, {"status": "error", "error": error})
    assert (await shop.ask("PUT", "services/1001/metrics/m9/rates", {"rates": []}))[0] == 404
