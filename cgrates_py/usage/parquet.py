"""Writes rows as Parquet: texts stay texts, with every digit of a number; times are nanoseconds in UTC."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from cgrates_py.usage.rows import Members
from rater import instant

ROWS_AT_ONCE = 65_536
"""Rows of one group: some 20 MB while it is made."""

_TIME = pa.timestamp("ns", tz="UTC")
_TYPES = {"seq": pa.int64(), "from": _TIME, "to": _TIME}


class ParquetExport:
    """Writes rows to a file, compressed with zstd; it is readable once ``end`` was called."""

    def __init__(self, out: BinaryIO, columns: Sequence[str]) -> None:
        self._schema = pa.schema([(name, _TYPES.get(name, pa.string())) for name in columns])
        self._writer = pq.ParquetWriter(out, self._schema, compression="zstd")
        self._waiting: list[Members] = []

    def write(self, rows: list[Members]) -> None:
        """Write these rows behind those before."""
        self._waiting += rows
        while len(self._waiting) >= ROWS_AT_ONCE:
            self._flush(self._waiting[:ROWS_AT_ONCE])
            del self._waiting[:ROWS_AT_ONCE]

    def end(self) -> None:
        """Write the last group and the foot of the file."""
        if self._waiting:
            self._flush(self._waiting)
        self._writer.close()

    def _flush(self, rows: list[Members]) -> None:
        columns = [pa.array(_column(rows, field.name), field.type) for field in self._schema]
        self._writer.write_batch(pa.record_batch(columns, schema=self._schema))


def _column(rows: list[Members], name: str) -> Iterator[Any]:
    if _TYPES.get(name) is _TIME:
        return (instant.parse(str(row[name]))[0] for row in rows)
    return (row.get(name) for row in rows)
