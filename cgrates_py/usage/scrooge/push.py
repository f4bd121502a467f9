"""Takes ``serviceusages``: what ventures used of a service on a day.

Checks go in this order: shape, service, date, then ventures and symbols as they stand, at last values. The
first that fails answers, and nothing is stored.
"""

from typing import Any, NamedTuple

from cgrates_py.usage.scrooge import answers
from cgrates_py.usage.scrooge.known import Known
from cgrates_py.usage.scrooge.values import (
    DAY_NS,
    BodyError,
    is_json,
    read_day,
    read_json,
    read_quantity,
    shown,
    word,
)
from protocol.usage import DialectAnswer, DialectRequest
from rater.usage.records import Drop, Row

BOOK = "scrooge"

VALUES_ONLY = "values_only"
DELETE_ALL_PREVIOUS = "delete_all_previous"


class RefusedError(Exception):
    """A push is not stored; ``answer`` tells why."""

    def __init__(self, answer: DialectAnswer) -> None:
        super().__init__()
        self.answer = answer


class Push(NamedTuple):
    """What a message asks to store."""

    service: str
    day: int
    rows: list[Row]
    drops: list[Drop]


def read_push(request: DialectRequest, known: Known, today: int) -> Push:
    """Read a message against the set-up. Raises RefusedError."""
    message = _message(request)
    entries = _entries(message, "venture_usages")
    usages = [_entries(entry, "usages") for entry in entries]
    service = word(message.get("service"))
    if service not in known.services:
        raise RefusedError(answers.text(400, f"Invalid service symbol: {shown(service)}"))
    day = read_day(message.get("date"), today)
    if day is None:
        raise RefusedError(answers.unreadable())
    rows = _rows(entries, usages, day, known)
    return Push(service, day, rows, _drops(message.get("overwrite"), rows))


def _message(request: DialectRequest) -> dict[str, Any]:
    try:
        message = read_json(request.Body) if is_json(request.Headers.get("content-type", "")) else None
    except BodyError:
        message = None
    if not isinstance(message, dict):
        raise RefusedError(answers.unreadable())
    return message


def _entries(members: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Take a list of objects; elements that are null are passed over."""
    found = members.get(name)
    if found is None:
        flaw = f"The '{name}' field has no data and doesn't allow a null value."
        raise RefusedError(answers.json(400, {"error": flaw}))
    if not isinstance(found, list):
        raise RefusedError(answers.unreadable())
    for each in found:
        if each is not None and not isinstance(each, dict):
            flaw = (
                f"The '{name}' field was given data that was not a URI, not a dictionary-alike"
                f" and does not have a 'pk' attribute: {shown(each)}."
            )
            raise RefusedError(answers.json(400, {"error": flaw}))
    return [each for each in found if each is not None]


def _rows(
    entries: list[dict[str, Any]], usages: list[list[dict[str, Any]]], day: int, known: Known
) -> list[Row]:
    at_ns, end_ns = day * DAY_NS, (day + 1) * DAY_NS
    rows = []
    sound = True
    for entry, used in zip(entries, usages, strict=True):
        venture = word(entry.get("venture"))
        if venture not in known.ventures:
            raise RefusedError(answers.text(400, f"Invalid or inactive venture (symbol: {shown(venture)})"))
        for usage in used:
            symbol = word(usage.get("symbol"))
            if symbol not in known.types:
                raise RefusedError(answers.text(400, f"Invalid usage type symbol: {shown(symbol)}"))
            value = read_quantity(usage.get("value"))
            sound = sound and value is not None
            rows.append(Row(venture, symbol, value or "", at_ns, end_ns))
    if not sound:
        raise RefusedError(answers.unreadable())
    return rows


def _drops(overwrite: Any, rows: list[Row]) -> list[Drop]:
    """Tell what of the day goes, for the symbols of the message: nothing, its ventures, or everyone."""
    if overwrite == DELETE_ALL_PREVIOUS:
        return [Drop(symbol) for symbol in dict.fromkeys(row.metric for row in rows)]
    if overwrite != VALUES_ONLY:
        return []
    ventures: dict[str, dict[str, None]] = {}
    for row in rows:
        ventures.setdefault(row.metric, {})[row.account] = None
    return [Drop(symbol, tuple(named)) for symbol, named in ventures.items()]
