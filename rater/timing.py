"""Time of day and days: which price holds at which clock of which date, compiled per day.

A Schedule answers for one calendar day with its parts in order; parts of equal days are computed once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from rater.instant import DAY, SECOND
from rater.rate import Ladder

EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
EPOCH_WEEKDAY = 4
"""1970-01-01 was a Thursday; week days count from Sunday, 0."""

_DAYS_REMEMBERED_MAX = 64
"""Dates one schedule keeps compiled: two months, and a bound on what odd calls can make it hold. A tariff may
remember tens of thousands of schedules."""


@dataclass(frozen=True, slots=True)
class Days:
    """The days that lists of years, months, days of the month and week days allow; empty: any."""

    years: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    week_days: frozenset[int] = frozenset()

    @classmethod
    def of(
        cls,
        *,
        years: Iterable[int] = (),
        months: Iterable[int] = (),
        month_days: Iterable[int] = (),
        week_days: Iterable[int] = (),
    ) -> "Days":
        """Compile lists as written; week day 7 is Sunday as 0 is."""
        return cls(
            frozenset(years), frozenset(months), frozenset(month_days), frozenset(d % 7 for d in week_days)
        )

    @property
    def depends_on_date(self) -> bool:
        """Tell whether more than the week day decides."""
        return bool(self.years or self.months or self.month_days)

    def allow(self, day: int) -> bool:
        """Tell whether day number ``day`` (0 = 1970-01-01) is among them."""
        if self.week_days and (day + EPOCH_WEEKDAY) % 7 not in self.week_days:
            return False
        if not self.depends_on_date:
            return True
        on = date.fromordinal(day + EPOCH_ORDINAL)
        return (
            (not self.years or on.year in self.years)
            and (not self.months or on.month in self.months)
            and (not self.month_days or on.day in self.month_days)
        )


_ANY_DAY = Days()


@dataclass(frozen=True, slots=True)
class DayPart:
    """A price on the half-open clock ``[start_ns, end_ns)`` of some days."""

    days: Days
    start_ns: int
    end_ns: int
    ladder: Ladder

    def is_whole(self) -> bool:
        """Tell whether it holds at every moment."""
        return self.start_ns == 0 and self.end_ns >= DAY and self.days == _ANY_DAY


Segment = tuple[int, Ladder | None]
"""(end_ns of the clock, ladder): holds from the end of the segment before."""


class Schedule:
    """The prices of a day's clock. Of parts that cover one moment the first in the list wins.

    ``segments(day)`` are (end, ladder) pairs in order; the last end is the end of the day; price None where
    no part covers. Neighbours never have the same ladder.
    """

    __slots__ = ("_by_date", "_days", "_kinds", "_parts", "always")

    def __init__(self, parts: Sequence[DayPart]) -> None:
        self._parts = tuple(parts)
        self._by_date = any(part.days.depends_on_date for part in parts)
        self._days: dict[int, tuple[Segment, ...]] = {}
        self._kinds: dict[tuple[int, ...], tuple[Segment, ...]] = {}
        self.always: Ladder | None = None
        """The ladder of every moment, when there is just one."""
        if self._parts and self._parts[0].is_whole():
            self.always = self._parts[0].ladder
        elif not self._by_date:
            week = {self.segments(day) for day in range(7)}
            if len(week) == 1 and len(segments := week.pop()) == 1:
                self.always = segments[0][1]

    @property
    def parts(self) -> tuple[DayPart, ...]:
        """The parts that it is made of; of those that cover a moment the first wins."""
        return self._parts

    def segments(self, day: int) -> tuple[Segment, ...]:
        """List the parts of day number ``day`` (0 = 1970-01-01)."""
        key = day if self._by_date else day % 7
        known = self._days.get(key)
        if known is None:
            if len(self._days) >= _DAYS_REMEMBERED_MAX:
                self._days.clear()
                self._kinds.clear()
            known = self._days[key] = self._of_kind(day)
        return known

    def covers_always(self) -> bool:
        """Tell whether some price holds at every moment of every day."""
        if self.always is not None:
            return True
        whole = [part for part in self._parts if not part.days.depends_on_date]
        steady = Schedule(whole) if self._by_date else self
        return all(ladder is not None for day in range(7) for _, ladder in steady.segments(day))

    def _of_kind(self, day: int) -> tuple[Segment, ...]:
        """Compile a day, once for all days of the same parts."""
        places = tuple([place for place, part in enumerate(self._parts) if part.days.allow(day)])
        known = self._kinds.get(places)
        if known is None:
            known = self._kinds[places] = self._compile([self._parts[place] for place in places])
        return known

    def _compile(self, parts: Sequence[DayPart]) -> tuple[Segment, ...]:
        edges = sorted({edge for part in parts for edge in (part.start_ns, part.end_ns)} | {0, DAY})
        segments: list[Segment] = []
        for start, end in pairwise(edges):
            ladder = next((part.ladder for part in parts if part.start_ns <= start < part.end_ns), None)
            if segments and segments[-1][1] is ladder:
                segments[-1] = (end, ladder)
            else:
                segments.append((end, ladder))
        return tuple(segments)


def clock_ns(seconds: int) -> int:
    """Convert a clock in seconds of the day to nanoseconds."""
    return seconds * SECOND
