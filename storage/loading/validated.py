"""Reads one document with a schema, from a folder or as text: every problem of it, in the loaders' words."""

import json
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from storage.loading.report import Report, shown

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
        found = model.model_validate(json.loads(text, parse_float=Decimal, parse_constant=_no_constant))
    except json.JSONDecodeError as error:
        report.problem(name, f"{error.lineno}:{error.colno}", "JSON", error.msg.lower())
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_context=False):
            _tell(report, name, detail["loc"], detail["type"], detail["msg"], detail["input"])
    except (ValueError, RecursionError):
        report.problem(name, "", "JSON", "a number or nesting beyond all bounds")
    else:
        source.finished(name)
        return found
    return None


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _tell(report: Report, name: str, loc: tuple[int | str, ...], kind: str, message: str, value: Any) -> None:
    """Report what the schema refused, in the words of the other loaders."""
    path = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    if kind == "missing":
        report.problem(name, path, "this member", "nothing")
    elif kind == "extra_forbidden":
        report.problem(name, path, "a known member", "another")
    else:
        expected = message.removeprefix("Value error, ").removeprefix("Input should be ")
        report.problem(name, path, expected, _kind(value))


def _kind(value: Any) -> str:
    """Describe a JSON value for a report."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return str(value).lower() if isinstance(value, bool) else shown(value)
