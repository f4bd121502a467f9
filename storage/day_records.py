"""What stands in the store of a daybook, byte for byte: entries of days, as columns.

An entry is the number of its first row (eight bytes, given by the store), the number of its format, and a
msgpack array: when, source, drops, how many rows, then the columns of a row. A column is its values and,
where few of them stand in many rows, which of these each row has: a push of a thousand rows names an account
once. Nothing is ever read by guess: what does not decode to exactly its type is StoreCorruptError.
"""

import re
from collections.abc import Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any

import msgspec

from rater.usage.records import Columns, DayEntry, Drop, Row, Rows, columns_of
from storage.daybook import Mark, Receipt
from storage.store import StoreCorruptError

FORMAT = 1
"""The format of every entry that this version writes, and the only one it reads."""
SEQ_BYTES = 8
"""Bytes of the number of the first row, big-endian: what the store puts before what is encoded here."""

_FORMAT = bytes((FORMAT,))
_BOOK = re.compile(r"[a-z][a-z0-9.-]{0,63}")

_Texts = tuple[list[str], list[int]]
_Times = tuple[list[int], list[int]]


class _Packed(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """An entry as it is written. A column with no places has one value for all rows, or one for each."""

    written_ns: int
    source: str
    drops: list[Drop]
    size: int
    accounts: _Texts
    metrics: _Texts
    values: _Texts
    starts: _Times
    ends: _Times
    prices: _Texts
    remarks: _Texts
    links: _Texts


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode


def encode_entry(entry: DayEntry) -> bytes:
    """Write an entry without its number. Raises ValueError for a time beyond 64 bits and for broken text."""
    size = len(entry.rows)
    columns: Any = map(_packed, columns_of(entry.rows)) if size else repeat(([], []), len(Row._fields))
    try:
        return _FORMAT + _encode(_Packed(entry.written_ns, entry.source, list(entry.drops), size, *columns))
    except OverflowError as error:
        raise ValueError(f"entry of a day: {error}") from None


def decode_entry(element: bytes) -> tuple[int, DayEntry]:
    """Read an entry and the number of its first row. Raises StoreCorruptError."""
    if element[SEQ_BYTES : SEQ_BYTES + 1] != _FORMAT:
        raise StoreCorruptError(f"entry of a day begins {element[:9]!r}, expected format {FORMAT}")
    try:
        packed = _decode(memoryview(element)[SEQ_BYTES + 1 :])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreCorruptError(f"entry of a day: {error}") from None
    size = packed.size
    columns: Columns = (
        _unpacked(packed.accounts, size),
        _unpacked(packed.metrics, size),
        _unpacked(packed.values, size),
        _unpacked(packed.starts, size),
        _unpacked(packed.ends, size),
        _unpacked(packed.prices, size),
        _unpacked(packed.remarks, size),
        _unpacked(packed.links, size),
    )
    entry = DayEntry(packed.written_ns, packed.source, Rows(columns), tuple(packed.drops))
    return int.from_bytes(element[:SEQ_BYTES], "big"), entry


def check_append(book: str, receipt: Receipt | None, marks: Sequence[Mark]) -> None:
    """Refuse an append that contradicts itself. Raises ValueError."""
    check_book(book)
    if len({each.name for each in marks}) < len(marks):
        raise ValueError("one mark twice in an append")
    if receipt is not None and receipt.ttl_s < 1:  # the store would refuse it half-way
        raise ValueError("a receipt must be kept at least a second")


def check_book(book: str) -> None:
    """Refuse what is no name of a book: a short word, its parts joined by dots. Raises ValueError."""
    if not _BOOK.fullmatch(book):
        raise ValueError(f"{book!r} is no name of a book")


def _packed(column: Sequence[Any]) -> tuple[Sequence[Any], list[int]]:
    place = {value: number for number, value in enumerate(dict.fromkeys(column))}
    if len(place) == 1:
        return list(place), []
    if 2 * len(place) > len(column):
        return column, []
    return list(place), [place[value] for value in column]


def _unpacked(column: tuple[list[Any], list[int]], size: int) -> Sequence[Any]:
    values, places = column
    if places:
        if len(places) != size or size < 2 or min(places) < 0 or max(places) >= len(values):
            raise StoreCorruptError(f"entry of a day: a column of {size} rows has other places")
        found: Sequence[Any] = itemgetter(*places)(values)
        return found
    if len(values) == size:
        return values
    if len(values) != 1:
        raise StoreCorruptError(f"entry of a day: a column of {size} rows has {len(values)} values")
    return values * size
