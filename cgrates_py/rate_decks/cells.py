"""Reads single cells of rate decks: codes and their lists, prices, increments, dates.

Each reader gives the exact value, or raises Dirty with what was expected; Mended is a value that is not as it
was written.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from rater.quantity import SCALE
from storage.loading import values

T = TypeVar("T")

CODE_DIGITS_MAX = 15
RANGE_MAX = 1_000
"""Codes that one range may stand for; a wider one is a mistake."""
SECONDS_MAX = 86_400

_SCIENTIFIC = re.compile(r"\d+([.,]\d+)?e\+?\d+", re.IGNORECASE | re.ASCII)
_DATE_LIKE = re.compile(
    r"\d{1,4}[-/. ][a-z]{3}([-/. ]\d{1,4})?|[a-z]{3}[-/. ]\d{1,4}|\d+[/.]\d+[/.]\d+", re.I
)
_LIST = re.compile(r"[,;\n]+|(?<=\d)\s+and\s+(?=\d)")
_RANGE = re.compile(r"(\d+)\s*[-\u2013\u2014]\s*(\d+)", re.ASCII)
_PRICE = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d{1,2})?|[-+]?\.\d+", re.IGNORECASE | re.ASCII)
_THOUSANDS = re.compile(r"([-+]?[1-9]\d{0,2}([.,' \u00a0])\d{3}(?:\2\d{3})*)(?:(?!\2)[.,](\d+))?", re.ASCII)
_CURRENCY = re.compile(r"[$€£¥]|\b(?:USD|EUR|GBP|CHF|RON)\b|/\s*min\w*\.?$", re.IGNORECASE)
_INCREMENTS = re.compile(
    r"(\d{1,5})(?:\s*s\w*)?\s*[/\\+:x-]\s*(\d{1,5})(?:\s*s\w*)?", re.ASCII | re.IGNORECASE
)
_SECONDS = re.compile(r"(\d{1,5})(?:\.0+)?\s*(?:s|sec|secs|seconds)?", re.ASCII | re.IGNORECASE)
_EXCEL_DAY = re.compile(r"[345]\d{4}(\.0+)?", re.ASCII)
_NUMERIC_DATE = re.compile(
    r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?:[ T](\d\d:\d\d(?::\d\d)?))?", re.ASCII
)

_EPOCH = datetime(1970, 1, 1)

ISO_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M",
             "%Y/%m/%d %H:%M:%S")  # fmt: skip
NAMED_DATES = (
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d/%b/%Y",
    "%d.%b.%Y",
)


class Dirty(ValueError):  # noqa: N818 -- what the cell is, not that the program erred
    """A cell cannot be taken; the text says what was expected."""


class Mended(NamedTuple, Generic[T]):
    """What a cell means, and what was expected of it if it was not written so."""

    value: T
    expected: str = ""


def codes(text: str, country: str = "") -> Mended[tuple[str, ...]]:
    """Read a code, a list or ranges (``1, 3-5, 70``), behind the country's calling code if there is one."""
    found: dict[str, None] = {}
    expected = ""
    pieces = [piece for piece in _LIST.split(text.strip()) if piece.strip()]
    if not pieces and country:
        return Mended((country,))
    head, _, rest = pieces[0].strip().partition(" ") if pieces else ("", "", "")
    if not country and len(pieces) > 1 and rest.strip() and head.lstrip("+").isdecimal():
        country, pieces[0] = head.lstrip("+"), rest  # "61 38, 39": the calling code stands once
    for piece in pieces:
        each = _code(piece.strip(), country)
        expected = expected or each.expected
        found.update(dict.fromkeys(each.value))
    if not found:
        raise Dirty("a code")
    return Mended(tuple(found), expected)


def _code(text: str, country: str) -> Mended[tuple[str, ...]]:
    if (match := _RANGE.fullmatch(text)) is not None:
        first, last = match.groups()
        if len(first) == len(last):
            return Mended(tuple(_checked(country + each) for each in _range(first, last)))
        if country or len(first) > min(3, len(last)):
            raise Dirty("a range of codes of one length")
        return Mended((_checked(first + last),), "a code of digits")
    bare = text.removesuffix(".0")
    if bare.isascii() and bare.isdecimal():
        if country:
            return Mended((_checked(country + bare),), "" if bare == text else "a code of digits")
        if bare.startswith("00"):
            return Mended((_checked(bare[2:]),), "a code without the international access code")
        return Mended((_checked(bare),), "" if bare == text else "a code of digits")
    if _SCIENTIFIC.fullmatch(text):
        raise Dirty("a code; a spreadsheet has cut its digits")
    if _DATE_LIKE.fullmatch(text):
        raise Dirty("a code; a spreadsheet has made a date of it")
    digits = re.sub(r"[\s+().\-']", "", text)
    if not (digits.isascii() and digits.isdecimal()):
        raise Dirty("a code of digits")
    plain = "" if text == f"+{digits}" else "a code of digits"
    if not country and digits.startswith("00"):
        digits, plain = digits[2:], "a code without the international access code"
    return Mended((_checked(country + digits),), plain)


