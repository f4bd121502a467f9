"""Costs in tables: what a report has in which column, and what it says where there is no price."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from rater.usage.costs import (
    BASE,
    REGULAR,
    CostAccount,
    CostService,
    CostSetup,
    ExtraCost,
    Share,
    UsagePrice,
    UsageType,
)
from rater.usage.costs_environments import EnvironmentCosts
from rater.usage.costs_extra import accrued
from rater.usage.costs_prices import has_gap
from rater.usage.costs_report import Report, ventures_report
from rater.usage.costs_services import CHAIN_MAX, CostSetupError, check_services
from rater.usage.costs_text import cost_text, count_text, rounded
from rater.usage.costs_usage import WAREHOUSE, UsageTable, Window
from rater.usage.records import DayEntry, Drop, Row
from tests.usage.costs_worlds import Used, computed, october, priced_types, prices, table, window

DAY = october(9)
TODAY = Window(DAY, DAY)


def _price(metric: str, price: int, **more: Any) -> UsagePrice:
    return UsagePrice(metric, DAY, DAY, Decimal(price), **more)


def _report(setup: CostSetup, used: Sequence[Used], **how: Any) -> Report:
    return ventures_report(setup, table(setup, TODAY, used), **how)


def _titles(report: Report) -> list[str]:
    return [("*" if each.total else "") + each.title for each in report.columns]


def _cells(report: Report, symbol: str) -> list[str]:
    (line,) = (each for each in report.lines if each.account.symbol == symbol)
    return [str(cell) for cell in line.cells] + [str(line.total)]


SHOP = CostAccount("shop", "Shop")


def test_columns_stand_by_order_then_name_and_one_of_each_block_is_in_the_total() -> None:
    setup = CostSetup(
        types=(
            UsageType("b", "B", REGULAR),
            UsageType("a", "A", BASE),
            UsageType("z", "Z", BASE, order=1),
            UsageType("w", "W", BASE, by_warehouse=True, order=-1),
            UsageType("hidden", "Hidden", BASE, shown=False),
            UsageType("s1", "S one"),
            UsageType("s2", "S two"),
            UsageType("t", "T"),
            UsageType("unused", "Unused"),
        ),
        prices=(_price("w", 1, warehouse="Poznań"), _price("w", 2, warehouse="Kraków")),
        services=(CostService("t", "Queue"), CostService("s", "Object Store")),
        shares=(Share("s", "s1", DAY, DAY), Share("s", "s2", DAY, DAY), Share("t", "t", DAY, DAY)),
        extra_costs=(ExtraCost("Support", "shop", DAY, DAY, Decimal(5)),),
    )
    assert _titles(_report(setup, [])) == [
        *("Z count", "*Z cost - PLN", "A count", "*A cost - PLN", "B count", "*B cost - PLN"),
        *("W count (Kraków)", "W cost (Kraków) - PLN", "W count (Poznań)", "W cost (Poznań) - PLN"),
        "*W total cost - PLN",
        *("S one count", "S one cost - PLN", "S two count", "S two cost - PLN", "*Object Store cost - PLN"),
        *("T count", "*T cost - PLN", "Support - PLN", "*Extra Costs Total - PLN"),
    ]


def test_usage_that_no_service_hands_on_is_shown_with_its_price_or_the_lack_of_it() -> None:
    setup = CostSetup(
        types=(UsageType("gb", "GB"), UsageType("requests", "Requests")),
        prices=(_price("gb", 3),),
        accounts=(SHOP,),
    )
    report = _report(setup, [Used(DAY, "shop", "gb", "2.5"), Used(DAY, "shop", "requests", "7")])

    assert _titles(report)[:4] == ["GB count", "*GB cost - PLN", "Requests count", "*Requests cost - PLN"]
    assert _cells(report, "shop") == ["5/2", "15/2", "7", "No price", "None", "15/2"]


def test_a_notice_stands_for_those_who_used_and_adds_nothing() -> None:
    setup = priced_types()._replace(
        accounts=(SHOP, CostAccount("idle", "Idle")), prices=prices("T1", 1, 2, 3)
    )
    over = window(25, 26)
    report = ventures_report(setup, table(setup, over, [Used(over.end, "shop", "T1", "4")]))

    assert _cells(report, "shop")[:2] == ["4", "Incomplete price"]
    assert _cells(report, "idle")[:2] == ["None", "None"]
    assert [line.total for line in report.lines] == [0, 0]


@pytest.mark.parametrize(
    ("periods", "gap"),
    [
        ([], True),
        ([(1, 9)], False),
        ([(1, 4), (5, 9)], False),
        ([(5, 9), (1, 4)], False),
        ([(1, 4), (6, 9)], True),
        ([(2, 9)], True),
        ([(1, 8)], True),
        ([(0, 20), (3, 4)], False),
        ([(1, 3), (2, 9)], False),
    ],
)
def test_prices_cover_a_window_if_every_day_is_in_one(periods: list[tuple[int, int]], gap: bool) -> None:
    assert has_gap(periods, Window(1, 9)) is gap


def test_a_forecast_takes_the_forecast_price_and_cost() -> None:
    setup = CostSetup(
        types=(UsageType("set", "set", BASE), UsageType("cost", "cost", BASE, by_cost=True)),
        prices=(
            _price("set", 1, forecast_price=Decimal(2)),
            _price("cost", 0, cost=Decimal(10), forecast_cost=Decimal(30)),
        ),
        accounts=(SHOP,),
        extra_costs=(ExtraCost("x", "shop", DAY, DAY, Decimal(1), Decimal(4)),),
    )
    used = [Used(DAY, "shop", "set", "5"), Used(DAY, "shop", "cost", "2"), Used(DAY, "b", "cost", "3")]

    assert [line.total for line in _report(setup, used).lines] == [10, 6]
    assert [line.total for line in _report(setup, used, forecast=True).lines] == [26, 18]


def test_lines_stand_by_name_under_their_parents_and_show_who_is_charged_and_gone() -> None:
    accounts = (
        CostAccount("s", "Search", parent="m"),
        CostAccount("m", "Market"),
        CostAccount("a", "Apple", parent="b", active=False),
        CostAccount("b", "Bee", parent="a"),
    )
    setup = CostSetup((UsageType("gb", "GB"),), (_price("gb", 1),), accounts=accounts)
    used = [Used(DAY, "gone", "gb", "1")]

    assert [each.path for each in _report(setup, used).lines] == [
        *("Bee/Apple", "Apple/Bee", "Market", "Market/Search", "gone")
    ]
    assert [each.path for each in _report(setup, used, active_only=True).lines] == [
        *("Apple/Bee", "Market", "Market/Search")
    ]


def test_what_a_later_entry_of_the_day_takes_out_is_not_counted() -> None:
    def entry(account: str, value: str, *drops: Drop, metric: str = "gb", link: str = "") -> DayEntry:
        return DayEntry(0, "", (Row(account, metric, value, 0, 0, link=link),), drops)

    usage = UsageTable(CostSetup((UsageType("gb", "GB"), UsageType("r", "R"))), TODAY)
    entries = [
        entry("a", "1"),
        entry("b", "2", link="host-1"),
        entry("b", "4", link="host-2"),
        entry("c", "8", Drop("gb", ("a",)), metric="r"),
        entry("a", "16", Drop("gb", None, ("host-2",))),
        entry("d", "32", Drop("r")),
        entry("d", "64", Drop("gb", ("d",), ("host-2",))),
    ]
    usage.add_day(DAY, list(enumerate(entries, 1)))

    assert usage.units("gb", TODAY) == {"a": 16, "b": 2, "d": 96}
    assert usage.units("r", TODAY) == {}


def test_usage_is_added_without_rounding() -> None:
    setup = CostSetup((UsageType("gb", "GB"),))
    tiny = "0." + "0" * 59 + "1"
    usage = table(setup, TODAY, [Used(DAY, "a", "gb", "9" * 30), Used(DAY, "a", "gb", tiny)])

    assert usage.units("gb", TODAY)["a"] == int("9" * 30) + Fraction(1, 10**60)


def test_a_link_that_names_no_warehouse_is_none() -> None:
    setup = CostSetup((UsageType("gb", "GB", BASE, by_warehouse=True),), (_price("gb", 1),))
    usage = UsageTable(setup, TODAY)
    rows = tuple(Row("a", "gb", "1", 0, 0, link=link) for link in ("host-1", f"{WAREHOUSE}W", ""))
    usage.add_day(DAY, [(1, DayEntry(0, "", rows))])

    assert usage.units("gb", TODAY, "") == {"a": 2}
    assert usage.units("gb", TODAY, "W") == {"a": 1}


@pytest.mark.parametrize(
    ("first", "last", "cost"),
    [((1, 2), (28, 2), "2800"), ((1, 10), (31, 10), "2800"), ((28, 2), (1, 3), "190 10/31")],
)
def test_a_monthly_cost_falls_evenly_on_the_days_of_each_month(
    first: tuple[int, int], last: tuple[int, int], cost: str
) -> None:
    extra = ExtraCost("x", "v", 0, 100_000, Decimal(2800), monthly=True)
    whole, _, part = cost.partition(" ")

    assert accrued(extra, Window(october(*first), october(*last))) == int(whole) + Fraction(part or 0)


def test_services_that_follow_from_themselves_are_refused() -> None:
    circle = (CostService("a", "A", depends_on=("b",)), CostService("b", "B", depends_on=("a",)))
    with pytest.raises(CostSetupError, match="service a depends on itself: a → b → a"):
        check_services(circle)
    through_difference = (
        CostService("a", "A", depends_on=("b",)),
        CostService("b", "B", fixed_price=True, difference_to="a"),
    )
    check_services(through_difference)
    with pytest.raises(CostSetupError, match="depends on itself"):
        check_services((through_difference[0], through_difference[1]._replace(depends_on=("a",))))
    with pytest.raises(CostSetupError, match="there is no service x"):
        check_services((CostService("a", "A", depends_on=("x",)),))
    with pytest.raises(CostSetupError, match="only a fixed price leaves a difference"):
        check_services((CostService("a", "A", difference_to="b"), CostService("b", "B")))


@pytest.mark.parametrize("step", [1, -1])
def test_services_may_follow_from_one_another_only_so_often(step: int) -> None:
    def chain(length: int) -> list[CostService]:
        return [
            CostService(str(n), str(n), depends_on=(str(n + 1),) if n < length else ())
            for n in range(1, length + 1)
        ][::step]

    check_services(chain(CHAIN_MAX))
    with pytest.raises(CostSetupError, match="more than 50"):
        check_services(chain(CHAIN_MAX + 1))


def test_the_longest_chain_of_services_can_be_computed() -> None:
    services = tuple(
        CostService(f"{n}", f"{n}", ("v",), depends_on=(f"{n + 1}",) if n < CHAIN_MAX else ())
        for n in range(1, CHAIN_MAX + 1)
    )
    setup = CostSetup(
        tuple(UsageType(each.symbol, each.name) for each in services),
        services=services,
        shares=tuple(Share(each.symbol, each.symbol, DAY, DAY) for each in services),
        extra_costs=(ExtraCost("x", "v", DAY, DAY, Decimal(1)),),
    )
    made = computed(setup, TODAY, [Used(DAY, "v", each.symbol, "1") for each in services])

    assert made.services.cost("1", TODAY) == CHAIN_MAX


def test_environments_bear_fixed_prices_by_service_and_other_prices_by_metric() -> None:
    setup = CostSetup(
        types=(UsageType("gb", "GB"), UsageType("r", "R"), UsageType("free", "Free")),
        prices=(_price("gb", 10), _price("r", 2)),
        services=(CostService("store", "Store", fixed_price=True),),
        shares=(Share("store", "gb", DAY, DAY),),
    )
    used = [Used(DAY, account, metric, "3") for account in ("a", "b") for metric in ("gb", "r", "free")]
    costs = EnvironmentCosts(setup, table(setup, TODAY, used)).of({"a"}, TODAY)

    assert {name: (each.kind, str(each.cost), str(each.usage)) for name, each in costs.items()} == {
        "store": ("pricing service", "30", "3"),
        "r": ("usage type", "6", "3"),
    }
    assert [*costs["store"].children] == ["gb"]


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        ("0", 2, "0.00"),
        ("1/8", 2, "0.12"),
        ("3/8", 2, "0.38"),
        ("1001/8000", 2, "0.13"),
        ("-1/8", 2, "-0.12"),
        ("-1/1000", 2, "0.00"),
        ("-7/2", 0, "-4"),
        ("5/2", 0, "2"),
        ("123456789012345678901234567890/1", 2, "123456789012345678901234567890.00"),
    ],
)
def test_amounts_are_rounded_half_to_even_and_zero_has_no_sign(value: str, places: int, text: str) -> None:
    assert rounded(Fraction(value), places) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("3", "3"), ("-25/2", "-12.5"), ("1/1024", "0.0009765625"), ("1/125", "0.008"), ("10/3", "3.333333")],
)
def test_counts_have_all_their_digits_where_they_end(value: str, text: str) -> None:
    assert count_text(Fraction(value)) == text
    assert cost_text(Fraction(3123)) == "3123.00"
