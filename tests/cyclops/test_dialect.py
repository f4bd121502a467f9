"""What Cyclops RC answers beyond the published cases: statuses, shapes, and what it refuses."""

import json
from typing import Any, cast

import pytest
from starlette.routing import Route

from cgrates_py.client import RpcClient
from cgrates_py.clock import SystemClock
from cgrates_py.http.services import Services
from cgrates_py.http.usage import routes
from cgrates_py.settings import SettingsError, load
from cgrates_py.usage.cyclops import pages
from rater.usage.records import DayEntry
from tests.cyclops.desk import NOON_NS, SECOND, Desk

TIMES = {"from_": "2015-06-10 00:00", "to": "2015-06-11 00:00"}


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "", 200),
        ("HEAD", "/", 200),
        ("GET", "/rate/status/", 200),
        ("GET", "/nothing", 404),
        ("GET", "/Rate", 404),
        ("GET", "/generate", 404),
        ("GET", "/generate/", 404),
        ("DELETE", "/rate", 405),
        ("POST", "/charge", 405),
        ("OPTIONS", "/usage", 405),
        ("POST", "/usage", 415),
    ],
)
async def test_a_path_and_a_method_have_their_status(verb: str, path: str, status: int) -> None:
    assert (await Desk().ask(verb, path, kind=None)).Status == status


async def test_a_method_that_there_is_not_is_told_which_there_are() -> None:
    assert (await Desk().ask("PUT", "/rate")).Headers == {"Allow": "GET, POST, HEAD"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"from": "2015-06-10", "to": "2015-06-11"}, "resourcename: this parameter is missing"),
        ({"resourcename": "cpu", "to": "2015-06-11"}, "from: this parameter is missing"),
        ({"resourcename": "cpu", "from": "2015-06-10", "to": ""}, "to: this parameter is missing"),
        ({"resourcename": "cpu", "from": "now", "to": "2015-06-11"}, "from: expected a time like"),
        ({"resourcename": "cpu", "from": "2015-06-31", "to": "2015-06-11"}, "from: expected a time like"),
    ],
)
async def test_a_missing_or_bad_parameter_is_named(query: dict[str, str], said: str) -> None:
    answer = await Desk().ask("GET", "/rate", query=query)

    assert answer.Status == 400
    assert answer.Body.startswith(said)


@pytest.mark.parametrize(
    "written",
    [
        "2015-06-10 12:00",
        "2015-06-10T12:00",
        "2015-06-10 12:00:00",
        "2015-06-10T12:00:00Z",
        "'2015-06-10 12:00'",
        "2015-06-10T14:00:00+02:00",
    ],
)
async def test_a_time_may_be_written_in_many_ways_and_is_echoed_as_it_was(written: str) -> None:
    desk = Desk()
    await desk.static('{"cpu": 1}')
    desk.clock.at_ns += SECOND
    await desk.static('{"cpu": 2}')
    page = json.loads(await desk.get("/rate", resourcename="cpu", from_=written, to="2015-06-11"))

    assert page["time"] == {"from": written, "to": "2015-06-11"}
    assert [point[2] for point in page["rate"]["cpu"]] == [2]


@pytest.mark.parametrize(
    "body", ["", "no", "[]", "{}", '{"rate": {"cpu": 1}}', '{"rate_policy": 3}', '{"rate_policy": "static"}']
)
async def test_a_body_that_is_no_policy_changes_nothing(body: str) -> None:
    desk = Desk()
    await desk.static('{"cpu": 3}')
    before = await desk.get("/rate/status")

    assert (await desk.ask("POST", "/rate", body)).Status == 204
    assert await desk.get("/rate/status") == before
    assert len(await desk.rates()) == 1


async def test_rates_that_are_no_numbers_are_refused_and_change_nothing() -> None:
    desk = Desk()
    body = '{"rate_policy": "static", "rate": {"cpu": 1, "ram": "much"}}'

    assert (await desk.ask("POST", "/rate", body)).Status == 400
    assert await desk.get("/rate/status") == '{"rate_policy":"dynamic","rate":null}'


