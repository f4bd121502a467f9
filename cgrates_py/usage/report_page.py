"""Prints a report of ventures as one page for eyes: a chart of who bears how much, and the table.

The page needs nothing from elsewhere and runs nothing; every text in it is escaped.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from html import escape

from cgrates_py.usage.report_text import (
    ACCOUNT_COLUMNS,
    TOTAL_COLUMN,
    account_texts,
    cell_text,
)
from cgrates_py.usage.reports import Wanted
from cgrates_py.usage.scrooge.values import day_text
from cgrates_py.visible import visible
from rater.usage.costs_report import Column, Report, ReportLine
from rater.usage.costs_text import cost_text

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""The Content-Security-Policy of the page."""
BARS_MAX = 20

_BAR, _GAP, _LABEL, _WIDTH, _AMOUNT = 18, 6, 220, 480, 160
"""Sizes of the chart in pixels."""
_NAME_CHARACTERS = 30

_BRIEF = "<p>Only totals are shown: the whole report is longer than a page may be.</p>"
_STYLE = (
    "body{font:14px system-ui,sans-serif;margin:2em;color:#222}"
    "table{border-collapse:collapse;margin-top:1.5em}"
    "th,td{border:1px solid #ccc;padding:.25em .6em;text-align:left;white-space:nowrap}"
    "th{background:#f2f4f7}td.n{text-align:right;font-variant-numeric:tabular-nums}"
    "td.w{color:#a33}tr.s td{font-weight:600}svg text{font:12px system-ui,sans-serif;fill:#222}"
    ".t{overflow-x:auto}"
)


def report_page(report: Report, wanted: Wanted, currency: str, *, brief: bool = False) -> str:
    """Print the page; ``brief``: of what each bears only the total."""
    shown = [] if brief else [*range(len(report.columns))]
    kind = "Forecast" if wanted.forecast else "Costs"
    title = f"{kind} of ventures, {day_text(wanted.window.start)} to {day_text(wanted.window.end)}"
    return "".join(
        (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            _BRIEF if brief else "",
            *_chart(report.lines, currency),
            *_table(report, shown),
            "</body></html>\n",
        )
    )


def _chart(lines: Iterable[ReportLine], currency: str) -> Iterator[str]:
    """Draw a bar for each of those who bear most."""
    ranked = sorted((line for line in lines if line.total > 0), key=_rank)[:BARS_MAX]
    if not ranked:
        yield "<p>Nobody bears any cost.</p>"
        return
    height = len(ranked) * (_BAR + _GAP)
    yield (
        f'<svg role="img" aria-label="Total cost by venture, highest first" '
        f'width="{_LABEL + _WIDTH + _AMOUNT}" height="{height}">'
    )
    for number, line in enumerate(ranked):
        top = number * (_BAR + _GAP)
        width = max(1, int(line.total * _WIDTH / ranked[0].total))
        name = line.path if len(line.path) <= _NAME_CHARACTERS else f"{line.path[:_NAME_CHARACTERS]}…"
        amount = f"{cost_text(line.total)} {currency}"
        baseline = top + _BAR - 5
        yield (
            f"<g><title>{_shown(line.path)}: {_shown(amount)}</title>"
            f'<text x="{_LABEL - 8}" y="{baseline}" text-anchor="end">{_shown(name)}</text>'
            f'<rect x="{_LABEL}" y="{top}" width="{width}" height="{_BAR}" fill="#3b6ea5"/>'
            f'<text x="{_LABEL + width + 6}" y="{baseline}">{_shown(amount)}</text></g>'
        )
    yield "</svg>"


def _table(report: Report, shown: list[int]) -> Iterator[str]:
    columns = [report.columns[number] for number in shown]
    titles = (*ACCOUNT_COLUMNS, *(each.title for each in columns), TOTAL_COLUMN)
    yield '<div class="t"><table><thead><tr>'
    yield from (f'<th scope="col">{_shown(title)}</th>' for title in titles)
    yield "</tr></thead><tbody>"
    for line in report.lines:
        yield "<tr>"
        yield from (f"<td>{_shown(text)}</td>" for text in account_texts(line))
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
    return f'<td class="{kind}">{_shown(cell_text(column, cell))}</td>'


def _sum(cells: Iterable[object]) -> Fraction:
    return sum((each for each in cells if isinstance(each, Fraction)), Fraction())


def _rank(line: ReportLine) -> tuple[Fraction, str]:
    return -line.total, line.path


def _shown(text: str) -> str:
    return escape(visible(text))
