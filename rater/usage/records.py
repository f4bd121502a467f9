"""Records of usage, of rates and of charges: rows of a book that only grows.

A book is kept by day. Every change of a day is one entry: rows dropped, then rows added. What a day holds is
its entries played from the first to the last, so a change is one append, and what was there stays told.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple, overload

DAY_S = 86_400


class Row(NamedTuple):
    """One record: so much of a metric for an account, at a time.

    ``value`` is the decimal as it came, and so is ``price`` (empty: none): a number is never rounded by being
    kept. ``at_ns`` and ``end_ns`` bound the time it is about, the end exclusive; equal: an instant.
    """

    account: str
    metric: str
    value: str
    at_ns: int
    end_ns: int
    price: str = ""
    remarks: str = ""
    link: str = ""
    """What it is derived from, or what it is about besides: an id of the book's own."""


Columns = tuple[Sequence[Any], ...]
"""A sequence for each member of a row, all equally long."""


class Rows(Sequence[Row]):
    """Rows kept by columns: each is made when it is looked at, and whoever adds up a column needs none.

    Equal to every tuple of the same rows.
    """

    __slots__ = ("columns",)
    __hash__ = None  # type: ignore[assignment]  # -- as of a list: it is compared by what it holds

    def __init__(self, columns: Columns) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    def __iter__(self) -> Iterator[Row]:
        return map(Row._make, zip(*self.columns, strict=True))

    @overload
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> "Rows": ...

    def __getitem__(self, place: int | slice) -> "Row | Rows":
        found = (column[place] for column in self.columns)
        return Rows(tuple(found)) if isinstance(place, slice) else Row._make(found)

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, tuple | Rows) else NotImplemented

    def __repr__(self) -> str:
        return f"Rows({[*self]})"


def columns_of(rows: Sequence[Row]) -> Columns:
    """Give rows by columns."""
    if isinstance(rows, Rows):
        return rows.columns
    return tuple(zip(*rows, strict=True)) if rows else ((),) * len(Row._fields)


class Drop(NamedTuple):
    """Rows of a metric that a later entry takes out: of these accounts and these links, or of all (None)."""

    metric: str
    accounts: tuple[str, ...] | None = None
    links: tuple[str, ...] | None = None


class DayEntry(NamedTuple):
    """One change of one day: ``drops`` first, then ``rows``."""

    written_ns: int
    source: str
    rows: Sequence[Row]
    drops: tuple[Drop, ...] = ()


class Numbered(NamedTuple):
    """A row with its number: unique in the store, growing in the order of insertion over all books."""

    seq: int
    written_ns: int
    row: Row


def replay(entries: Iterable[tuple[int, DayEntry]]) -> list[Numbered]:
    """Tell what a day holds, in order of insertion: entries with the number of their first row, in order."""
    gone: set[tuple[str, str | None, str | None]] = set()
    held: list[list[Numbered]] = []
    for first, entry in reversed(list(entries)):  # from the end: each row is looked at once
        rows = entry.rows
        numbered = map(Numbered._make, zip(range(first, first + len(rows)), repeat(entry.written_ns), rows))
        held.append([each for each in numbered if not _is_gone(each.row, gone)] if gone else list(numbered))
        for metric, accounts, links in entry.drops:
            gone.update(
                (metric, account, link)
                for account in (accounts if accounts is not None else (None,))
                for link in (links if links is not None else (None,))
            )
    return [each for part in reversed(held) for each in part]


def _is_gone(row: Row, gone: set[tuple[str, str | None, str | None]]) -> bool:
    account, metric, link = row.account, row.metric, row.link
    about = ((metric, None, None), (metric, account, None), (metric, None, link), (metric, account, link))
    return not gone.isdisjoint(about)
