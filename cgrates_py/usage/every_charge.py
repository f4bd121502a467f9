"""The charges of all accounts in one list: first those of the books, then account by account its journal's.

Of the books rows come day by day, then accounts in the order of customer and subject, each with the charges
of its journal in their order. Every row that was there when the list began stands once in its pages; an
account that is made meanwhile is in those pages that it still can be in.
"""

import base64
import re
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from cgrates_py.accounts import name_of
from cgrates_py.usage.charges import DONE, START, ChargeStore
from cgrates_py.usage.journals import EXPORTED_ELEMENTS, JournalPlace, Taken, taken_page
from cgrates_py.usage.lists import Lists, Place, Selection, place_of
from cgrates_py.usage.roster import FIRST, Part, Roster, TraceStore, behind, read_part
from rater.usage.records import Numbered
from storage.store import AccountKey

LOOKED_AT_MAX = 5_000
"""Lines of journals of one page, charges or not: half a second."""
ACCOUNTS_MAX = 200
"""Accounts of one page: a round trip each at least, a tenth of a second; on a busy machine ten times that."""
EXPORTED_AT_ONCE = 10_000
"""Rows of one account that an export holds: some megabytes."""
PART_MAX = 200_000
"""Accounts that an export holds: some 40 MB."""

_PLACE = re.compile(r"(\d{1,18})\.(\d{1,18})\.([A-Za-z0-9_-]+)", re.ASCII)

_read_key = msgspec.json.Decoder(tuple[str, str]).decode


class EveryStore(ChargeStore, TraceStore, Protocol):
    """A store of books and journals that tells its accounts."""


class EveryPlace(NamedTuple):
    """Where a page ended: after a row of the books, or (``key``) after a line of an account's journal."""

    book: Place = START
    key: AccountKey | None = None
    journal: JournalPlace = JournalPlace()

    def text(self) -> str:
        """Print it as a cursor."""
        if self.key is None:
            return self.book.text()
        key = base64.urlsafe_b64encode(msgspec.json.encode(self.key)).rstrip(b"=").decode()
        return f"{self.journal.version}.{self.journal.line}.{key}"


def every_place_of(cursor: str) -> EveryPlace:
    """Read a cursor. Raises ValueError."""
    match = _PLACE.fullmatch(cursor)
    if match is None:
        return EveryPlace(place_of(cursor))
    try:
        key = _read_key(base64.urlsafe_b64decode(match[3] + "=" * (-len(match[3]) % 4)))
    except (ValueError, UnicodeDecodeError):
        raise ValueError(f"expected one that a page gave, got {cursor[:40]!r}") from None
    return EveryPlace(DONE, key, JournalPlace(int(match[1]), int(match[2])))


class Charge(NamedTuple):
    """A charge, and where a page ends that ends with it."""

    place: EveryPlace
    row: Numbered | Taken


class EveryCharge:
    """Lists charges of all accounts. Calls raise StoreError."""

    def __init__(self, store: EveryStore, lists: Lists) -> None:
        self._store = store
        self._lists = lists
        self._roster = Roster(store)

    async def page(
        self, selection: Selection, after: EveryPlace, rows_max: int
    ) -> tuple[list[Charge], EveryPlace | None]:
        """List up to ``rows_max`` (≥ 1) charges after a place; tell where to go on (None: that is all)."""
        found: list[Charge] = []
        if after.key is None:
            listed, end = await self._lists.page(selection, after.book, rows_max)
            found += [Charge(EveryPlace(each.place), each.row) for each in listed]
            after = EveryPlace(DONE if end is None else end)
            if end is not None or len(found) == rows_max:
                return found, after
        part = await (self._roster.begin() if after.key is None else self._roster.since(after.key))
        if part is None:
            return found, after
        return found, await self._go_through(part, selection, after, rows_max, found)

    async def _go_through(
        self, part: Part, selection: Selection, place: EveryPlace, rows_max: int, found: list[Charge]
    ) -> EveryPlace | None:
        """Add what the journals of a part tell after a place; tell where to go on (None: that is all)."""
        left = LOOKED_AT_MAX
        for key in part.keys[:ACCOUNTS_MAX]:
            if left <= 0 or len(found) == rows_max:
                return place
            line = place.journal if key == place.key else JournalPlace()
            room = rows_max - len(found)
            taken = await taken_page(self._store, key, name_of(key), selection, line, room, left)
            found += [Charge(EveryPlace(DONE, key, each.place), each) for each in taken.rows]
            left -= taken.looked_at
            if taken.end is not None:
                return EveryPlace(DONE, key, taken.end)
            place = EveryPlace(DONE, behind(key))
        return None if part.last and len(part.keys) <= ACCOUNTS_MAX else place

    async def all(self, selection: Selection) -> AsyncIterator[Sequence[Numbered | Taken]]:
        """Go through all charges, in parts of a bounded size; some have none."""
        async for rows in self._lists.all(selection):
            yield rows
        start: AccountKey | None = FIRST
        while start is not None:
            part = await read_part(self._store, start, PART_MAX)
            for key in part.keys:
                async for taken in self._all_taken(key, selection):
                    yield taken
            start = None if part.last else behind(part.keys[-1])

    async def _all_taken(self, key: AccountKey, selection: Selection) -> AsyncIterator[list[Taken]]:
        line: JournalPlace | None = JournalPlace()
        while line is not None:
            taken = await taken_page(
                self._store,
                key,
                name_of(key),
                selection,
                line,
                EXPORTED_AT_ONCE,
                page_elements=EXPORTED_ELEMENTS,
            )
            yield taken.rows
            line = taken.end
