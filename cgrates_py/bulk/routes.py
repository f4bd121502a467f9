"""Which price a number has, for all numbers at once: ranges of numbers, each asked of the book once.

The book alone decides who prices what: for each range of numbers that its prefixes cannot tell apart it is
asked about the first number, in each section of time in which a subject's rating plans do not change.
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from cgrates_py.bulk.calls import Int32s, Int64s
from cgrates_py.bulk.keys import DIGITS, Keys, Numbers, first_number
from cgrates_py.bulk.prices import NO_PRICE, Prices
from cgrates_py.bulk.shapes import Window
from rater.book import FALLBACK_DEPTH_MAX, Book, Route

UNKNOWN = -2
"""A range that no call was to yet."""

SCALAR = -1
"""A range whose calls the rating core prices one by one: it refuses them, or their price is too odd."""

_RANGES_KEPT = 256

_SPARSE = 16
"""A section has a place for every range once a portion has so many rows; before, for those that were met."""

Ask = Callable[[int, int], Route | None]

Who = tuple[str, str, str]
"""(customer, subject, category)."""


class Ranges(NamedTuple):
    """Where ranges of numbers with the same prefixes begin: at each prefix, and behind its numbers."""

    keys: Keys
    long: bool
    """Whether some prefix is longer than a key, so that longer numbers have to be asked about one by one."""


class Entries:
    """What ranges were found to have: a price, a prefix, and between which instants it is certain."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int, int]] = []
        self._arrays: tuple[Int64s, Int32s, Int64s, Int64s] | None = None

    def add(self, price: int, prefix: int, from_ns: int, until_ns: int) -> int:
        """Note what a range has: for calls that start at or after one instant and end by another."""
        self.rows.append((price, prefix, from_ns, until_ns))
        return len(self.rows) - 1

    def arrays(self) -> tuple[Int64s, Int32s, Int64s, Int64s]:
        """Give (price, prefix, from, until) as arrays."""
        if self._arrays is None or len(self._arrays[0]) != len(self.rows):
            table = np.array(self.rows, np.int64).reshape(-1, 4)
            price, prefix, from_ns, until_ns = (np.ascontiguousarray(table[:, n]) for n in range(4))
            self._arrays = price, prefix.astype(np.int32), from_ns, until_ns
        return self._arrays


class Section:
    """The ranges of one subject's numbers, for calls that start in ``[start_ns, end_ns)`` of a window."""

    def __init__(self, who: Who, ranges: Ranges, start_ns: int, end_ns: int, window: Window) -> None:
        self.ranges = ranges
        self._known: dict[int, int] = {}
        self._all: Int32s | None = None
        self._who = who
        self._start_ns, self._end_ns, self._window = start_ns, end_ns, window

    def entries(self, places: Int32s, learn: Callable[["Section", int], int]) -> Int32s:
        """Give the entry of each row by its place among the ranges; ``learn`` makes those met first."""
        size = len(self.ranges.keys)
        if self._all is None and len(places) * _SPARSE < size:
            met, of_row = np.unique(places, return_inverse=True)
            found = [self._learned(place, learn) for place in met.tolist()]
            return np.array(found, np.int32)[of_row]
        if self._all is None:
            self._all = np.full(size, UNKNOWN, np.int32)
        seen = np.zeros(size, np.bool_)
        seen[places] = True
        for place in np.flatnonzero(seen & (self._all == UNKNOWN)).tolist():
            self._all[place] = self._learned(place, learn)
        return self._all[places]

    def _learned(self, place: int, learn: Callable[["Section", int], int]) -> int:
        entry = self._known.get(place)
        if entry is None:
            entry = self._known[place] = learn(self, place)
        return entry

    def learn(self, place: int, book: Book, prices: Prices, entries: Entries, words: dict[str, int]) -> int:
        """Ask the book about a range; give its entry, or ``SCALAR``."""
        number = first_number(int(self.ranges.keys[place]))
        customer, subject, category = self._who

        def ask(start_ns: int, end_ns: int) -> Route | None:
            found = book.route(customer, subject, category, number, start_ns, end_ns)
            return found if isinstance(found, Route) else None

        start_ns, reach_ns = self._start_ns, self._window.reach_ns
        route = ask(start_ns, reach_ns)
        if route is None:
            # no price yet when the section begins, or none for calls that go on behind it
            start_ns = self._first_price(ask(self._end_ns - 1, self._end_ns - 1), ask)
            route = ask(start_ns, reach_ns)
        if route is None:
            reach_ns = self._end_ns
            route = ask(start_ns, reach_ns)
        if route is None:
            return SCALAR
        price = prices.place(self._window, route.periods)
        if price == NO_PRICE:
            return SCALAR
        return entries.add(price, words.setdefault(route.prefix, len(words)), start_ns, reach_ns)

    def _first_price(self, latest: Route | None, ask: Ask) -> int:
        """Go back from the section's last price to its first: to when calls begin to have any."""
        from_ns = self._start_ns
        while latest is not None and (begun_ns := latest.periods[0][1].activation_ns) > self._start_ns:
            from_ns = begun_ns
            latest = ask(begun_ns - 1, begun_ns - 1)
        return from_ns


