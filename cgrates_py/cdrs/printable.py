"""Columns that text formats have no values for, as texts: lists and records as JSON, bytes as Base64."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import msgspec
import pyarrow as pa


def printable(table: pa.Table) -> pa.Table:
    """Give a table whose columns CSV and JSON lines have values for; most are as they were."""
    for place, field in enumerate(table.schema):
        write = _writer(field.type)
        if write is not None:
            values = table.column(place).to_pylist()
            texts = pa.array([None if each is None else write(each) for each in values], pa.string())
            table = table.set_column(place, field.name, texts)
    return table


def _writer(kind: Any) -> Callable[[Any], str] | None:
    if pa.types.is_nested(kind):
        return lambda value: msgspec.json.encode(value, enc_hook=str).decode()
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return lambda value: b64encode(value).decode()
    return None
