"""Reports of a running server: pushed over HTTP, priced by what was loaded, read in every format."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.scrooge.runner import Runner
from tests.shell.servers import run_here
from tests.threescale.vectors_wire import Answer

MARCH = {"start": "2013-03-01", "end": "2013-03-31"}
"""A month of which no other test pushes anything."""
KEY = {"Authorization": "ApiKey cost-pusher:cost-key"}

SETUP = {
    "users": [
        {"username": "cost-pusher", "api_key": "cost-key"},
        {"username": "cost-owner", "api_key": "owner-key"},
        {"username": "cost-chief", "api_key": "chief-key", "superuser": True},
    ],
    "usage_types": [
        {"symbol": "cost-disk", "name": "Disk", "kind": "BU", "by_cost": True, "order": 9},
        {"symbol": "cost-gb", "name": "GB"},
        {"symbol": "cost-req", "name": "Requests"},
        {"symbol": "cost-lone", "name": "Lone"},
    ],
    "prices": [
        {"usage_type": "cost-disk", "cost": 310, "start": "2013-03-01", "end": "2013-03-31"},
        {"usage_type": "cost-lone", "price": "0.5", "start": "2013-03-01", "end": "2013-03-15"},
    ],
    "services": [
        {
            "symbol": "cost-store",
            "name": "Cost Store",
            "base_usage_types": ["cost-disk"],
            "ventures": ["cost-provider"],
            "usage_types": [
                {"usage_type": "cost-gb", "percent": 75},
                {"usage_type": "cost-req", "percent": 25},
            ],
        }
    ],
    "ventures": [
        {"symbol": "cost-provider", "name": "Cost provider"},
        {"symbol": "cost-łódź", "name": "=Łódź ☃", "parent": "cost-provider", "department": "D"},
        {"symbol": "cost-gone", "name": "Cost gone", "active": False},
    ],
    "pricing_services": [
        {"name": "Cost Fixed", "symbol": "cost-fixed", "fixed_price": True, "usage_types": ["cost-unit"]}
    ],
    "service_environments": [
        {"service": "Cost Shop", "service_uid": "cost-1", "environment": name, "owners": ["cost-owner"]}
        for name in ("prod", "test")
    ],
}
UNITS = {
    "usage_types": [{"symbol": "cost-unit", "name": "Unit"}],
    "prices": [{"usage_type": "cost-unit", "price": "1.5", "start": "2013-03-01", "end": "2013-04-30"}],
}


def _push(runner: Runner, day: str, *usages: tuple[str, str, float]) -> None:
    entries = [
        {"venture": venture, "usages": [{"symbol": symbol, "value": value}]}
        for venture, symbol, value in usages
    ]
    body = {"service": "cost-store", "date": day, "overwrite": "values_only", "venture_usages": entries}
    answer = _ask(runner, "POST", "/scrooge/api/v0.9/serviceusages/", body)
    assert answer.status == 201, answer


def _ask(
    runner: Runner, verb: str, target: str, body: Any = None, headers: Mapping[str, str] = KEY
) -> Answer:
    sent = json.dumps(body).encode() if body is not None else b""
    return runner.wire.send(verb, target, {"Content-Type": "application/json", **headers}, sent)


def _report(runner: Runner, headers: Any = KEY, **query: str) -> Answer:
    return _ask(runner, "GET", f"/scrooge/all-ventures/?{urlencode(MARCH | query)}", headers=headers)


@pytest.fixture(scope="module")
def costs(runner: Runner) -> Runner:
    runner.load(UNITS)
    runner.load(SETUP)
    _push(
        runner,
        "2013-03-02",
        ("cost-provider", "cost-disk", 1),
        ("cost-łódź", "cost-disk", 1),
        ("cost-łódź", "cost-gb", 12.5),
        ("cost-provider", "cost-gb", 12.5),
        ("cost-łódź", "cost-lone", 2),
    )
    _push(runner, "2013-03-20", ("cost-łódź", "cost-req", 900))
    return runner


def _table(answer: Answer, encoding: str = "utf-8") -> dict[str, dict[str, str]]:
    rows = csv.DictReader(io.StringIO(answer.body.decode(encoding), newline=""), delimiter=";")
    return {row["ID"]: dict(row) for row in rows if row["ID"].startswith("cost-")}


def test_a_report_hands_the_cost_of_what_was_pushed_to_who_used_it(costs: Runner) -> None:
    answer = _report(costs, format="csv")
    table = _table(answer)

    assert answer.headers["content-type"] == "application/csv"
    assert answer.headers["content-disposition"] == "attachment; filename=all-ventures.csv"
    assert answer.body.endswith(b"\r\n")
    assert table["cost-provider"]["Disk cost - PLN"] == "155.00"
    assert table["cost-provider"]["Cost Store cost - PLN"] == "58.12"
    lodz = table["cost-łódź"]
    assert lodz["Venture"] == "Cost provider/=Łódź ☃"
    assert [lodz[f"{name} cost - PLN"] for name in ("Disk", "GB", "Requests", "Cost Store", "Lone")] == [
        *("155.00", "58.12", "38.75", "96.88", "Incomplete price")
    ]
    assert [lodz[f"{name} count"] for name in ("Disk", "GB", "Requests", "Lone")] == ["1", "12.5", "900", "2"]
    assert lodz["Total cost"] == "251.88"
    assert table["cost-gone"]["Total cost"] == "0.00"


def test_a_report_can_be_had_in_the_encoding_of_older_spreadsheets(costs: Runner) -> None:
    answer = _report(costs, format="csv", encoding="cp1250", is_active="on")
    table = _table(answer, "cp1250")

    assert table["cost-łódź"]["Venture"] == "Cost provider/=Łódź ?"
    assert "cost-gone" not in table


def test_a_report_in_json_says_the_same(costs: Runner) -> None:
    answer = _report(costs, format="json")
    titles = [each["title"] for each in answer.json["columns"]]
    (lodz,) = (each for each in answer.json["ventures"] if each["id"] == "cost-łódź")

    assert lodz["total_cost"] == 251.88
    assert lodz["cells"][titles.index("Lone cost - PLN")] == "Incomplete price"
    assert (lodz["department"], lodz["active"]) == ("D", True)


def test_eyes_get_a_page_that_runs_nothing(costs: Runner) -> None:
    answer = _report(costs, {}, username="cost-pusher", api_key="cost-key")

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<svg" in answer.text
    assert "251.88" in answer.text


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "ApiKey cost-pusher:wrong"}, {"Authorization": "Token wrong"}],
)
def test_a_report_is_for_users_alone(costs: Runner, headers: dict[str, str]) -> None:
    answer = _report(costs, headers)
    assert (answer.status, answer.body) == (401, b"")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"start": ""}, "start: "),
        ({"end": "2013-02-30"}, "end: "),
        ({"end": "2013-02-01"}, "end: "),
        ({"format": "xls"}, "format: expected html, csv, json"),
        ({"encoding": "latin2"}, "encoding: expected utf-8, cp1250"),
    ],
)
def test_a_report_that_there_is_not_is_refused(costs: Runner, query: dict[str, str], named: str) -> None:
    answer = _report(costs, **query)
    assert answer.status == 400
    assert answer.text.startswith(named)


def test_a_report_can_only_be_read(costs: Runner) -> None:
    answer = _ask(costs, "POST", "/scrooge/all-ventures/")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")


def test_the_command_prints_what_the_server_answers(costs: Runner) -> None:
    place = ("--data-dir", costs.server.data_dir)
    days = ("--from", MARCH["start"], "--to", MARCH["end"])
    for kind in ("csv", "json"):
        done = run_here("report", "ventures", *days, f"--{kind}", *place)
        assert done.returncode == 0, done.stderr
        # text mode takes the carriage returns
        assert done.stdout.rstrip("\n") == _report(costs, format=kind).text.replace("\r\n", "\n").rstrip("\n")
    page = run_here("report", "ventures", *days, "--html", *place).stdout
    assert page.startswith("<!DOCTYPE html>")
    assert run_here("report", "ventures", *days, "--html", "--csv", *place).returncode == 2
    assert run_here("report", "ventures", "--from", "x", "--to", MARCH["end"], *place).returncode == 2


ENVIRONMENTS = "/scrooge/api/v0.10/service-environment-costs/"
WHOLE = {"service_uid": "cost-1", "date_from": "2013-03-30", "date_to": "2013-04-02", "group_by": "month"}
OWNER = {"Authorization": "Token owner-key"}


@pytest.fixture(scope="module")
def environments(costs: Runner) -> Runner:
    for day, environment, value in (
        ("2013-03-31", "prod", 3),
        ("2013-04-01", "prod", 5),
        ("2013-04-02", "test", 7),
    ):
        used = {"service_uid": "cost-1", "environment": environment}
        body = {
            "pricing_service": "Cost Fixed",
            "date": day,
            "overwrite": "delete_all_previous",
            "usages": [used | {"usages": [{"symbol": "cost-unit", "value": value}]}],
        }
        answer = _ask(costs, "POST", "/scrooge/api/v0.9/pricingserviceusages/", body, OWNER)
        assert answer.status == 201, answer
    return costs


def _node(cost: float, usage: float) -> dict[str, Any]:
    leaf = {"cost": cost, "usage_value": usage, "type": "usage type"}
    return {"cost-fixed": leaf | {"type": "pricing service", "subcosts": {"cost-unit": leaf}}}


def test_environments_costs_are_told_by_month_in_all_and_by_service(environments: Runner) -> None:
    answer = _ask(environments, "POST", ENVIRONMENTS, WHOLE, OWNER)
    assert answer.json == {
        "service_environment_costs": [
            {"grouped_date": "2013-03", "total_cost": 4.5, "costs": _node(4.5, 3)},
            {"grouped_date": "2013-04", "total_cost": 18, "costs": _node(18, 12)},
        ]
    }


def test_environments_costs_are_told_by_day_for_one_environment_and_some_types(environments: Runner) -> None:
    asked = WHOLE | {
        "environment": "prod",
        "group_by": "day",
        "types": ["cost-gb"],
        "date_from": "2013-04-01",
    }
    answer = _ask(environments, "POST", ENVIRONMENTS, asked, {"Authorization": "Token chief-key"})
    assert answer.json == {
        "service_environment_costs": [
            {"grouped_date": "2013-04-01", "total_cost": 7.5, "costs": {}},
            {"grouped_date": "2013-04-02", "total_cost": 0, "costs": {}},
        ]
    }


def test_environments_stand_in_the_report_of_ventures_once_they_used_anything(environments: Runner) -> None:
    found = {each["id"]: each["total_cost"] for each in _report(environments, format="json").json["ventures"]}
    assert found.get("Cost Shop/prod") == 4.5
    assert "Cost Shop/test" not in found


def test_environments_costs_are_for_owners_alone(environments: Runner) -> None:
    assert _ask(environments, "POST", ENVIRONMENTS, WHOLE).status == 403
    assert _ask(environments, "POST", ENVIRONMENTS, WHOLE, {}).status == 401


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("service_uid", None),
        ("service_uid", "nosuch"),
        ("environment", "nosuch"),
        ("environment", {}),
        ("date_from", "2013-02-30"),
        ("date_to", "2013-03-01"),
        ("date_to", 5),
        ("group_by", "year"),
        ("types", ["nosuch"]),
        ("types", [{}]),
        ("types", "cost-gb"),
        ("forecast", "yes"),
    ],
)
def test_a_bad_member_of_an_ask_for_costs_is_named(environments: Runner, member: str, value: Any) -> None:
    answer = _ask(environments, "POST", ENVIRONMENTS, WHOLE | {member: value}, OWNER)
    assert (answer.status, [*answer.json]) == (400, [member])
