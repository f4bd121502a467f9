"""Instants: RFC 3339 texts with a zone, as integer nanoseconds since 1970-01-01T00:00:00Z."""

import re
from datetime import datetime

SECOND = 1_000_000_000
DAY = 86_400 * SECOND

YEAR_MIN, YEAR_MAX = 2, 9997
"""Inside what a calendar date can be, so that neither a zone nor a call of a year leads out of it."""

_EPOCH_ORDINAL = datetime(1970, 1, 1).toordinal()
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)


class InstantError(ValueError):
    """The text is no RFC 3339 time with a zone, or names a day or clock that does not exist."""


_DAYS_REMEMBERED_MAX = 4096
"""Dates whose text is kept in either direction: calls of one week share seven."""

_day_of_date: dict[str, int] = {}
_date_of_day: dict[int, str] = {}
_MINUTES = {f"{minute // 60:02d}:{minute % 60:02d}:": minute * 60 for minute in range(1440)}
_MINUTE_TEXTS = tuple(_MINUTES)
_SECONDS = {f"{second:02d}Z": second for second in range(60)}
_SECOND_TEXTS = tuple(f"{second:02d}" for second in range(60))


def parse(text: str) -> tuple[int, int]:
    """Read an RFC 3339 time: (nanoseconds since the epoch, zone offset in nanoseconds).

    Digits beyond the nanosecond are dropped. Raises InstantError.
    """
    # what nearly every switch sends, 2012-02-02T17:30:00Z, is three look-ups
    day = _day_of_date.get(text[:11])
    minute = _MINUTES.get(text[11:17])
    second = _SECONDS.get(text[17:])
    if day is None or minute is None or second is None:
        return _parse_any(text)
    return (day + minute + second) * SECOND, 0


def _parse_any(text: str) -> tuple[int, int]:
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise InstantError(f"expected an RFC 3339 time with a zone, got {text[:40]!r}")
    clock, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(clock)
    except ValueError as error:
        raise InstantError(f"{text[:40]!r} is no time: {error}") from None
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        raise InstantError(f"{text[:40]!r} is outside the years {YEAR_MIN} to {YEAR_MAX}")
    midnight = (moment.toordinal() - _EPOCH_ORDINAL) * 86_400
    if len(_day_of_date) >= _DAYS_REMEMBERED_MAX:
        _day_of_date.clear()
    _day_of_date[clock[:11].upper()] = midnight
    seconds = midnight + moment.hour * 3_600 + moment.minute * 60 + moment.second
    offset = 0
    if len(zone) > 1:
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        if hours > 23 or minutes > 59:
            raise InstantError(f"{text[:40]!r} has a zone beyond 23:59")
        offset = (hours * 3_600 + minutes * 60) * (-1 if zone[0] == "-" else 1)
    nanoseconds = int(fraction.ljust(9, "0")) if fraction else 0
    return (seconds - offset) * SECOND + nanoseconds, offset * SECOND


def text(instant_ns: int, offset_ns: int = 0) -> str:
    """Print an instant as RFC 3339 in the zone given, trailing zeros of the fraction dropped."""
    local_s, fraction = divmod(instant_ns + offset_ns, SECOND)
    day, clock = divmod(local_s, 86_400)
    date = _date_of_day.get(day)
    if date is None:
        if len(_date_of_day) >= _DAYS_REMEMBERED_MAX:
            _date_of_day.clear()
        date = _date_of_day[day] = f"{datetime.fromordinal(day + _EPOCH_ORDINAL):%Y-%m-%dT}".rjust(11, "0")
    tail = f".{fraction:09d}".rstrip("0") if fraction else ""
    minute, second = divmod(clock, 60)
    return (
        f"{date}{_MINUTE_TEXTS[minute]}{_SECOND_TEXTS[second]}{tail}{_zone(offset_ns) if offset_ns else 'Z'}"
    )


def _zone(offset_ns: int) -> str:
    minutes = abs(offset_ns) // (60 * SECOND)
    return f"{'-' if offset_ns < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
