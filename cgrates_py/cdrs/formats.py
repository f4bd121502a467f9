"""Formats of files of records, and readers by format."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from cgrates_py.cdrs.blocks import COMPRESSIONS, STDIN, Lines
from cgrates_py.cdrs.chunk import Chunk, RecordsError
from cgrates_py.cdrs.csv_reader import read_csv
from cgrates_py.cdrs.json_reader import read_json_lines
from cgrates_py.cdrs.parquet_reader import ParquetRows


class Format(StrEnum):
    """A format of records."""

    CSV = "csv"
    JSON = "jsonl"
    PARQUET = "parquet"


_BY_END = {
    ".csv": Format.CSV,
    ".txt": Format.CSV,
    ".tsv": Format.CSV,
    ".jsonl": Format.JSON,
    ".ndjson": Format.JSON,
    ".json": Format.JSON,
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
}


def format_of(path: str, given: Format | None = None) -> Format:
    """Tell a file's format by the end of its name, compression apart. Raises RecordsError."""
    if given is not None:
        return given
    name = Path(path)
    end = Path(name.stem).suffix if name.suffix.lower() in COMPRESSIONS else name.suffix
    found = _BY_END.get(end.lower())
    if found is None:
        expected = ", ".join(_BY_END)
        raise RecordsError(f"{path}: expected a name that ends with {expected} (.gz, .zst), or a format")
    return found


class Records:
    """A file of call records in chunks, in constant memory whatever its size."""

    def __init__(self, path: str, format_: Format, columns: tuple[str, ...]) -> None:
        if format_ is Format.PARQUET:
            if path == STDIN:
                raise RecordsError("expected a file: Parquet cannot be read from standard input")
            rows = ParquetRows(path)
            self._source: Lines | ParquetRows = rows
            self._chunks = rows.chunks()
        else:
            lines = Lines(path)
            self._source = lines
            self._chunks = read_json_lines(lines) if format_ is Format.JSON else read_csv(lines, columns)

    @property
    def bytes_total(self) -> int | None:
        """How large the file is; None if that cannot be known."""
        return self._source.bytes_total

    @property
    def bytes_read(self) -> int:
        """How many bytes of the file are read."""
        return self._source.bytes_read

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def chunks(self) -> Iterator[Chunk]:
        """Read the file, once. Raises RecordsError."""
        return self._chunks
