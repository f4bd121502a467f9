"""Old elements of journals as Parquet files: a segment of some accounts' journals each, sorted by account.

A file has a row for every line of a journal, readable by any tool. The first row of a commit also has the
element itself, byte for byte: from that alone the journal is read again, and proven. What the store keeps of
a segment is where it stands (``Segment``).
"""

import re
import uuid
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from storage.archive_files import SUFFIX, Location, files_at, pyarrow, reading
from storage.journal import JournalLine, lines
from storage.store import AccountKey, StoreCorruptError

GROUP_ROWS = 1_024
"""Rows that are read at once: some 150 KB."""
GROUP_BYTES = 1 << 20
"""Bytes of elements after which fewer rows have to do."""
GROUPS_KEPT = 8
"""Groups kept ready, up to 2 MB each: who reads a journal in pages reads a group once."""
FILES_KEPT = 64
"""Files whose tables of contents are kept ready."""

_AMOUNT_DIGITS = 28
_TIME_MAX_NS = 253_402_300_800 * 1_000_000_000
"""Times after the year 9999 have no place in a column, as tools cannot read them; the element has them."""
_SEGMENT = re.compile(rb"(\d{1,18})-(\d{1,18}):(\d{1,18}):([\w.-]{1,100}\.parquet)")
_KEY_COLUMNS = ("customer", "subject", "version", "element")

_Group = tuple[list[str], list[str], list[int], list[bytes | None]]


class Segment(NamedTuple):
    """Versions ``first`` to ``last`` of a journal are in that file, from that row on."""

    first: int
    last: int
    row: int
    file: str

    def value(self) -> bytes:
        """Write what the store keeps under the first version."""
        return f"{self.last}:{self.row}:{self.file}".encode()


def segment_of(field: bytes, value: bytes) -> Segment:
    """Read it. Raises StoreCorruptError."""
    match = _SEGMENT.fullmatch(field + b"-" + value)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise StoreCorruptError(f"the archive of a journal is {field[:20]!r}: {value[:80]!r}")
    return Segment(int(match[1]), int(match[2]), int(match[3]), match[4].decode())


class JournalWriter:
    """Collects segments and makes them a file, in memory: compressed, some 50 bytes a line."""

    def __init__(self, day: int) -> None:
        """Begin a file of what is older than ``day`` (since 1970-01-01)."""
        self.file = f"journals.{day}.{uuid.uuid4().hex}{SUFFIX}"
        self._written = 0
        self._pending: list[tuple[Any, ...]] = []
        self._pending_bytes = 0
        pa, pq = pyarrow()
        self._schema = pa.schema(
            [
                ("customer", pa.string()),
                ("subject", pa.string()),
                ("version", pa.int64()),
                ("line", pa.int32()),
                ("entry_at", pa.timestamp("us", "UTC")),
                ("method", pa.string()),
                ("request_id", pa.string()),
                ("amount", pa.decimal128(_AMOUNT_DIGITS, 9)),
                ("category", pa.string()),
                ("number", pa.string()),
                ("call_start", pa.timestamp("us", "UTC")),
                ("call_end", pa.timestamp("us", "UTC")),
                ("tariff_version", pa.int64()),
                ("element", pa.binary()),
            ]
        )
        self._pa = pa
        self._sink = pa.BufferOutputStream()
        self._parquet = pq.ParquetWriter(self._sink, self._schema, compression="zstd")

    @property
    def rows(self) -> int:
        """How many rows the file has so far: where the next segment begins."""
        return self._written + len(self._pending)

    @property
    def full(self) -> bool:
        """Whether there is a group to write."""
        return len(self._pending) >= GROUP_ROWS or self._pending_bytes >= GROUP_BYTES

    def add(self, key: AccountKey, first: int, elements: Sequence[bytes]) -> None:
        """Take elements of an account, the first of which made version ``first``."""
        for version, element in enumerate(elements, first):
            kept: bytes | None = element
            for number, line in enumerate(lines([element], version)):
                self._pending.append((*key, version, number, *_told(line), kept))
                kept = None
            self._pending_bytes += len(element)

    def finish(self) -> Any:
        """Give the bytes of the file."""
        if self._pending:
            self.write_group()
        self._parquet.close()
        return self._sink.getvalue()

    def write_group(self) -> None:
        """Write what was taken as a group; nothing is taken meanwhile."""
        columns = zip(*self._pending, strict=True)
        arrays = [self._pa.array(each, kind) for each, kind in zip(columns, self._schema.types, strict=True)]
        self._parquet.write_table(self._pa.table(arrays, schema=self._schema))
        self._written += len(self._pending)
        self._pending, self._pending_bytes = [], 0


