"""What readers give: a part of a file as columns, and what of it was not readable."""

from typing import NamedTuple

import pyarrow as pa

from cgrates_py.bulk.calls import Int64s

BLOCK_BYTES = 16 << 20
"""Text read at once: some 200,000 records; a few times as much is in memory while they are rated."""

CHUNK_ROWS = 250_000
"""Rows of Parquet read at once."""

TEXT_SHOWN_MAX = 60
"""Characters of a bad value that a report shows."""


class RecordsError(ValueError):
    """The file as a whole cannot be read; the text says what was expected."""


class BadRow(NamedTuple):
    """A row that is no call record. ``column`` is empty if the whole row is not one."""

    line: int
    column: str
    expected: str
    got: str

    @property
    def sentence(self) -> str:
        """Say what was expected where."""
        where = f"{self.column}: " if self.column else ""
        shown = self.got if len(self.got) <= TEXT_SHOWN_MAX else f"{self.got[:TEXT_SHOWN_MAX]}…"
        return f"{where}expected {self.expected}, got {shown!r}"


class Chunk(NamedTuple):
    """A part of a file: its rows in columns, the line (or row) of each, and what was no row.

    ``texts`` are the rows as they stand in a file of JSON lines; None for other formats.
    """

    table: pa.Table
    lines: Int64s
    bad: list[BadRow]
    texts: pa.Array | None = None