class Routes:
    """The sections of one book's subjects. What was found is kept for the next chunk."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._sections: dict[tuple[object, ...], Section] = {}
        self._ranges: dict[tuple[object, ...], Ranges] = {}
        self._kept: list[object] = []

    @property
    def size(self) -> int:
        """How many sections there are."""
        return len(self._sections)

    def changes(self, who: Who) -> list[int]:
        """List the instants at which some rating plan of a subject, or of its fallbacks, begins."""
        return sorted({at_ns for at_ns, _ in self._lines(who)})

    def section(self, who: Who, changes: list[int], at_ns: int, window: Window) -> Section:
        """Find the section that calls of a subject are in which start at an instant of the window."""
        place = bisect_right(changes, at_ns)
        start_ns = max([window.start_ns, *changes[place - 1 : place]])
        end_ns = min([window.end_ns, *changes[place : place + 1]])
        tables = self._book.tables(*who)
        key = (*_identity(tables), window, start_ns)
        known = self._sections.get(key)
        if known is None:
            self._kept.append(tables)
            known = self._sections[key] = Section(who, self._ranges_of(who), start_ns, end_ns, window)
        return known

    def _ranges_of(self, who: Who) -> Ranges:
        plans = frozenset(plan_id for _, plan_id in self._lines(who))
        key = (id(self._book.tables(*who)[0]), plans)
        known = self._ranges.get(key)
        if known is None:
            if len(self._ranges) >= _RANGES_KEPT:
                self._ranges.clear()
            known = self._ranges[key] = ranges_of(self._book.prefixes(*who))
        return known

    def _lines(self, who: Who) -> set[tuple[int, str]]:
        """List (activation, plan) of every profile that a subject's calls can meet."""
        customer, subject, category = who
        found: set[tuple[int, str]] = set()
        waiting, seen = {subject}, set[str]()
        for _ in range(FALLBACK_DEPTH_MAX + 1):
            seen |= waiting
            names: set[str] = set()
            for name in waiting:
                profile = self._book.tables(customer, name, category)[1]
                for line in profile if isinstance(profile, tuple) else ():
                    found.add((line.activation_ns, line.rating_plan_id))
                    names.update(line.fallback_subjects)
            waiting = names - seen
        return found


def ranges_of(prefixes: set[str]) -> Ranges:
    """Make the ranges of numbers that are nothing but digits, so that no other prefix begins one."""
    usable = [prefix for prefix in prefixes if prefix.isascii() and prefix.isdigit()]
    short = [prefix for prefix in usable if len(prefix) <= DIGITS]
    begins, _, _ = Numbers(pa.array(short, pa.string())).keys(0, len(short))
    lengths = np.array([len(prefix) for prefix in short], np.uint64)
    ends = begins + (np.uint64(1) << (np.uint64(4 * DIGITS) - lengths * np.uint64(4)))
    keys: Keys = np.unique(np.concatenate([np.zeros(1, np.uint64), begins, ends]))
    return Ranges(keys, len(short) < len(usable))


def _identity(tables: tuple[object, ...]) -> tuple[object, ...]:
    own, profile, *group = tables
    return id(own), id(profile), *group