def _range(first: str, last: str) -> list[str]:
    low, high = int(first), int(last)
    if not low <= high < low + RANGE_MAX:
        raise Dirty(f"a range that goes up, of at most {RANGE_MAX} codes")
    return [f"{number:0{len(first)}d}" for number in range(low, high + 1)]


def _checked(code: str) -> str:
    if not 1 <= len(code) <= CODE_DIGITS_MAX:
        raise Dirty(f"a code of at most {CODE_DIGITS_MAX} digits")
    if code.startswith("0"):
        raise Dirty("a code that begins with a calling code, not with 0")
    return code


def price(text: str) -> Mended[Decimal]:
    """Read a price: a decimal point or comma, perhaps a currency sign. It can be negative here."""
    bare = _ungrouped(_CURRENCY.sub("", text).strip())
    if _PRICE.fullmatch(bare) is None:
        raise Dirty("a price")
    return Mended(Decimal(bare), "a price in plain digits" if "e" in bare.lower() else "")


def _ungrouped(bare: str) -> str:
    """Leave out what stands between thousands, where that is certain; a comma alone is a decimal one."""
    match = _THOUSANDS.fullmatch(bare)
    if match is None or (match[3] is None and match[2] in ".,"):
        return bare.replace(",", ".")
    return re.sub(r"[^\d+-]", "", match[1]) + f".{match[3] or 0}"


def money(value: Decimal, check: Callable[[Decimal], Decimal] = values.price) -> Decimal:
    """Check that a price can be kept exactly."""
    try:
        return check(value)
    except values.Expected as error:
        raise Dirty(f"a price: {error}") from None


def seconds(text: str) -> int:
    """Read an increment in seconds."""
    match = _SECONDS.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= SECONDS_MAX:
        raise Dirty(f"an increment from 1 to {SECONDS_MAX} seconds")
    return int(match[1])


def increments(text: str) -> tuple[int, int]:
    """Read initial and next increment: ``60/1``, ``30-6``; one alone is both."""
    match = _INCREMENTS.fullmatch(text)
    if match is None:
        both = seconds(text)
        return both, both
    return seconds(match[1]), seconds(match[2])


def day_and_month(text: str) -> tuple[int, int]:
    """Tell the first two numbers of a date like 01/02/2026; zeros for any other text."""
    match = _NUMERIC_DATE.fullmatch(text)
    return (int(match[1]), int(match[2])) if match is not None else (0, 0)


class Dates:
    """Reads dates as instants (nanoseconds). ``order`` tells 01/02/2026: ``dmy``, ``mdy`` or unknown."""

    def __init__(self, order: str | None, zone: str) -> None:
        self.order = order
        self._zone = ZoneInfo(zone)

    def instant(self, text: str) -> Mended[int]:
        """Read a date or a date with a time: the instant at which it begins in the zone.

        What is before 1700 becomes 1700, as in every tariff; it can be beyond what a tariff may say.
        """
        expected = ""
        if (match := _NUMERIC_DATE.fullmatch(text)) is not None:
            moment = self._numeric(*match.groups(), dotted="." in text)
        elif _EXCEL_DAY.fullmatch(text):
            moment = datetime(1899, 12, 30) + timedelta(days=int(text.partition(".")[0]))
            expected = "a date; this is the number of a spreadsheet's day"
        else:
            moment = _named(text)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=self._zone)
        since = moment.replace(tzinfo=None) - _EPOCH - (aware.utcoffset() or timedelta())
        return Mended(max(since // timedelta(seconds=1) * SCALE, values.EARLIEST_NS), expected)

    def _numeric(self, first: str, second: str, year: str, clock: str | None, *, dotted: bool) -> datetime:
        one, two = int(first), int(second)
        if one > 12 >= two:
            day, month = one, two
        elif two > 12 >= one:
            month, day = one, two
        elif one == two or dotted or self.order == "dmy":  # nobody puts months before dots
            day, month = one, two
        elif self.order == "mdy":
            month, day = one, two
        else:
            raise Dirty("a date whose day shows (say --dates dmy or mdy)")
        hour, minute, second_of = ([int(each) for each in (clock or "0:0").split(":")] + [0])[:3]
        try:
            return datetime(int(year) + (2000 if len(year) == 2 else 0), month, day, hour, minute, second_of)
        except ValueError:
            raise Dirty("a date that there is") from None


def _named(text: str) -> datetime:
    for form in ISO_DATES + NAMED_DATES:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Dirty("a date such as 2026-01-31") from None
