"""Reads one document with a schema, from a folder or as text: every problem of it, in the loaders' words."""

import json
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from storage.loading.members import TwiceError, each_once
from storage.loading.report import Report, shown

_KINDS = {
    "model_type": "an object",
    "tuple_type": "a list",
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "at most {le}",
    "too_long": "at most {max_length} of them",
}
"""What the schema's kinds of flaws expect, in the words of people."""

Model = TypeVar("Model", bound=BaseModel)


class Source(Protocol):
    """Where a document is read from; a folder is one."""

    report: Report

    def document(self, name: str) -> str | None:
        """Tell the text of a document; None if there is none."""

    def finished(self, name: str) -> None:
        """Tell that a document is read."""


class Given:
    """A document that is at hand as text."""

    def __init__(self, text: str) -> None:
        self.report = Report()
        self._text = text

    def document(self, name: str) -> str:
        """Tell the text, whatever it is called."""
        return self._text

    def finished(self, name: str) -> None:
        """Leave it at that: nobody waits for it."""


def read_validated(source: Source, name: str, model: type[Model]) -> Model | None:
    """Read a document; None if there is none, or if problems of it went to the source's report."""
    text = source.document(name)
    if text is None:
        return None
    report = source.report
    try:
        raw = json.loads(text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=each_once)
        found = model.model_validate(raw)
    except TwiceError as error:
        report.problem(name, "", "each member of an object once", f"{shown(str(error))} a second time")
    except json.JSONDecodeError as error:
        report.problem(name, f"{error.lineno}:{error.colno}", "JSON", error.msg.lower())
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _tell(report, name, detail)
    except _ConstantError as error:
        report.problem(name, "", f"{error} is no JSON number")
    except (ValueError, RecursionError):
        report.problem(name, "", "JSON", "a number or nesting beyond all bounds")
    else:
        source.finished(name)
        return found
    return None


class _ConstantError(ValueError):
    """A name stands where JSON has a number."""


def _no_constant(name: str) -> None:
    raise _ConstantError(name)


def _tell(report: Report, name: str, detail: ErrorDetails) -> None:
    """Report what the schema refused, in the words of the other loaders."""
    kind, message = detail["type"], detail["msg"]
    path = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"])
    if kind == "missing":
        report.problem(name, path, "this member", "nothing")
    elif kind == "extra_forbidden":
        report.problem(name, path, "a known member", "another")
    else:
        words = _KINDS.get(kind)
        plain = message.removeprefix("Value error, ").removeprefix("Input should be ")
        expected = plain if words is None else words.format(**detail.get("ctx", {}))
        report.problem(name, path, expected, _kind(detail["input"]))


def _kind(value: Any) -> str:
    """Describe a JSON value for a report."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return str(value).lower() if isinstance(value, bool) else shown(value)
