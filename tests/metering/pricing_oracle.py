"""The same prices by counting on one's fingers: one unit after the other, as the sentences say it."""

from decimal import Decimal
from fractions import Fraction

from rater.metering.catalogue import MetricRate


def slow_cost(rate: MetricRate, units: int, before: int) -> Fraction:
    total = Fraction(0)
    for unit in range(before + 1, before + units + 1):
        is_first_of_package = (unit - 1) % rate.package == 0
        if is_first_of_package:
            price = price_of(rate, before + units if rate.whole else unit)
            total += Fraction(price) / (rate.per or rate.package) * rate.package
    return total


def price_of(rate: MetricRate, unit: int) -> Decimal:
    found = Decimal(0)
    for tier in rate.tiers:
        if unit > tier.start:
            found = tier.price
    return found
