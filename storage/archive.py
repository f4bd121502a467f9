"""Old days of books as Parquet files in a place that all processes of the store see.

A file has the entries of a day up to a place, row by row, for any tool that reads Parquet. It never changes,
and is never removed once the store names it: a backup of the store may, too. The store tells which file is
the one (``valkey_daybook``).
"""

import json
import uuid
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from rater.usage.records import DayEntry, Drop, Row, Rows
from storage.archive_files import SUFFIX, Location, files_at, pyarrow, reading
from storage.store import StoreCorruptError

_ENTRY = ("entry", "first_seq", "written_at", "source", "drops")
_TIMES = frozenset({"written_at", "at_ns", "end_ns"})
_NUMBERS = frozenset({"entry", "first_seq"})
_NO_ROW = (None,) * len(Row._fields)

Entries = Sequence[tuple[int, DayEntry]]


class Head(NamedTuple):
    """What the store tells of an archived day: so many of its entries are in that file."""

    entries: int
    file: str

    def text(self) -> bytes:
        """Write it."""
        return f"{self.entries}:{self.file}".encode()


def head_of(value: bytes) -> Head:
    """Read it. Raises StoreCorruptError."""
    entries, _, file = value.decode(errors="replace").partition(":")
    if not entries.isdecimal() or not file.endswith(SUFFIX) or "/" in file:
        raise StoreCorruptError(f"the archive of a day is {value[:80]!r}")
    return Head(int(entries), file)


class Archive:
    """The files of a place (``storage.archive_files``)."""

    def __init__(self, location: Location) -> None:
        self._files = files_at(location)

    def write(self, book: str, day: int, entries: Entries) -> Head:
        """Write the entries of a day, durably. Raises OSError and StoreUnavailableError."""
        pa, pq = pyarrow()
        head = Head(len(entries), f"{book}.{day}.{uuid.uuid4().hex}{SUFFIX}")
        types = {name: pa.int64() for name in _NUMBERS} | {name: pa.timestamp("ns", "UTC") for name in _TIMES}
        fields = [(name, types.get(name, pa.string())) for name in (*_ENTRY, *Row._fields)]
        columns = zip(*_lines(entries), strict=True)
        arrays = [pa.array(column, kind) for column, (_, kind) in zip(columns, fields, strict=True)]
        written = pa.BufferOutputStream()
        pq.write_table(pa.table(arrays, schema=pa.schema(fields)), written, compression="zstd")
        self._files.put(head.file, written.getvalue())
        return head

    def read(self, head: Head) -> list[tuple[int, DayEntry]]:
        """Read the entries of a file. Raises StoreCorruptError and StoreUnavailableError."""
        pa, pq = pyarrow()
        with reading(self._files, head.file):
            with pq.ParquetFile(self._files.source(head.file)) as file:
                table = file.read(columns=[*_ENTRY, *Row._fields], use_threads=False)
            found = list(_entries([_values(pa, table, name) for name in (*_ENTRY, *Row._fields)]))
        if len(found) != head.entries:
            place = self._files.place(head.file)
            raise StoreCorruptError(f"archive {place} has {len(found)} entries, expected {head.entries}")
        return found

    def remove(self, head: Head) -> None:
        """Remove a file that the store does not name."""
        self._files.remove(head.file)


def _lines(entries: Entries) -> Iterator[tuple[Any, ...]]:
    for place, (first, entry) in enumerate(entries):
        drops = json.dumps(entry.drops) if entry.drops else None
        for row in entry.rows or (_NO_ROW,):
            yield (place, first, entry.written_ns, entry.source, drops, *row)


def _entries(columns: Sequence[list[Any]]) -> Iterator[tuple[int, DayEntry]]:
    places, firsts, written, sources, drops, *members = columns
    begin = 0
    for _, same in groupby(places):
        end = begin + sum(1 for _ in same)
        empty = members[0][begin] is None
        rows = () if empty else Rows(tuple(column[begin:end] for column in members))
        dropped = tuple(map(_drop, json.loads(drops[begin] or "[]")))
        yield firsts[begin], DayEntry(written[begin], sources[begin], rows, dropped)
        begin = end


def _drop(members: list[Any]) -> Drop:
    metric, accounts, links = members
    return Drop(metric, _names(accounts), _names(links))


def _names(names: list[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _values(pa: Any, table: Any, name: str) -> list[Any]:
    column = table.column(name)
    values: list[Any] = (column.cast(pa.int64()) if name in _TIMES else column).to_pylist()
    return values
