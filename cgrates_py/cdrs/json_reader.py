"""Reads JSON lines: one object a line. Numbers keep the digits that they are written with."""

import io
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pa_json

from cgrates_py.cdrs.blocks import Lines, lines_of
from cgrates_py.cdrs.chunk import BadRow, Chunk, RecordsError

EXPECTED = "a JSON object"

NAMES_MAX = 1_000
"""Different members of all records together: each is a column, with a place for every record."""

_LOOKED_AT = 2_000
"""Lines of a part whose members are counted before any column is made."""

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_text = msgspec.json.Decoder(str).decode


def read_json_lines(lines: Lines) -> Iterator[Chunk]:
    """Read JSON lines; empty lines are none. Columns are the members that were met up to there, as texts.

    Raises RecordsError for records of more than NAMES_MAX different members.
    """
    line = 1
    names: dict[str, None] = {}
    for block in lines.blocks(quotes=False):
        count = block.count(b"\n") + (not block.endswith(b"\n"))
        _check(names.keys() | _begun(block))
        chunk = _at_once(block, line, count, names)
        yield _line_by_line(block, line, names) if chunk is None else chunk
        line += count


def _begun(block: bytes) -> set[str]:
    """Tell the members of the first lines of a block."""
    found: set[str] = set()
    for line in block.split(b"\n", _LOOKED_AT)[:_LOOKED_AT]:
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            found.update(_decode(line))
    return found


def _check(names: Collection[str]) -> None:
    if len(names) > NAMES_MAX:
        raise RecordsError(f"expected at most {NAMES_MAX} different members, got {len(names)} or more")


def _at_once(block: bytes, first: int, count: int, names: dict[str, None]) -> Chunk | None:
    """Read a block whose every line is an object of texts and whole numbers; None if it has others."""
    if not _plain_lines(block, count):
        return None
    try:
        block.decode()
        one = _decode(block.partition(b"\n")[0])
        schema = pa.schema([(name, pa.string()) for name, raw in one.items() if bytes(raw)[:1] == b'"'])
        table = pa_json.read_json(
            io.BytesIO(block),
            pa_json.ReadOptions(block_size=len(block) + 1, use_threads=False),
            pa_json.ParseOptions(explicit_schema=schema),
        )
    except (pa.ArrowInvalid, msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not all(_exact(field.type) for field in table.schema) or table.num_rows != count:
        return None
    names.update(dict.fromkeys(table.column_names))
    _check(names)
    empty = pa.repeat(pa.scalar(""), count)
    columns = [
        pc.cast(table.column(name), pa.string()).fill_null("") if name in table.column_names else empty
        for name in names
    ]
    found = pa.table(columns, names=list(names)).combine_chunks()
    return Chunk(found, np.arange(first, first + count, dtype=np.int64), [], _texts(block))


def _plain_lines(block: bytes, count: int) -> bool:
    """Tell whether each line begins and ends as an object does.

    Then no object goes on in the next line: a comma would have to stand between the two brackets. So as many
    objects as lines are one in each.
    """
    begun = block.startswith(b"{") + block.count(b"\n{")
    return begun == count and block.count(b"}\n") + block.count(b"}\r\n") == block.count(b"\n")


def _exact(kind: Any) -> bool:
    """Tell whether a column that was recognised to be of a kind still has every character of its values."""
    return bool(pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind))


def _texts(block: bytes) -> pa.Array:
    """Make a column of the lines of a block, which is UTF-8; each has its line end, but perhaps the last."""
    ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n")) + 1
    if not block.endswith(b"\n"):
        ends = np.append(ends, len(block))
    places = np.zeros(len(ends) + 1, dtype=np.int32)
    places[1:] = ends
    return pa.StringArray.from_buffers(len(ends), pa.py_buffer(places.tobytes()), pa.py_buffer(block))


def _line_by_line(block: bytes, first: int, names: dict[str, None]) -> Chunk:
    records: list[dict[str, msgspec.Raw]] = []
    kept: list[bytes] = []
    numbers: list[int] = []
    bad: list[BadRow] = []
    for line, text in enumerate(lines_of(block), first):
        try:
            records.append(_decode(text))
        except (msgspec.DecodeError, UnicodeDecodeError):
            if text.strip():
                bad.append(BadRow(line, "", EXPECTED, text.decode("utf-8", "replace")))
            continue
        names.update(dict.fromkeys(records[-1]))
        _check(names)
        kept.append(text)
        numbers.append(line)
    columns = [pa.array([_text(record.get(name)) for record in records], pa.string()) for name in names]
    table = pa.table(columns, names=list(names))
    return Chunk(table, np.array(numbers, dtype=np.int64), bad, pa.array(kept, pa.string()))


def _text(raw: msgspec.Raw | None) -> str:
    """Give a value as text: texts as they are, null as none, everything else as it is written."""
    written = b"null" if raw is None else bytes(raw).strip()
    if written[:1] == b'"':
        return _decode_text(written)
    return "" if written == b"null" else written.decode()