def _told(line: JournalLine) -> tuple[Any, ...]:
    amount = Decimal(line.amount).scaleb(-9)
    told = (_time(line.at_ns), line.method, line.request_id, amount)
    if line.call is None:
        return (*told, None, None, None, None, line.tariff_version or None)
    category, number, start_ns, end_ns, _ = line.call
    return (*told, category, number, _time(start_ns), _time(end_ns), line.tariff_version or None)


def _time(at_ns: int) -> int | None:
    """Tell a time in microseconds, as most tools read it; None for one that there is not."""
    return at_ns // 1_000 if 0 < abs(at_ns) < _TIME_MAX_NS else None


class JournalFiles:
    """Reads and writes files of segments. Calls block; they may come from several threads."""

    def __init__(self, location: Location) -> None:
        self._files = files_at(location)
        self._contents = lru_cache(maxsize=FILES_KEPT)(self._read_contents)
        self._group = lru_cache(maxsize=GROUPS_KEPT)(self._read_group)

    def put(self, name: str, content: Any) -> None:
        """Write a file, durably. Raises OSError."""
        self._files.put(name, content)

    def remove(self, name: str) -> None:
        """Remove a file that the store does not name. Raises OSError."""
        self._files.remove(name)

    def read(self, key: AccountKey, segment: Segment, first: int, last: int) -> list[bytes]:
        """Read elements ``first`` to ``last`` of an account, all of them in a segment.

        Raises NoFileError, StoreCorruptError and StoreUnavailableError, which name the file and the versions.
        """
        found: list[bytes] = []
        with reading(self._files, segment.file):
            for version, element in self._elements(key, segment, first):
                if version != first + len(found):
                    break
                found.append(element)
                if version == last:
                    return found
        place = self._files.place(segment.file)
        lacks = first + len(found)
        raise StoreCorruptError(f"archive {place} lacks version {lacks} of {key[0]}/{key[1]}")

    def _elements(self, key: AccountKey, segment: Segment, first: int) -> Iterator[tuple[int, bytes]]:
        """Go through the elements of an account from ``first`` on, as long as there are any."""
        start = 0
        for number, (rows, highest) in enumerate(self._contents(segment.file)[1]):
            skipped, start = max(segment.row - start, 0), start + rows
            if skipped >= rows or (not skipped and highest is not None and highest < first):
                continue
            for customer, subject, version, element in zip(
                *(column[skipped:] for column in self._group(segment.file, number)), strict=True
            ):
                if (customer, subject) != key:
                    return
                if element is not None and version >= first:
                    yield version, element

    def _read_contents(self, name: str) -> tuple[Any, list[tuple[int, int | None]]]:
        """Read what groups a file has: how many rows each, and the highest version in it."""
        _, pq = pyarrow()
        with pq.ParquetFile(self._files.source(name)) as file:
            metadata = file.metadata
        column = metadata.schema.names.index("version")
        groups = []
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            known = group.column(column).statistics
            groups.append((group.num_rows, known.max if known is not None and known.has_min_max else None))
        return metadata, groups

    def _read_group(self, name: str, number: int) -> _Group:
        _, pq = pyarrow()
        metadata, _ = self._contents(name)
        with pq.ParquetFile(self._files.source(name), metadata=metadata) as file:
            table = file.read_row_group(number, columns=list(_KEY_COLUMNS), use_threads=False)
        columns: Any = tuple(table.column(each).to_pylist() for each in _KEY_COLUMNS)
        return columns  # type: ignore[no-any-return]  # -- the types of our own columns
