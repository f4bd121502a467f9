"""Reads which rows of a book are asked for: from the parameters of a request, or the options of a command."""

import re
from collections.abc import Mapping
from datetime import date

from cgrates_py.usage.lists import NAMESPACES, Selection
from rater import instant

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EPOCH = date(1970, 1, 1).toordinal()


class SelectionError(ValueError):
    """What is asked for makes no sense. The text is the parameter and what is wrong with it."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(f"{parameter}: {reason}")
        self.parameter = parameter
        self.reason = reason


def namespace(given: Mapping[str, str]) -> str:
    """Tell the book of usage that is asked for. Raises SelectionError."""
    name = given.get("namespace", "")
    if name not in NAMESPACES:
        raise SelectionError("namespace", f"expected one of {', '.join(NAMESPACES)}, got {name[:40]!r}")
    return name


def selection(book: str, given: Mapping[str, str]) -> Selection:
    """Read ``date`` or ``from`` and ``to``, ``account``, ``metric``; what is empty is not asked.

    A time is RFC 3339, or a date, which stands for the whole day in UTC: from its beginning, to its end. An
    instant that is given as the end is not included. Raises SelectionError.
    """
    day, first, last = (given.get(name, "") for name in ("date", "from", "to"))
    if day and (first or last):
        raise SelectionError("date", "expected this, or from and to")
    from_ns, to_ns = _bound("from", first, 0), _bound("to", last, 1)
    if day:
        from_ns = _day("date", day) * instant.DAY
        to_ns = from_ns + instant.DAY
    if from_ns is not None and to_ns is not None and from_ns > to_ns:
        raise SelectionError("to", "expected a time that is not before from")
    return Selection(book, from_ns, to_ns, given.get("account") or None, given.get("metric") or None)


def _bound(parameter: str, text: str, days_more: int) -> int | None:
    if not text:
        return None
    if "T" not in text.upper():
        return (_day(parameter, text) + days_more) * instant.DAY
    try:
        return instant.parse(text)[0]
    except instant.InstantError as error:
        raise SelectionError(parameter, str(error)) from None


def _day(parameter: str, text: str) -> int:
    try:
        found = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or not instant.YEAR_MIN <= found.year <= instant.YEAR_MAX:
        raise SelectionError(parameter, f"expected a date YYYY-MM-DD, got {text[:40]!r}")
    return found.toordinal() - _EPOCH
