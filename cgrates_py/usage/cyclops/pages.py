"""Writes the answers of Cyclops RC in the shapes of its wiki; numbers stand as they were posted."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from cgrates_py.usage.cyclops.books import SOURCE, rate_literal
from cgrates_py.usage.cyclops.times import milliseconds
from rater.usage.cyclops import aggregate, decimal_text
from rater.usage.records import Numbered
from storage.cyclops_state import CyclopsState, Meter

POINTS_MAX = 20_000
"""Points of one answer; a shorter time has fewer."""
BYTES_MAX = 900_000
"""An answer with its escapes, within what one answer of a rater may have (``protocol.limits``)."""

CHARGE_COLUMNS = ("time", "sequence_number", "userid", "usage", "price", "resource")
METER_COLUMNS = ("time", "sequence_number", "source", "metersource", "metertype", "metername", "status")
USAGE_COLUMNS = {"gauge": "mean", "cumulative": "sum", "external": "usage"}
"""What the usage of a user is called, by the type of the meter."""

_encode = msgspec.json.Encoder().encode


class TooManyError(Exception):
    """An answer would be longer than it may be."""


def rate_page(resource: str, times: Mapping[str, str], rows: Iterable[Numbered]) -> str:
    """Write ``GET /rate``. Raises TooManyError."""
    points = [
        [milliseconds(each.row.at_ns), each.seq, msgspec.Raw(rate_literal(each.row).encode())]
        for each in _newest_first(rows)
    ]
    return _bounded({"time": _times(times), "rate": {resource: points}})


def status_page(state: CyclopsState) -> str:
    """Write ``GET /rate/status``."""
    if not state.static:
        return _json({"rate_policy": "dynamic", "rate": None})
    said = {
        name: value for name, value in (("source", state.source), ("time", state.time)) if value is not None
    }
    rates = {name: msgspec.Raw(literal.encode()) for name, literal in state.rates}
    return _json({**said, "rate_policy": "static", "rate": rates})


def charge_page(account: str, times: Mapping[str, str], rows: Iterable[Numbered]) -> str:
    """Write ``GET /charge``: prices as the doubles nearest to them. Raises TooManyError."""
    points = [
        [
            milliseconds(each.written_ns),
            each.seq,
            account,
            _number(each.row.value),
            float(Decimal(each.row.price)),
            each.row.metric,
        ]
        for each in _newest_first(rows)
    ]
    columns = CHARGE_COLUMNS if points else ()
    return _bounded(
        {"userid": account, "time": _times(times), "charge": {"columns": columns, "points": points}}
    )


def meters_page(meters: Sequence[Meter]) -> str:
    """Write ``GET /meters``, the last one set first."""
    ordered = sorted(enumerate(meters, 1), key=lambda pair: (pair[1].changed_ns, pair[0]), reverse=True)
    points = [
        [
            milliseconds(each.changed_ns),
            place,
            SOURCE,
            each.source,
            each.type,
            each.name,
            int(each.enabled),
        ]
        for place, each in ordered
    ]
    return _json({"name": "meterselection", "columns": METER_COLUMNS, "points": points})


def resource_page(meter: Meter, times: Mapping[str, str], rows: Iterable[Numbered]) -> str:
    """Write ``GET /usage/resources/{meter}``: what each user used, as meters of that type count it.

    Raises TooManyError.
    """
    by_user: dict[str, list[Numbered]] = {}
    for each in rows:
        by_user.setdefault(each.row.account, []).append(each)
    points = [
        [milliseconds(found[-1].row.at_ns), account, _total(meter, found)]
        for account, found in by_user.items()
    ]
    columns = ("time", "userid", USAGE_COLUMNS[meter.type])
    return _bounded({"resourceid": meter.name, "time": _times(times), "column": columns, "usage": points})


def user_page(account: str, times: Mapping[str, str], rows: Iterable[Numbered]) -> str:
    """Write ``GET /usage/users/{id}``: every usage of a user, newest first, by meter. Raises TooManyError."""
    by_meter: dict[str, list[list[object]]] = {}
    for each in _newest_first(rows):
        point: list[object] = [milliseconds(each.row.at_ns), each.seq, _number(each.row.value)]
        by_meter.setdefault(each.row.metric, []).append(point)
    usage = [
        {"name": meter, "columns": ("time", "sequence_number", "usage"), "points": points}
        for meter, points in by_meter.items()
    ]
    return _bounded({"userid": account, "time": _times(times), "usage": usage})


def _total(meter: Meter, rows: Sequence[Numbered]) -> msgspec.Raw:
    return _number(decimal_text(aggregate(meter.type, (Decimal(each.row.value) for each in rows))))


def _number(text: str) -> msgspec.Raw:
    """Write a number as JSON with all its digits."""
    return msgspec.Raw(f"{Decimal(text):f}".encode())


def _newest_first(rows: Iterable[Numbered]) -> list[Numbered]:
    found = sorted(rows, key=lambda each: (each.row.at_ns, each.seq), reverse=True)
    if len(found) > POINTS_MAX:
        raise TooManyError(f"{len(found)} points, and at most {POINTS_MAX} are told: ask for a shorter time")
    return found


def _times(times: Mapping[str, str]) -> dict[str, str]:
    return {"to": times["to"], "from": times["from"]}


def _bounded(document: object) -> str:
    text = _json(document)
    if len(text) > BYTES_MAX or len(_encode(text)) > BYTES_MAX:
        raise TooManyError(f"the answer is longer than {BYTES_MAX} bytes: ask for a shorter time")
    return text


def _json(document: object) -> str:
    return _encode(document).decode()
