"""Prices as columns of integers: what a row of a call looks up instead of asking a Rate.

All rates of one price (the dated periods that price a range of numbers) get one denominator, so that a sum
over a call's spans is one integer. Every bound that keeps such a sum within 64 bits is checked here or, where
it depends on the call, told (``worst``, ``extra``); what has none is priced by the rating core.
"""

from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from cgrates_py.bulk.calls import Int64s
from cgrates_py.bulk.shapes import BEYOND, Shape, Timeline, Window, ladders, shape_key
from rater.book import DatedPeriods
from rater.quantity import AMOUNT_MAX
from rater.rate import Ladder, Rate, Terms
from rater.tariff import MaxCostStrategy, Rounding

SUM_MAX = 1 << 61
"""No sum of a call reaches this; twice as much still fits 64 bits."""

MOMENTS_MAX = 64
"""Stretches of one price that a call is cut into here; a longer one is for the rating core."""

LADDER_MAX = 16
"""Rate groups of one price, likewise."""

TERMS_MAX = 8
"""Destination rates that one price may meet, likewise: each has a sum of its own."""

NO_PRICE = -1
"""The place of a price that cannot be told in columns."""

Floats = npt.NDArray[np.float64]

Settled = tuple[int, int, int, int, int, int]
"""(cap, add, step, times, exact, even): see ``Prices``."""


class Rates:
    """The columns that pricing reads, as arrays. See ``Prices`` for how they hang together."""

    def __init__(self, prices: "Prices") -> None:
        def ints(values: list[Any], column: int) -> Int64s:
            return np.array([row[column] for row in values], np.int64)

        self.shape, self.base = ints(prices.rows, 0), ints(prices.rows, 1)
        self.first_terms, self.terms_count = ints(prices.rows, 2), ints(prices.rows, 3)
        self.worst: Floats = np.array([row[4] for row in prices.rows], np.float64)
        self.extra: Floats = np.array([row[5] for row in prices.rows], np.float64)
        self.rate, self.fee, self.terms, self.plan, self.hole = (ints(prices.slots, n) for n in range(5))
        self.price, self.increment, self.group_end = (ints(prices.rates, n) for n in range(3))
        self.cap, self.add, self.step, self.times = (ints(prices.terms, n) for n in range(4))
        self.exact, self.even = (ints(prices.terms, n) for n in (4, 5))
        self.several = bool((self.terms_count > 1).any())


