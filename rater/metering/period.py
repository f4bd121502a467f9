"""Calendar periods in UTC, half-open: minute, hour, day, week (from Monday), month, year, eternity.

A counter is kept per cell: one period with its beginning, packed into one integer so that a record of
counters is a small map. Every period begins on a whole minute.
"""

from datetime import date, timedelta
from enum import IntEnum
from functools import lru_cache

from rater.instant import SECOND

_EPOCH = date(1970, 1, 1)
_MINUTES_A_DAY = 1440


class Period(IntEnum):
    """A kind of period; the number stands in records. In order from the longest, as reports list them."""

    ETERNITY = 0
    YEAR = 1
    MONTH = 2
    WEEK = 3
    DAY = 4
    HOUR = 5
    MINUTE = 6

    @property
    def label(self) -> str:
        """Its name in every document: ``day``."""
        return self.name.lower()


PERIODS = tuple(Period)
LABELS = {period.label: period for period in Period}
"""Every kind of period by its name."""

_KINDS = 8
_CELLS_REMEMBERED = 4096


def cell_of(period: Period, at_ns: int) -> int:
    """Name the period of a kind that holds an instant."""
    return cells_at(at_ns // (60 * SECOND))[period]


def cells_of(at_ns: int) -> tuple[int, ...]:
    """Name the periods that hold an instant, in the order of ``PERIODS``."""
    return cells_at(at_ns // (60 * SECOND))


@lru_cache(maxsize=_CELLS_REMEMBERED)
def cells_at(minute: int) -> tuple[int, ...]:
    """Name the periods that hold a minute since the epoch, in the order of ``PERIODS``."""
    day_number, in_day = divmod(minute, _MINUTES_A_DAY)
    day = _EPOCH + timedelta(days=day_number)
    starts = (
        0,
        _minute_of(day.replace(month=1, day=1)),
        _minute_of(day.replace(day=1)),
        _minute_of(day - timedelta(days=day.weekday())),
        minute - in_day,
        minute - in_day % 60,
        minute,
    )
    return tuple(start * _KINDS + period for start, period in zip(starts, PERIODS, strict=True))


def kind_of(cell: int) -> Period:
    """Tell the kind of period that a cell is."""
    return Period(cell % _KINDS)


def bounds_s(cell: int) -> tuple[int, int] | None:
    """Tell a cell's beginning and end in seconds since the epoch, the end exclusive; None for eternity."""
    start, kind = divmod(cell, _KINDS)
    period = Period(kind)
    if period is Period.ETERNITY:
        return None
    return start * 60, _end(period, start) * 60


def _end(period: Period, start: int) -> int:
    """Tell the minute at which a period that begins at ``start`` ends."""
    match period:
        case Period.MINUTE:
            return start + 1
        case Period.HOUR:
            return start + 60
        case Period.DAY:
            return start + _MINUTES_A_DAY
        case Period.WEEK:
            return start + 7 * _MINUTES_A_DAY
    day = _EPOCH + timedelta(minutes=start)
    if period is Period.MONTH:
        return _minute_of((day + timedelta(days=31)).replace(day=1))
    return _minute_of(day.replace(year=day.year + 1))


def _minute_of(day: date) -> int:
    return (day - _EPOCH).days * _MINUTES_A_DAY
