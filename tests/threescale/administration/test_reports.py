"""What came of usage, through the JSON API: utilisation, counters, integration errors, alerts, events."""

import pytest

from cgrates_py.accounts import load_account
from rater.account import Account
from rater.metering.catalogue import Application
from rater.metering.period import Period, cell_of
from storage.documents import ErrorRecord, application_key
from tests.threescale.administration.conftest import NOW_NS, Admin

APP = "services/1001/applications/a1"
DAY_NS = 86_400 * 10**9


async def application(admin: Admin) -> Application:
    (value,) = await admin.store.documents([application_key("1001", "a1")])
    assert isinstance(value, Application)
    return value


async def count(admin: Admin) -> None:
    """Count 8 hits today, 5 yesterday, as a rater would."""
    series = (await application(admin)).series + "m1"
    today, yesterday = (cell_of(Period.DAY, at_ns) for at_ns in (NOW_NS, NOW_NS - DAY_NS))
    usage = {series: {today: 8, yesterday: 5, cell_of(Period.ETERNITY, 0): 13}}
    await load_account(admin.store, Account("1001", "a1", usage=usage), True, NOW_NS)


async def test_utilisation_lists_the_limits_of_the_plan_with_what_is_used(shop: Admin) -> None:
    await shop.do("PUT", "services/1001/plans/p2/usagelimits/m1/day", {"usagelimit": {"day": 1}})
    await shop.do("PUT", "services/1001/plans/p1/usagelimits/m2/year", {"usagelimit": {"year": 2}})
    await count(shop)
    assert (await shop.do("GET", f"{APP}/utilization/"))["utilization"] == [
        {"period": "day", "metric_name": "hits", "max_value": 10, "current_value": 8},
        {"period": "year", "metric_name": "searches", "max_value": 2, "current_value": 0},
    ]
    assert (await shop.ask("GET", "services/1001/applications/no/utilization"))[0] == 404


STATS = [
    ({"metric": "hits", "period": "day"}, "2026-11-22T00:00:00Z", 8),
    ({"metric": "m1", "period": "day", "at": "2026-11-22T01:00:00+02:00"}, "2026-11-21T00:00:00Z", 5),
    ({"metric": "hits"}, None, 13),
    ({"metric": "hits", "period": "hour"}, "2026-11-22T10:00:00Z", 0),
    ({"metric": "searches", "period": "year"}, "2026-01-01T00:00:00Z", 0),
]


@pytest.mark.parametrize(("query", "start", "value"), STATS)
async def test_a_counter_is_told_by_metric_period_and_instant(
    shop: Admin, query: dict[str, str], start: str | None, value: int
) -> None:
    await count(shop)
    status, document = await shop.ask("GET", f"{APP}/stats", **query)
    stats = document["stats"]
    assert (status, stats["start"], stats["value"]) == (200, start, value)
    assert stats["metric"] in ("hits", "searches")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"metric": "no"}, 404),
        ({"metric": "hits", "period": "decade"}, 400),
        ({"metric": "hits", "at": "noon"}, 400),
        ({"metric": "hits", "at": "9000-01-01T00:00:00Z"}, 400),
    ],
)
async def test_a_counter_that_there_cannot_be_is_refused(
    shop: Admin, query: dict[str, str], status: int
) -> None:
    assert (await shop.ask("GET", f"{APP}/stats", **query))[0] == status


async def test_deleted_statistics_begin_anew(shop: Admin) -> None:
    await count(shop)
    before = await application(shop)
    assert await shop.ask("DELETE", "services/1001/stats") == (200, {"status": "deleted"})
    assert (await application(shop)).generation != before.generation
    assert (await shop.do("GET", f"{APP}/utilization"))["utilization"][0]["current_value"] == 0


async def test_integration_errors_are_listed_newest_first_by_page(shop: Admin) -> None:
    for number in range(5):
        error = ErrorRecord("metric_invalid", f"no {number}", NOW_NS, {"app_id": "a1"})
        await shop.store.add_error("1001", error)
    path = "services/1001/errors/"
    _, document = await shop.ask("GET", path, page="2", per_page="2")
    assert document["count"] == 5
    assert [each["message"] for each in document["errors"]] == ["no 2", "no 1"]
    assert document["errors"][0] == {
        "code": "metric_invalid",
        "message": "no 2",
        "timestamp": "2026-11-22 10:15:00 UTC",
        "context_info": {"app_id": "a1"},
    }
    assert len((await shop.do("GET", path))["errors"]) == 5
    for query in ({"page": "0"}, {"per_page": "1001"}, {"page": "x"}):
        assert (await shop.ask("GET", path, **query))[0] == 400
    assert (await shop.ask("GET", path, page=str(2**62)))[1]["errors"] == []
    assert await shop.ask("DELETE", path) == (200, {"status": "deleted"})
    assert (await shop.do("GET", path))["count"] == 0
    assert (await shop.ask("GET", "services/9/errors"))[0] == 404


async def test_alert_limits_are_of_the_known_bins(shop: Admin) -> None:
    path = "services/1001/alert_limits"
    made = await shop.ask("POST", path, {"alert_limit": {"value": "80"}})
    assert made == (201, {"status": "created", "alert_limit": {"service_id": "1001", "value": 80}})
    await shop.do("POST", path, {"alert_limit": {"value": 50}})
    for bad in (81, "x", None, True, 80.0):
        answer = await shop.ask("POST", path, {"alert_limit": {"value": bad}})
        assert answer == (400, {"status": "error", "error": "alert limit is invalid"})
    assert [each["value"] for each in (await shop.do("GET", path))["alert_limits"]] == [50, 80]
    assert await shop.ask("DELETE", f"{path}/80") == (200, {"status": "deleted"})
    assert (await shop.ask("DELETE", f"{path}/80"))[0] == 404


async def test_events_are_listed_and_forgotten(shop: Admin) -> None:
    members: list[dict[str, str | int]] = [{"application_id": name} for name in ("a", "b", "c")]
    await shop.store.add_events([("first_traffic", NOW_NS, each) for each in members])
    events = (await shop.do("GET", "events/"))["events"]
    assert events[0] == {
        "id": 1,
        "type": "first_traffic",
        "timestamp": "2026-11-22 10:15:00 UTC",
        "object": {"application_id": "a"},
    }
    assert await shop.ask("DELETE", "events/2") == (200, {"status": "deleted"})
    assert (await shop.ask("DELETE", "events/2"))[0] == 404
    assert (await shop.ask("DELETE", "events/x"))[0] == 400
    assert (await shop.ask("DELETE", "events"))[0] == 400
    assert await shop.ask("DELETE", "events", upto_id="1") == (200, {"status": "deleted", "num_events": 1})
    assert await shop.do("DELETE", "events", {"upto_id": 9}) == {"status": "deleted", "num_events": 1}
    assert (await shop.do("GET", "events"))["events"] == []
