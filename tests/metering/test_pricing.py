"""Metered usage and what it costs, as tables: a rate, calls one after the other → money for each."""

from fractions import Fraction

import pytest

from rater.metering.catalogue import MetricRate
from rater.metering.pricing import PriceBook, charge, cost, rated_metric, rated_usage
from rater.quantity import text
from tests.metering.pricing_tables import instant, paid, rate
from tests.rater.tables import rows

TIERS = "0:0.10 100:0.05"
MILLION = "0:1.25 200000:2.50 per=1000000 whole"


@pytest.mark.parametrize(
    ("line", "calls", "expected"),
    rows(
        f"""
        0:0.002                    | 1 0 500                | 0.002 0 1
        0:0                        | 1 500                  | 0 0
        {TIERS}                    | 1 100 101 300          | 0.1 10 10.05 20
        {TIERS} over=month         | 90 20 1                | 9 1.5 0.05
        {TIERS} over=month         | 110 1                  | 10.5 0.05
        {TIERS} whole              | 100 101                | 10 5.05
        {TIERS} over=month whole   | 90 20 1                | 9 1 0.05
        {TIERS} over=month whole   | 100 0 1                | 10 0 0.05
        1000:0.01                  | 1000 1001              | 0 0.01
        1000:0.01 over=month       | 999 1 1 1              | 0 0 0.01 0.01
        1000:0.01 over=month whole | 999 2                  | 0 0.02
        0:1 5:2 5:3 over=day       | 5 1                    | 5 3
        over=day                   | 5                      | 0
        """
    ),
)
def test_each_unit_costs_what_its_tier_says(line: str, calls: str, expected: str) -> None:
    assert money(expected) == paid(rate(line), numbers(calls))


@pytest.mark.parametrize(
    ("line", "calls", "expected"),
    rows(
        """
        0:1 package=10                          | 1 9 1 10 11      | 1 1 1 1 2
        0:1 package=10 over=month               | 1 9 1 10 11      | 1 0 1 1 1
        0:1 package=10 over=month               | 1 1 1 1 1 1 1 1  | 1 0 0 0 0 0 0 0
        0:1 package=10 over=month               | 0 10 0 1         | 0 1 0 1
        0:0.1 package=10 per=1                  | 1                | 1
        0:3 package=1000 per=1000000            | 1 1000 1001      | 0.003 0.003 0.006
        0:1 10:0.5 package=10 over=month        | 10 1 25          | 1 0.5 1
        0:1 15:0.5 package=10 over=month        | 15 5 1           | 2 0 0.5
        0:1 15:0.5 package=10 over=month        | 21               | 2.5
        5:1 package=10 over=month               | 10 1             | 0 1
        0:1 15:0.5 package=10 over=month whole  | 11 3 1 6 1       | 2 0 0 0.5 0
        0:1 15:0.5 package=10 whole             | 15 16            | 2 1
        """
    ),
)
def test_who_begins_a_package_pays_all_of_it(line: str, calls: str, expected: str) -> None:
    assert money(expected) == paid(rate(line), numbers(calls))


@pytest.mark.parametrize(
    ("line", "calls", "expected"),
    rows(
        f"""
        {MILLION}                               | 199999 200000 200001  | 0.24999875 0.25 0.5000025
        0:0.01 per=3                            | 1 2 3                 | 1/300 2/300 0.01
        0:0.0000000001                          | 1 9223372036854775807 | 1/10000000000 922337203.6854775807
        0:1E-9 1:9E15                           | 2                     | 9000000000000000000000001/1000000000
        """
    ),
)
def test_a_cost_is_exact_however_small_or_large(line: str, calls: str, expected: str) -> None:
    assert money(expected) == paid(rate(line), numbers(calls))


def test_what_was_used_before_moves_a_call_into_its_tier() -> None:
    assert Fraction("0.05") == cost(rate(f"{TIERS} over=eternity"), 1, before=2**63)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], "0"),
        ([("0:0.0000000005", 1)], "0"),
        ([("0:0.0000000015", 1)], "0.000000002"),
        ([("0:0.0000000005", 1), ("0:0.0000000005", 1)], "0.000000001"),
        ([("0:0.0000000005", 1), ("0:0.0000000006", 1)], "0.000000001"),
        ([("0:1 per=3", 1), ("0:1 per=3", 2)], "1"),
        ([("0:1 per=3", 1)], "0.333333333"),
        ([("0:-0.0000000025", 1)], "-0.000000002"),
    ],
)
def test_the_sum_of_a_transaction_is_rounded_once(lines: list[tuple[str, int]], expected: str) -> None:
    assert expected == text(charge((rate(line), units, 0) for line, units in lines))


