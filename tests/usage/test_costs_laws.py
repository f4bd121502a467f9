"""What holds of all costs, and that they are what the slow way computes."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rater.usage.costs import (
    BASE,
    CostAccount,
    CostService,
    CostSetup,
    ExtraCost,
    Share,
    UsagePrice,
    UsageType,
)
from rater.usage.costs_report import ventures_report
from rater.usage.costs_services import divisions
from rater.usage.costs_usage import Window
from tests.usage.costs_oracle import Charged, Oracle
from tests.usage.costs_worlds import Computed, Used, computed, table

pytestmark = pytest.mark.slow

FIRST, LAST = 20_000, 20_039
"""Days that things happen on: over a month's end."""
ACCOUNTS = ("a", "b", "c", "d")
PRICED, HANDED = ("set", "cost", "stored"), ("s1", "s2", "s3")
TYPES = (
    UsageType("set", "set", BASE),
    UsageType("cost", "cost", BASE, by_cost=True),
    UsageType("stored", "stored", BASE, by_cost=True, by_warehouse=True),
    *(UsageType(each, each) for each in HANDED),
)

lawful = settings(
    max_examples=120,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

days = st.integers(FIRST, LAST)
spans = st.tuples(days, days).map(lambda pair: Window(min(pair), max(pair)))
amounts = st.decimals(0, 1000, places=3)
warehouses = st.sampled_from(("", "w"))

usages = st.lists(
    st.builds(
        Used,
        days,
        st.sampled_from(ACCOUNTS),
        st.sampled_from(PRICED + HANDED),
        st.decimals("0.01", 100, places=2).map(str),
        warehouses,
    ),
    max_size=30,
)


@st.composite
def _prices(draw: st.DrawFn) -> UsagePrice:
    metric, (start, end) = draw(st.sampled_from(PRICED + HANDED[:1])), draw(spans)
    warehouse = draw(warehouses) if metric == "stored" else ""
    return UsagePrice(metric, start, end, draw(amounts), draw(amounts), warehouse=warehouse)


@st.composite
def _shares(draw: st.DrawFn) -> Share:
    service, (start, end) = draw(st.sampled_from(("S1", "S2", "F"))), draw(spans)
    metric = {"S1": "s1", "S2": draw(st.sampled_from(HANDED[1:])), "F": "s1"}[service]
    return Share(service, metric, start, end, Decimal(draw(st.sampled_from((25, 50, 100)))))


@st.composite
def _extras(draw: st.DrawFn) -> ExtraCost:
    start, end = draw(spans)
    account, monthly = draw(st.sampled_from(ACCOUNTS)), draw(st.booleans())
    return ExtraCost("x", account, start, end, draw(amounts), monthly=monthly)


SERVICES = (
    CostService("S1", "S1", ("a", "b"), ("set", "cost")),
    CostService("S2", "S2", ("c",), ("stored", "set"), depends_on=("S1",)),
    CostService("F", "F", ("d",), ("cost",), fixed_price=True, difference_to="S1"),
)

setups = st.builds(
    CostSetup,
    st.just(TYPES),
    st.lists(_prices(), max_size=8).map(tuple),
    st.just(SERVICES),
    st.lists(_shares(), max_size=6).map(tuple),
    st.just(()),
    st.lists(_extras(), max_size=3).map(tuple),
)


class Question(NamedTuple):
    setup: CostSetup
    used: list[Used]
    over: Window


questions = st.builds(Question, setups, usages, spans)


def _charged(made: Computed, metric: str, over: Window) -> Charged:
    costs = made.usage.priced(made.pricing.pieces(metric, over))
    return {(account, metric): cost for account, cost in costs.items() if cost}


def _handed(made: Computed, service: str, over: Window) -> Charged:
    found: Charged = {}
    for piece in made.services.pieces(service, over):
        for account, cost in made.usage.priced([piece]).items():
            found[account, piece.metric] = found.get((account, piece.metric), Fraction()) + cost
    return {key: cost for key, cost in found.items() if cost}


@lawful
@given(questions)
def test_costs_by_price_are_what_a_sum_day_by_day_gives(question: Question) -> None:
    setup, used, over = question
    made, oracle = computed(setup, over, used), Oracle(setup, used)
    for metric in PRICED:
        assert _charged(made, metric, over) == oracle.charged(metric, over)


@lawful
@given(questions)
def test_costs_of_services_are_what_a_sum_day_by_day_gives(question: Question) -> None:
    setup, used, over = question
    made, oracle = computed(setup, over, used), Oracle(setup, used)
    for service in SERVICES:
        assert made.services.cost(service.symbol, over) == oracle.cost(service, over)
        assert _handed(made, service.symbol, over) == oracle.handed(service, over)


@lawful
@given(questions)
def test_a_service_hands_on_exactly_its_cost_where_all_its_metrics_are_used(question: Question) -> None:
    setup, used, over = question
    halves = tuple(Share("S2", metric, FIRST, LAST, Decimal(50)) for metric in HANDED[1:])
    used = [*used, *(Used(over.start, "a", metric, "1") for metric in HANDED[1:])]
    others = tuple(each for each in setup.shares if each.service != "S2")
    made = computed(setup._replace(shares=others + halves), over, used)

    assert sum(_handed(made, "S2", over).values()) == made.services.cost("S2", over)


@lawful
@given(questions, days)
def test_cutting_a_report_in_two_changes_no_cost_by_price(question: Question, border: int) -> None:
    setup, used, over = question
    assume(over.start < border <= over.end)
    whole = computed(setup, over, used)
    parts = [
        computed(setup, each, used) for each in (Window(over.start, border - 1), Window(border, over.end))
    ]
    for metric in PRICED:
        added: Charged = {}
        for part in parts:
            for key, cost in _charged(part, metric, part.usage.window).items():
                added[key] = added.get(key, Fraction()) + cost
        assert added == _charged(whole, metric, over)


@lawful
@given(questions)
def test_stretches_of_equal_shares_are_in_order_apart_and_as_long_as_can_be(question: Question) -> None:
    shares, over = question.setup.shares, question.over
    found = divisions(shares, over)
    covered = [day for each in found for day in range(each.window.start, each.window.end + 1)]

    assert covered == [
        day
        for day in range(over.start, over.end + 1)
        if any(share.start <= day <= share.end for share in shares)
    ]
    for before, after in pairwise(found):
        assert before.window.end + 1 < after.window.start or before.percents != after.percents


@lawful
@given(questions)
def test_the_order_in_which_days_are_added_changes_nothing(question: Question) -> None:
    setup, used, over = question
    accounts = tuple(CostAccount(each, each) for each in ACCOUNTS)
    setup = setup._replace(accounts=accounts)
    reports = [ventures_report(setup, table(setup, over, each)) for each in (used, used[::-1])]

    assert reports[0] == reports[1]
    for line in reports[0].lines:
        marked = zip(reports[0].columns, line.cells, strict=True)
        costs = (cell for column, cell in marked if column.total and isinstance(cell, Fraction))
        assert line.total == sum(costs, Fraction())
