"""Reads JSON lines: one object a line. Numbers keep the digits that they are written with."""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from cgrates_py.cdrs.blocks import Lines, lines_of
from cgrates_py.cdrs.chunk import BadRow, Chunk

EXPECTED = "a JSON object"

_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=str)
"""A number with a point or an exponent stays the text that it is."""


def read_json_lines(lines: Lines) -> Iterator[Chunk]:
    """Read JSON lines; empty lines are none. Columns are the members that were met up to there, as texts."""
    line = 1
    names: dict[str, None] = {}
    for block in lines.blocks(quotes=False):
        texts = lines_of(block)
        yield _chunk(texts, line, names)
        line += len(texts)


def _chunk(texts: list[bytes], first: int, names: dict[str, None]) -> Chunk:
    records: list[dict[str, Any]] = []
    kept: list[bytes] = []
    numbers: list[int] = []
    bad: list[BadRow] = []
    for line, text in enumerate(texts, first):
        try:
            records.append(_decoder.decode(text))
        except (msgspec.DecodeError, UnicodeDecodeError):
            if text.strip():
                bad.append(BadRow(line, "", EXPECTED, text.decode("utf-8", "replace")))
            continue
        kept.append(text)
        numbers.append(line)
        names.update(dict.fromkeys(records[-1]))
    columns = [pa.array([_text(record.get(name)) for record in records], pa.string()) for name in names]
    table = pa.table(columns, names=list(names))
    return Chunk(table, np.array(numbers, dtype=np.int64), bad, kept)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return msgspec.json.encode(value).decode()
