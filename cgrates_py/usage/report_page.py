"""Prints a report of ventures as one page for eyes: a chart of who bears how much, and the table.

The page needs nothing from elsewhere and runs nothing; every text in it is escaped.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from cgrates_py.drawing import Bar, bars, page
from cgrates_py.drawing import shown as escaped
from cgrates_py.usage.report_text import (
    ACCOUNT_COLUMNS,
    TOTAL_COLUMN,
    account_texts,
    cell_text,
)
from cgrates_py.usage.reports import Wanted
from cgrates_py.usage.scrooge.values import day_text
from rater.usage.costs_report import Column, Report, ReportLine
from rater.usage.costs_text import cost_text

BARS_MAX = 20

_BRIEF = "<p>Only totals are shown: the whole report is longer than a page may be.</p>"


def report_page(report: Report, wanted: Wanted, currency: str, *, brief: bool = False) -> str:
    """Print the page; ``brief``: of what each bears only the total."""
    shown = [] if brief else [*range(len(report.columns))]
    kind = "Forecast" if wanted.forecast else "Costs"
    title = f"{kind} of ventures, {day_text(wanted.window.start)} to {day_text(wanted.window.end)}"
    said = [_BRIEF] if brief else []
    return page(title, (*said, *_chart(report.lines, currency), *_table(report, shown)))


def _chart(lines: Iterable[ReportLine], currency: str) -> Iterator[str]:
    """Draw a bar for each of those who bear most."""
    ranked = sorted((line for line in lines if line.total > 0), key=_rank)[:BARS_MAX]
    if not ranked:
        yield "<p>Nobody bears any cost.</p>"
        return
    amounts = [Bar(line.path, line.total, f"{cost_text(line.total)} {currency}") for line in ranked]
    yield from bars(amounts, "Total cost by venture, highest first")


def _table(report: Report, shown: list[int]) -> Iterator[str]:
    columns = [report.columns[number] for number in shown]
    titles = (*ACCOUNT_COLUMNS, *(each.title for each in columns), TOTAL_COLUMN)
    yield '<div class="t"><table><thead><tr>'
    yield from (f'<th scope="col">{escaped(title)}</th>' for title in titles)
    yield "</tr></thead><tbody>"
    for line in report.lines:
        yield "<tr>"
        yield from (f"<td>{escaped(text)}</td>" for text in account_texts(line))
        yield from (_cell(column, line, number) for column, number in zip(columns, shown, strict=True))
        yield f'<td class="n">{cost_text(line.total)}</td></tr>'
    yield f'</tbody><tfoot><tr class="s"><td colspan="{len(ACCOUNT_COLUMNS)}">Sum</td>'
    for column, number in zip(columns, shown, strict=True):
        total = _sum(line.cells[number] for line in report.lines)
        yield f'<td class="n">{cell_text(column, total)}</td>'
    yield f'<td class="n">{cost_text(_sum(line.total for line in report.lines))}</td>'
    yield "</tr></tfoot></table></div>"


def _cell(column: Column, line: ReportLine, number: int) -> str:
    cell = line.cells[number]
    kind = "w" if isinstance(cell, str) else "n"
    return f'<td class="{kind}">{escaped(cell_text(column, cell))}</td>'


def _sum(cells: Iterable[object]) -> Fraction:
    return sum((each for each in cells if isinstance(each, Fraction)), Fraction())


def _rank(line: ReportLine) -> tuple[Fraction, str]:
    return -line.total, line.path
