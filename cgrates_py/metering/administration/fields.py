"""Reads members of requests: every reader returns a good value or raises RefusedError naming the member."""

from decimal import Decimal
from typing import Any

from cgrates_py.metering.administration.desk import Call, Members, bad
from rater.metering.period import LABELS, Period
from storage.loading.threescale_rules import INTEGER_MAX, TEXT_MAX, text_flaw


def wrapper(call: Call, name: str) -> Any:
    """Read the member that wraps everything else."""
    if not isinstance(call.body, dict) or call.body.get(name) is None:
        raise bad(f"missing parameter '{name}'")
    return call.body[name]


def wrapped(call: Call, name: str) -> Members:
    """Read the object that wraps the attributes."""
    return an_object(name, wrapper(call, name))


def an_object(name: str, value: Any) -> Members:
    """Read an object."""
    if not isinstance(value, dict):
        raise bad(f"{name}: expected an object")
    return value


def a_list(name: str, value: Any, at_most: int) -> list[Any]:
    """Read a list of at most so many members."""
    if not isinstance(value, list):
        raise bad(f"{name}: expected a list")
    if len(value) > at_most:
        raise bad(f"{name}: expected at most {at_most} members, got {len(value)}")
    return value


def text(name: str, value: Any, longest: int = TEXT_MAX) -> str:
    """Read a text that may be empty; a number is taken as its text."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise bad(f"{name}: expected a text")
    if (flaw := text_flaw(value, longest)) is not None:
        raise bad(f"{name}: expected {flaw}")
    return value


def name_text(name: str, value: Any, longest: int = TEXT_MAX) -> str:
    """Read an id, a name or a key: a text that is not blank."""
    found = text(name, value, longest)
    if not found.strip():
        raise bad(f"{name}: expected a text that is not blank")
    return found


def whole(name: str, value: Any, least: int = 0, most: int = INTEGER_MAX) -> int:
    """Read a whole number, or the text of one."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(INTEGER_MAX)):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise bad(f"{name}: expected a whole number from {least} to {most}")
    return value


def flag(name: str, value: Any) -> bool:
    """Read a truth value, or the text of one."""
    if isinstance(value, str):
        value = {"true": True, "1": True, "false": False, "0": False}.get(value)
    if not isinstance(value, bool):
        raise bad(f"{name}: expected true or false")
    return value


def period(name: str, value: Any) -> Period:
    """Read the name of a kind of period."""
    found = LABELS.get(value) if isinstance(value, str) else None
    if found is None:
        raise bad(f"{name}: expected one of {', '.join(LABELS)}")
    return found
