"""Prices columns of calls exactly as the rating core prices each of them.

Ranges of numbers, windows of time and columns of integer prices are made from what the book says, once; a
chunk of calls is then a few passes over arrays. What these cannot tell exactly (a refusal, an odd number, an
amount beyond 64 bits, a call across versions) is asked of ``price_call``, row by row.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from cgrates_py.bulk.calls import Calls, Int32s, Priced
from cgrates_py.bulk.columns import Columns
from cgrates_py.bulk.keys import Keys, Numbers
from cgrates_py.bulk.portions import INSTANT_MAX, WINDOW_NS, Chain, Portion, portions
from cgrates_py.bulk.prices import Prices
from cgrates_py.bulk.pricing import Clocks, price_block
from cgrates_py.bulk.routes import SCALAR, Entries, Routes, Section
from cgrates_py.bulk.shapes import Timeline
from rater.book import Book
from rater.instant import DAY

__all__ = ["BulkRater", "Priced"]

BLOCK = 1 << 16
"""Rows that are worked on at a time: their intermediate arrays stay in a core's cache."""

PORTION_LEAST = 16
"""Rows for which tables are laid out; fewer are sooner priced by the core."""

ZONES_MAX = 64
"""Zones of calls in one chunk; those beyond are priced by the core."""

ENTRIES_MAX = 2_000_000
"""Ranges that are kept from chunk to chunk, half a kilobyte each with their prices; then all begins anew."""

SECTIONS_MAX = 4_096
"""Sections, likewise: as many as subjects with plans of their own, for each window of time."""

SHORT_MAX = 1 << 15
"""Timelines that sixteen bits number: shapes of prices, for each window of time and each zone of calls."""

_THREADS = min(4, len(os.sched_getaffinity(0)))

Rows = npt.NDArray[np.intp]


