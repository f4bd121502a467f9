"""Tells rows of books by the members that lists of them have: as JSON, for CSV, as texts."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from cgrates_py.csv_export import Cell
from cgrates_py.usage.journals import Taken
from rater import instant
from rater.usage.records import Numbered

USAGE_COLUMNS = ("date", "account", "metric", "value", "from", "to", "remarks", "link", "seq")
CHARGE_COLUMNS = (
    *("account", "metric", "quantity", "amount", "from", "to", "destination", "start"),
    *("source", "link", "remarks", "seq"),
)
"""The members that rows have, in order; those that say nothing are left out."""

Members = dict[str, str | int | None]
"""Numbers that were kept as text are so here; ``NUMBERS`` names them."""
NUMBERS = ("value", "quantity", "amount")

_EPOCH = date(1970, 1, 1).toordinal()
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_DIGITS_MAX = 400
"""Zeros that a cell prints before an exponent is better."""

_encode = msgspec.json.Encoder().encode


def usage_members(numbered: Numbered) -> Members:
    """Tell a row of usage: its date, and from when to when if that is no whole day of UTC."""
    seq, _, (account, metric, value, at_ns, end_ns, _, remarks, link) = numbered
    day, clock = divmod(at_ns, instant.DAY)
    members: Members = {
        "date": date.fromordinal(day + _EPOCH).isoformat(),
        "account": account,
        "metric": metric,
        "value": value,
    }
    if clock or end_ns != at_ns + instant.DAY:
        members |= {"from": instant.text(at_ns), "to": instant.text(end_ns)}
    return _with_notes(members, remarks, link) | {"seq": seq}


def charge_members(charge: Numbered | Taken) -> Members:
    """Tell a charge: so much for a quantity; its source is the dialect that its link begins with.

    The source of one that a journal tells is its line, and it has no number of the books.
    """
    if isinstance(charge, Taken):
        return _taken_members(charge)
    seq, _, (account, metric, value, at_ns, end_ns, price, remarks, link) = charge
    members: Members = {
        "account": account,
        "metric": metric,
        "quantity": value,
        "amount": price or None,
        "from": instant.text(at_ns),
        "to": instant.text(end_ns),
        "source": link.partition(":")[0],
    }
    return _with_notes(members, remarks, link) | {"seq": seq}


def _taken_members(taken: Taken) -> Members:
    at = instant.text(taken.at_ns)
    members: Members = {
        "account": taken.account,
        "metric": taken.metric,
        "quantity": taken.quantity or None,
        "amount": taken.amount,
        "from": at,
        "to": at,
    }
    call = taken.call
    if call is not None:
        members["destination"] = call.number
        if call.end_ns:
            members["start"] = instant.text(call.start_ns, call.offset_ns)
    members["source"] = taken.source
    several = taken.counted if len(taken.counted) > 1 else ()
    return _with_notes(members, ", ".join(f"{series} {number}" for series, number in several), "")


Show = Callable[[Any], Members]
"""Tells a row of one kind of list."""


def json_text(members: Members) -> bytes:
    """Print a row as JSON: what was kept as a number is one, with the digits that it came with."""
    numbers = {name: _raw(text) for name in NUMBERS if isinstance(text := members.get(name), str)}
    return _encode(members | numbers)


def cells(members: Members) -> dict[str, Cell]:
    """Tell a row as cells of CSV."""
    numbers = {name: _cell(text) for name in NUMBERS if isinstance(text := members.get(name), str)}
    return members | numbers


def _with_notes(members: Members, remarks: str, link: str) -> Members:
    if remarks:
        members["remarks"] = remarks
    if link:
        members["link"] = link
    return members


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _raw(text: str) -> msgspec.Raw | str:
    if _JSON_NUMBER.fullmatch(text):
        return msgspec.Raw(text.encode())
    number = _decimal(text)
    return text if number is None else msgspec.Raw(str(number).encode())


def _cell(text: str) -> Decimal | str:
    number = _decimal(text)
    if number is None or abs(number.adjusted()) > _DIGITS_MAX:
        return text
    return number
