"""The charges of an account, by all dialects, in one list: those of the books and those of its journal.

Rows come day by day, within a day first those of the books, in the order of each; every row stands once in
the pages of a list.
"""

import re
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

from cgrates_py.accounts import parse_name
from cgrates_py.usage.journals import (
    EXPORTED_ELEMENTS,
    PAGE_ELEMENTS,
    JournalPlace,
    JournalStore,
    Taken,
    taken_page,
)
from cgrates_py.usage.lists import Listed, Lists, Place, Selection, place_of
from rater.instant import DAY
from rater.usage.records import Numbered
from storage.daybook import Daybook

EXPORTED_AT_ONCE = 10_000
"""Rows of one account that an export holds: some megabytes."""

START, DONE = Place(-9_999_999, 0), Place(9_999_999, 0)
"""Before and behind every day of a book."""
_PLACE = re.compile(r"(-?\d{1,7}\.\d{1,18})\.(\d{1,18})\.(\d{1,18})", re.ASCII)


class ChargeStore(Daybook, JournalStore, Protocol):
    """A store of books and journals."""


class ChargePlace(NamedTuple):
    """Where a page ended: after this row of the books, and after this line of the journal."""

    book: Place = START
    journal: JournalPlace = JournalPlace()

    def text(self) -> str:
        """Print it as a cursor."""
        return f"{self.book.text()}.{self.journal.version}.{self.journal.line}"


def charge_place_of(cursor: str) -> ChargePlace:
    """Read a cursor. Raises ValueError."""
    match = _PLACE.fullmatch(cursor)
    if match is None:
        raise ValueError(f"expected one that a page of this account gave, got {cursor[:40]!r}")
    return ChargePlace(place_of(match[1]), JournalPlace(int(match[2]), int(match[3])))


class Charged(NamedTuple):
    """A charge, and where a page ends that ends with it."""

    place: ChargePlace
    row: Numbered | Taken


class Charges:
    """Lists charges. Calls raise StoreError."""

    def __init__(self, store: ChargeStore, lists: Lists) -> None:
        self._store = store
        self._lists = lists

    async def page(
        self,
        account: str,
        selection: Selection,
        after: ChargePlace,
        rows_max: int,
        page_elements: int = PAGE_ELEMENTS,
    ) -> tuple[list[Charged], ChargePlace | None]:
        """List up to ``rows_max`` (≥ 1) charges of the account selected, after a place.

        Tells where to go on (None: that is all).
        """
        listed, book_end = await self._lists.page(selection, after.book, rows_max)
        if not listed and book_end is not None:  # what the books have next may be before all of the journal
            return [], after._replace(book=book_end)
        key = parse_name(account)
        taken, journal_end, _ = await taken_page(
            self._store, key, account, selection, after.journal, rows_max, page_elements=page_elements
        )
        found: list[Charged] = []
        place = after
        for each in islice(_merged(listed, book_end is None, taken, journal_end is None), rows_max):
            if isinstance(each, Taken):
                place = place._replace(journal=each.place)
                found.append(Charged(place, each))
            else:
                place = place._replace(book=each.place)
                found.append(Charged(place, each.row))
        booked = sum(isinstance(each.row, Numbered) for each in found)
        if booked == len(listed):
            place = place._replace(book=book_end or DONE)
        if len(found) - booked == len(taken):
            if place.book == DONE and journal_end is None:
                return found, None
            place = place._replace(journal=journal_end or place.journal)
        return found, place

    async def all(self, account: str, selection: Selection) -> AsyncIterator[Sequence[Numbered | Taken]]:
        """Go through all charges of the account selected, in parts of a bounded size; some have none."""
        after: ChargePlace | None = ChargePlace()
        while after is not None:
            found, after = await self.page(account, selection, after, EXPORTED_AT_ONCE, EXPORTED_ELEMENTS)
            yield [each.row for each in found]


def _merged(
    listed: Sequence[Listed], all_listed: bool, taken: Sequence[Taken], all_taken: bool
) -> Iterator[Listed | Taken]:
    """Merge rows by day, to where it is not known what comes next on one of the sides."""
    booked, journaled = deque(listed), deque(taken)
    while (booked or all_listed) and (journaled or all_taken) and (booked or journaled):
        if booked and (not journaled or booked[0].day <= journaled[0].at_ns // DAY):
            yield booked.popleft()
        else:
            yield journaled.popleft()
