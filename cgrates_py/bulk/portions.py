"""Splits a chunk of calls into portions that one table answers for: by version, time and subject."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cgrates_py.bulk.calls import Calls, Int64s, Words
from cgrates_py.bulk.routes import Who
from cgrates_py.bulk.shapes import BEYOND, Window
from rater.book import Book
from rater.instant import DAY

WINDOW_NS = 64 * DAY
"""How long a window is: two months of calls are one, and no year of prices is laid out for one odd call."""

REACH_NS = 2 * DAY
"""How far behind its window a call may end; a longer one is for the rating core."""

INSTANT_MAX = (1 << 62) - 1
"""Windows are of the years 1824 to 2116; a call outside them is outside its window, hence for the core."""

_LOOKUP_MAX = 1 << 22

Codes = npt.NDArray[np.int64]


class Portion(NamedTuple):
    """Rows of one version of the tariff and one window, of subjects that are routed alike."""

    link: int
    who: Who
    window: Window
    rows: npt.NDArray[np.intp]


class Chain:
    """The books of several versions, in order, and from when on each is in force."""

    def __init__(self, book: Book) -> None:
        self.books = [book]
        froms: list[int] = []
        while (later := self.books[-1].later) is not None:
            froms.append(max([min(self.books[-1].later_ns, BEYOND), *froms[-1:]]))
            self.books.append(later)
        self._froms = froms

    def links(self, start_ns: Int64s) -> Codes:
        """Tell which book prices each start."""
        if not self._froms:
            return np.zeros(len(start_ns), np.int64)
        return np.searchsorted(np.array(self._froms, np.int64), start_ns, "right").astype(np.int64)

    def window(self, link: int, start_ns: int) -> Window:
        """Make the window that starts at an instant: calls that meet the next version are not its."""
        until_ns = self._froms[link] if link < len(self._froms) else BEYOND
        end_ns = start_ns + WINDOW_NS
        return Window(start_ns, min(end_ns, until_ns), min(end_ns + REACH_NS, until_ns))


def portions(calls: Calls, chain: Chain, origin_ns: int) -> Iterator[Portion]:
    """Split all rows. Windows are counted from ``origin_ns`` on."""
    links = chain.links(calls.start_ns)
    windows = (np.clip(calls.start_ns, -INSTANT_MAX, INSTANT_MAX) - origin_ns) // WINDOW_NS
    groups, whos = _groups(calls, chain, links)
    low, high = int(windows.min()), int(windows.max())
    span = high - low + 1
    members, of_row = _distinct(
        (links * len(whos) + groups) * span + (windows - low), span * len(whos) * len(chain.books)
    )
    for member, rows in zip(members, _rows_of(of_row, len(members)), strict=True):
        rest, window = divmod(member, span)
        link, group = divmod(rest, len(whos))
        yield Portion(link, whos[group], chain.window(link, origin_ns + (window + low) * WINDOW_NS), rows)


def _groups(calls: Calls, chain: Chain, links: Codes) -> tuple[Codes, list[Who]]:
    """Number the subjects that are routed alike by every version; give one of each."""
    columns = (calls.customer, calls.subject, calls.category)
    subjects, categories = len(calls.subject.names), len(calls.category.names)
    code: Codes = np.zeros(calls.rows, np.int64)
    for column in columns:
        if len(column.names) > 1:
            code = code * len(column.names) + column.codes
    members, of_row = _distinct(code, len(calls.customer.names) * subjects * categories)
    known: dict[tuple[object, ...], int] = {}
    whos: list[Who] = []
    groups = []
    for member in members:
        who = _who(columns, member)
        key = tuple(_identity(book, who) for book in chain.books)
        if key not in known:
            known[key] = len(whos)
            whos.append(who)
        groups.append(known[key])
    if len(whos) == 1:
        return np.zeros(calls.rows, np.int64), whos
    return np.array(groups, np.int64)[of_row], whos


def _who(columns: tuple[Words, Words, Words], member: int) -> Who:
    rest, category = divmod(member, len(columns[2].names))
    customer, subject = divmod(rest, len(columns[1].names))
    return columns[0].names[customer], columns[1].names[subject], columns[2].names[category]


def _identity(book: Book, who: Who) -> tuple[object, ...]:
    own, profile, *group = book.tables(*who)
    return id(own), id(profile), *group


def _distinct(codes: Codes, size: int) -> tuple[list[int], npt.NDArray[Any]]:
    """List the different codes, and the place of each row's among them; without sorting if they are few."""
    if size == 1:
        return [0], codes
    if size > _LOOKUP_MAX:
        members, of_row = np.unique(codes, return_inverse=True)
        return members.tolist(), of_row
    seen = np.zeros(size, np.bool_)
    seen[codes] = True
    found = np.flatnonzero(seen)
    place = np.zeros(size, np.int32)
    place[found] = np.arange(len(found), dtype=np.int32)
    return found.tolist(), place[codes]


def _rows_of(of_row: npt.NDArray[Any], count: int) -> list[npt.NDArray[np.intp]]:
    """List the rows of each place."""
    if count == 1:
        return [np.arange(len(of_row))]
    order = np.argsort(of_row.astype(np.int16) if count < 1 << 15 else of_row, kind="stable")
    return np.split(order, np.searchsorted(of_row[order], np.arange(1, count)))
