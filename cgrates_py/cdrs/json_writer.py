"""Writes columns as JSON lines, a few passes over whole columns for all rows of a chunk."""

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_SPECIAL = np.array([byte < 0x20 or chr(byte) in '"\\' for byte in range(256)], dtype=np.bool_)
"""Bytes that stand in no JSON text as they are."""


class JsonLines:
    """JSON lines: rows that were JSON keep their text, and what is added follows in the same object."""

    def __init__(self, out: Any) -> None:
        self._out = out

    def write(self, read: pa.Table, added: pa.Table, texts: pa.Array | None) -> None:
        """Write rows: columns read and columns added; ``texts`` are the rows read if they are JSON lines."""
        if not added.num_rows:
            return
        if texts is None:
            begun = _members(read, "{")
            comma: Any = "," if read.num_columns else ""
        else:
            begun = pc.utf8_slice_codeunits(pc.utf8_rtrim(texts, " \t\r\n"), 0, -1)
            comma = pc.if_else(pc.equal(pc.utf8_trim_whitespace(begun), "{"), "", ",")
        lines = pc.binary_join_element_wise(begun, comma, _members(added, ""), "}\n", "")
        self._out.write(_bytes_of(lines))

    def end(self) -> None:
        """JSON lines have no end."""


def _members(table: pa.Table, before: str) -> Any:
    """Print the members of every row's object, with commas between."""
    pieces: list[Any] = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        key = f"{',' if pieces else before}{msgspec.json.encode(name).decode()}:"
        pieces += [key, _values(column)]
    if not pieces:
        return before
    return pc.binary_join_element_wise(*pieces, "")


def _values(column: Any) -> Any:
    """Print a column as JSON values; what JSON has no values for, as texts."""
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return pc.cast(column, pa.string()).fill_null("null")
    texts = pc.cast(column, pa.string())
    if _SPECIAL[np.frombuffer(_bytes_of(texts), dtype=np.uint8)].any():
        encode = msgspec.json.encode
        return pa.array([encode(text).decode() for text in texts.to_pylist()], pa.string())
    return pc.binary_join_element_wise('"', texts, '"', "").fill_null("null")


def _bytes_of(lines: Any) -> bytes:
    """Give the bytes of a column of texts one after the other."""
    chunks = lines.chunks if isinstance(lines, pa.ChunkedArray) else [lines]
    return b"".join(_bytes_of_array(chunk) for chunk in chunks if len(chunk))


def _bytes_of_array(texts: pa.Array) -> bytes:
    _, places, data = texts.cast(pa.large_string()).buffers()
    begins = np.frombuffer(places, dtype=np.int64)
    begin, end = int(begins[texts.offset]), int(begins[texts.offset + len(texts)])
    found: bytes = data[begin:end].to_pybytes() if data is not None else b""
    return found
