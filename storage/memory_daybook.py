"""Books of records in memory: same promises and bytes as ``valkey_daybook``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rater.instant import SECOND
from rater.usage.records import DayEntry
from storage.day_records import SEQ_BYTES, check_append, check_book, decode_entry, encode_entry
from storage.daybook import Appended, KnownReceipt, Mark, MarkMoved, Receipt


@dataclass(slots=True)
class DaybookData:
    """What all handles of one store in memory share; ``clock`` tells the nanoseconds since the epoch."""

    clock: Callable[[], int]
    last_seq: int = 0
    books: dict[str, dict[int, list[bytes]]] = field(default_factory=dict)
    marks: dict[str, bytes] = field(default_factory=dict)
    receipts: dict[str, tuple[int, KnownReceipt]] = field(default_factory=dict)


class MemoryDaybook:
    """One connection to books of records; see ``storage.daybook``."""

    _daybook: DaybookData

    async def append(
        self,
        book: str,
        entries: Sequence[tuple[int, DayEntry]],
        receipt: Receipt | None = None,
        marks: Sequence[Mark] = (),
    ) -> Appended | KnownReceipt | MarkMoved:
        """Append entries to days, all or nothing. Raises ValueError for what contradicts itself."""
        check_append(book, receipt, marks)
        packed = [(day, len(entry.rows), encode_entry(entry)) for day, entry in entries]
        data = self._daybook
        now_ns = data.clock()
        if receipt is not None:
            expires_ns, known = data.receipts.get(receipt.request_id, (0, None))
            if known is not None and expires_ns > now_ns:
                return known
            data.receipts.pop(receipt.request_id, None)
        there = {each.name: data.marks.get(each.name) for each in marks}
        if any(there[each.name] != each.before for each in marks):
            return MarkMoved(there)
        first_seq = data.last_seq + 1
        for day, count, blob in packed:
            element = (data.last_seq + 1).to_bytes(SEQ_BYTES, "big") + blob
            data.books.setdefault(book, {}).setdefault(day, []).append(element)
            data.last_seq += count
        for each in marks:
            if each.after is None:
                data.marks.pop(each.name, None)
            else:
                data.marks[each.name] = each.after
        if receipt is not None:
            kept = KnownReceipt(receipt.digest, receipt.body)
            data.receipts[receipt.request_id] = (now_ns + receipt.ttl_s * SECOND, kept)
        return Appended(first_seq)

    async def read_days(
        self, book: str, days: Sequence[int], start: int = 0, most: int | None = None
    ) -> list[list[tuple[int, DayEntry]]]:
        """Read the entries of each of these days from place ``start`` on, with their first rows' numbers."""
        check_book(book)
        held = self._daybook.books.get(book, {})
        end = None if most is None else start + most
        return [[decode_entry(element) for element in held.get(day, [])[start:end]] for day in days]

    async def days(self, book: str) -> list[int]:
        """List the days of a book that have entries, ascending."""
        check_book(book)
        return sorted(self._daybook.books.get(book, ()))

    async def marks(self, names: Sequence[str]) -> list[bytes | None]:
        """Read marks; None for one that there is not."""
        return [self._daybook.marks.get(name) for name in names]
