"""Takes ``pricingserviceusages``: what service environments, or objects of theirs, used of a pricing service.

All that is wrong with a message is told at once, each thing where it stands; what is right beside it shows as
``{}``. Usage that is not above zero is checked, and then neither stored nor does it replace anything.

It is kept in the book of all usage: ``account`` is service/environment, ``link`` the pricing object, if any.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from cgrates_py.usage.scrooge import answers
from cgrates_py.usage.scrooge.known import Known
from cgrates_py.usage.scrooge.push import DELETE_ALL_PREVIOUS, VALUES_ONLY, Push, RefusedError
from cgrates_py.usage.scrooge.values import (
    DAY_NS,
    TEXT_MAX,
    BodyError,
    is_json,
    read_day,
    read_json,
    read_quantity,
    shown,
    word,
)
from protocol.usage import DialectRequest
from rater.usage.records import Drop, Row
from rater.usage.scrooge_setup import ServiceEnvironment

WRONG_MAX = 30
"""Entries of a list that are told to be wrong; what follows them is not looked at."""

REQUIRED = "This field is required."
NOT_NULL = "This field may not be null."
NOT_EMPTY = "This field cannot be empty."

_SERVICES = ("service", "service_id", "service_uid")

T = TypeVar("T")
Errors = dict[str, Any]
"""What is wrong by member; empty: nothing."""


class _Party(NamedTuple):
    """Whom an entry charges; None: an unknown service that is to be passed over."""

    environment: ServiceEnvironment | None
    pricing_object: str = ""


class _Usage(NamedTuple):
    symbol: str
    value: str
    remarks: str


class _Entry(NamedTuple):
    party: _Party
    usages: list[_Usage]


def read_pricing_push(request: DialectRequest, known: Known, today: int) -> Push:
    """Read a message against the set-up. Raises RefusedError."""
    message = _message(request)
    errors: Errors = {}
    service, flaw = _pricing_service(message, known)
    if flaw:
        errors["pricing_service"] = [flaw]
    day = read_day(message.get("date"), today)
    if day is None:
        errors["date"] = [_missing(message, "date") or "Date has wrong format. Use YYYY-MM-DD."]
    overwrite = message.get("overwrite", "no")
    if overwrite not in ("no", VALUES_ONLY, DELETE_ALL_PREVIOUS):
        errors["overwrite"] = [f"Invalid value: {shown(overwrite)}"]
    ignoring = message.get("ignore_unknown_services", False)
    if not isinstance(ignoring, bool):
        errors["ignore_unknown_services"] = [f'"{shown(ignoring)}" is not a valid boolean.']
    entries, wrong = _list(message, lambda each: _entry(each, known, ignoring is True))
    if wrong:
        errors["usages"] = wrong
    if errors or day is None:
        raise RefusedError(answers.json(400, errors))
    rows = _rows(entries, day)
    return Push(service, day, rows, _drops(overwrite, rows))


def _message(request: DialectRequest) -> dict[str, Any]:
    content_type = request.Headers.get("content-type", "")
    if not is_json(content_type):
        detail = f'Unsupported media type "{shown(content_type)}" in request.'
        raise RefusedError(answers.json(415, {"detail": detail}))
    try:
        message = read_json(request.Body)
    except BodyError as error:
        raise RefusedError(answers.json(400, {"detail": f"JSON parse error - {error}"})) from None
    if not isinstance(message, dict):
        raise RefusedError(answers.json(400, _no_object(message)))
    return message


def _no_object(value: Any) -> Errors:
    return {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {type(value).__name__}."]}


def _missing(members: dict[str, Any], name: str) -> str:
    """Say that a member is not there, or null; empty: it is there."""
    if members.get(name) is not None:
        return ""
    return NOT_NULL if name in members else REQUIRED


def _pricing_service(message: dict[str, Any], known: Known) -> tuple[str, str]:
    if flaw := _missing(message, "pricing_service"):
        return "", flaw
    name = word(message["pricing_service"])
    return name, "" if name in known.pricing_services else f"Unknown pricing service name: {shown(name)}"


def _list(members: dict[str, Any], read: Callable[[dict[str, Any]], T | Errors]) -> tuple[list[T], list[Any]]:
    """Read each element of ``usages``; tell what was read, or what is wrong."""
    if flaw := _missing(members, "usages"):
        return [], [flaw]
    given = members["usages"]
    if not isinstance(given, list):
        return [], [f'Expected a list of items but got type "{type(given).__name__}".']
    if not given:
        return [], [NOT_EMPTY]
    found: list[T] = []
    wrong: list[Errors] = []
    told = 0
    for each in given:
        element = read(each) if isinstance(each, dict) else _no_object(each)
        wrong.append(element if isinstance(element, dict) else {})
        if not isinstance(element, dict):
            found.append(element)
        elif (told := told + 1) == WRONG_MAX:
            break
    return found, wrong if told else []


def _entry(members: dict[str, Any], known: Known, ignoring: bool) -> _Entry | Errors:
    usages, wrong = _list(members, lambda each: _usage(each, known))
    errors: Errors = {"usages": wrong} if wrong else {}
    party = _party(members, known, ignoring)
    if isinstance(party, dict):
        return errors | party
    return errors or _Entry(party, usages)


def _usage(members: dict[str, Any], known: Known) -> _Usage | Errors:
    errors: Errors = {}
    symbol, value = word(members.get("symbol")), read_quantity(members.get("value"))
    if flaw := _missing(members, "symbol"):
        errors["symbol"] = [flaw]
    elif symbol not in known.types:
        errors["symbol"] = [f'usage type for symbol "{shown(symbol)}" does not exist']
    if flaw := _missing(members, "value"):
        errors["value"] = [flaw]
    elif value is None:
        errors["value"] = ["A valid number is required."]
    remarks = members.get("remarks")
    if not isinstance(remarks, str | None):
        errors["remarks"] = ["Not a valid string."]
    elif remarks and len(remarks) > TEXT_MAX:
        errors["remarks"] = [f"Ensure this field has no more than {TEXT_MAX} characters."]
    return errors or _Usage(symbol, value or "0", remarks or "")


def _party(members: dict[str, Any], known: Known, ignoring: bool) -> _Party | Errors:
    """Find who is charged: by a pricing object, or by a service and an environment."""
    given = {name: members[name] for name in _SERVICES if members.get(name) not in (None, "")}
    environment, named = members.get("environment"), members.get("pricing_object")
    if named not in (None, ""):
        if given or environment not in (None, ""):
            return _combination("pricing_object excludes service, service_id, service_uid and environment")
        found = known.by_object.get(word(named))
        if found is None:
            return {"pricing_object": [f"pricing_object {shown(named)} does not exist"]}
        return _Party(found, word(named))
    if not given:
        return _combination("environment requires service or service_id or service_uid")
    if len(given) > 1:
        return _combination("service, service_id and service_uid exclude each other")
    ((member, value),) = given.items()
    key = value if member == "service_id" and type(value) is int else word(value)
    found = known.by_service.get((member, key, word(environment)))
    if found is None and not ignoring:
        asked = f"{member}={shown(value)}, environment={shown(environment)}"
        return {"non_field_errors": [f"service environment does not exist (query params: {asked})"]}
    return _Party(found)


def _combination(rule: str) -> Errors:
    return {"non_field_errors": [f"Invalid combination of fields: {rule}."]}


def _rows(entries: list[_Entry], day: int) -> list[Row]:
    at_ns, end_ns = day * DAY_NS, (day + 1) * DAY_NS
    return [
        Row(
            entry.party.environment.account,
            usage.symbol,
            usage.value,
            at_ns,
            end_ns,
            remarks=usage.remarks,
            link=entry.party.pricing_object,
        )
        for entry in entries
        if entry.party.environment is not None
        for usage in entry.usages
        if Decimal(usage.value) > 0
    ]


def _drops(overwrite: str, rows: list[Row]) -> list[Drop]:
    """Tell what of the day goes, for the symbols of the message: nothing, its own objects, or everyone."""
    if overwrite == DELETE_ALL_PREVIOUS:
        return [Drop(symbol) for symbol in dict.fromkeys(row.metric for row in rows)]
    if overwrite != VALUES_ONLY:
        return []
    objects: dict[str, dict[str, None]] = {}
    accounts: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.link:
            objects.setdefault(row.metric, {})[row.link] = None
        else:
            accounts.setdefault(row.metric, {})[row.account] = None
    by_object = [Drop(symbol, None, tuple(named)) for symbol, named in objects.items()]
    return by_object + [Drop(symbol, tuple(named), ("",)) for symbol, named in accounts.items()]
