"""What holds of every rate, whatever its tiers, packages and dates."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rater.metering.catalogue import MetricRate, Tier
from rater.metering.period import Period
from rater.metering.pricing import PriceBook, charge, cost, rated_metric, rated_usage
from rater.quantity import SCALE
from tests.metering.pricing_oracle import slow_cost
from tests.metering.pricing_tables import paid

lawful = settings(max_examples=150, derandomize=True, deadline=None)

UNITS = st.integers(0, 60)
CALLS = st.lists(UNITS, max_size=6)
STARTS = st.lists(st.integers(0, 80), max_size=4, unique=True).map(sorted)
PRICES = st.decimals(0, 1000, places=9, allow_nan=False)
METRICS = "abcde"
PLANS = ("", "basic", "gold")


@st.composite
def rates(draw: st.DrawFn) -> MetricRate:
    tiers = tuple(Tier(start, draw(PRICES)) for start in draw(STARTS))
    return MetricRate(
        draw(st.sampled_from(METRICS)),
        tiers,
        draw(st.sampled_from(PLANS)),
        draw(st.integers(0, 5)),
        draw(st.sampled_from([1, 1, 2, 7, 10, 100])),
        draw(st.sampled_from([None, 1, 3, 1_000_000])),
        draw(st.sampled_from([None, Period.MONTH])),
        draw(st.booleans()),
    )


@given(rates(), UNITS, UNITS)
@lawful
def test_a_cost_is_what_counting_unit_by_unit_gives(rate: MetricRate, units: int, before: int) -> None:
    assert slow_cost(rate, units, before) == cost(rate, units, before)


@given(rates(), CALLS)
@lawful
def test_graduated_a_period_costs_the_same_however_it_is_split_over_calls(
    rate: MetricRate, calls: list[int]
) -> None:
    graduated = replace(rate, whole=False, over=Period.MONTH)
    assert cost(graduated, sum(calls)) == sum(paid(graduated, calls))


@given(rates(), UNITS, UNITS, UNITS)
@lawful
def test_graduated_more_units_never_cost_less(rate: MetricRate, units: int, more: int, before: int) -> None:
    graduated = replace(rate, whole=False)
    assert cost(graduated, units, before) <= cost(graduated, units + more, before)


@given(rates(), UNITS, UNITS)
@lawful
def test_before_a_second_price_begins_whole_and_graduated_agree(
    rate: MetricRate, units: int, before: int
) -> None:
    changes = [tier.start for tier in rate.tiers if tier.start > 0]
    assume(not changes or before + units <= changes[0])
    assert cost(replace(rate, whole=True), units, before) == cost(replace(rate, whole=False), units, before)


@given(rates(), UNITS, UNITS)
@lawful
def test_whole_units_cost_one_price_each(rate: MetricRate, units: int, before: int) -> None:
    each = replace(rate, whole=True, package=1, per=1)
    prices = {Fraction(tier.price) for tier in rate.tiers} | {Fraction(0)}
    assert cost(each, units, before) in {units * price for price in prices}


@given(rates(), UNITS)
@lawful
def test_a_call_pays_for_less_than_one_package_that_it_does_not_use(rate: MetricRate, units: int) -> None:
    flat = replace(rate, tiers=(Tier(0, Decimal("0.3")),), per=1)
    exact = units * Fraction("0.3")
    assert exact <= cost(flat, units) < exact + rate.package * Fraction("0.3")


@given(st.lists(rates(), max_size=8), st.sampled_from(METRICS), st.sampled_from(PLANS), st.integers(-1, 6))
@lawful
def test_the_rate_in_force_is_the_last_that_began_of_the_plan_else_of_all(
    given_rates: list[MetricRate], metric_id: str, plan_id: str, at_ns: int
) -> None:
    expected = None
    for candidates_plan in ("", plan_id):
        for rate in given_rates:
            begun = rate.metric_id == metric_id and rate.plan_id == candidates_plan and rate.from_ns <= at_ns
            outranked = (
                expected is not None
                and expected.plan_id == candidates_plan
                and expected.from_ns > rate.from_ns
            )
            if begun and not outranked:
                expected = rate
    assert expected is PriceBook(given_rates).rate_at(metric_id, plan_id, at_ns)


@given(rates(), rates(), st.integers(1, 10**19), UNITS)
@lawful
def test_a_price_changes_at_its_very_nanosecond(
    old: MetricRate, new: MetricRate, switch_ns: int, units: int
) -> None:
    old = replace(old, metric_id="a", plan_id="", from_ns=0)
    new = replace(new, metric_id="a", plan_id="", from_ns=switch_ns)
    book = PriceBook([new, old])
    in_force = [rated_metric(book, "a", {}, "gold", switch_ns + shift) for shift in (-1, 0, 1)]
    assert [old, new, new] == in_force


PARENTS = st.dictionaries(st.sampled_from(METRICS), st.sampled_from(["", *METRICS]))


@given(st.lists(rates(), max_size=6), PARENTS, st.dictionaries(st.sampled_from(METRICS), UNITS))
@lawful
def test_no_unit_is_charged_twice_and_none_is_lost(
    given_rates: list[MetricRate], parents: dict[str, str], usage: dict[str, int]
) -> None:
    book = PriceBook(given_rates)
    lines = rated_usage(book, usage, parents, "gold", 3)
    covered = [metric_id for metric_id in usage if rated_metric(book, metric_id, parents, "gold", 3)]
    assert sum(usage[metric_id] for metric_id in covered) == sum(units for _, units in lines)
    assert len(lines) == len({rate.metric_id for rate, _ in lines})


@given(st.lists(st.tuples(rates(), UNITS, UNITS), max_size=5))
@lawful
def test_a_transaction_is_off_its_exact_cost_by_half_a_step_at_most(
    lines: list[tuple[MetricRate, int, int]],
) -> None:
    exact = sum((slow_cost(*line) for line in lines), Fraction(0))
    assert abs(charge(lines) - exact * SCALE) <= Fraction(1, 2)
