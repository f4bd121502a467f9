"""Writes rows as CSV, JSON lines or Parquet under a name that appears when the file is whole."""

import csv
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from cgrates_py.cdrs.blocks import COMPRESSIONS
from cgrates_py.cdrs.chunk import RecordsError
from cgrates_py.cdrs.formats import Format, format_of
from cgrates_py.cdrs.json_writer import JsonLines
from cgrates_py.cdrs.printable import printable

PARTIAL = ".partial"
"""The end of the name that a file has until it is whole."""


class _Writer(Protocol):
    """Writes tables with the same columns one after the other."""

    def write(self, read: pa.Table, added: pa.Table, texts: pa.Array | None) -> None:
        """Write rows: columns read and columns added; ``texts`` are the rows read if they are JSON lines."""

    def end(self) -> None:
        """Write what ends the file."""


class Output:
    """A file in the making: leaving the ``with`` without an error names it, with one removes it.

    The first rows written decide which columns the file has.
    """

    def __init__(self, path: Path) -> None:
        self.format = format_of(str(path))
        self.left_out: set[str] = set()
        """Columns that only later rows have, for which the file has no place."""
        self._path = path
        self._partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
        self._file = self._partial.open("wb")
        self._out: Any = pa.PythonFile(self._file, mode="w")
        compression = COMPRESSIONS.get(path.suffix.lower())
        if compression is not None and self.format is not Format.PARQUET:
            self._out = pa.CompressedOutputStream(self._out, compression)
        self._writer: _Writer | None = None
        self._names: list[str] = []

    def write(self, read: pa.Table, added: pa.Table, texts: pa.Array | None = None) -> None:
        """Write rows: columns read and columns added; ``texts`` are the rows read if they are JSON lines."""
        if self._writer is None:
            self._names = read.column_names
            self._writer = _WRITERS[self.format](self._out)
        if self.format is not Format.JSON and read.num_columns > len(self._names):
            self.left_out.update(set(read.column_names) - set(self._names))
            read = read.select(self._names)
        if self.format is not Format.PARQUET:
            read = printable(read)
        with self._named():
            self._writer.write(read, added, texts)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Have a file that cannot be written be named in the error. Raises OSError and RecordsError."""
        try:
            yield
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise RecordsError(f"{self._path}: {error}") from None
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), str(self._path)) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                with self._named():
                    self._finish()
        finally:
            with suppress(OSError):  # of what a full disk did not take: that was told, or is of no use
                self._file.close()
            with suppress(FileNotFoundError):
                self._partial.unlink()

    def _finish(self) -> None:
        if self._writer is not None:
            self._writer.end()
        if isinstance(self._out, pa.CompressedOutputStream):
            self._out.close()
        if not self._file.closed:
            self._file.flush()
        with self._partial.open("rb") as whole:
            os.fsync(whole.fileno())
        self._partial.replace(self._path)


class _Csv:
    """CSV without quotes until a text does not stand without; from there on all texts have them."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._headed = False
        self._quoting = "none"

    def write(self, read: pa.Table, added: pa.Table, texts: pa.Array | None) -> None:
        """Write rows, before the first ones the names of the columns."""
        table = beside(read, added)
        if not self._headed:
            head = io.StringIO()
            csv.writer(head, lineterminator="\n").writerow(table.column_names)
            self._out.write(head.getvalue().encode())
            self._headed = True
        try:
            self._out.write(self._rows(table))
        except pa.ArrowInvalid:
            self._quoting = "needed"
            self._out.write(self._rows(table))

    def end(self) -> None:
        """CSV has no end."""

    def _rows(self, table: pa.Table) -> Any:
        rows = pa.BufferOutputStream()
        pa_csv.write_csv(table, rows, pa_csv.WriteOptions(include_header=False, quoting_style=self._quoting))
        return rows.getvalue()


class _Parquet:
    """Parquet, compressed with zstd."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._writer: Any = None

    def write(self, read: pa.Table, added: pa.Table, texts: pa.Array | None) -> None:
        """Write rows as one group."""
        table = beside(read, added)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._out, table.schema, compression="zstd")
        if table.num_rows:
            self._writer.write_table(table)

    def end(self) -> None:
        """Write the foot of the file."""
        if self._writer is not None:
            self._writer.close()


_WRITERS: dict[Format, Callable[[Any], _Writer]] = {
    Format.CSV: _Csv,
    Format.JSON: JsonLines,
    Format.PARQUET: _Parquet,
}


def beside(read: pa.Table, added: pa.Table) -> pa.Table:
    """Put columns behind others."""
    for name in added.column_names:
        read = read.append_column(name, added.column(name))
    return read
