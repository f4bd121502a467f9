"""The published cases of the cost model: what each is given is told in words there, and here as tables."""

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from rater.usage.costs import CostService, ExtraCost, Share, UsagePrice, UsageType
from rater.usage.costs_environments import USAGE_PLACES, CostNode
from rater.usage.costs_extra import accrued
from rater.usage.costs_prices import Pricing
from rater.usage.costs_report import ventures_report
from rater.usage.costs_services import divisions
from rater.usage.costs_text import cost_text, rounded
from rater.usage.costs_usage import Window
from tests.usage.costs_worlds import (
    Used,
    accounts_1_to_4,
    computed,
    october,
    priced_types,
    prices,
    table,
    two_customers,
    window,
)

FILE = Path(__file__).parents[2].parent / "shared" / "vectors" / "scrooge_cases.json"
needs_file = pytest.mark.skipif(not FILE.is_file(), reason="the acceptance cases at ../shared are not here")

REPORT = window(10, 20)
T3_COSTS = prices("T3", 11000, 22000, 44000, cost=True)


def _published() -> dict[str, Any]:
    if not FILE.is_file():
        return {}
    cases = json.loads(FILE.read_text("utf-8"))["cases"]
    return {each["id"]: each["expect"] for each in cases if each["variant"] == "cost model"}


def _by_account(metric: str) -> dict[str, Any]:
    report = ventures_report(priced_types(), table(priced_types(), REPORT, accounts_1_to_4()))
    titles = [each.title for each in report.columns]
    count, cost = titles.index(f"{metric} count"), titles.index(f"{metric} cost - PLN")
    return {
        each.account.symbol: {"count": each.cells[count], "cost": str(each.cells[cost])}
        for each in report.lines
        if each.account.symbol in {"1", "2"}
    }


def _cost(more: tuple[UsagePrice, ...], over: Window, accounts: set[str] | None) -> str:
    made = computed(priced_types(more), over, accounts_1_to_4())
    return str(sum(made.usage.priced(made.pricing.pieces("T3", over), accounts).values()))


def _whole_period() -> dict[str, Any]:
    wider = _cost(T3_COSTS, window(1, 28), None)
    exact = _cost(T3_COSTS, window(5, 25), None)
    assert wider == exact
    return {"cost": exact}


def _two_providers() -> dict[str, Any]:
    one, two = (prices("T3", *values, cost=True) for values in ((1000, 2000, 4000), (10000, 20000, 40000)))
    return {"cost": _cost(one + two, REPORT, {"1", "2"})}


def _warehouses() -> dict[str, Any]:
    made = computed(priced_types(), REPORT, accounts_1_to_4())
    found: dict[str, Any] = {}
    total = Fraction()
    for warehouse in made.pricing.warehouses("T2"):
        pieces = made.pricing.pieces("T2", REPORT, warehouse)
        units = made.usage.units("T2", REPORT, warehouse)
        cost = sum(made.usage.priced(pieces, {"1", "2"}).values(), Fraction())
        found[f"W{warehouse}"] = {"usage": units["1"] + units["2"], "cost": str(cost)}
        total += cost
    return found | {"total": str(total)}


def _messages() -> dict[str, str]:
    spans = {
        "10..20 Oct": REPORT,
        "10 Oct..20 Nov": Window(october(10), october(20, 11)),
        "4..25 Oct": window(4, 25),
        "10..20 Nov": Window(october(10, 11), october(20, 11)),
    }
    found = {}
    for name, over in spans.items():
        pricing = Pricing(priced_types(), table(priced_types(), over, ()))
        found[name] = pricing.notice("T1", over) or "(number)"
    return found


def _ranges() -> list[Any]:
    rows = [
        ("S1", 1, 20, 50),
        ("S2", 1, 10, 30),
        ("S3", 1, 10, 20),
        ("S2", 11, 20, 10),
        ("S3", 11, 30, 40),
        ("S1", 21, 30, 30),
        ("S2", 21, 30, 30),
    ]
    shares = [
        Share("S", metric, october(first), october(last), Decimal(percent))
        for metric, first, last, percent in rows
    ]
    return [
        [_date(each.window.start), _date(each.window.end), each.percents]
        for each in divisions(shares, window(5, 25))
    ]


def _date(day: int) -> str:
    return f"2013-10-{day - october(1) + 1:02}"


def _two_customers() -> dict[str, Any]:
    setup, used = two_customers()
    made = computed(setup, REPORT, used)
    found: dict[str, Any] = {"total_service_cost": str(made.services.cost("S", REPORT))}
    pieces = made.services.pieces("S", REPORT)
    for customer in ("c1", "c2"):
        total = Fraction()
        found[customer] = {}
        for metric in ("S1", "S2"):
            cost = made.usage.priced(each for each in pieces if each.metric == metric)[customer]
            count = made.usage.units(metric, REPORT)[customer]
            found[customer][metric] = {"count": count, "cost": str(cost)}
            total += cost
        found[customer]["service_cost"] = str(total)
    return found


