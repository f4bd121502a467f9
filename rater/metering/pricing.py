"""What metered usage costs: which rate is in force, what it asks for units, and the one rounding.

Usage that is reported on a metric is charged once: at the nearest metric, from itself upwards in the tree,
that has a rate in force. So a rate on a parent covers its children, and a rate on a child takes its units
out of it; a price of zero makes a child free.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from rater.metering.catalogue import MetricRate
from rater.quantity import SCALE, round_half_even

_FREE = Fraction(0)


class PriceBook:
    """The rates of a service, found by metric, plan and instant. Immutable.

    Of rates for the same metric and plan that begin at the same instant the last given counts.
    """

    def __init__(self, rates: Sequence[MetricRate]) -> None:
        dated: dict[tuple[str, str], list[MetricRate]] = {}
        for rate in rates:
            dated.setdefault((rate.metric_id, rate.plan_id), []).append(rate)
        for series in dated.values():
            series.sort(key=_beginning)
        self._dated = dated
        self._metrics = frozenset(rate.metric_id for rate in rates)

    def rate_at(self, metric_id: str, plan_id: str, at_ns: int) -> MetricRate | None:
        """Find the rate in force: of the plan, else of every plan; of these the last that began.

        A plan's own first rate leaves what came before to the rates of every plan. None: not for sale yet.
        """
        own = self._last_begun(metric_id, plan_id, at_ns)
        return own if own is not None or not plan_id else self._last_begun(metric_id, "", at_ns)

    def rated(self, metric_id: str) -> bool:
        """Tell whether the metric has a rate of its own for any plan at any time."""
        return metric_id in self._metrics

    def _last_begun(self, metric_id: str, plan_id: str, at_ns: int) -> MetricRate | None:
        series = self._dated.get((metric_id, plan_id), ())
        begun = bisect_right(series, at_ns, key=_beginning)
        return series[begun - 1] if begun else None


def rated_metric(
    book: PriceBook, metric_id: str, parents: Mapping[str, str], plan_id: str, at_ns: int
) -> MetricRate | None:
    """Find the rate that usage of a metric is charged at: its own, else that of the nearest ancestor.

    ``parents`` maps child to parent; no member, or the empty text: a root. A circle ends the search.
    """
    for _ in range(len(parents) + 1):
        rate = book.rate_at(metric_id, plan_id, at_ns)
        metric_id = parents.get(metric_id, "")
        if rate is not None or not metric_id:
            return rate
    return None


def rated_usage(
    book: PriceBook, usage: Mapping[str, int], parents: Mapping[str, str], plan_id: str, at_ns: int
) -> list[tuple[MetricRate, int]]:
    """Sum a transaction's usage, as reported on each metric, by the rate that it is charged at.

    Two children that their parent's rate covers are one number of units there, as if reported on it.
    """
    units_at: dict[str, tuple[MetricRate, int]] = {}
    for metric_id, units in usage.items():
        rate = rated_metric(book, metric_id, parents, plan_id, at_ns)
        if rate is not None:
            before = units_at.get(rate.metric_id, (rate, 0))[1]
            units_at[rate.metric_id] = rate, before + units
    return list(units_at.values())


def charge(lines: Iterable[tuple[MetricRate, int, int]]) -> int:
    """Price one transaction: sum ``cost(rate, units, before)`` exactly, round once half-even to 10⁻⁹."""
    numerator, denominator = 0, 1
    for line in lines:  # a sum of fractions would reduce each step, which takes longer than the pricing
        price, unit = cost(*line).as_integer_ratio()
        numerator, denominator = numerator * unit + price * denominator, denominator * unit
    return round_half_even(numerator * SCALE, denominator)


def cost(rate: MetricRate, units: int, before: int = 0) -> Fraction:
    """Price ``units`` (≥ 0) on top of ``before`` units of the rate's ``over`` period, exactly.

    - The n-th unit of the period (without ``over``: of the call) is in the last tier with ``start`` < n;
      before the first tier it is free. At 0.10, and from 100 on 0.05, the units 1 to 100 cost 0.10 each.
    - Packages are counted from the period's first unit, and who begins one pays all of it: at 1.00 for a
      package of 10, calls of 1, 9 and 1 units in a period cost 1.00, 0 and 1.00; without ``over`` 1.00 each.
    - Graduated, a package costs what the tier of its first unit says. So a period's cost does not depend on
      how its units are split over calls: at the tiers above, 90 units and then 20 cost 9.00 and 1.50.
    - ``whole``, all packages that a call begins cost what the tier of its last unit says, those before the
      first tier too; what earlier calls paid stays as it is: 90 units and then 20 cost 9.00 and 1.00.
    - ``price`` is for ``per`` units, whatever is in a package: at 3 per 1,000,000 in packages of 1,000, one
      unit costs 0.003.
    """
    size = rate.package
    paid, due = -(-before // size), -(-(before + units) // size)
    if paid == due:
        return _FREE
    if rate.whole:
        reached = before + units
        price = next((tier.price for tier in reversed(rate.tiers) if tier.start < reached), Decimal(0))
        return _price_of(rate, due - paid, price)
    total = _FREE
    for tier in reversed(rate.tiers):
        first = max(paid, -(-tier.start // size))
        if first < due:
            total += _price_of(rate, due - first, tier.price)
            due = first
    return total


def _price_of(rate: MetricRate, packages: int, price: Decimal) -> Fraction:
    numerator, denominator = price.as_integer_ratio()
    per = rate.per or rate.package
    return Fraction(packages * rate.package * numerator, per * denominator)


def _beginning(rate: MetricRate) -> int:
    return rate.from_ns
