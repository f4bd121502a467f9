"""Reads columns of times, whole columns at once: nanoseconds since the epoch, and the zone written.

Texts of one length and form are a table of bytes, so a digit's place is a column of it; dates and clocks are
then arithmetic on whole columns. Every row is exact or not read at all.
"""

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cgrates_py.bulk.calls import Int64s
from cgrates_py.cdrs.durations import Flags, read_numbers
from cgrates_py.cdrs.layout import Times, Unit
from cgrates_py.cdrs.zones import offsets_of_instants, offsets_of_local
from rater.instant import SECOND

EXPECTED = {
    Times.AUTO: "a time such as 2026-01-31T10:00:00Z, 2026-01-31 10:00:00 or seconds since 1970",
    Times.RFC3339: "a time with a zone such as 2026-01-31T10:00:00Z",
    Times.LOCAL: "a time such as 2026-01-31 10:00:00",
    Times.EPOCH: "seconds since 1970",
    Times.EPOCH_MS: "milliseconds since 1970",
}
"""What a report says of a time that is none; likewise of one that is not in 1700 to 2260."""

_EARLIEST_S, _LATEST_S = -8_520_336_000, 9_151_488_000
"""1700 and 2260: with a year's call behind it, and any zone, still within 64 bits of nanoseconds."""

_CLOCK_LENGTH = 19
"""``2026-01-31T10:00:00``."""
_DIGITS = (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18)
_SEPARATORS = ((4, b"-"), (7, b"-"), (10, b"Tt "), (13, b":"), (16, b":"))
_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)
_BEFORE = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], dtype=np.int64)

Bytes = npt.NDArray[np.uint8]


class Instants(NamedTuple):
    """Nanoseconds since the epoch and of the zone written, and whether the row says any time."""

    ns: Int64s
    offset_ns: Int64s
    good: Flags


class _Civil(NamedTuple):
    """Dates and clocks as read: seconds by the clock, the rest of a second, zone written (if there is)."""

    local_s: Int64s
    fraction_ns: Int64s
    offset_s: Int64s
    zoned: Flags
    good: Flags


def read_times(texts: pa.Array, times: Times, zone: ZoneInfo | None) -> Instants:
    """Read times. ``zone`` is that of times without one, and what epochs are shown in; None is UTC."""
    if times is Times.EPOCH_MS:
        return _epochs(texts, Unit.MS, zone)
    if times is Times.EPOCH:
        return _epochs(texts, Unit.S, zone)
    civil = _civil(texts)
    good = civil.good
    if times is not Times.AUTO:
        good = good & (civil.zoned == (times is Times.RFC3339))
    found = _instants(civil, good, zone)
    if times is not Times.AUTO or good.all():
        return found
    rest = np.flatnonzero(~good)
    counted = _epochs(texts.take(pa.array(rest)), Unit.S, zone)
    for whole, part in zip(found, counted, strict=True):
        whole[rest] = part
    return found


def time_column(column: pa.Array, zone: ZoneInfo | None) -> Instants | None:
    """Read a column that has times of its own, as Parquet does; None if it has texts or numbers."""
    if not pa.types.is_timestamp(column.type):
        return None
    seconds = pc.cast(pc.floor_temporal(column, unit="second"), pa.timestamp("s", column.type.tz)).view(
        pa.int64()
    )
    fraction = pc.cast(pc.subtract(column, pc.floor_temporal(column, unit="second")), pa.duration("ns"))
    known = column.is_valid().to_numpy(zero_copy_only=False)
    rows = len(column)
    civil = _Civil(
        seconds.fill_null(0).to_numpy().copy(),
        fraction.view(pa.int64()).fill_null(0).to_numpy().copy(),
        np.zeros(rows, dtype=np.int64),
        np.full(rows, column.type.tz is not None),
        known,
    )
    if column.type.tz is None:
        return _instants(civil, known, zone)
    return _from_utc(civil.local_s, civil.fraction_ns, known, zone)


def _epochs(texts: pa.Array, unit: Unit, zone: ZoneInfo | None) -> Instants:
    counted = read_numbers(texts, unit)
    seconds, fraction = np.divmod(counted.ns, SECOND)
    return _from_utc(seconds, fraction, counted.good, zone)


def _from_utc(seconds: Int64s, fraction: Int64s, good: Flags, zone: ZoneInfo | None) -> Instants:
    good = good & (seconds >= _EARLIEST_S) & (seconds < _LATEST_S)
    seconds = np.where(good, seconds, 0)
    offset_s = offsets_of_instants(seconds, zone) if zone is not None else np.zeros_like(seconds)
    return Instants(seconds * SECOND + np.where(good, fraction, 0), offset_s * SECOND, good)


def _instants(civil: _Civil, good: Flags, zone: ZoneInfo | None) -> Instants:
    good = good & (civil.local_s >= _EARLIEST_S) & (civil.local_s < _LATEST_S)
    local_s = np.where(good, civil.local_s, 0)
    offset_s = np.where(civil.zoned & good, civil.offset_s, 0)
    if zone is not None and not (civil.zoned | ~good).all():
        rows = np.flatnonzero(good & ~civil.zoned)
        offset_s[rows] = offsets_of_local(local_s[rows], zone)
    ns = (local_s - offset_s) * SECOND + np.where(good, civil.fraction_ns, 0)
    return Instants(ns, offset_s * SECOND, good)


