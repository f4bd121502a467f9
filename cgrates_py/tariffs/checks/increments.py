"""Lint of increments: prices that charge far more than was talked."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from cgrates_py.tariffs.checks.findings import Code, Finding
from cgrates_py.tariffs.costing import Costs
from rater.instant import SECOND
from rater.quantity import decimal_text
from rater.quantity import text as amount
from rater.rate import Rate
from rater.tariff import Interval, RateGroup, Tariff

LIMITS = ((1, Fraction(60)), (30, Fraction(2)), (61, Fraction(3, 2)))
"""(seconds, how many times the price of just these seconds a call may cost without its connect fee).

A first minute that is charged whole, and seconds after it, stays within; minutes to the end do not.
"""


def check(tariff: Tariff) -> Iterator[Finding]:
    """Look at every rate of a CSV tariff; prices of 2012 have no increments."""
    costs = Costs()
    for name, groups in tariff.rate_groups.items():
        ordered = sorted(groups, key=lambda group: group.group_start_ns)
        ladder = tuple(_rate(group, group.increment_ns) for group in ordered)
        linear = tuple(_rate(group, 0) for group in ordered)
        for seconds, limit in LIMITS:
            cost, fair = costs.of(ladder, seconds * SECOND), costs.of(linear, seconds * SECOND)
            if fair and cost > limit * (fair + 1):  # which is rounded
                yield Finding(
                    Code.OVERCHARGE,
                    f"Rates.csv {name}",
                    f"{seconds} s cost {amount(cost)}, {times(cost, fair)} times the price of just these "
                    f"seconds, {amount(fair)}",
                    "let later seconds count by a smaller RateIncrement, in a group from 60s on",
                )
                break


def times(cost: int, fair: int) -> str:
    """Tell a ratio to two decimals."""
    ratio = Decimal(round(Fraction(cost, fair) * 100)).scaleb(-2)
    return decimal_text(ratio)


def _rate(group: RateGroup, increment_ns: int) -> Rate:
    shown = Interval(group.rate, Decimal(group.unit_ns).scaleb(-9))
    return Rate(shown, increment_ns=increment_ns, group_start_ns=group.group_start_ns)
