"""Reads Parquet, some groups of rows at a time; columns keep their types."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cgrates_py.cdrs.chunk import CHUNK_ROWS, Chunk, RecordsError


class ParquetRows:
    """A file of Parquet, which tells how much of it is read in rows."""

    def __init__(self, path: str) -> None:
        try:
            self._file = pq.ParquetFile(Path(path), pre_buffer=False)
        except pa.ArrowInvalid as error:
            raise RecordsError(f"expected Parquet: {error}") from None
        self.bytes_total = max(1, Path(path).stat().st_size)
        self._rows: int = max(1, self._file.metadata.num_rows)
        self._done = 0

    @property
    def bytes_read(self) -> int:
        """How many bytes of the file are read, by its rows."""
        return self.bytes_total * self._done // self._rows

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def chunks(self) -> Iterator[Chunk]:
        """Give the rows. A row's line is its place in the file, from 1 on. Raises RecordsError."""
        try:
            for batch in self._file.iter_batches(CHUNK_ROWS):
                table = pa.Table.from_batches([batch])
                first = self._done + 1
                self._done += table.num_rows
                yield Chunk(table, np.arange(first, first + table.num_rows, dtype=np.int64), [])
        except (OSError, pa.ArrowException) as error:
            raise RecordsError(f"cannot be read on: {error}") from None