class BulkRater:
    """Rates many calls with one book, or a chain of them. What it lays out it keeps for the next chunk.

    Not to be used by two threads at once; it makes threads of its own.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._chain = Chain(book)
        self._origin_ns: int | None = None
        self._forget()

    def _forget(self) -> None:
        self._words: dict[str, int] = {"": 0}
        self._prices = Prices(self._words)
        self._entries = Entries()
        self._routes = [Routes(link) for link in self._chain.books]

    def rate(self, calls: Calls) -> Priced:
        """Price every row as ``price_call(book, call, None)`` does, refusals included."""
        if len(self._entries.rows) > ENTRIES_MAX or sum(each.size for each in self._routes) > SECTIONS_MAX:
            self._forget()
        columns = Columns(calls.rows, self._words)
        if calls.rows:
            with ThreadPoolExecutor(_THREADS) as pool:
                entry = self._find(calls, pool)
                self._price(calls, entry, columns, pool)
            columns.price(self._book, calls, np.flatnonzero(entry == SCALAR))
        return columns.priced()

    def _find(self, calls: Calls, pool: ThreadPoolExecutor) -> Int32s:
        """Find the entry of every row: what its range of numbers has."""
        if self._origin_ns is None:
            middle = int(np.median(calls.start_ns[:: max(1, calls.rows // 1000)]))
            middle = max(-INSTANT_MAX, min(INSTANT_MAX, middle - WINDOW_NS // 2))
            self._origin_ns = middle // DAY * DAY
        numbers = Numbers(calls.number)
        keys = np.empty(calls.rows, np.uint64)
        odd, long = np.empty(calls.rows, np.bool_), np.empty(calls.rows, np.bool_)

        def read(block: slice) -> None:
            keys[block], odd[block], long[block] = numbers.keys(block.start, block.stop)

        list(pool.map(read, _blocks(calls.rows)))
        entry = np.full(calls.rows, SCALAR, np.int32)
        for portion in portions(calls, self._chain, self._origin_ns):
            if len(portion.rows) >= PORTION_LEAST:
                for section, rows in self._sections(calls, portion):
                    self._look_up(portion.link, section, rows, keys, entry, pool)
                    if section.ranges.long:
                        entry[rows[long[rows]]] = SCALAR
        entry[odd] = SCALAR
        return entry

    def _sections(self, calls: Calls, portion: Portion) -> Iterator[tuple[Section, Rows]]:
        """Split a portion where a rating plan of its subject begins."""
        routes, who, window = self._routes[portion.link], portion.who, portion.window
        changes = routes.changes(who)
        inside = [at_ns for at_ns in changes if window.start_ns < at_ns < window.end_ns]
        if not inside:
            yield routes.section(who, changes, window.start_ns, window), portion.rows
            return
        places = np.searchsorted(np.array(inside, np.int64), calls.start_ns[portion.rows], "right")
        for place, at_ns in enumerate([window.start_ns, *inside]):
            rows = portion.rows[places == place]
            if len(rows) >= PORTION_LEAST:
                yield routes.section(who, changes, at_ns, window), rows

    def _look_up(
        self, link: int, section: Section, rows: Rows, keys: Keys, entry: Int32s, pool: ThreadPoolExecutor
    ) -> None:
        """Set the entries of a section's rows; ask the book about ranges that come for the first time."""
        starts = section.ranges.keys
        found: Int32s = np.empty(len(rows), np.int32)

        def search(block: slice) -> None:
            found[block] = np.searchsorted(starts, keys[rows[block]], "right") - 1

        list(pool.map(search, _blocks(len(rows))))
        book = self._chain.books[link]

        def learn(section: Section, place: int) -> int:
            return section.learn(place, book, self._prices, self._entries, self._words)

        entry[rows] = section.entries(found, learn)

    def _price(self, calls: Calls, entry: Int32s, columns: Columns, pool: ThreadPoolExecutor) -> None:
        """Price the rows that have entries; those that turn out to be for the core become ``SCALAR``."""
        if not self._entries.rows:
            return
        rates = self._prices.arrays()
        price, prefix, from_ns, until_ns = self._entries.arrays()
        zones, zone = _zones(calls)
        if len(zones) > ZONES_MAX:
            entry[zone >= ZONES_MAX] = SCALAR
            zones, zone = zones[:ZONES_MAX], np.minimum(zone, ZONES_MAX - 1)
        clocks = self._clocks(zones)

        def work(block: slice) -> None:
            mine = entry[block]
            found = np.maximum(mine, 0)
            start, end = calls.start_ns[block], calls.end_ns[block]
            early = (start < from_ns[found]) | (end > until_ns[found]) | (mine < 0)
            if early.any():
                # what is not priced here must not disturb: a call of no length, where there is a price
                start = np.where(early, from_ns[found], start)
                end = np.where(early, start, end)
            done = price_block(rates, clocks, price[found], zone[block], start, end)
            mine[early | done.beyond] = SCALAR
            columns.cost[block], columns.connect_fee[block] = done.cost, done.fee
            columns.prefix[block], columns.plan[block] = prefix[found], done.plan
            columns.notice[block] = done.hole

        list(pool.map(work, _blocks(calls.rows)))

    def _clocks(self, zones: list[int]) -> Clocks:
        """Lay out the timelines of every shape for the zones of a chunk."""
        prices = self._prices
        place = np.zeros((len(prices.shapes), len(zones)), np.int32)
        known: dict[int, int] = {}
        timelines: list[Timeline] = []
        for shape in range(len(prices.shapes)):
            for column, offset_ns in enumerate(zones):
                timeline = prices.timeline(shape, offset_ns)
                if id(timeline) not in known:
                    known[id(timeline)] = len(timelines)
                    timelines.append(timeline)
                place[shape, column] = known[id(timeline)]
        # sixteen bits are sorted sooner
        return Clocks(timelines, place.astype(np.int16) if len(timelines) <= SHORT_MAX else place)


def _zones(calls: Calls) -> tuple[list[int], npt.NDArray[Any]]:
    """List the zones of a chunk's calls, and number each row's."""
    offsets = calls.offset_ns
    if (offsets == offsets[0]).all():
        return [int(offsets[0])], np.zeros(calls.rows, np.int8)
    zones, zone = np.unique(offsets, return_inverse=True)
    return zones.tolist(), zone


def _blocks(rows: int) -> list[slice]:
    return [slice(low, min(low + BLOCK, rows)) for low in range(0, rows, BLOCK)]
