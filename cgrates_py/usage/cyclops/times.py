"""Reads times as clients of Cyclops RC write them: ``2015-06-10 03:59``, also with seconds, ``T``, quotes."""

import re

from rater import instant

MILLISECONDS_FROM = 100_000_000_000
"""A number from here on (the year 5138 in seconds, 1973 in milliseconds) is milliseconds since the epoch."""
_MILLISECOND = 1_000_000
_NUMBER_MAX = 9_000_000_000_000

_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?Z?", re.ASCII)


def read_time(text: str) -> int:
    """Read a time in UTC: nanoseconds since the epoch. A day alone is its midnight. Raises ValueError."""
    plain = bare(text)
    found = _WRITTEN.fullmatch(plain)
    if found is None:
        return instant.parse(plain)[0]
    date, clock, seconds, fraction = found.groups()
    return instant.parse(f"{date}T{clock or '00:00'}:{seconds or '00'}.{fraction or '0'}Z")[0]


def read_timestamp(value: object, now_ns: int) -> int:
    """Read the time of a usage: a text as above, seconds or milliseconds since the epoch, or nothing: now.

    Raises ValueError.
    """
    if value is None:
        return now_ns
    if isinstance(value, str):
        return read_time(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _NUMBER_MAX:
        raise ValueError("expected a time, or milliseconds since 1970")
    return value * (_MILLISECOND if value >= MILLISECONDS_FROM else instant.SECOND)


def bare(text: str) -> str:
    """Take quotes and blanks off."""
    return text.replace("'", "").replace('"', "").strip()


def normalised(text: str) -> str:
    """Write a time as answers about charges echo it: without quotes, a blank for ``T``."""
    return bare(text).replace("T", " ")


def milliseconds(at_ns: int) -> int:
    """Tell the milliseconds since the epoch."""
    return at_ns // _MILLISECOND


def written(at_ns: int) -> str:
    """Write a time as RFC 3339."""
    return instant.text(at_ns)
