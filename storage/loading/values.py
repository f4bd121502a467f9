"""Reads the values that tariff files are made of: numbers, money, durations, clocks, days, prefixes.

Every reader returns the exact value or raises Expected with the words for the report.
"""

import re
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rater import instant
from rater.quantity import AMOUNT_MAX, SCALE
from rater.tariff import DAY_SECONDS

UNITS_MAX = 9_000_000_000
"""Money, seconds and units either side of zero (``rater.quantity.AMOUNT_MAX``)."""

PRICE_DECIMALS_MAX = 18
"""Decimals of a price, weight or billing unit: with ten digits before the point still exact in Decimal."""

EARLIEST_NS = -8_520_336_000 * SCALE
"""1700-01-01T00:00:00Z: what "always been active" is kept as; nanoseconds before it leave 64 bits."""

LATEST_NS = (1 << 63) - 1
"""The last instant (in 2262) that 64 bits of nanoseconds hold."""

_NUMBER = re.compile(r"-?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,2})?", re.ASCII)
_PREFIX = re.compile(r"\+?\d{1,32}", re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)", re.ASCII)
_DURATION_PIECE = re.compile(r"(\d{1,20}(?:\.\d{1,20})?)(h|ms|us|µs|ns|m|s)", re.ASCII)
_PIECE_NS = {
    "h": 3_600 * SCALE,
    "m": 60 * SCALE,
    "s": SCALE,
    "ms": 1_000_000,
    "us": 1_000,
    "µs": 1_000,
    "ns": 1,
}


class Expected(ValueError):  # noqa: N818 -- reads as the report does: expected a number
    """A value is not what it has to be; the text says what was expected."""


def number(text: str) -> Decimal:
    """Read a decimal number."""
    if _NUMBER.fullmatch(text) is None:
        raise Expected("a number")
    return Decimal(text)


def exact(value: Decimal, least: Decimal | int = -UNITS_MAX) -> Decimal:
    """Check a price, weight or billing unit: finite, within bounds, not more decimals than Decimal keeps."""
    if not value.is_finite() or value.adjusted() > 9 or not least <= value <= UNITS_MAX:
        raise Expected(f"a number from {least} to {UNITS_MAX}")
    if _decimals(value) > PRICE_DECIMALS_MAX:
        raise Expected(f"at most {PRICE_DECIMALS_MAX} decimals")
    return value if value else Decimal(0)


def price(value: Decimal) -> Decimal:
    """Check a price: not negative."""
    return exact(value, 0)


def fee(value: Decimal) -> Decimal:
    """Check a fee or cap: not negative, at most nine decimals, because it is taken as it is."""
    if _decimals(price(value)) > 9:
        raise Expected("at most 9 decimals")
    return exact(value, 0)


def amount(value: Decimal, least: int = -UNITS_MAX) -> int:
    """Convert money, seconds or units to the scale of 10⁻⁹, exactly."""
    value = exact(value, least)
    numerator, denominator = value.as_integer_ratio()
    scaled, rest = divmod(numerator * SCALE, denominator)
    if rest:
        raise Expected("at most 9 decimals")
    return scaled


def quantity(value: Decimal) -> int:
    """Convert an amount that cannot be negative to the scale of 10⁻⁹."""
    return amount(value, 0)


def whole(value: Decimal, least: int, most: int) -> int:
    """Convert a whole number within bounds."""
    if not value.is_finite() or value.adjusted() > 18 or value != int(value) or not least <= value <= most:
        raise Expected(f"a whole number from {least} to {most}")
    return int(value)


@lru_cache(maxsize=1_024)
def duration_ns(text: str) -> int:
    """Read ``1h``, ``1m30s``, ``500ms`` or a bare number of seconds (or units)."""
    if _NUMBER.fullmatch(text):
        return quantity(Decimal(text))
    total, position = Decimal(0), 0
    while position < len(text) or not text:
        piece = _DURATION_PIECE.match(text, position)
        if piece is None:
            raise Expected("a duration such as 60s, 1m30s, 500ms or a number of seconds")
        numerator, denominator = Decimal(piece[1]).as_integer_ratio()
        nanoseconds, rest = divmod(numerator * _PIECE_NS[piece[2]], denominator)
        if rest:
            raise Expected("a duration in whole nanoseconds")
        total += nanoseconds
        position = piece.end()
    if total > AMOUNT_MAX:
        raise Expected(f"a duration of at most {UNITS_MAX} seconds")
    return int(total)


def positive_duration_ns(text: str) -> int:
    """Read a duration above zero."""
    if (nanoseconds := duration_ns(text)) == 0:
        raise Expected("a duration above 0")
    return nanoseconds


def clock_s(text: str) -> int:
    """Read the clock ``hh:mm:ss`` as seconds of the day."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise Expected("a clock hh:mm:ss")
    return int(match[1]) * 3_600 + int(match[2]) * 60 + int(match[3])


def end_clock_s(text: str) -> int:
    """Read the end of an interval: ``23:59:59`` and ``24:00:00`` are the end of the day."""
    return DAY_SECONDS if text in {"23:59:59", "24:00:00"} else clock_s(text)


def instant_ns(text: str) -> int:
    """Read an RFC 3339 time with a zone; what is before 1700 becomes 1700."""
    if text.startswith("0001-01-01T00:00:00"):
        return EARLIEST_NS
    try:
        nanoseconds, _ = instant.parse(text)
    except instant.InstantError:
        raise Expected("a time such as 2026-01-31T00:00:00Z") from None
    if nanoseconds > LATEST_NS:
        raise Expected("a time before 2262")
    return max(nanoseconds, EARLIEST_NS)


def prefix(text: str) -> str:
    """Check a prefix: an optional + and up to 32 digits."""
    if _PREFIX.fullmatch(text) is None:
        raise Expected("a prefix of 1 to 32 digits, perhaps after a +")
    return text


def identifier(text: str) -> str:
    """Check a name: up to 128 printable characters, no ``;`` (which separates names in lists)."""
    if not 1 <= len(text) <= 128 or not text.isprintable() or ";" in text:
        raise Expected("an Id of 1 to 128 printable characters without ;")
    return text


def destination(text: str) -> str:
    """Check the Id of a destination; one with ``;`` in it is several destinations together."""
    for name in text.split(";"):
        identifier(name)
    return text


def at_activation(text: str) -> bool:
    """Read what becomes of a running call when another version is activated: whether it is cut."""
    if text not in {"*start", "*span"}:
        raise Expected("*start or *span")
    return text == "*span"


@lru_cache(maxsize=1_024)
def zone(text: str) -> str:
    """Check the name of an IANA time zone."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Expected("an IANA time zone such as Europe/Bucharest") from None
    return text


def _decimals(value: Decimal) -> int:
    """Count the decimals that a number needs; those that are only written, like 0.20, do not count."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or not value:
        return 0
    trailing = 0
    for digit in reversed(digits):
        if digit:
            break
        trailing += 1
    return max(0, -exponent - trailing)