@pytest.mark.parametrize("literal", ["3", "0.00004", "4e-05", '".0000000000001"', '"2"', "1E2", "3.0"])
async def test_a_rate_keeps_the_literal_it_was_posted_with(literal: str) -> None:
    desk = Desk()
    await desk.static(f'{{"cpu": {literal}}}')
    at_ms = NOON_NS // 1_000_000

    assert f'"rate":{{"cpu":{literal}}}' in await desk.get("/rate/status")
    page = await desk.get("/rate", resourcename="cpu", **TIMES)
    assert f'"rate":{{"cpu":[[{at_ms},1,{literal}]]}}' in page


async def test_static_rates_are_remembered_and_not_shown_while_rates_are_dynamic() -> None:
    desk = Desk()
    await desk.static('{"cpu": 3}')
    await desk.ask("POST", "/rate", '{"rate_policy": "Dynamic"}')

    assert await desk.get("/rate/status") == '{"rate_policy":"dynamic","rate":null}'


async def test_source_and_time_of_a_policy_are_told_with_it() -> None:
    desk = Desk()
    body = '{"source": "ui", "time": "2015-03-17 17:34:45", "rate_policy": "static", "rate": {}}'
    await desk.ask("POST", "/rate", body)

    assert json.loads(await desk.get("/rate/status")) == json.loads(body)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("[]", "expected 1 to 20000 usages"),
        ("[nope]", "body: JSON is malformed"),
        ('[{"meter": "a", "userid": "u"}]', "missing required field `usage`"),
        (
            '[{"meter": "a", "userid": "u", "usage": 1}, {"meter": "a", "userid": "u", "usage": "x"}]',
            "$[1].usage",
        ),
        ('[{"meter": "a", "userid": "u", "usage": null}]', "$[0].usage: expected a number"),
        ('[{"meter": "a", "userid": "", "usage": 1}]', "$[0].userid"),
        ('[{"meter": "", "userid": "u", "usage": 1}]', "$[0].meter"),
        ('[{"meter": "a", "userid": "u", "usage": 1, "timestamp": "soon"}]', "$[0].timestamp"),
        ('[{"meter": "a", "userid": "u", "usage": 1, "timestamp": true}]', "$[0].timestamp"),
        ('[{"meter": "a", "userid": "u", "usage": 1, "timestamp": "2015-06-11 12:01"}]', "not a day ahead"),
    ],
)
async def test_of_a_bad_push_nothing_is_stored(body: str, said: str) -> None:
    desk = Desk()
    answer = await desk.ask("POST", "/usage", body)

    assert answer.Status == 400
    assert said in answer.Body
    assert await desk.usages() == []
    assert json.loads(await desk.get("/meters"))["points"] == []


@pytest.mark.parametrize(
    ("timestamp", "at_ns"),
    [
        ('"2015-06-10 11:00"', NOON_NS - 3_600 * SECOND),
        ("1433937600", NOON_NS),
        ("1433937600000", NOON_NS),
        ("null", NOON_NS),
    ],
)
async def test_the_time_of_a_usage_is_a_text_or_a_number_or_now(timestamp: str, at_ns: int) -> None:
    desk = Desk()
    await desk.ask("POST", "/usage", f'{{"meter": "a", "userid": 7, "usage": 1, "timestamp": {timestamp}}}')

    assert [(each.row.account, each.row.at_ns) for each in await desk.usages()] == [("7", at_ns)]


async def test_usage_of_an_application_is_pushed_by_its_source() -> None:
    desk = Desk()
    body = [
        {
            "metadata": {"source": "game"},
            "usage": [{"userid": "u1", "usage": 2}, {"userid": "u2", "usage": 3}],
        }
    ]
    answer = await desk.ask("POST", "/ext/app", json.dumps(body))

    assert (answer.Status, sorted(json.loads(answer.Body))) == (201, ["message", "status", "timestamp"])
    page = json.loads(await desk.get("/usage/resources/game", **TIMES))
    assert page["column"] == ["time", "userid", "usage"]
    assert [point[1:] for point in page["usage"]] == [["u1", 2], ["u2", 3]]


