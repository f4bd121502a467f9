"""Reads a map of columns from a file: TOML, or JSON with the same members."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from cgrates_py.cdrs.layout import LAYOUTS, Layout, LayoutError, Times, Unanswered, Unit
from storage.loading import values

_Choice = TypeVar("_Choice", Unanswered, Times, Unit)

MEMBERS = (
    *("layout", "columns", "header", "only", "unanswered", "times", "duration_unit"),
    *("timezone", "international", "national"),
)
"""What a map may say; all of it is optional but what the layout it begins with does not have."""


def read_map(path: Path, base: Layout) -> Layout:
    """Read a map over a layout, the one that it names or ``base``. Raises LayoutError, OSError."""
    text = path.read_text("utf-8", errors="replace")
    try:
        found = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise LayoutError(f"{path}: {error}") from None
    if not isinstance(found, dict):
        raise LayoutError(f"{path}: expected an object")
    try:
        return _mapped(found, base)
    except LayoutError as error:
        raise LayoutError(f"{path}: {error}") from None


def _mapped(found: dict[str, Any], base: Layout) -> Layout:
    for name in found:
        if name not in MEMBERS:
            raise LayoutError(f"{name}: expected one of {', '.join(MEMBERS)}")
    if "layout" in found:
        base = named(found["layout"])
    only = base.only
    if "only" in found:
        pairs = _pairs("only", found["only"])
        if len(pairs) != 1:
            raise LayoutError("only: expected one column and its value")
        only = pairs[0]
    base = replace(
        base,
        columns=_texts("header", found["header"]) if "header" in found else base.columns,
        only=only,
        national=_pairs("national", found["national"]) if "national" in found else base.national,
        international=(
            _texts("international", found["international"])
            if "international" in found
            else base.international
        ),
    )
    base = adjusted(
        base,
        unanswered=found.get("unanswered"),
        times=found.get("times"),
        duration_unit=found.get("duration_unit"),
        timezone=found.get("timezone"),
    )
    return base.having(dict(_pairs("columns", found.get("columns", {}))))


def named(name: object) -> Layout:
    """Find a layout by its name. Raises LayoutError."""
    if not isinstance(name, str) or name not in LAYOUTS:
        raise LayoutError(f"layout: expected one of {', '.join(LAYOUTS)}, got {name!r}")
    return LAYOUTS[name]


def adjusted(
    layout: Layout,
    *,
    unanswered: object = None,
    times: object = None,
    duration_unit: object = None,
    timezone: object = None,
) -> Layout:
    """Say some things otherwise than a layout; None leaves them. Raises LayoutError."""
    return replace(
        layout,
        unanswered=layout.unanswered if unanswered is None else _one("unanswered", Unanswered, unanswered),
        times=layout.times if times is None else _one("times", Times, times),
        duration_unit=layout.duration_unit
        if duration_unit is None
        else _one("duration_unit", Unit, duration_unit),
        timezone=layout.timezone if timezone is None else _zone(timezone),
    )


def _one(name: str, choices: type[_Choice], text: object) -> _Choice:
    for choice in choices:
        if choice.value == text:
            return choice
    raise LayoutError(f"{name}: expected one of {', '.join(choices)}, got {text!r}")


def _zone(text: object) -> str:
    try:
        return values.zone(str(text))
    except values.Expected as expected:
        raise LayoutError(f"timezone: expected {expected}, got {text!r}") from None


def _texts(name: str, found: object) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(each, str) and each for each in found):
        raise LayoutError(f"{name}: expected a list of texts")
    return tuple(found)


def _pairs(name: str, found: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise LayoutError(f"{name}: expected texts by their names")
    return tuple(found.items())