def _dependents() -> dict[str, Any]:
    day = october(1)
    over = Window(day, day)
    setup = priced_types()._replace(
        types=(UsageType("D1", "D1"), UsageType("D2", "D2")),
        prices=(),
        services=(
            CostService("D1", "D1", providers=("d1",)),
            CostService("D2", "D2", providers=("d2",)),
            CostService("S", "S", providers=("v1", "v2"), depends_on=("D1", "D2")),
        ),
        shares=(Share("D1", "D1", day, day), Share("D2", "D2", day, day)),
        extra_costs=(
            ExtraCost("licence", "d1", day, day, Decimal(400)),
            ExtraCost("licence", "d2", day, day, Decimal(800)),
        ),
    )
    used = [
        Used(day, "v1", "D1", "1"),
        Used(day, "v2", "D1", "3"),
        Used(day, "v1", "D2", "3"),
        Used(day, "v2", "D2", "5"),
    ]
    made = computed(setup, over, used)
    charged = [made.usage.priced(made.services.pieces(each, over)) for each in ("D1", "D2")]
    assert charged == [{"v1": 100, "v2": 300}, {"v1": 300, "v2": 500}]
    return {"dependent_cost": str(made.services.cost("S", over))}


def _monthly() -> dict[str, str]:
    first, last = october(1, 5), october(31, 5)
    extra = ExtraCost("x", "v", first, last, Decimal(3100), monthly=True)
    return {"daily": str(accrued(extra, Window(first + 3, first + 3)))}


def _of_a_period() -> dict[str, str]:
    extra = ExtraCost("x", "v", october(1), october(30), Decimal(3000), Decimal(6000))
    day = window(7, 7)
    return {"daily": str(accrued(extra, day)), "forecast_daily": str(accrued(extra, day, forecast=True))}


def _fixed_price() -> dict[str, Any]:
    day = october(9)
    over = Window(day, day)
    setup = priced_types()._replace(
        prices=(UsagePrice("S1", day, day, Decimal(10)), UsagePrice("S2", day, day, Decimal(20))),
        services=(CostService("S", "S", fixed_price=True),),
        shares=(Share("S", "S1", day, day, Decimal(7)), Share("S", "S2", day, day, Decimal(1))),
    )
    used = [Used(day, f"o{n}", metric, v) for n in range(4) for metric, v in (("S1", "10"), ("S2", "5"))]
    made = computed(setup, over, used)
    pieces = made.services.pieces("S", over)
    costs = made.usage.priced(pieces)
    each = {str(cost) for cost in costs.values()}
    assert len(each) == 1
    by_type = [
        made.usage.priced(piece for piece in pieces if piece.metric == metric) for metric in ("S1", "S2")
    ]
    return {
        "per_object": each.pop(),
        "total": str(sum(costs.values())),
        "by_type": [str(sum(found.values())) for found in by_type],
    }


def _differences() -> dict[str, Any]:
    day = october(9)
    over = Window(day, day)
    setup = priced_types()._replace(
        prices=(UsagePrice("S1", day, day, Decimal(1000)), UsagePrice("S2", day, day, Decimal(100))),
        services=(
            CostService("A", "A", ("a",), fixed_price=True, difference_to="C"),
            CostService("B", "B", ("b",), fixed_price=True, difference_to="C"),
            CostService("C", "C"),
        ),
        shares=(Share("A", "S1", day, day), Share("B", "S2", day, day)),
        extra_costs=(
            ExtraCost("x", "a", day, day, Decimal(100)),
            ExtraCost("x", "b", day, day, Decimal(1000)),
        ),
    )
    made = computed(setup, over, [Used(day, "v", "S1", "1"), Used(day, "v", "S2", "1")])
    return {
        "charged_diffs": [str(made.services.difference(each, over)) for each in ("A", "B")],
        "net": str(made.services.cost("C", over)),
    }


def _rounding() -> dict[str, Any]:
    amount = Fraction("1.123456789")
    children = {name: CostNode("child", amount, amount) for name in ("a", "b")}
    parent = CostNode.of_children("parent", children)
    shown = [
        (float(cost_text(each.cost)), float(rounded(each.usage, USAGE_PLACES)))
        for each in (parent, children["a"])
    ]
    return {
        name: {"cost": cost, "usage_value": usage}
        for name, (cost, usage) in zip(("parent", "child"), shown, strict=True)
    }


ANSWERS: dict[str, Callable[[], Any]] = {
    "SCR-C02": lambda: _by_account("T1"),
    "SCR-C05": _whole_period,
    "SCR-C06": _two_providers,
    "SCR-C07": _warehouses,
    "SCR-C08": _messages,
    "SCR-C09": lambda: _by_account("T4"),
    "SCR-C12": _ranges,
    "SCR-C13": _two_customers,
    "SCR-C14": _dependents,
    "SCR-C17": _monthly,
    "SCR-C18": _of_a_period,
    "SCR-C21": _fixed_price,
    "SCR-C22": _differences,
    "SCR-C24": _rounding,
}


@needs_file
@pytest.mark.parametrize("name", ANSWERS)
def test_a_published_case_of_costs_comes_out_as_published(name: str) -> None:
    expected = _published()[name]
    if isinstance(expected, dict):
        expected = {member: value for member, value in expected.items() if member != "note"}
    assert ANSWERS[name]() == expected


@needs_file
def test_every_published_case_of_costs_is_run() -> None:
    assert _published().keys() == ANSWERS.keys()


def test_units_of_three_prices_cost_what_the_prices_say() -> None:
    made = computed(priced_types(), REPORT, accounts_1_to_4())
    assert sum(made.usage.priced(made.pricing.pieces("T1", REPORT), {"1", "2"}).values()) == 6600


def test_a_price_from_a_cost_counts_usage_outside_of_the_report() -> None:
    assert _cost(T3_COSTS, REPORT, {"1", "2"}) == "16500"