DATED = PriceBook(
    [
        rate("0:3", begins="2026-03-01T00:00:00Z"),
        rate("0:1", begins="2026-01-01T00:00:00Z"),
        rate("0:20", plan_id="gold", begins="2026-02-01T00:00:00Z"),
        rate("0:10", plan_id="silver", begins="2025-01-01T00:00:00Z"),
        rate("0:11", plan_id="silver", begins="2025-01-01T00:00:00Z"),
        rate("0:4", metric_id="other", plan_id="gold", begins="2026-01-01T00:00:00Z"),
    ]
)


@pytest.mark.parametrize(
    ("metric_id", "plan_id", "at", "expected"),
    rows(
        """
        hits   | gold   | 2025-12-31T23:59:59.999999999Z | none
        hits   | gold   | 2026-01-01T00:00:00Z           | 1
        hits   | gold   | 2026-01-31T23:59:59.999999999Z | 1
        hits   | gold   | 2026-02-01T00:00:00Z           | 20
        hits   | gold   | 2026-03-01T00:00:00Z           | 20
        hits   | bronze | 2026-02-28T23:59:59.999999999Z | 1
        hits   | bronze | 2026-03-01T00:00:00Z           | 3
        hits   |        | 2026-03-01T00:00:00Z           | 3
        hits   | silver | 2025-06-01T00:00:00Z           | 11
        other  | gold   | 2026-06-01T00:00:00Z           | 4
        other  | silver | 2026-06-01T00:00:00Z           | none
        other  |        | 2026-06-01T00:00:00Z           | none
        absent | gold   | 2026-06-01T00:00:00Z           | none
        """
    ),
)
def test_the_rate_in_force_is_the_plans_own_else_the_general_one(
    metric_id: str, plan_id: str, at: str, expected: str
) -> None:
    assert expected == price_text(DATED.rate_at(metric_id, plan_id, instant(at)))


def test_a_metric_is_rated_if_any_plan_ever_has_a_rate_for_it() -> None:
    assert [DATED.rated(metric_id) for metric_id in ("hits", "other", "absent")] == [True, True, False]


PARENTS = {"child": "hits", "grandchild": "child", "twin": "hits", "free": "hits", "hits": ""}
TREE = PriceBook(
    [
        rate("0:1"),
        rate("0:5", metric_id="child", begins="2026-03-01T00:00:00Z"),
        rate("0:7", metric_id="twin", plan_id="gold"),
        rate("0:0", metric_id="free"),
    ]
)


@pytest.mark.parametrize(
    ("metric_id", "plan_id", "at", "expected"),
    rows(
        """
        hits       | basic | 2026-06-01T00:00:00Z           | hits 1
        child      | basic | 2026-02-28T23:59:59.999999999Z | hits 1
        grandchild | basic | 2026-02-28T23:59:59.999999999Z | hits 1
        child      | basic | 2026-03-01T00:00:00Z           | child 5
        grandchild | basic | 2026-03-01T00:00:00Z           | child 5
        twin       | basic | 2026-06-01T00:00:00Z           | hits 1
        twin       | gold  | 2026-06-01T00:00:00Z           | twin 7
        free       | basic | 2026-06-01T00:00:00Z           | free 0
        stranger   | basic | 2026-06-01T00:00:00Z           | none
        """
    ),
)
def test_usage_is_charged_at_the_nearest_rated_metric_upwards(
    metric_id: str, plan_id: str, at: str, expected: str
) -> None:
    found = rated_metric(TREE, metric_id, PARENTS, plan_id, instant(at))
    assert expected == (f"{found.metric_id} {price_text(found)}" if found else "none")


def test_a_circle_of_parents_ends_without_a_rate() -> None:
    circle = {"a": "b", "b": "c", "c": "a"}
    assert rated_metric(PriceBook([rate("0:1")]), "a", circle, "", 0) is None
    assert rated_metric(PriceBook([rate("0:1", metric_id="c")]), "a", circle, "", 0) is not None


def test_usage_that_one_rate_covers_is_one_number_of_units() -> None:
    usage = {"twin": 60, "hits": 20, "grandchild": 30, "stranger": 1, "free": 4}
    lines = rated_usage(TREE, usage, PARENTS, "basic", instant("2026-02-01T00:00:00Z"))
    assert [(found.metric_id, units) for found, units in lines] == [("hits", 110), ("free", 4)]


def test_children_that_share_a_rate_reach_its_tiers_and_packages_together() -> None:
    book = PriceBook([rate("0:1 10:0.5 package=5")])
    lines = rated_usage(book, {"child": 6, "twin": 6}, PARENTS, "", 0)
    assert text(charge((found, units, 0) for found, units in lines)) == "2.5"


def numbers(calls: str) -> list[int]:
    return [int(call) for call in calls.split()]


def money(expected: str) -> list[Fraction]:
    return [Fraction(amount) for amount in expected.split()]


def price_text(found: MetricRate | None) -> str:
    return str(found.tiers[0].price) if found else "none"