async def test_meters_are_set_in_a_table_a_list_or_alone() -> None:
    desk = Desk()
    for body in (
        '{"columns": ["metername", "metertype", "status"],'
        ' "points": [["a", "gauge", 1], ["b", "cumulative", 0]]}',
        '[{"metername": "c", "metertype": "External", "metersource": "app"}]',
        '{"metername": "b", "status": true}',
    ):
        assert (await desk.ask("POST", "/meters", body)).Status == 200
        desk.clock.at_ns += SECOND
    page = json.loads(await desk.get("/meters"))

    assert page["columns"][3:] == ["metersource", "metertype", "metername", "status"]
    assert [point[3:] for point in page["points"]] == [
        ["", "cumulative", "b", 1],
        ["app", "external", "c", 1],
        ["", "gauge", "a", 1],
    ]


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "3",
        '{"metertype": "gauge"}',
        '{"metername": "a", "metertype": "volts"}',
        '{"metername": "a", "status": 2}',
        '{"columns": ["metername"], "points": [["a", 1]]}',
        '{"columns": ["metername"], "points": 3}',
    ],
)
async def test_meters_that_make_no_sense_are_refused(body: str) -> None:
    assert (await Desk().ask("POST", "/meters", body)).Status == 400


async def test_a_meter_that_is_off_is_neither_rated_nor_charged_and_its_usage_is_kept() -> None:
    desk = Desk()
    await desk.ask("POST", "/meters", '{"metername": "cpu", "metertype": "cumulative", "status": 0}')
    await desk.use("cpu", "u1", "5")
    assert [await desk.get(f"/generate/{what}") for what in ("rate", "cdr")] == ["Operation Failed"] * 2

    await desk.static('{"cpu": 2}')
    assert await desk.get("/generate/cdr") == "Operation Failed"
    await desk.ask("POST", "/meters", '{"metername": "cpu", "status": 1}')
    await desk.get("/generate/cdr")

    assert [point[3:] for point in await desk.charged("u1")] == [[5, 10.0, "cpu"]]


async def test_a_gauge_is_charged_by_its_mean_and_a_counter_by_its_sum() -> None:
    desk = Desk()
    await desk.ask("POST", "/meters", '[{"metername": "g", "metertype": "gauge"}, {"metername": "c"}]')
    await desk.static('{"g": 2, "c": 2}')
    for usage in ("10", "20"):
        await desk.use("g", "u1", usage)
        await desk.use("c", "u1", usage)
    await desk.get("/generate/cdr")

    assert {point[5]: (point[3], point[4]) for point in await desk.charged("u1")} == {
        "g": (15, 30.0),
        "c": (30, 60.0),
    }


async def test_the_scheduler_says_what_the_original_said() -> None:
    desk = Desk()
    talk = [
        ("status", "running"),
        ("start", "Scheduler has already been started"),
        ("stop", "Scheduler stopped"),
        ("STATUS", "stopped"),
        ("stop", "Scheduler was not running"),
        ("restart", "Scheduler restarted"),
        ("status", "running"),
        ("Restart", "Scheduler restarted"),
        ("pause", "Unsupported command - use either start, restart, stop, status or force"),
        ("stop", "Scheduler stopped"),
        ("start", "Scheduler started"),
        ("status", "running"),
    ]

    assert [(word, await desk.get(f"/scheduler/{word}")) for word, _ in talk] == talk


