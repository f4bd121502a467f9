"""Reads what comes in messages: JSON with its numbers as written, days in any writing, exact decimals."""

import re
import warnings
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from dateutil import parser

from rater.usage.records import DAY_S

DAY_NS = DAY_S * 1_000_000_000
DAYS_MAX = 106_751
"""Days from 1970 on that nanoseconds in 64 bits reach to their end; the last is 2262-04-10."""
DATE_CHARACTERS_MAX = 64
TEXT_MAX = 255
"""Characters of a remark, and of an Idempotency-Key."""
SHOWN_MAX = 200
"""Characters of what came that an answer repeats."""
INTEGER_DIGITS_MAX = 30
DECIMALS_MAX = 60
"""Beyond these a sum of exact numbers would be long without being of use."""

_EPOCH = date(1970, 1, 1).toordinal()
_NUMBER = re.compile(r"[+-]?(\d{1,100}(\.\d{0,100})?|\.\d{1,100})([eE][+-]?\d{1,3})?", re.ASCII)

_JSON_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


class Literal(str):
    """A number with a point or an exponent, as it was written."""

    __slots__ = ()


class BodyError(ValueError):
    """A body is not JSON."""


_decode = msgspec.json.Decoder(float_hook=Literal).decode
_encode = msgspec.json.Encoder().encode


def read_json(text: str) -> Any:
    """Read JSON; numbers are ``int`` and ``Literal``. Raises BodyError."""
    try:
        return _decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BodyError(str(error)) from None


def write_json(value: Any) -> str:
    """Write JSON."""
    return _encode(value).decode()


def is_json(content_type: str) -> bool:
    """Tell whether a content type is that of JSON."""
    return content_type.partition(";")[0].strip().lower() == "application/json"


def word(value: Any) -> str:
    """Take a symbol or name: a number counts by its digits, nothing is ``None``."""
    return value if type(value) is str else str(value)


def shown(value: Any) -> str:
    """Give the beginning of what came, for an answer."""
    return str(value)[:SHOWN_MAX]


def read_day(value: Any, today: int) -> int | None:
    """Read a date in any usual writing as days since 1970; a time of day is dropped. None: it is none.

    What the text leaves out is taken from ``today``.
    """
    if type(value) is not str or len(value) > DATE_CHARACTERS_MAX:
        return None
    try:
        found = date.fromisoformat(value) if len(value) == 10 else _free(value, today)
    except ValueError:
        found = _free(value, today)
    if found is None:
        return None
    day = found.toordinal() - _EPOCH
    return day if 0 <= day < DAYS_MAX else None


def _free(text: str, today: int) -> date | None:
    default = datetime.fromordinal(today + _EPOCH)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a zone that it does not know: the day is the one written
            return parser.parse(text, default=default, ignoretz=True).date()
    except (ValueError, ArithmeticError, TypeError, AttributeError, IndexError):
        return None  # what the library raises for texts that are no dates has changed over its versions


def iso_day(text: str) -> int | None:
    """Read ``YYYY-MM-DD``; None for a date that there is not."""
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH
    except ValueError:
        return None


def day_text(day: int) -> str:
    """Write a day as ``YYYY-MM-DD``."""
    return date.fromordinal(day + _EPOCH).isoformat()


def day_of(now_ns: int) -> int:
    """Tell the day of an instant, in UTC."""
    return datetime.fromtimestamp(now_ns // 1_000_000_000, UTC).toordinal() - _EPOCH


def read_quantity(value: Any) -> str | None:
    """Read a number or the text of one, exactly; None: it is none, or beyond all use."""
    if type(value) is int:
        return str(value) if abs(value) < 10**INTEGER_DIGITS_MAX else None
    if not isinstance(value, str) or len(value) > TEXT_MAX or not _NUMBER.fullmatch(text := value.strip()):
        return None
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -DECIMALS_MAX or number.adjusted() >= INTEGER_DIGITS_MAX:
        return None
    return text if _JSON_NUMBER.fullmatch(text) else format(number, "f")


def plain_number(value: str) -> msgspec.Raw:
    """Give a kept decimal as a JSON number, with the digits that came."""
    return msgspec.Raw(format(Decimal(value), "f").encode())
