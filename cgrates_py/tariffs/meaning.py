"""What a period of prices means, as a value: two that are written differently and price alike are equal.

What tells apart: the clocks and the zone they are read in, what each moment costs, where a call is cut so
that its increments begin anew, and which sums are rounded together. Ids, weights and the order of lines do
not.
"""

from collections.abc import Iterable
from decimal import Decimal
from math import gcd
from typing import NamedTuple

from cgrates_py.tariffs.calendar import Calendar
from rater.plan import Period
from rater.rate import Ladder, Rate, Terms
from rater.tariff import MaxCostStrategy, Rounding, Tariff
from rater.timing import Days


class Step(NamedTuple):
    """A price from so much usage on, and the increment (0: charged by the nanosecond).

    A second costs ``numerator / denominator`` units of money, in lowest terms.
    """

    from_ns: int
    numerator: int
    denominator: int
    increment_ns: int


class Settlement(NamedTuple):
    """How the sum of one destination rate is rounded and capped (``cap`` in 10⁻⁹ units)."""

    rounding: Rounding
    decimals: int
    cap: int | None
    strategy: MaxCostStrategy


class Price:
    """What a moment costs: the steps by usage, the connect fee (10⁻⁹ units), the settlement of its sum.

    ``units`` are the billing units of the steps as written, in seconds; the same price may be written in
    several, and is equal then.
    """

    __slots__ = ("_hash", "connect_fee", "settlement", "steps", "units")

    def __init__(
        self,
        steps: tuple[Step, ...],
        units: tuple[Decimal, ...],
        connect_fee: int,
        settlement: Settlement | None,
    ) -> None:
        self.steps = steps
        self.units = units
        self.connect_fee = connect_fee
        self.settlement = settlement
        self._hash = hash((steps, connect_fee))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Price)
            and self.steps == other.steps
            and self.connect_fee == other.connect_fee
            and self.settlement == other.settlement
        )


Part = tuple[int, int | None]
"""(end of the clock in ns, place in ``Meaning.prices``): None has no price."""


class Meaning(NamedTuple):
    """Prices of all moments. ``days`` has the parts of each kind of days of the calendar, in its order.

    ``sums`` numbers, for each price, the sum that it is settled in. ``zone`` is empty where clocks are read
    in the zone of the call, or do not matter. ``spanwise``: a call that runs into the next version of the
    tariff is cut there.
    """

    zone: str
    spanwise: bool
    days: tuple[tuple[Part, ...], ...]
    prices: tuple[Price, ...]
    sums: tuple[int, ...]


class Meanings:
    """Numbers the meanings of periods; equal ones have one number. ``UNRATED`` is that of no price at all."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._numbers: dict[Meaning, int] = {}
        self._known: dict[Period, int] = {}
        self._prices: dict[Ladder, Price] = {}
        self.all: list[Meaning] = []

    def number(self, period: Period) -> int:
        """Give the number of what a period means."""
        known = self._known.get(period)
        if known is None:
            meaning = self._read(period)
            known = self._known[period] = self._numbers.setdefault(meaning, len(self.all))
            if known == len(self.all):
                self.all.append(meaning)
        return known

    def meaning(self, number: int) -> Meaning | None:
        """Give the meaning of a number; None for no price at all."""
        return None if number == UNRATED else self.all[number]

    def price(self, ladder: Ladder) -> Price:
        """Give what a ladder means."""
        known = self._prices.get(ladder)
        if known is None:
            known = self._prices[ladder] = price_of(ladder)
        return known

    def _read(self, period: Period) -> Meaning:
        places: dict[object, int] = {}
        prices: list[Price] = []
        sums: list[int] = []
        settled: dict[Terms | None, int] = {None: 0}
        days = []
        for day in self.calendar.days:
            parts: list[Part] = []
            for end, ladder in period.schedule.segments(day):
                place = None
                if ladder is not None:
                    price = self.price(ladder)
                    # of a price by the nanosecond it makes no difference where it is cut
                    by_value = price.settlement is None and not any(step.increment_ns for step in price.steps)
                    place = places.setdefault(price if by_value else ladder, len(prices))
                    if place == len(prices):
                        terms = ladder[0].terms if price.settlement else None
                        prices.append(price)
                        sums.append(settled.setdefault(terms, len(settled)))
                if parts and parts[-1][1] == place:
                    parts[-1] = (end, place)
                else:
                    parts.append((end, place))
            days.append(tuple(parts))
        steady = len(prices) == 1 and all(len(parts) == 1 and parts[0][1] == 0 for parts in days)
        zone = "" if steady or period.zone is None else str(period.zone)
        return Meaning(zone, period.spanwise, tuple(days), tuple(prices), tuple(sums))


UNRATED = -1


def price_of(ladder: Ladder) -> Price:
    """Give what a ladder means."""
    steps: list[Step] = []
    units: list[Decimal] = []
    connect_fee = 0
    for rate, following in zip(ladder, (*ladder[1:], None), strict=True):
        if following is not None and following.group_start_ns <= max(rate.group_start_ns, 0):
            continue  # the next one begins as early: this one is never reached
        if not steps:
            connect_fee = rate.connect_fee
        step = _step(rate, rate.group_start_ns if steps else 0)
        if not (steps and _goes_on(steps[-1], step)):
            steps.append(step)
            units.append(rate.shown.billing_unit or Decimal(1))
    return Price(tuple(steps), tuple(units), connect_fee, _settlement(ladder[0].terms))


def _goes_on(before: Step, after: Step) -> bool:
    """Tell whether a step is the one before, further on; increments begin anew where it begins."""
    linear = not before.increment_ns and not after.increment_ns
    return linear and (before.numerator, before.denominator) == (after.numerator, after.denominator)


def _step(rate: Rate, from_ns: int) -> Step:
    increment_ns = rate.increment_ns if rate.increment_ns > 1 and rate.numerator else 0
    numerator, denominator = rate.numerator, rate.denominator * (rate.increment_ns or 1)
    common = gcd(numerator, denominator)
    return Step(from_ns, numerator // common, denominator // common, increment_ns)


def _settlement(terms: Terms | None) -> Settlement | None:
    if terms is None or (terms.decimals > 9 and terms.max_cost is None):
        return None
    strategy = terms.strategy if terms.max_cost is not None else MaxCostStrategy.NONE
    cap = terms.max_cost if strategy is not MaxCostStrategy.NONE else None
    return Settlement(terms.rounding, terms.decimals, cap, strategy)


def rules_of(tariff: Tariff) -> Iterable[Days]:
    """List the rules of days that occur in a tariff."""
    for timing in tariff.timings.values():
        yield Days.of(
            years=timing.years, months=timing.months, month_days=timing.month_days, week_days=timing.week_days
        )
    intervals = {
        interval
        for rates in tariff.rates.values()
        for rate in rates.values()
        for period in rate.periods
        for interval in period.intervals
    }
    for each in intervals:
        yield Days.of(months=each.months, month_days=each.month_days, week_days=each.week_days)