@pytest.mark.parametrize("path", ["/usage/users/u1", "/usage/resources/cpu"])
async def test_an_answer_that_would_be_too_long_asks_for_a_shorter_time(
    monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    desk = Desk()
    await desk.use("cpu", "u1", "1", "2015-06-10 12:00:00")
    whole = await desk.get(path, **TIMES)
    escaped = len(json.dumps(whole))
    monkeypatch.setattr(pages, "BYTES_MAX", escaped)
    assert await desk.get(path, **TIMES) == whole
    monkeypatch.setattr(pages, "BYTES_MAX", escaped - 1)
    answer = await desk.ask("GET", path, query={name.rstrip("_"): text for name, text in TIMES.items()})
    said = f"the answer is longer than {escaped - 1} bytes: ask for a shorter time"
    assert (answer.Status, answer.Body) == (400, said)


async def test_calls_are_counted_until_somebody_asks() -> None:
    desk = Desk()
    for path in ("/rate/status", "/rate/status", "/", "/generate/Rate"):
        await desk.get(path)
    counts: dict[str, Any] = json.loads(await desk.get("/status"))
    again: dict[str, Any] = json.loads(await desk.get("/status"))

    assert {path: count for path, count in counts.items() if count} == {
        "/": 1,
        "/rate/status": 2,
        "/generate/{action}": 1,
    }
    assert set(again.values()) == {0}


async def test_charges_of_other_dialects_are_not_listed_here() -> None:
    desk = Desk()
    await desk.static('{"cpu": 1}')
    await desk.use("cpu", "u1", "1")
    await desk.get("/generate/cdr")
    (ours,) = await desk.charges()
    other = ours.row._replace(link="call:1", price="7")
    await desk.store.append("charges", [(NOON_NS // (86_400 * SECOND), DayEntry(NOON_NS, "calls", (other,)))])

    assert [point[4] for point in await desk.charged("u1")] == [1.0]


@pytest.mark.parametrize("path", ["/generate/rate", "/generate/cdr", "/scheduler/stop", "/scheduler/force"])
async def test_who_only_looks_changes_nothing(path: str) -> None:
    desk = Desk()
    await desk.static('{"cpu": 2}')
    await desk.use("cpu", "u1", "1")

    answer = await desk.ask("HEAD", path)

    assert (answer.Status, answer.Headers) == (405, {"Allow": "GET"})
    assert await desk.get("/scheduler/status") == "running"
    assert (len(await desk.rates()), await desk.charges()) == (1, [])


async def test_counts_are_not_reset_by_who_does_not_read_them() -> None:
    desk = Desk()
    await desk.get("/rate/status")

    answer = await desk.ask("HEAD", "/status")

    assert (answer.Status, answer.Headers) == (405, {"Allow": "GET"})
    assert json.loads(await desk.get("/status"))["/rate/status"] == 1


@pytest.mark.parametrize("at", ["0002-01-01", "1600-01-01", "1969-12-31"])
async def test_usage_of_times_before_computers_is_refused(at: str) -> None:
    desk = Desk()
    push = f'[{{"meter": "cpu", "userid": "u1", "usage": 1, "timestamp": "{at}"}}]'
    answer = await desk.ask("POST", "/usage", push)
    assert (answer.Status, answer.Body) == (400, "$[0].timestamp: expected a time from 1970 on")


@pytest.mark.parametrize("context", ["/rc", "/billing/rc"])
def test_the_context_path_is_chosen(context: str) -> None:
    services = Services(cast(RpcClient, None), SystemClock(), cyclops_context=context)
    paths = {route.path for route in routes(services) if isinstance(route, Route)}

    assert {path for path in paths if "rc" in path.split("/")} == {context, f"{context}/{{rest:path}}"}


@pytest.mark.parametrize("rule", ["1 +", "x = 1", "1; 2", "1" * 1001])
def test_what_is_no_rule_is_refused_before_anything_starts(rule: str) -> None:
    with pytest.raises(SettingsError, match="cyclops_rule"):
        load(None, cyclops_rule=rule)


@pytest.mark.parametrize("context", ["", "rc", "/", "/rc/", "/RC", "/{rest:path}", "/a/b/c/d/e", "//rc"])
def test_what_is_no_context_path_is_refused(context: str) -> None:
    with pytest.raises(SettingsError):
        load(None, cyclops_context=context)
