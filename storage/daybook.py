"""What a store promises about books of records (``rater.usage.records``).

All of a book's days, the counter of rows and the receipts live in one slot: an append to several days, with
its receipt and its marks, is one atomic step.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from rater.usage.records import DayEntry


class Receipt(NamedTuple):
    """Names a request that must be done once: a repeat with the same digest is told the first answer."""

    request_id: str
    digest: bytes
    body: bytes
    ttl_s: int


class Mark(NamedTuple):
    """A small value that an append changes with it, if it still is what it was (None: there is none)."""

    name: str
    before: bytes | None
    after: bytes | None


class Appended(NamedTuple):
    """Done and on disk: the number of the first row; the rows follow in the order given."""

    first_seq: int


class KnownReceipt(NamedTuple):
    """Nothing was done: the request id is known, with this digest and answer."""

    digest: bytes
    body: bytes


class MarkMoved(NamedTuple):
    """Nothing was done: a mark is not what was said; these are all of them as they are."""

    marks: dict[str, bytes | None]


class Daybook(Protocol):
    """Books of records. Raises StoreUnavailableError and StoreCorruptError like the rest of a store.

    ``day`` is days since 1970-01-01 in UTC. A book's name is a short word: ``scrooge``, ``cyclops.rates``.
    """

    async def append(
        self,
        book: str,
        entries: Sequence[tuple[int, DayEntry]],
        receipt: Receipt | None = None,
        marks: Sequence[Mark] = (),
    ) -> Appended | KnownReceipt | MarkMoved:
        """Append entries to days, all or nothing, durable on return. No entries: only marks and receipt."""

    async def read_days(
        self, book: str, days: Sequence[int], start: int = 0, most: int | None = None
    ) -> list[list[tuple[int, DayEntry]]]:
        """Read the entries of each of these days from place ``start`` on, with their first rows' numbers.

        At most so many of each day, if ``most`` is given.
        """

    async def days(self, book: str) -> list[int]:
        """List the days of a book that have entries, ascending."""

    async def marks(self, names: Sequence[str]) -> list[bytes | None]:
        """Read marks."""
