"""Books of records on a Valkey or Redis server: appends by one function on the fast link, reads in pages.

Lists only grow at their end, so pages of one that grows meanwhile fit together. The first entries of an old
day may be in the archive: places count from its beginning.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from rater.usage.records import DayEntry
from storage import keys, records
from storage.archive import Archive, Head, head_of
from storage.cold import Cold, Command
from storage.day_records import check_append, check_book, decode_entry, encode_entry
from storage.daybook import Appended, KnownReceipt, Mark, MarkMoved, Receipt
from storage.library import APPEND, ARCHIVE
from storage.link import pack
from storage.store import StoreCorruptError, StoreError, StoreUnavailableError

_PAGE_ENTRIES = 256
"""Entries of a day that are read at once: some 4 MB where each is a push of a thousand rows."""
_PAGE_DAYS = 8
"""Days whose pages share a round trip."""
_READ = """
local head = redis.call('HGET', KEYS[2], ARGV[1]) or ''
local from = math.max(ARGV[2] - (head:match('^%d+') or 0), 0)
return { head, redis.call('LRANGE', KEYS[1], from, from + ARGV[3] - 1) }
"""
"""In one step: where the first entries of a day are, and those of a page that are here."""
_NO_ARCHIVE = "old days of books are in an archive, and no place is told"
_BESIDE_BYTES = 32 << 10
"""A page of so many bytes is decoded in a thread: here it would take two milliseconds or more."""
_BESIDE_ROWS = 2_000
"""Likewise so many rows are encoded in one."""


class ValkeyDaybook:
    """Books of records of a store; see ``storage.daybook``. Calls raise StoreError."""

    def __init__(self, cold: Cold, archive: Archive | None = None) -> None:
        self._cold = cold
        self._archive = archive

    async def _call(self, name: bytes, packed: bytes) -> Any:
        """Run one packed command on the fast link."""
        raise NotImplementedError

    async def append(
        self,
        book: str,
        entries: Sequence[tuple[int, DayEntry]],
        receipt: Receipt | None = None,
        marks: Sequence[Mark] = (),
    ) -> Appended | KnownReceipt | MarkMoved:
        """Append entries to days, all or nothing, durable on return.

        Raises ValueError for what contradicts itself.
        """
        check_append(book, receipt, marks)
        days = list(dict.fromkeys(day for day, _ in entries))
        request_id = receipt.request_id if receipt is not None else ""
        names = (keys.LAST_ROW, keys.MARKS, keys.book(book), keys.append_receipt(request_id))
        lists = (keys.day(book, day) for day in days)
        words: list[bytes | int] = [
            records.encode_answer(receipt.digest, receipt.body) if receipt is not None else b"",
            receipt.ttl_s * 1000 if receipt is not None else 0,
            len(marks),
        ]
        for name, before, after in marks:
            words += (name.encode(), _optional(before), _optional(after))
        place = {day: number for number, day in enumerate(days, 1)}
        for (day, entry), packed_entry in zip(entries, await _encoded(entries), strict=True):
            words += (place[day], day, len(entry.rows), packed_entry)
        packed = pack("FCALL", APPEND, len(names) + len(days), *names, *lists, *words)
        return _outcome(await self._call(keys.LAST_ROW, packed), marks)

    async def read_days(
        self, book: str, days: Sequence[int], start: int = 0, most: int | None = None
    ) -> list[list[tuple[int, DayEntry]]]:
        """Read the entries of each of these days from place ``start`` on, each with its first row's number.

        Many are decoded in a thread: nothing else waits for them.
        """
        check_book(book)
        found: list[list[tuple[int, DayEntry]]] = [[] for _ in days]
        open_days = list(range(len(days)))
        while open_days:
            asked, open_days = open_days[:_PAGE_DAYS], open_days[_PAGE_DAYS:]
            places = [start + len(found[number]) for number in asked]
            size = _PAGE_ENTRIES if most is None else min(_PAGE_ENTRIES, most)
            commands = [
                _reading(book, days[number], at, size) for number, at in zip(asked, places, strict=True)
            ]
            full = []
            for number, at, reply in zip(asked, places, await self._cold.calls(commands), strict=True):
                if isinstance(reply, StoreError):
                    raise reply
                value, page = reply
                head = head_of(value) if value else None
                if head is not None and head.entries > at:
                    found[number] += (await self._archived(head))[at:]
                found[number] += await _decoded(page)
                if len(page) == size and (most is None or len(found[number]) < most):
                    full.append(number)
            open_days = full + open_days
        return [entries[:most] for entries in found]

    async def archive_day(self, book: str, day: int, written_before_ns: int | None = None) -> int:
        """Move the entries of a day that are in the store to the archive; tell how many moved.

        None does if the last was not written before that instant. Whoever reads meanwhile reads the same.
        Entries that are appended meanwhile stay for another time. Raises OSError if the file cannot be
        written.
        """
        check_book(book)
        if self._archive is None:
            raise StoreUnavailableError(_NO_ARCHIVE)
        name = _archived_name(book, day)
        newest = await self._cold.call(keys.day(book, day), "LINDEX", keys.day(book, day), -1)
        if newest is None:
            return 0
        if written_before_ns is not None and decode_entry(newest)[1].written_ns >= written_before_ns:
            return 0
        value: bytes = await self._cold.call(keys.ARCHIVED, "HGET", keys.ARCHIVED, name) or b""
        before = head_of(value) if value else None
        (entries,) = await self.read_days(book, [day])
        moving = len(entries) - (before.entries if before is not None else 0)
        if moving <= 0:
            return 0
        after = await asyncio.to_thread(self._archive.write, book, day, entries)
        words = (name, value, after.text(), moving)
        packed = pack("FCALL", ARCHIVE, 2, keys.day(book, day), keys.ARCHIVED, *words)
        if await self._call(keys.ARCHIVED, packed) != 1:  # another archived it
            await asyncio.to_thread(self._archive.remove, after)
            return 0
        return moving

    async def _archived(self, head: Head) -> list[tuple[int, DayEntry]]:
        if self._archive is None:
            raise StoreUnavailableError(_NO_ARCHIVE)
        return await asyncio.to_thread(self._archive.read, head)

    async def days(self, book: str) -> list[int]:
        """List the days of a book that have entries, ascending."""
        check_book(book)
        name = keys.book(book)
        try:
            return [int(day) for day in await self._cold.call(name, "ZRANGE", name, 0, -1)]
        except ValueError as error:
            raise StoreCorruptError(f"days of the book {book}: {error}") from None

    async def marks(self, names: Sequence[str]) -> list[bytes | None]:
        """Read marks; None for one that there is not."""
        if not names:
            return []
        words = (name.encode() for name in names)
        found: list[bytes | None] = await self._cold.call(keys.MARKS, "HMGET", keys.MARKS, *words)
        return found


def _archived_name(book: str, day: int) -> str:
    return f"{book}:{day}"


def _reading(book: str, day: int, place: int, size: int) -> tuple[bytes, Command]:
    """Make the command that reads a page of a day."""
    name = keys.day(book, day)
    words = (name, keys.ARCHIVED, _archived_name(book, day), place, size)
    return name, ("EVAL_RO", _READ, 2, *words)


def _outcome(reply: Any, marks: Sequence[Mark]) -> Appended | KnownReceipt | MarkMoved:
    """Read the reply of an append's function. Raises StoreCorruptError."""
    if isinstance(reply, int):
        return Appended(reply)
    kind, *told = reply
    if kind == b"receipt":
        known = records.decode_answer(told[0])
        return KnownReceipt(known.digest, known.body)
    values = [value[1:] if value else None for value in told]
    return MarkMoved({mark.name: value for mark, value in zip(marks, values, strict=True)})


async def _encoded(entries: Sequence[tuple[int, DayEntry]]) -> list[bytes]:
    if sum(len(entry.rows) for _, entry in entries) < _BESIDE_ROWS:
        return [encode_entry(entry) for _, entry in entries]
    return await asyncio.to_thread(lambda: [encode_entry(entry) for _, entry in entries])


async def _decoded(page: list[bytes]) -> list[tuple[int, DayEntry]]:
    if sum(map(len, page)) < _BESIDE_BYTES:
        return [decode_entry(element) for element in page]
    return await asyncio.to_thread(lambda: [decode_entry(element) for element in page])


def _optional(value: bytes | None) -> bytes:
    return b"" if value is None else b"=" + value
