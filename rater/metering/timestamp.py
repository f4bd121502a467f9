"""Timestamps of reported transactions, as gateways write them.

UNIX seconds, or a date with at least year, month and day, with or
without a clock and a zone (UTC without). What is not understood means the time of receipt.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from rater.instant import SECOND

OLDEST_S = 86_400
"""A transaction may be so much older than its receipt, …"""
NEWEST_S = 3_600
"""… or so far in its future; both bounds are included."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_ZONES = {
    "": 0,
    "z": 0,
    "utc": 0,
    "gmt": 0,
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
    "cet": 1,
    "cest": 2,
    "eet": 2,
    "eest": 3,
    "bst": 1,
    "jst": 9,
}
_SECONDS = re.compile(r"\s*([+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+))\s*", re.ASCII)
_CLOCK = (
    r"(?:[T\s]\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9})\d*)?)?)?"
)
_ZONE = r"\s*(?P<zone>[A-Za-z]*|(?:UTC|GMT)?[+-]\d{2}:?\d{2})\s*"
_FORMS = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        rf"\s*(?P<year>\d{{4}})(?P<sep>[-/])(?P<month>\d{{1,2}})(?P=sep)(?P<day>\d{{1,2}}){_CLOCK}{_ZONE}",
        rf"\s*(?:[a-z]{{3}},?\s+)?(?P<day>\d{{1,2}})[\s-](?P<name>[a-z]{{3}})[a-z]*[\s-](?P<year>\d{{4}}){_CLOCK}{_ZONE}",
    )
)
_LENGTH_MAX = 64


@lru_cache(maxsize=4096)
def parse_timestamp(text: str) -> int | None:
    """Read a timestamp as nanoseconds since the epoch; None if it is blank or not understood."""
    if not text or len(text) > _LENGTH_MAX:
        return None
    if (seconds := _SECONDS.fullmatch(text)) is not None:
        digits = seconds[1]
        return int(digits, 16 if "x" in digits.lower() else 10) * SECOND
    for form in _FORMS:
        if (match := form.fullmatch(text)) is not None:
            return _instant(match)
    return None


def _instant(match: re.Match[str]) -> int | None:
    found = match.groupdict()
    month = int(found["month"]) if found.get("month") else _MONTHS.get(found.get("name", "").lower(), 0)
    offset = _offset(found["zone"])
    if offset is None:
        return None
    try:
        moment = datetime(
            int(found["year"]),
            month,
            int(found["day"]),
            int(found["hour"] or 0),
            int(found["minute"] or 0),
            int(found["second"] or 0),
            tzinfo=UTC,
        )
    except ValueError:
        return None
    fraction = int((found["fraction"] or "").ljust(9, "0"))
    return (moment - _EPOCH) // timedelta(seconds=1) * SECOND - offset * SECOND + fraction


def _offset(zone: str) -> int | None:
    """Tell a zone's seconds east of UTC; None for one that is not known."""
    plain = zone.lower()
    if plain in _ZONES:
        return _ZONES[plain] * 3600
    if len(plain) > 3 and plain[:3] in ("utc", "gmt"):
        plain = plain[3:]
    if plain[0] not in "+-":
        return None
    hours, minutes = int(plain[1:3]), int(plain[-2:])
    if hours > 23 or minutes > 59:
        return None
    return (hours * 3600 + minutes * 60) * (-1 if plain[0] == "-" else 1)
