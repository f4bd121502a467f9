"""Prints a report of ventures as CSV of the original, and as JSON.

CSV: separated by semicolons, lines end with CR LF, quotes only where needed. A text that a spreadsheet would
run gets an apostrophe before it, and what steers a terminal is escaped, as in ``cgrates_py.csv_export``.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import msgspec

from cgrates_py.csv_export import FORMULA_STARTS
from cgrates_py.usage.reports import Wanted
from cgrates_py.usage.scrooge.values import day_text
from cgrates_py.visible import visible
from rater.usage.costs import CostAccount
from rater.usage.costs_report import Cell, Column, Report, ReportLine
from rater.usage.costs_text import cost_text, count_text

ACCOUNT_COLUMNS = ("ID", "Venture", "Department", "Business segment", "Profit center")
TOTAL_COLUMN = "Total cost"
ENCODINGS = ("utf-8", "cp1250")
"""What CSV can be had in; what has no character in the second becomes a question mark."""
NO_COUNT = "0.0"
NO_COST = "0.00"

_encode = msgspec.json.Encoder().encode


def csv_lines(report: Report) -> Iterator[str]:
    """Print the head line and a line for each venture, with their ends."""
    yield _line((*ACCOUNT_COLUMNS, *(each.title for each in report.columns), TOTAL_COLUMN), ())
    for line in report.lines:
        numbers = (*cell_texts(report.columns, line), cost_text(line.total))
        yield _line(account_texts(line), numbers)


def account_texts(line: ReportLine) -> tuple[str, ...]:
    """Tell whom a line is about, by ``ACCOUNT_COLUMNS``."""
    account: CostAccount = line.account
    return account.symbol, line.path, account.department, account.segment, account.profit_center


def cell_texts(columns: Iterable[Column], line: ReportLine) -> Iterator[str]:
    """Print the cells of a line: counts with all digits, costs with two places, notices as they are."""
    for column, cell in zip(columns, line.cells, strict=True):
        yield cell_text(column, cell)


def cell_text(column: Column, cell: Cell) -> str:
    """Print one cell."""
    if cell is None:
        return NO_COST if column.money else NO_COUNT
    if isinstance(cell, Fraction):
        return cost_text(cell) if column.money else count_text(cell)
    return cell


def report_json(report: Report, wanted: Wanted, currency: str) -> str:
    """Print a report as one object; ``cells`` stand in the order of ``columns``."""
    return _encode(
        {
            "start": day_text(wanted.window.start),
            "end": day_text(wanted.window.end),
            "forecast": wanted.forecast,
            "currency": currency,
            "columns": [
                {"title": each.title, "kind": "cost" if each.money else "count", "in_total": each.total}
                for each in report.columns
            ],
            "ventures": [
                {
                    "id": line.account.symbol,
                    "venture": line.path,
                    "department": line.account.department,
                    "business_segment": line.account.segment,
                    "profit_center": line.account.profit_center,
                    "active": line.account.active,
                    "cells": [
                        cell if isinstance(cell, str) else msgspec.Raw(cell_text(column, cell).encode())
                        for column, cell in zip(report.columns, line.cells, strict=True)
                    ],
                    "total_cost": msgspec.Raw(cost_text(line.total).encode()),
                }
                for line in report.lines
            ],
        }
    ).decode()


def _line(texts: Iterable[str], numbers: Iterable[str]) -> str:
    return ";".join((*map(_text, texts), *numbers)) + "\r\n"


def _text(value: str) -> str:
    safe = visible(value)
    if value[:1] in FORMULA_STARTS:
        safe = f"'{safe}"
    if any(each in safe for each in ';"\r\n'):
        return '"' + safe.replace('"', '""') + '"'
    return safe
