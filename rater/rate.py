"""Compiled prices: integer ratios, so that a cost is exact until its one rounding."""

from dataclasses import dataclass
from math import gcd

from rater.quantity import from_decimal
from rater.tariff import Interval, MaxCostStrategy, Rounding


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """How the cost that one destination rate priced is capped and rounded, once, on its sum."""

    rounding: Rounding
    decimals: int
    max_cost: int | None
    strategy: MaxCostStrategy

    def settle(self, numerator: int, denominator: int) -> tuple[int, int]:
        """Cap and round an exact cost (nanounits, a ratio); the result is again a ratio."""
        if (
            self.strategy is MaxCostStrategy.FREE
            and self.max_cost is not None
            and numerator > self.max_cost * denominator
        ):
            numerator, denominator = self.max_cost, 1
        if self.decimals > 9:
            return numerator, denominator
        step = denominator * 10 ** (9 - self.decimals)
        if self.rounding is Rounding.UP:
            steps = -(-numerator // step)
        elif self.rounding is Rounding.DOWN:
            steps = numerator // step
        else:
            steps = (2 * numerator + step) // (2 * step)
        return steps * 10 ** (9 - self.decimals), 1


class Rate:
    """One compiled price. Identity matters: neighbouring moments of the same Rate are one span.

    Linear (``increment_ns`` 0): ``numerator / denominator`` nanounits a nanosecond; else that much for each
    begun increment. ``shown`` is the price as people wrote it; its billing unit 0 counts as 1.
    """

    __slots__ = (
        "connect_fee",
        "denominator",
        "group_start_ns",
        "increment_ns",
        "numerator",
        "shown",
        "terms",
    )

    def __init__(
        self,
        shown: Interval,
        *,
        increment_ns: int = 0,
        group_start_ns: int = 0,
        terms: Terms | None = None,
    ) -> None:
        top, bottom = shown.price.as_integer_ratio()
        if shown.billing_unit:
            unit_top, unit_bottom = shown.billing_unit.as_integer_ratio()
            top, bottom = top * unit_bottom, bottom * unit_top
        # a price a second is as many nanounits a nanosecond: the two scales are one
        top *= increment_ns or 1
        common = gcd(top, bottom)
        self.numerator = top // common
        self.denominator = bottom // common
        self.connect_fee = from_decimal(shown.connect_fee)
        self.increment_ns = increment_ns
        self.group_start_ns = group_start_ns
        self.terms = terms
        self.shown = shown

    def quantity(self, duration_ns: int) -> int:
        """Tell how many nanoseconds or begun increments a span of ``duration_ns`` is charged for."""
        if self.increment_ns:
            return -(-duration_ns // self.increment_ns)
        return duration_ns


Ladder = tuple[Rate, ...]
"""The rate groups of a price in order of usage; a single Rate when the price does not depend on usage."""