def _civil(texts: pa.Array) -> _Civil:
    """Read dates and clocks with the zones that are written, form by form."""
    rows = len(texts)
    found = _Civil(
        local_s=np.zeros(rows, dtype=np.int64),
        fraction_ns=np.zeros(rows, dtype=np.int64),
        offset_s=np.zeros(rows, dtype=np.int64),
        zoned=np.zeros(rows, dtype=np.bool_),
        good=np.zeros(rows, dtype=np.bool_),
    )
    if not rows:
        return found
    begins, data = _bytes_of(texts)
    lengths = np.diff(begins)
    for length in np.unique(lengths).tolist():
        if not _CLOCK_LENGTH <= length <= 64:
            continue
        if lengths.min() == lengths.max():
            table = data[begins[0] : begins[0] + rows * length].reshape(rows, length)
            _read_length(table, np.arange(rows), found)
        else:
            place = np.flatnonzero(lengths == length)
            table = data[begins[:-1][place][:, None] + np.arange(length)]
            _read_length(table, place, found)
    return found


def _bytes_of(texts: pa.Array) -> tuple[Int64s, Bytes]:
    """Tell where each text of a string array begins, the last's end after that, and all bytes."""
    large = pa.types.is_large_string(texts.type)
    _, places, data = texts.buffers()
    all_begins: Any = np.frombuffer(places, dtype=np.int64 if large else np.int32)
    begins: Int64s = all_begins[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    return begins, np.frombuffer(data or b"", dtype=np.uint8)


def _read_length(table: Bytes, rows: Int64s, into: _Civil) -> None:
    """Read texts of one length: those that end with Z, with ±hh:mm, and those without a zone."""
    length = table.shape[1]
    utc = (table[:, -1] | 0x20) == ord("z")
    shifted = np.zeros(len(rows), dtype=np.bool_)
    if length >= _CLOCK_LENGTH + 6:
        sign = table[:, -6]
        shifted = ((sign == ord("+")) | (sign == ord("-"))) & (table[:, -3] == ord(":"))
    for form, zone_length in ((utc, 1), (shifted, 6), (~utc & ~shifted, 0)):
        if form.all():
            _read_form(table, rows, zone_length, into)
        elif form.any():
            _read_form(table[form], rows[form], zone_length, into)


def _read_form(table: Bytes, rows: Int64s, zone_length: int, into: _Civil) -> None:
    """Read texts of one length and one kind of zone."""
    end = table.shape[1] - zone_length
    if end < _CLOCK_LENGTH or end == _CLOCK_LENGTH + 1:
        return
    digits = np.ascontiguousarray(table.T) - np.uint8(ord("0"))
    good = np.ones(len(rows), dtype=np.bool_)
    for place in (*_DIGITS, *range(_CLOCK_LENGTH + 1, end)):
        good &= digits[place] <= 9
    for place, allowed in _SEPARATORS:
        good &= np.isin(table[:, place], np.frombuffer(allowed, dtype=np.uint8))
    if end > _CLOCK_LENGTH:
        good &= table[:, _CLOCK_LENGTH] == ord(".")
    local_s, exists = _clock_s(digits)
    good &= exists
    if zone_length == 6:
        hours, minutes = _number(digits, end + 1, 2), _number(digits, end + 4, 2)
        good &= (
            (digits[[end + 1, end + 2, end + 4, end + 5]] <= 9).all(axis=0) & (hours <= 23) & (minutes <= 59)
        )
        into.offset_s[rows] = (hours * 3_600 + minutes * 60) * np.where(table[:, end] == ord("-"), -1, 1)
    into.fraction_ns[rows] = _fraction_ns(digits, end)
    into.local_s[rows] = local_s
    into.zoned[rows] = zone_length > 0
    into.good[rows] = good


def _number(digits: Bytes, place: int, length: int) -> Int64s:
    value: Int64s = digits[place].astype(np.int64)
    for more in range(place + 1, place + length):
        value = value * 10 + digits[more]
    return value


def _fraction_ns(digits: Bytes, end: int) -> Int64s:
    """Read the digits after the point; those beyond the nanosecond are dropped, as everywhere."""
    count = min(max(end - _CLOCK_LENGTH - 1, 0), 9)
    if not count:
        return np.zeros(digits.shape[1], dtype=np.int64)
    fraction: Int64s = _number(digits, _CLOCK_LENGTH + 1, count) * np.int64(10 ** (9 - count))
    return fraction


def _clock_s(digits: Bytes) -> tuple[Int64s, Flags]:
    """Count the seconds from 1970 to a date and clock, and tell whether there is such a one."""
    year, month, day = _number(digits, 0, 4), _number(digits, 5, 2), _number(digits, 8, 2)
    hour, minute, second = (_number(digits, place, 2) for place in (11, 14, 17))
    fine = (month >= 1) & (month <= 12)
    month = np.where(fine, month, 1)
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    fine &= (day >= 1) & (day <= _DAYS[month] + (leap & (month == 2)))
    fine &= (hour <= 23) & (minute <= 59) & (second <= 59)
    past = year - 1
    days = past * 365 + past // 4 - past // 100 + past // 400 + _BEFORE[month] + (leap & (month > 2)) + day
    return (days - 719_163) * 86_400 + hour * 3_600 + minute * 60 + second, fine
