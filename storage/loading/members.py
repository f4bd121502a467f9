"""Reads the members of a JSON object where one name twice is a mistake: the last would win in silence."""

from typing import Any


class TwiceError(ValueError):
    """An object has two members of one name, which is the text."""


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make the object of its members, as ``object_pairs_hook`` of ``json.loads``. Raises TwiceError."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise TwiceError(name)
        members[name] = value
    return members
