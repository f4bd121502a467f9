"""Writes CSV that spreadsheets show and do not run (RFC 4180; OWASP, CSV Injection).

A text that begins like a formula gets an apostrophe before it, which spreadsheets take for "this is text".
Numbers are numbers: a negative balance stays one. Every text is quoted, so that nothing in it ends its cell,
and characters that steer a terminal are escaped, so that every record is one line.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from cgrates_py.visible import visible

FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
"""What a spreadsheet takes for the beginning of a formula, or skips to find one."""

Cell = str | int | Decimal | bool | None
Row = Mapping[str, Cell]


def csv_lines(columns: Iterable[str], rows: Iterable[Row]) -> Iterator[str]:
    """Print a head line, then the rows, each with its line end; a member that is missing is an empty cell."""
    names = tuple(columns)
    yield _line(names)
    for row in rows:
        yield _line(tuple(row.get(name) for name in names))


def cell_text(value: Cell) -> str:
    """Print one cell. Numbers print exactly and without an exponent."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    text = visible(value).replace('"', '""')
    return f'"\'{text}"' if value[:1] in FORMULA_STARTS else f'"{text}"'


def _line(cells: Iterable[Cell]) -> str:
    return ",".join(map(cell_text, cells)) + "\r\n"