class Prices:
    """Prices that were met so far.

    A price has a row, ``rows``; from its ``base`` on a row of ``slots`` for each slot of its shape; a slot's
    rates stand in ``rates`` from the first one on, each until its rate group ends. ``terms`` tell how a sum
    is capped and rounded: ``(min(sum, cap) + add) // step × times``, where it is ``exact`` only by the last
    rounding, whose ties go to the ``even`` one. The first terms of a price are those of rates without any.
    """

    def __init__(self, words: dict[str, int]) -> None:
        self._words = words
        self._known: dict[tuple[object, ...], tuple[int, DatedPeriods]] = {}
        self._shape_places: dict[tuple[object, ...], int] = {}
        self.shapes: list[Shape] = []
        self._timelines: dict[tuple[int, int], Timeline] = {}
        self.rows: list[tuple[int, int, int, int, float, float]] = []
        self.slots: list[tuple[int, int, int, int, int]] = []
        self.rates: list[tuple[int, int, int]] = []
        self.terms: list[Settled] = []
        self._arrays: Rates | None = None

    def place(self, window: Window, periods: DatedPeriods) -> int:
        """Find or make the row of a price; ``NO_PRICE`` if its integers would be too large."""
        key = (window, *((begin if n else 0, id(period)) for n, (begin, period) in enumerate(periods)))
        known = self._known.get(key)
        if known is None:
            # the periods are kept beside, so that no other gets their identity
            known = self._known[key] = (self._make(window, periods), periods)
        return known[0]

    def arrays(self) -> Rates:
        """Give everything as arrays."""
        if self._arrays is None or len(self._arrays.shape) != len(self.rows):
            self._arrays = Rates(self)
        return self._arrays

    def timeline(self, shape: int, offset_ns: int) -> Timeline:
        """Give the changes of a shape for calls written in a zone."""
        key = (shape, 0 if self.shapes[shape].zoned else offset_ns)
        known = self._timelines.get(key)
        if known is None:
            known = self._timelines[key] = self.shapes[shape].timeline(key[1])
        return known

    def _make(self, window: Window, periods: DatedPeriods) -> int:
        shape = self._shape(window, periods)
        steps = [ladder for _, period in periods for ladder in ladders(period)]
        rates = [rate for ladder in steps for rate in ladder]
        common = lcm(*(rate.denominator for rate in rates)) if rates else 1
        numerators = {id(rate): rate.numerator * (common // rate.denominator) for rate in rates}
        kinds = list({id(rate.terms): rate.terms for rate in rates if rate.terms is not None}.values())
        settled = [_settled(None, common), *(_settled(terms, common) for terms in kinds)]
        if not _fits(rates, numerators, steps) or len(settled) > TERMS_MAX:
            return NO_PRICE
        if any(step >= SUM_MAX for _, _, step, *_ in settled):
            return NO_PRICE
        base, first_terms = len(self.slots), len(self.terms)
        self.terms += settled
        places = {id(terms): place + 1 for place, terms in enumerate(kinds)}
        for _, period in periods:
            plan = self._words.setdefault(period.plan_id, len(self._words))
            self.slots.append((self._hole(), 0, 0, plan, 1))
            for ladder in ladders(period):
                terms = 0 if ladder[0].terms is None else places[id(ladder[0].terms)]
                self.slots.append((len(self.rates), _first_fee(ladder), terms, plan, 0))
                self._climb(ladder, numerators)
        worst = max((numerators[id(rate)] / (rate.increment_ns or 1) for rate in rates), default=0.0)
        # each span may begin one increment more than its length has
        groups = max((len(ladder) for ladder in steps), default=0)
        extra = max(numerators.values(), default=0) * MOMENTS_MAX * groups
        self.rows.append((shape, base, first_terms, len(settled), worst, float(extra)))
        return len(self.rows) - 1

    def _shape(self, window: Window, periods: DatedPeriods) -> int:
        key = (window, shape_key(periods))
        place = self._shape_places.get(key)
        if place is None:
            place = self._shape_places[key] = len(self.shapes)
            self.shapes.append(Shape(window, periods))
        return place

    def _hole(self) -> int:
        """Give the rate of moments without a price, which costs nothing; it is the first of all."""
        if not self.rates:
            self.rates.append((0, 1, BEYOND))
        return 0

    def _climb(self, ladder: Ladder, numerators: dict[int, int]) -> None:
        for place, rate in enumerate(ladder):
            until = ladder[place + 1].group_start_ns if place + 1 < len(ladder) else BEYOND
            self.rates.append((numerators[id(rate)], rate.increment_ns or 1, until))


def _first_fee(ladder: Ladder) -> int:
    """Tell the connect fee of a call that begins on a ladder: of the first group that usage 0 is in."""
    for place, rate in enumerate(ladder[:-1]):
        if ladder[place + 1].group_start_ns > 0:
            return rate.connect_fee
    return ladder[-1].connect_fee


def _fits(rates: list[Rate], numerators: dict[int, int], steps: list[Ladder]) -> bool:
    """Tell whether a price can be told in columns: sizes, and one way to round all of a ladder."""
    return (
        all(0 <= top < SUM_MAX for top in numerators.values())
        and all(rate.increment_ns < SUM_MAX and 0 <= rate.connect_fee <= AMOUNT_MAX for rate in rates)
        and all(0 <= rate.group_start_ns < SUM_MAX for rate in rates)
        and all(len(ladder) <= LADDER_MAX for ladder in steps)
        and all(rate.terms is ladder[0].terms for ladder in steps for rate in ladder)
    )


def _settled(terms: Terms | None, common: int) -> Settled:
    """Tell what is done to a sum of so many parts of a nanounit."""
    cap = BEYOND
    if terms is not None and terms.strategy is MaxCostStrategy.FREE and terms.max_cost is not None:
        cap = min(terms.max_cost * common, BEYOND)
    if terms is None or terms.decimals > 9:
        return cap, common // 2, common, 1, 1, int(common % 2 == 0)
    times = int(10 ** (9 - terms.decimals))
    step = common * times
    add = {Rounding.UP: step - 1, Rounding.DOWN: 0, Rounding.MIDDLE: step // 2}[terms.rounding]
    return cap, add, step, times, 0, 0
