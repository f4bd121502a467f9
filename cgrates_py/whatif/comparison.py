"""Compares two tariffs by the calls of a file, chunk by chunk: what came of it is in ``Comparison``."""

from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from cgrates_py.bulk.calls import Calls, Int64s, Words
from cgrates_py.cdrs.chunk import Chunk
from cgrates_py.cdrs.convert import Converted
from cgrates_py.cdrs.zones import offsets_of_instants
from cgrates_py.whatif.causes import Cause, Causes, causes_of
from cgrates_py.whatif.changes import Largest, Spread
from cgrates_py.whatif.sides import Side
from cgrates_py.whatif.sums import Codes, Columns, Sums, Tally, pairs
from rater.instant import SECOND

SUBJECTS_MAX = 200_000
"""Subjects that are told apart, some 100 MB; those that come later are summed up together."""

NOWHERE = "(no price)"
"""The destination of calls that neither tariff has a price for."""

HOURS_OF_WEEK = 168
_HOUR_S = 3600
_MONDAY = 3
"""The day of the week of 1970-01-01, counted from Monday."""
_SPAN_MAX = 1 << 16
"""Hours that a chunk may span to be counted in a table: seven years."""

Unpriced = tuple[Cause, str, str]
"""(what became of a call, the reason before, the reason after); a reason is empty where it has a price."""


class Example(NamedTuple):
    """The first call of its kind: where it stands, and the sentence that it is refused with."""

    line: int
    sentence: str


@dataclass
class Comparison:
    """What came of a file. ``rows`` = calls + ``unanswered`` + ``passed_over`` + ``bad_rows``.

    ``hours`` are of the week from Monday on, ``days`` since 1970-01-01, both by the clock of the call, or of
    one zone for all.
    """

    rows: int = 0
    unanswered: int = 0
    passed_over: int = 0
    bad_rows: int = 0
    bad_first: Example | None = None
    total: Sums = field(default_factory=Sums)
    rated_before: int = 0
    rated_after: int = 0
    causes: Tally[Cause] = field(default_factory=Tally)
    destinations: Tally[str] = field(default_factory=Tally)
    subjects: Tally[tuple[str, str]] = field(default_factory=lambda: Tally(SUBJECTS_MAX))
    hours: Tally[int] = field(default_factory=Tally)
    days: Tally[int] = field(default_factory=Tally)
    unpriced: Tally[Unpriced] = field(default_factory=Tally)
    examples: dict[Unpriced, Example] = field(default_factory=dict)
    largest: Largest = field(default_factory=Largest)
    spread: Spread = field(default_factory=Spread)


class Comparer:
    """Adds chunk after chunk to a comparison. ``zone`` is of the clock that hours and days are told by."""

    def __init__(self, zone: ZoneInfo | None = None) -> None:
        self.found = Comparison()
        self._zone = zone

    def add(self, chunk: Chunk, converted: Converted, one: Side, other: Side) -> None:
        """Add a chunk as the tariff before prices it, and the other one after."""
        self._count(chunk, converted)
        if not converted.calls.rows:
            return
        calls, lines, found = converted.calls, chunk.lines[converted.rows], self.found
        causes = causes_of(one, other)
        columns = Columns(calls.end_ns - calls.start_ns, one.total, other.total)
        delta = other.total - one.total
        found.rated_before += int(one.rated.sum())
        found.rated_after += int(other.rated.sum())
        ((calls_, talk_ns, paid, would_pay),) = columns.by(np.zeros(calls.rows, np.int8), 1)
        found.total.add(calls_, talk_ns, paid, would_pay)
        found.causes.add(list(Cause), causes, columns)
        found.destinations.add(*_destinations(one, other), columns)
        found.subjects.add(*pairs(calls.customer, calls.subject), columns)
        self._add_times(calls, columns)
        self._add_unpriced(one, other, causes, lines, columns)
        found.largest.add(calls, lines, one, other, delta, causes)
        found.spread.add(delta[causes != Cause.NO_PRICE])

    def _count(self, chunk: Chunk, converted: Converted) -> None:
        found = self.found
        found.rows += chunk.table.num_rows + len(chunk.bad)
        found.unanswered += len(converted.unanswered)
        found.passed_over += len(converted.passed_over)
        bad = [*chunk.bad, *converted.bad]
        found.bad_rows += len(bad)
        if bad and found.bad_first is None:
            first = min(bad, key=lambda each: each.line)
            found.bad_first = Example(first.line, first.sentence)

    def _add_times(self, calls: Calls, columns: Columns) -> None:
        """Add calls by the hour in which they begin, then hours by the week and the day."""
        start_s = calls.start_ns // SECOND
        if self._zone is None:
            offset_s = calls.offset_ns // SECOND
        else:
            offset_s = offsets_of_instants(start_s, self._zone)
        hour = (start_s + offset_s) // _HOUR_S
        first = int(hour.min())
        size = int(hour.max()) - first + 1
        if size <= _SPAN_MAX:
            hours, codes = range(first, first + size), hour - first
        else:
            met, codes = np.unique(hour, return_inverse=True)
            hours, size = met.tolist(), len(met)
        for each, sums in zip(hours, columns.by(codes, size), strict=True):
            if sums[0]:
                day, of_day = divmod(each, 24)
                self.found.days.of(day).add(*sums)
                self.found.hours.of((day + _MONDAY) % 7 * 24 + of_day).add(*sums)

    def _add_unpriced(self, one: Side, other: Side, causes: Causes, lines: Int64s, columns: Columns) -> None:
        """Add the calls that one of the tariffs has no price for, by their reasons."""
        rows = np.flatnonzero(~(one.rated & other.rated))
        if not len(rows):
            return
        codes = [_reasons(side, rows) for side in (one, other)]
        words, both = pairs(*codes)
        of_cause = both.astype(np.int64) * len(Cause) + causes[rows]
        met, first, place = np.unique(of_cause, return_index=True, return_inverse=True)
        keys: list[Unpriced] = [
            (Cause(each % len(Cause)), *words[each // len(Cause)]) for each in met.tolist()
        ]
        self.found.unpriced.add(keys, place, Columns(*(column[rows] for column in columns)))
        for key, row in zip(keys, rows[first].tolist(), strict=True):
            side = other if other.reason[row] >= 0 else one
            sentence = side.reasons[int(side.reason[row])].sentence
            self.found.examples.setdefault(key, Example(int(lines[row]), sentence))


def _destinations(one: Side, other: Side) -> tuple[list[str], Codes]:
    """Name each call's destination as the tariff before does, or else the one after."""
    known = {"": 0}
    places = [
        np.array([known.setdefault(name, len(known)) for name in side.label.names], np.int32)
        for side in (one, other)
    ]
    first, second = (place[side.label.codes] for place, side in zip(places, (one, other), strict=True))
    names = [NOWHERE, *list(known)[1:]]
    return names, np.where(first > 0, first, second)


def _reasons(side: Side, rows: Int64s) -> Words:
    """Give the codes of refusals, empty where there is a price."""
    known = {"": 0}
    place = np.array([*(known.setdefault(each.code, len(known)) for each in side.reasons), 0], np.int32)
    return Words(list(known), place[side.reason[rows]])
