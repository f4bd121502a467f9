"""Reads the rows that books hold now: day after day, within a day in order of insertion, in pages.

Memory holds one day at a time, whatever there is. A page ends where enough rows were found, or looked at: so
no request takes long, however few of the rows it is about.
"""

import asyncio
import re
from bisect import bisect_right
from collections.abc import AsyncIterator
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from rater.instant import DAY
from rater.usage.records import DayEntry, Numbered, replay
from storage.daybook import Daybook

CHARGES = "charges"
"""The book of what was charged, by all dialects."""
NAMESPACES = {"scrooge": True, "cyclops": False}
"""The books of usage; whether a row stands in the day that it is about, or in the one it came in."""

BOOKS = (*NAMESPACES, "cyclops.rates", CHARGES)
"""All of them."""

LOOKED_AT_MAX = 100_000
"""Rows of one page, found or passed over: half a second, and never the deadline of a request."""
KEPT_ROWS_MAX = 50_000
"""A day of up to so many rows is kept for the next page, some 20 MB: else each page would read it again."""

_BESIDE_ROWS = 2_000
"""So many rows are gone through in a thread: here it would take two milliseconds or more."""
_SKEW_DAYS = 1
"""What comes in may be ahead of our clock by this."""
_PLACE = re.compile(r"(-?\d{1,7})\.(\d{1,18})", re.ASCII)


class Selection(NamedTuple):
    """Which rows: of a book, about times from ``from_ns`` to before ``to_ns``; None asks for all."""

    book: str
    from_ns: int | None = None
    to_ns: int | None = None
    account: str | None = None
    metric: str | None = None

    def covers(self, day: int) -> bool:
        """Tell whether a day of the book may have such rows."""
        first = self.from_ns is None or day >= self.from_ns // DAY - (0 if self._dated else _SKEW_DAYS)
        return first and (self.to_ns is None or not self._dated or day * DAY < self.to_ns)

    def has(self, numbered: Numbered) -> bool:
        """Tell whether a row is one of them."""
        account, metric, _, at_ns, *_ = numbered.row
        return (
            (self.account is None or account == self.account)
            and (self.metric is None or metric == self.metric)
            and self.holds(at_ns)
        )

    def holds(self, at_ns: int) -> bool:
        """Tell whether an instant is in the time asked for."""
        return (self.from_ns is None or at_ns >= self.from_ns) and (self.to_ns is None or at_ns < self.to_ns)

    @property
    def _dated(self) -> bool:
        return NAMESPACES.get(self.book, True)


class Place(NamedTuple):
    """Where a page ended: after this row of this day."""

    day: int
    seq: int

    def text(self) -> str:
        """Print it as a cursor."""
        return f"{self.day}.{self.seq}"


def place_of(cursor: str) -> Place:
    """Read a cursor. Raises ValueError."""
    match = _PLACE.fullmatch(cursor)
    if match is None:
        raise ValueError(f"expected one that a page gave, got {cursor[:40]!r}")
    return Place(int(match[1]), int(match[2]))


class Listed(NamedTuple):
    """A row and the day of the book that it stands in."""

    day: int
    row: Numbered

    @property
    def place(self) -> Place:
        """Where a page ends that ends with it."""
        return Place(self.day, self.row.seq)


class _Held(NamedTuple):
    key: tuple[str, int]
    entries: int
    rows: list[Numbered]


class Lists:
    """Lists rows of a store's books. Calls raise StoreError."""

    def __init__(self, store: Daybook) -> None:
        self._store = store
        self._held = _Held(("", 0), 0, [])

    async def page(
        self, selection: Selection, after: Place | None, rows_max: int
    ) -> tuple[list[Listed], Place | None]:
        """List up to ``rows_max`` (≥ 1) rows after a place, and tell where to go on (None: that is all)."""
        found: list[Listed] = []
        looked_at = 0
        async for day, rows in self._days(selection, after):
            looked_at += len(rows)
            room = rows_max - len(found)
            some = islice(filter(selection.has, rows), room + 1)  # one more tells whether there is more
            chosen = list(some) if len(rows) < _BESIDE_ROWS else await asyncio.to_thread(list, some)
            found += [Listed(day, numbered) for numbered in chosen[:room]]
            if len(chosen) > room:
                return found, found[-1].place
            if looked_at >= LOOKED_AT_MAX:
                return found, Place(day + 1, 0)
        return found, None

    async def all(self, selection: Selection) -> AsyncIterator[list[Numbered]]:
        """Go through all rows, a day at a time; some days have none."""
        async for _, rows in self._days(selection, None):
            yield [numbered for numbered in rows if selection.has(numbered)]

    async def _days(
        self, selection: Selection, after: Place | None
    ) -> AsyncIterator[tuple[int, list[Numbered]]]:
        for day in await self._store.days(selection.book):
            if not selection.covers(day) or (after is not None and day < after.day):
                continue
            rows = await self._rows(selection.book, day)
            if after is not None and day == after.day:
                rows = rows[bisect_right(rows, after.seq, key=attrgetter("seq")) :]
            yield day, rows

    async def _rows(self, book: str, day: int) -> list[Numbered]:
        """Tell what a day holds now; of the day asked for last, only what is new is read."""
        held = self._held
        if held.key == (book, day):
            (new,) = await self._store.read_days(book, [day], held.entries)
            if not any(entry.drops for _, entry in new):
                rows = [*held.rows, *await _replayed(new)] if new else held.rows
                return self._hold(_Held(held.key, held.entries + len(new), rows))
        (entries,) = await self._store.read_days(book, [day])
        return self._hold(_Held((book, day), len(entries), await _replayed(entries)))

    def _hold(self, held: _Held) -> list[Numbered]:
        if len(held.rows) <= KEPT_ROWS_MAX:
            self._held = held
        return held.rows


async def _replayed(entries: list[tuple[int, DayEntry]]) -> list[Numbered]:
    if sum(len(entry.rows) for _, entry in entries) < _BESIDE_ROWS:
        return replay(entries)
    return await asyncio.to_thread(replay, entries)
