"""Writes a report of ventures as Parquet: costs are decimals with two places, counts texts with all digits.

A cost that a notice stands for is null, and the notice is in the last column.
"""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from cgrates_py.usage.report_text import ACCOUNT_COLUMNS, TOTAL_COLUMN, account_texts, cell_text
from rater.usage.costs_report import Cell, Column, Report
from rater.usage.costs_text import COST_PLACES, cost_text

NOTICES_COLUMN = "Notices"

_COST = pa.decimal128(38, COST_PLACES)


class TooLongError(Exception):
    """A cost has more digits than a decimal of Parquet. The text says so."""


def write_parquet(report: Report, out: BinaryIO) -> None:
    """Write a report to a file, compressed with zstd. Raises TooLongError before anything is written."""
    lines = report.lines
    names = [*ACCOUNT_COLUMNS, *(each.title for each in report.columns), TOTAL_COLUMN, NOTICES_COLUMN]
    try:
        columns = [
            *(pa.array(texts, pa.string()) for texts in zip(*map(account_texts, lines), strict=True)),
            *(
                pa.array([_value(column, line.cells[number]) for line in lines], _kind(column))
                for number, column in enumerate(report.columns)
            ),
            pa.array([Decimal(cost_text(line.total)) for line in lines], _COST),
            pa.array([_notices(report.columns, line.cells) for line in lines], pa.string()),
        ]
    except pa.ArrowInvalid as error:
        raise TooLongError(f"a cost is beyond Parquet's decimals: {error}") from None
    if not lines:
        columns[:0] = [pa.array([], pa.string()) for _ in ACCOUNT_COLUMNS]
    pq.write_table(pa.table(columns, names=list(_once(names))), out, compression="zstd")


def _kind(column: Column) -> pa.DataType:
    return _COST if column.money else pa.string()


def _value(column: Column, cell: Cell) -> Any:
    if not column.money:
        return cell_text(column, cell)
    return None if isinstance(cell, str) else Decimal(cell_text(column, cell))


def _notices(columns: tuple[Column, ...], cells: tuple[Cell, ...]) -> str:
    found = (
        f"{column.title}: {cell}"
        for column, cell in zip(columns, cells, strict=True)
        if cell is not None and not isinstance(cell, Fraction)
    )
    return "; ".join(found)


def _once(names: list[str]) -> Iterator[str]:
    """Number the names that come again: a metric may be of several services."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"
