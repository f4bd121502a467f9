"""Prices rows of calls against columns of rates: a few passes over arrays, all in 64-bit integers.

A call is cut at the instants of its timeline, each stretch where usage reaches the next rate group. The sum
of what the pieces cost is an integer of the price's denominator; it is settled once and rounded once, as
``rater.rating`` does.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cgrates_py.bulk.calls import Int64s
from cgrates_py.bulk.keys import Bools
from cgrates_py.bulk.prices import MOMENTS_MAX, SUM_MAX, TERMS_MAX, Rates
from cgrates_py.bulk.shapes import BEYOND, Timeline

Places = npt.NDArray[np.intp]


class Clocks:
    """The timelines that a chunk needs, one behind the other, and which of them a shape and a zone have."""

    def __init__(self, timelines: list[Timeline], place: npt.NDArray[np.integer]) -> None:
        sizes = [len(each.edges) for each in timelines]
        self.begins = np.cumsum([0, *(size + 1 for size in sizes)])[:-1].tolist()
        self.sizes = sizes
        self.edges: Int64s = np.concatenate([np.append(each.edges, BEYOND) for each in timelines])
        self.slots: Int64s = np.concatenate([np.append(each.slots, 0) for each in timelines])
        self.place = place
        """By shape and zone."""

    def first(self, start: Int64s, which: npt.NDArray[np.integer]) -> Places:
        """Find the stretch that each call starts in, as a place in ``edges``."""
        if len(self.begins) == 1:
            return self._within(0, start)
        found = np.empty(len(start), np.intp)
        order = np.argsort(which, kind="stable")
        bounds = np.searchsorted(which[order], np.arange(len(self.begins) + 1))
        for place, (low, high) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
            if high > low:
                rows = order[low:high]
                found[rows] = self._within(place, start[rows])
        return found

    def _within(self, place: int, start: Int64s) -> Places:
        begin, size = self.begins[place], self.sizes[place]
        if size == 1:
            return np.full(len(start), begin, np.intp)
        found: Places = np.searchsorted(self.edges[begin : begin + size], start, "right")
        found += begin - 1
        return found


class Block(NamedTuple):
    """What a stretch of rows costs; ``beyond`` marks those that only the rating core can price."""

    cost: Int64s
    fee: Int64s
    plan: Int64s
    hole: Bools
    beyond: Bools


def price_block(
    rates: Rates, clocks: Clocks, price: Int64s, zone: npt.NDArray[Any], start: Int64s, end: Int64s
) -> Block:
    """Price calls by the rows of their prices. ``zone`` is the second place in ``clocks.place``."""
    length = end - start
    first = clocks.first(start, clocks.place[rates.shape[price], zone])
    beyond = length * rates.worst[price] + rates.extra[price] >= SUM_MAX
    beyond |= length < 0
    slot = rates.base[price] + clocks.slots[first]
    hole = rates.hole[slot] != 0
    until = clocks.edges[first + 1]
    amount = _climbed(rates, slot, np.zeros_like(length), np.minimum(end, until) - start)
    cost = _settled(rates, rates.first_terms[price] + rates.terms[slot], amount)
    rows = np.flatnonzero(end > until)
    if len(rows):
        several = _Several(rates, clocks, price[rows], start[rows], end[rows], first[rows])
        several.begin(slot[rows], amount[rows])
        left = several.cut()
        beyond[rows[left]] = True
        cost[rows] = several.cost()
        hole[rows] |= several.hole
    return Block(cost, rates.fee[slot], rates.plan[slot], hole, beyond)


def _climbed(rates: Rates, slot: Int64s, low: Int64s, high: Int64s) -> Int64s:
    """Sum one stretch ``[low, high)`` of usage since the call's start, group by group."""
    rate = rates.rate[slot]
    group_end = rates.group_end[rate]
    amount = _charged(rates, rate, np.minimum(high, group_end) - low)
    more = np.flatnonzero(high > group_end)
    rows = more
    while len(more):
        low = np.maximum(low[more], group_end[more])
        high, rate = high[more], rate[more] + 1
        group_end = rates.group_end[rate]
        amount[rows] += _charged(rates, rate, np.minimum(high, group_end) - low)
        more = np.flatnonzero(high > group_end)
        rows = rows[more]
    return amount


def _charged(rates: Rates, rate: Int64s, length: Int64s) -> Int64s:
    increment = rates.increment[rate]
    # a group that ended before the stretch began leaves less than nothing
    quantity: Int64s = (np.maximum(length, 0) + (increment - 1)) // increment * rates.price[rate]
    return quantity


def _settled(rates: Rates, terms: Int64s, amount: Int64s) -> Int64s:
    """Cap and round sums to nanounits."""
    step = rates.step[terms]
    raised = np.minimum(amount, rates.cap[terms]) + rates.add[terms]
    whole = raised // step
    tie = (whole * step == raised) & (rates.even[terms] != 0)
    whole -= tie & (whole & 1)
    settled: Int64s = whole * rates.times[terms]
    return settled


class _Several:
    """Calls of more than one stretch: a sum for each of the price's terms, settled, then one rounding."""

    def __init__(
        self, rates: Rates, clocks: Clocks, price: Int64s, start: Int64s, end: Int64s, first: Places
    ) -> None:
        self._rates, self._clocks, self._price = rates, clocks, price
        self._start, self._end, self._first = start, end, first
        self._sums: Int64s = np.zeros((TERMS_MAX if rates.several else 1, len(price)), np.int64)
        self.hole: Bools = np.zeros(len(price), np.bool_)

    def begin(self, slot: Int64s, amount: Int64s) -> None:
        """Book the first stretch."""
        self._sums[self._rates.terms[slot], np.arange(len(slot))] += amount

    def cut(self) -> Places:
        """Book the others. Gives the rows that have even more than are cut here."""
        rates, edges = self._rates, self._clocks.edges
        rows = np.arange(len(self._price))
        start, end, place = self._start, self._end, self._first + 1
        for _ in range(MOMENTS_MAX - 1):
            until = edges[place + 1]
            slot = rates.base[self._price[rows]] + self._clocks.slots[place]
            amount = _climbed(rates, slot, edges[place] - start, np.minimum(end, until) - start)
            self._sums[rates.terms[slot], rows] += amount
            self.hole[rows] |= rates.hole[slot] != 0
            more = np.flatnonzero(end > until)
            rows, start, end, place = rows[more], start[more], end[more], place[more] + 1
            if not len(rows):
                break
        return rows

    def cost(self) -> Int64s:
        """Settle each sum, and round their total half-even."""
        rates, price = self._rates, self._price
        first = rates.first_terms[price]
        total = self._sums[0].copy()
        for terms in range(1, len(self._sums)):
            rows = np.flatnonzero(rates.terms_count[price] > terms)
            if not len(rows):
                break
            at = first[rows] + terms
            capped = np.minimum(self._sums[terms, rows], rates.cap[at])
            rounded = (capped + rates.add[at]) // rates.step[at] * rates.step[at]
            total[rows] += np.where(rates.exact[at] != 0, capped, rounded)
        return _settled(rates, first, total)
