"""Where prices change, whatever they are: one sorted array of instants for all schedules that are cut alike.

The days and clocks of a schedule's parts are its shape. Thousands of prefixes have prices of their own and
the same peak hours, so they share a shape; what differs is which ladder of rates a slot of it means.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cgrates_py.bulk.calls import Int64s
from rater import zone
from rater.book import DatedPeriods
from rater.instant import DAY
from rater.plan import Period
from rater.rate import Ladder
from rater.timing import Days

BEYOND = (1 << 63) - 1
"""An instant that no call reaches."""


class Window(NamedTuple):
    """The calls that are rated together: they start in ``[start_ns, end_ns)`` and end by ``reach_ns``."""

    start_ns: int
    end_ns: int
    reach_ns: int


PartShape = tuple[Days, int, int, int]
"""(days, start, end of the clock, place of the ladder)."""
PeriodShape = tuple[int, str, tuple[PartShape, ...]]
"""(beginning, zone, parts); the beginning of the first is of no account."""


class Timeline(NamedTuple):
    """Instants in order, and the slot of the prices from each to the next. The first is the window's."""

    edges: Int64s
    slots: npt.NDArray[np.int64]


class Shape:
    """How prices are cut in a window. Each period has a slot for no price, then one for each ladder."""

    def __init__(self, window: Window, periods: DatedPeriods) -> None:
        self._window = window
        self._periods = periods
        self.firsts: list[int] = []
        size = 0
        for _, period in periods:
            self.firsts.append(size)
            size += 1 + len(ladders(period))
        self.size = size
        self.zoned = all(_steady(period) for _, period in periods)
        """Whether the zone of a call makes no difference."""

    def timeline(self, offset_ns: int) -> Timeline:
        """List the changes of price for calls written in a zone."""
        edges: list[int] = []
        slots: list[int] = []
        begins = [self._window.start_ns, *(begin for begin, _ in self._periods[1:]), self._window.reach_ns]
        stretches = zip(pairwise(begins), self.firsts, self._periods, strict=True)
        for (start, end), first, (_, period) in stretches:
            places = {id(ladder): first + 1 + place for place, ladder in enumerate(ladders(period))}
            opened = False
            for edge, ladder in _changes(period, start, end, offset_ns):
                slot = first if ladder is None else places[id(ladder)]
                if not opened or slots[-1] != slot:
                    edges.append(edge)
                    slots.append(slot)
                    opened = True
        return Timeline(np.array(edges, np.int64), np.array(slots, np.int64))


def shape_key(periods: DatedPeriods) -> tuple[PeriodShape, ...]:
    """Tell what of dated periods decides where calls are cut."""
    return tuple(
        (begin if place else 0, period.zone.key if period.zone is not None else "", _parts_key(period))
        for place, (begin, period) in enumerate(periods)
    )


def ladders(period: Period) -> list[Ladder]:
    """List a period's different ladders in the order of its parts; what is the same object is one."""
    return list({id(part.ladder): part.ladder for part in period.schedule.parts}.values())


def _parts_key(period: Period) -> tuple[PartShape, ...]:
    places: dict[int, int] = {}
    return tuple(
        (part.days, part.start_ns, part.end_ns, places.setdefault(id(part.ladder), len(places)))
        for part in period.schedule.parts
    )


def _steady(period: Period) -> bool:
    return period.zone is not None or period.schedule.always is not None


def _changes(period: Period, start: int, end: int, offset_ns: int) -> Iterator[tuple[int, Ladder | None]]:
    """List from when on which ladder holds; neighbours may have the same."""
    schedule = period.schedule
    if schedule.always is not None:
        yield start, schedule.always
        return
    pieces = [(start, end, offset_ns)] if period.zone is None else zone.pieces(period.zone, start, end)
    for low, high, offset in pieces:
        for day in range((low + offset) // DAY, (high - 1 + offset) // DAY + 1):
            edge = day * DAY - offset
            for clock, ladder in schedule.segments(day):
                if low < day * DAY - offset + clock and edge < high:
                    yield max(edge, low), ladder
                edge = day * DAY - offset + clock
