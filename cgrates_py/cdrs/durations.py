"""Reads columns of durations and of counted time, exactly, as nanoseconds."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cgrates_py.bulk.calls import Int64s
from cgrates_py.cdrs.layout import Unit
from storage.loading import values

Flags = npt.NDArray[np.bool_]

UNITS = {Unit.S: 1_000_000_000, Unit.MS: 1_000_000, Unit.US: 1_000, Unit.NS: 1}
"""Nanoseconds of one."""

EXPECTED = "a duration such as 90, 1m30s or 00:01:30"

_NS_MAX = 9_000_000_000_000_000_000
_NUMBER = re.compile(r"\d{1,19}(\.\d{1,19})?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,6}):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?", re.ASCII)


class Counted(NamedTuple):
    """Nanoseconds of each row, and whether the row says any; 0 where it does not."""

    ns: Int64s
    good: Flags


def read_durations(texts: pa.Array, unit: Unit) -> Counted:
    """Read durations: bare numbers of ``unit``, ``1m30s``, ``hh:mm:ss``; an empty text is none."""
    return _read(texts, unit, _duration_ns)


def read_numbers(texts: pa.Array, unit: Unit) -> Counted:
    """Read bare numbers of ``unit``, perhaps with decimals."""
    return _read(texts, unit, _number_ns)


def _read(texts: pa.Array, unit: Unit, one: Callable[[str, Unit], int | None]) -> Counted:
    each = UNITS[unit]
    if (
        len(texts)
        and pc.all(pc.ascii_is_decimal(texts)).as_py()
        and pc.max(pc.binary_length(texts)).as_py() < 19
    ):
        counted: Int64s = pc.cast(texts, pa.int64()).to_numpy()
        good = counted <= _NS_MAX // each
        return Counted(np.where(good, counted, 0) * each, good)
    encoded = texts.dictionary_encode()
    read = [one(text, unit) for text in encoded.dictionary.to_pylist()]
    codes = encoded.indices.to_numpy()
    known = np.array([0 if ns is None else ns for ns in read], dtype=np.int64)
    fine = np.array([ns is not None for ns in read], dtype=np.bool_)
    return Counted(known[codes], fine[codes])


def _number_ns(text: str, unit: Unit) -> int | None:
    if _NUMBER.fullmatch(text) is None:
        return None
    top, bottom = Decimal(text).as_integer_ratio()
    nanoseconds, rest = divmod(top * UNITS[unit], bottom)
    return nanoseconds if not rest and nanoseconds <= _NS_MAX else None


def _duration_ns(text: str, unit: Unit) -> int | None:
    if (clock := _CLOCK.fullmatch(text)) is not None:
        hours, minutes, seconds, fraction = clock.groups()
        whole = int(hours) * 3_600 + int(minutes) * 60 + int(seconds)
        return whole * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))
    if text[-1:].isdigit():
        return _number_ns(text, unit)
    try:
        return values.duration_ns(text)
    except values.Expected:
        return None


def duration_column(column: pa.Array) -> Counted | None:
    """Read a column that has durations of its own, as Parquet does; None if it has texts or numbers."""
    if not pa.types.is_duration(column.type):
        return None
    exact: Any = pc.cast(column, pa.duration("ns")).view(pa.int64())
    ns = exact.fill_null(-1).to_numpy()
    return Counted(np.where(ns < 0, 0, ns), ns >= 0)
