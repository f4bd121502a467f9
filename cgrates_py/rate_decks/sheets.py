"""Reads the lines of a rate deck as cells: CSV in whatever encoding and with whatever delimiter, or Excel.

Nothing is assumed of a carrier's file but its size: a byte order mark, UTF-8 or else Windows-1252; the
delimiter that cuts its first lines into most equal rows.
"""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from storage.loading.folder import FILE_BYTES_MAX, LINES_MAX

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_LINES = 200
EXCEL_SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
CELL_CHARACTERS_MAX = 64 * 1024


class SheetError(ValueError):
    """The file cannot be read; the text says why and what was expected."""


class Sheet(NamedTuple):
    """Gives ``(line, cells)`` from line 1 on, as often as asked; ``shape`` tells what was recognised."""

    lines: Callable[[], Iterator[tuple[int, list[str]]]]
    shape: str


def opened(path: Path, *, delimiter: str | None = None, encoding: str | None = None) -> Sheet:
    """Open a deck. Raises SheetError, OSError."""
    _check_size(path.stat().st_size)
    if path.suffix.lower() in EXCEL_SUFFIXES:
        rows = list(_excel(path))
        return Sheet(lambda: iter(rows), "Excel")
    with path.open("rb") as stream:  # a pipe or a device does not tell its size
        raw = stream.read(FILE_BYTES_MAX + 1)
    _check_size(len(raw))
    text, used = _decoded(raw, encoding)
    if "\0" in text:
        raise SheetError(f"{path}: expected text (or {', '.join(EXCEL_SUFFIXES)}), got NUL bytes")
    used_delimiter = delimiter or _delimiter(text)
    named = {"\t": "tab"}.get(used_delimiter, used_delimiter)
    return Sheet(partial(_csv, text, used_delimiter), f"CSV, {used}, delimiter {named}")


def _check_size(size: int) -> None:
    if size > FILE_BYTES_MAX:
        raise SheetError(f"expected at most {FILE_BYTES_MAX} bytes")


def _decoded(raw: bytes, encoding: str | None) -> tuple[str, str]:
    """Decode by the mark at its beginning, as UTF-8, or else as Windows-1252, which takes any text."""
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    guesses = [encoding] if encoding else [name for mark, name in marks if raw.startswith(mark)] or ["utf-8"]
    try:
        return raw.decode(guesses[0]), guesses[0]
    except LookupError:
        raise SheetError(f"expected an encoding such as utf-8 or cp1252, got {encoding!r}") from None
    except UnicodeDecodeError as error:
        if encoding:
            raise SheetError(f"expected {encoding} text, got byte 0x{raw[error.start]:02x}") from None
    return raw.decode("cp1252", errors="replace"), "cp1252"


def _delimiter(text: str) -> str:
    """Choose the delimiter by which most of the first lines have equally many cells, the more the better."""
    sample = text[: 64 * 1024].splitlines()[:SAMPLE_LINES]

    def score(delimiter: str) -> tuple[int, int]:
        counts = Counter(len(cells) for cells in csv.reader(sample, delimiter=delimiter) if len(cells) > 1)
        if not counts:
            return 0, 0
        cells, lines = counts.most_common(1)[0]
        return lines, cells

    return max(DELIMITERS, key=score)


def _csv(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(CELL_CHARACTERS_MAX)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if reader.line_num > LINES_MAX:
                raise SheetError(f"expected at most {LINES_MAX} lines")
            yield reader.line_num, cells
    except csv.Error as error:
        raise SheetError(f"line {reader.line_num}: {error}") from None


def _excel(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Read the first sheet that has something in it."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 -- the extra "excel"
    except ImportError:
        raise SheetError(f"{path}: Excel needs 'pip install cgrates-py[excel]'; or save it as CSV") from None
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        found = (workbook.get_sheet_by_name(name) for name in workbook.sheet_names)
        sheet = next((each for each in found if each.total_height), None)
    except CalamineError as error:
        raise SheetError(f"{path}: {error}") from None
    for number, row in enumerate(sheet.to_python(skip_empty_area=False) if sheet else (), 1):
        yield number, [_excel_text(cell) for cell in row]


def _excel_text(cell: object) -> str:
    """Write a cell as Excel shows it: fifteen digits of a number, a date as a date."""
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.15g}"
    if isinstance(cell, datetime | date):
        return cell.isoformat(*((" ",) if isinstance(cell, datetime) else ()))
    return str(cell)
