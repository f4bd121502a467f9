"""JSON as a tree whose every member knows its path, with exact numbers and names in any case."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import lru_cache
from typing import TypeVar

from storage.loading import values
from storage.loading.folder import Folder
from storage.loading.report import Report, shown

T = TypeVar("T")

LITERAL_CHARACTERS_MAX = 330
"""A longer number is beyond what a double holds, or written with zeros for their own sake."""


class Members(dict[str, object]):
    """A JSON object by lower-case names. ``twice`` are names that stand in it more than once."""

    __slots__ = ("twice",)

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__((name.lower(), value) for name, value in pairs)
        self.twice = len(self) != len(pairs)


class Node:
    """One value of a document. Reading a bad member reports it and goes on with a stand-in."""

    __slots__ = ("file", "path", "report", "value")

    def __init__(self, file: str, report: Report, path: str, value: object) -> None:
        self.file = file
        self.report = report
        self.path = path
        self.value = value

    def bad(self, expected: str, got: str, member: str = "") -> None:
        """Report this value, or one of its members; ``got`` in words (``kind``)."""
        path = f"{self.path}.{member}" if member else self.path
        self.report.problem(self.file, path, expected, got)

    def note(self, expected: str, got: str) -> None:
        """Report something that does not forbid the load."""
        self.report.notice(self.file, self.path, expected, got)

    def members(self, known: tuple[str, ...]) -> "Record | None":
        """Take this value as an object with these members; others are ignored, likely misspellings noted."""
        if not isinstance(self.value, Members):
            self.bad("an object", kind(self.value))
            return None
        if self.value.twice:
            self.bad("each member once (names match in any case)", "one of them twice")
        for name in self.value:
            if (meant := _meant(name, known)) is not None:
                self.note(meant, f"{shown(name)}, which is ignored")
        return Record(self, self.value)


class Record:
    """An object of a document, read member by member; a missing member and ``null`` are the stand-in."""

    __slots__ = ("_members", "node")

    def __init__(self, node: Node, members: Members) -> None:
        self.node = node
        self._members = members

    def has(self, name: str) -> bool:
        """Tell whether a member is there and not null."""
        return self._members.get(name.lower()) is not None

    def text(self, name: str) -> str:
        """Read a text; missing is empty."""
        value = self._members.get(name.lower())
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        self.node.bad("a text", kind(value), name)
        return ""

    def parsed(self, name: str, parse: Callable[[str], T], stand_in: T, *, required: bool = False) -> T:
        """Read a text through a reader; an empty one that is not required is the stand-in."""
        value = self._members.get(name.lower())
        if value is not None and not isinstance(value, str):
            self.node.bad("a text", kind(value), name)
            return stand_in
        if not value and not required:
            return stand_in
        try:
            return parse(value or "")
        except values.Expected as error:
            self.node.bad(str(error), kind(value), name)
            return stand_in

    def number(self, name: str, convert: Callable[[Decimal], T], stand_in: T) -> T:
        """Read a number through a converter."""
        value = self._members.get(name.lower())
        if value is None:
            return stand_in
        try:
            return convert(_decimal(value))
        except values.Expected as error:
            self.node.bad(str(error), kind(value), name)
            return stand_in

    def flag(self, name: str) -> bool:
        """Read true or false."""
        value = self._members.get(name.lower())
        if value is None or isinstance(value, bool):
            return bool(value)
        self.node.bad("true or false", kind(value), name)
        return False

    def numbers(self, name: str, least: int, most: int) -> tuple[int, ...]:
        """Read a whole number or a list of them as a list, in order and each once."""
        value = self._members.get(name.lower())
        found: set[int] = set()
        for item in value if isinstance(value, list) else [] if value is None else [value]:
            try:
                found.add(values.whole(_decimal(item), least, most))
            except values.Expected:
                self.node.bad(f"whole numbers from {least} to {most}", kind(item), name)
        return tuple(sorted(found))

    def children(self, name: str) -> Iterator[Node]:
        """Go through a list member; missing is empty."""
        value = self._members.get(name.lower())
        if value is None:
            return
        if not isinstance(value, list):
            self.node.bad("a list", kind(value), name)
            return
        for index, item in enumerate(value):
            yield Node(self.node.file, self.node.report, f"{self.node.path}.{name}[{index}]", item)

    def child(self, name: str) -> Node | None:
        """Take a member as a node; None if it is missing or null."""
        value = self._members.get(name.lower())
        return (
            None
            if value is None
            else Node(self.node.file, self.node.report, f"{self.node.path}.{name}", value)
        )


def elements(folder: Folder, file: str) -> Iterator[Node]:
    """Go through the array that a file is; malformed JSON is a problem with line and column."""
    if file not in folder.files:
        return
    array = _array(folder, file)
    for index, item in enumerate(array):
        yield Node(file, folder.report, f"$[{index}]", item)
        folder.told(file, index + 1, len(array))
    folder.finished(file)


def _array(folder: Folder, file: str) -> list[object]:
    text = folder.document(file)
    if text is None:
        return []
    try:
        whole = json.loads(
            text, object_pairs_hook=Members, parse_float=_literal, parse_int=_literal, parse_constant=_literal
        )
    except json.JSONDecodeError as error:
        folder.report.problem(file, f"{error.lineno}:{error.colno}", "JSON", error.msg.lower())
    except RecursionError:
        folder.report.problem(file, "", "JSON", "one nested too deep")
    else:
        if isinstance(whole, list):
            return whole
        folder.report.problem(file, "$", "an array", kind(whole))
    return []


@lru_cache(maxsize=1_024)
def _meant(name: str, known: tuple[str, ...]) -> str | None:
    """Guess which member an unknown name was meant to be; None for a known name and for a stranger."""
    lower = {member.lower(): member for member in known}
    if name in lower:
        return None
    close = get_close_matches(name[:64], lower, 1, 0.8)
    return lower[close[0]] if close else None


def kind(value: object) -> str:
    """Describe a JSON value for a report."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case Members():
            return "an object"
        case list():
            return "a list"
        case _:
            return shown(value)


def _literal(text: str) -> Decimal:
    """Keep a number exactly; an absurdly long one, NaN and Infinity become what no check lets pass."""
    try:
        return Decimal(text if len(text) <= LITERAL_CHARACTERS_MAX else "Infinity")
    except InvalidOperation:
        return Decimal("Infinity")


def _decimal(value: object) -> Decimal:
    if not isinstance(value, Decimal):
        raise values.Expected("a number")
    return value
