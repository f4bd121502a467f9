"""Reads CSV: whole blocks at once, and line by line where a block has something odd in it."""

import csv
import io
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from cgrates_py.bulk.calls import Int64s
from cgrates_py.cdrs.blocks import Lines, lines_of
from cgrates_py.cdrs.chunk import BadRow, Chunk, RecordsError

LINES_OF_ROW_MAX = 16
"""Lines that one row may have, by line ends inside quotes; a stray quote would take all that follow it."""

DELIMITERS = ",;\t|"
"""What separates columns: of these, the one that the first line has most of."""

BOM = b"\xef\xbb\xbf"


def read_csv(lines: Lines, columns: tuple[str, ...]) -> Iterator[Chunk]:
    """Read CSV in UTF-8. ``columns`` names the columns if the file does not; a first line does otherwise.

    Rows with more or fewer columns than the first, or not in UTF-8, are bad rows. Raises RecordsError.
    """
    reader: _Reader | None = None
    for block in lines.blocks(quotes=True):
        if reader is None:
            reader = _Reader(block.removeprefix(BOM), columns)
            block = reader.first  # noqa: PLW2901 -- without its head
            if not block and not columns:
                yield reader.chunk(block)  # no rows, but the names of columns
        if block:
            yield reader.chunk(block)


class _Reader:
    """Reads block after block of one file."""

    def __init__(self, first: bytes, columns: tuple[str, ...]) -> None:
        head, _, rest = first.partition(b"\n")
        text = head.decode("utf-8", "replace").strip("\r")
        self._delimiter = max(DELIMITERS, key=text.count)
        try:
            names = next(csv.reader([text], delimiter=self._delimiter), [])
        except csv.Error:
            raise RecordsError(f"expected a first line of CSV, got {text[:60]!r}") from None
        self._names = _names(columns, len(names)) if columns else names
        if len(set(self._names)) < len(self._names):
            raise RecordsError("expected each column to have a name of its own in the first line")
        self.first = first if columns else rest
        self._line = 1 if columns else 2

    def chunk(self, block: bytes) -> Chunk:
        """Read a block of whole lines."""
        count = block.count(b"\n") + (not block.endswith(b"\n"))
        found = self._at_once(block, count) or self._line_by_line(block)
        self._line += count
        return found

    def _at_once(self, block: bytes, count: int) -> Chunk | None:
        """Read a block whose every line is a row; None if it has others, which are looked at singly.

        One thread: with several, a process that ends soon after aborts at times; no block is read sooner.
        """
        if block.count(b'"') % 2:
            return None
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(block),
                pa_csv.ReadOptions(column_names=self._names, block_size=len(block) + 1, use_threads=False),
                pa_csv.ParseOptions(delimiter=self._delimiter, ignore_empty_lines=False),
                pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(self._names, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows != count:
            return None
        return Chunk(table.combine_chunks(), np.arange(self._line, self._line + count, dtype=np.int64), [])

    def _line_by_line(self, block: bytes) -> Chunk:
        rows: list[list[str]] = []
        numbers: list[int] = []
        bad: list[BadRow] = []
        lines = lines_of(block)
        at = 0
        while at < len(lines):
            row, taken = self._row(lines, at)
            line = self._line + at
            if isinstance(row, list):
                rows.append(row)
                numbers.append(line)
            elif row is not None:
                bad.append(BadRow(line, "", row, lines[at].decode("utf-8", "replace").rstrip("\r\n")))
            at += taken
        columns = [pa.array([row[place] for row in rows], pa.string()) for place in range(len(self._names))]
        return Chunk(pa.table(columns, names=self._names), _numbers(numbers), bad)

    def _row(self, lines: list[bytes], at: int) -> tuple[list[str] | str | None, int]:
        """Read the row that begins at a line: its texts, what was expected, or None for an empty line."""
        wanted = len(self._names)
        found: list[str] | str | None = None
        text = b""
        for taken in range(1, min(LINES_OF_ROW_MAX, len(lines) - at) + 1):
            text += (b"\n" if text else b"") + lines[at + taken - 1]
            if text.count(b'"') % 2:
                continue
            found = self._texts(text)
            if found is None or (isinstance(found, list) and len(found) == wanted):
                return found, taken
            break
        if lines[at].count(b'"') % 2:  # inches, perhaps: inside a text without quotes it is a character
            alone = self._texts(lines[at], strict=True)
            if isinstance(alone, list) and len(alone) == wanted:
                return alone, 1
        if isinstance(found, str):
            return found, 1
        return f"{wanted} columns", 1

    def _texts(self, text: bytes, *, strict: bool = False) -> list[str] | str | None:
        """Read the texts of one row; with ``strict`` quotes have to end that begin."""
        if not text.strip():
            return None
        try:
            decoded = text.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            return "UTF-8"
        try:
            reader = csv.reader(io.StringIO(decoded, newline=""), delimiter=self._delimiter, strict=strict)
            first, *more = reader
        except (csv.Error, ValueError):
            return "a row of CSV"
        return "a row of CSV" if more else first


def _names(columns: tuple[str, ...], count: int) -> list[str]:
    """Name as many columns as there are; those beyond the known ones by their place."""
    return [columns[place] if place < len(columns) else f"column_{place + 1}" for place in range(count)]


def _numbers(numbers: list[int]) -> Int64s:
    return np.array(numbers, dtype=np.int64)
