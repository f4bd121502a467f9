"""Rows of one CSV file: cells by position, each read by a reader that says what it expected."""

import csv
from collections.abc import Callable, Container, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from storage.loading import values
from storage.loading.folder import Folder
from storage.loading.report import Report, shown
from storage.loading.tables import Table

T = TypeVar("T")
Key = TypeVar("Key")
Value = TypeVar("Value")

ANY_WORDS = frozenset({"", "*any"})
LIST_MAX = 512
"""Elements of one ``;`` list."""
_TEXTS_REMEMBERED = 65_536
"""Amounts of money by their text: decks say the same ones again and again."""


class Row:
    """One line. Reading a bad cell reports it and goes on with a stand-in; ``sound`` then is False."""

    __slots__ = ("cells", "file", "line", "report", "sound")

    def __init__(self, file: str, report: Report, line: int, cells: list[str]) -> None:
        self.file = file
        self.report = report
        self.line = line
        self.cells = cells
        self.sound = True

    def text(self, column: int) -> str:
        """Read a cell as it is; a cell that is not there is empty. Columns count from 0."""
        return self.cells[column] if column < len(self.cells) else ""

    def bad(self, column: int, expected: str, got: str | None = None) -> None:
        """Report a cell."""
        self.sound = False
        self.report.problem(
            self.file, f"{self.line}:{column + 1}", expected, shown(self.text(column)) if got is None else got
        )

    def note(self, column: int, expected: str, got: str | None = None) -> None:
        """Report a cell that does not forbid the load."""
        self.report.notice(
            self.file, f"{self.line}:{column + 1}", expected, shown(self.text(column)) if got is None else got
        )

    def read(self, column: int, parse: Callable[[str], T], stand_in: T, *, required: bool = False) -> T:
        """Read a cell; an empty one that is not required, and a bad one, is the stand-in."""
        text = self.text(column)
        if not text and not required:
            return stand_in
        try:
            return parse(text)
        except values.Expected as error:
            self.bad(column, str(error))
            return stand_in

    def name(self, column: int) -> str:
        """Read a required Id."""
        return self.read(column, values.identifier, "", required=True)

    def destination(self, column: int) -> str:
        """Read the Id of a destination, perhaps of several together."""
        return self.read(column, values.destination, "", required=True)

    def price(self, column: int, *, required: bool = False) -> Decimal:
        """Read a price, which is not negative."""
        return self.read(column, _price, Decimal(0), required=required)

    def fee(self, column: int) -> Decimal:
        """Read a fee: not negative, at most nine decimals; empty is 0."""
        return self.read(column, _fee, Decimal(0))

    def weight(self, column: int) -> Decimal:
        """Read a weight; empty is 0."""
        return self.read(column, lambda text: values.exact(values.number(text)), Decimal(0))

    def flag(self, column: int) -> bool:
        """Read ``true`` or ``false``; empty is false."""
        word = self.text(column).lower()
        if word not in {"", "true", "false", "1", "0"}:
            self.bad(column, "true or false")
        return word in {"true", "1"}

    def names(self, column: int) -> tuple[str, ...]:
        """Read a ``;`` list of names."""
        return tuple(name for piece in self.text(column).split(";") if (name := piece.strip()))

    def numbers(self, column: int, least: int, most: int) -> tuple[int, ...]:
        """Read a ``;`` list of whole numbers, in order and each once; ``*any`` or empty is ()."""
        text = self.text(column)
        if text in ANY_WORDS:
            return ()
        found: set[int] = set()
        pieces = text.split(";")
        for piece in pieces[:LIST_MAX]:
            try:
                found.add(values.whole(values.number(piece.strip()), least, most))
            except values.Expected:
                self.bad(column, f"*any or numbers from {least} to {most} with ; between")
                return ()
        return tuple(sorted(found))

    def one_of(self, column: int, known: Container[str], what: str, *, required: bool = True) -> str:
        """Read the Id of something that has to be known."""
        text = self.text(column)
        if (text or required) and text not in known:
            self.bad(column, what)
        return text

    def put(self, table: "Table[Key, Value]", key: Key, value: Value) -> None:
        """Keep what a sound line says; something else under the same key is a problem."""
        if not self.sound:
            return
        first = table.put(key, value, str(self.line))
        if first is not None:
            self.bad(0, f"the same as line {first} says, or another Id", "other content")


@lru_cache(maxsize=_TEXTS_REMEMBERED)
def _price(text: str) -> Decimal:
    return values.price(values.number(text))


@lru_cache(maxsize=_TEXTS_REMEMBERED)
def _fee(text: str) -> Decimal:
    return values.fee(values.number(text))


def rows(folder: Folder, file: str) -> Iterator[Row]:
    """Read the data lines of a file: comments and empty lines are skipped, cells trimmed."""
    report = folder.report
    for line, text in folder.lines(file):
        if '"' in text:
            cells = quoted(text)
            if cells is None:
                report.problem(file, f"{line}:1", "quoted cells that end on their line", shown(text.strip()))
                continue
        else:
            cells = text.split(",")
        cells = [cell.strip() for cell in cells]
        if any(cells) and cells[0][:1] != "#":
            yield Row(file, report, line, cells)


def quoted(text: str) -> list[str] | None:
    """Split a line that has quotes in it; None if they do not end."""
    try:
        return next(csv.reader([text.strip("\r\n")], strict=True, skipinitialspace=True), [])
    except csv.Error:
        return None
