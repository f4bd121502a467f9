"""Reports on paper: the same values as CSV, JSON, a page and Parquet, safe for whoever opens them."""

import asyncio
import io
import re
from decimal import Decimal
from fractions import Fraction
from xml.etree import ElementTree as ET

import orjson
import pytest

from cgrates_py.usage.report_page import BARS_MAX, report_page
from cgrates_py.usage.report_text import csv_lines, report_json
from cgrates_py.usage.reports import DAYS_MAX, ReportError, Reports, Wanted, read_usage, read_window
from rater.usage.costs import BASE, CostAccount, CostSetup, UsagePrice, UsageType
from rater.usage.costs_report import Cell, Column, Report, ReportLine
from rater.usage.costs_usage import Window
from rater.usage.records import DayEntry, Row
from rater.usage.scrooge_setup import ScroogeSetup
from storage.memory import MemoryStore

WANTED = Wanted(Window(16_130, 16_160))
"""March 2014."""
COLUMNS = (
    Column("GB count"),
    Column("GB cost - PLN", money=True, total=True),
    Column("Extra Costs Total - PLN", money=True, total=True),
)
HOSTILE = '=cmd|" /c calc"!A0;<script>alert(1)</script>\r\n\x1b[2J'


def _line(symbol: str, *cells: Cell, name: str = "", **about: str) -> ReportLine:
    total = sum((each for each in cells[1:] if isinstance(each, Fraction)), Fraction())
    return ReportLine(CostAccount(symbol, name or symbol, **about), name or symbol, cells, total)  # type: ignore[arg-type]  # -- names of members


def _report(*lines: ReportLine) -> Report:
    return Report(COLUMNS, lines)


def _rows(report: Report) -> list[str]:
    text = "".join(csv_lines(report))
    assert text.endswith("\r\n")
    return text[:-2].split("\r\n")


def test_csv_has_counts_as_they_are_and_costs_with_two_places() -> None:
    line = _line(
        "7", Fraction(123), Fraction(3), Fraction(33), name="Shop", department="D", profit_center="P"
    )
    assert _rows(_report(line)) == [
        "ID;Venture;Department;Business segment;Profit center;GB count;GB cost - PLN;Extra Costs Total - PLN;"
        "Total cost",
        "7;Shop;D;;P;123;3.00;33.00;36.00",
    ]


def test_csv_says_zero_where_nothing_was_used_and_a_notice_where_there_is_no_price() -> None:
    lines = _line("a", None, None, None), _line("b", Fraction(1, 8), "No price", Fraction(-5, 2))
    assert _rows(_report(*lines))[1:] == [
        "a;a;;;;0.0;0.00;0.00;0.00",
        "b;b;;;;0.125;No price;-2.50;-2.50",
    ]


def test_csv_runs_nothing_in_a_spreadsheet_and_keeps_a_line_a_line() -> None:
    (row,) = _rows(_report(_line("-1", None, None, None, name=HOSTILE)))[1:]
    assert row.startswith('\'-1;"\'=cmd|"" /c calc""!A0;<script>')
    assert '\\x0d\\x0a\\x1b[2J";' in row


def test_json_has_cells_in_the_order_of_columns_with_all_digits() -> None:
    text = report_json(_report(_line("a", Fraction(10**30), "No price", None)), WANTED, "EUR")
    assert f'"cells":[{10**30},"No price",0.00],"total_cost":0.00' in text
    told = orjson.loads(text)
    assert (told["start"], told["end"], told["forecast"], told["currency"]) == (
        *("2014-03-01", "2014-03-31"),
        *(False, "EUR"),
    )
    assert told["columns"][1] == {"title": "GB cost - PLN", "kind": "cost", "in_total": True}


def _elements(page: str, name: str) -> list[str]:
    return re.findall(rf"<{name}\b[^>]*>(.*?)</{name}>", page, re.DOTALL)


def test_a_page_escapes_every_text_and_asks_for_nothing_from_elsewhere() -> None:
    line = _line(HOSTILE, Fraction(1), Fraction(2), "<b>", name=HOSTILE, department=HOSTILE)
    hostile = Report((Column(HOSTILE), *COLUMNS[1:]), (line,))
    page = report_page(hostile, WANTED, HOSTILE)

    assert "<script" not in page
    assert "<b>" not in page
    assert "\x1b" not in page
    assert not re.search(r"\b(src|href|on\w+)=", page)


def test_a_page_draws_those_who_bear_most_to_scale() -> None:
    lines = [_line(f"v{n:02}", None, Fraction(n), None) for n in range(30)]
    page = report_page(_report(*lines, _line("minus", None, Fraction(-9), None)), WANTED, "PLN")
    (drawn,) = re.findall(r"<svg.*?</svg>", page)
    svg = ET.fromstring(drawn)  # noqa: S314 -- made here
    widths = [int(each.attrib["width"]) for each in svg.iter("rect")]

    assert len(widths) == BARS_MAX
    assert widths == sorted(widths, reverse=True)
    assert widths[0] * 10 // 29 == widths[-1]
    assert "Nobody bears any cost" in report_page(_report(), WANTED, "PLN")


def test_a_page_sums_up_columns_and_a_brief_one_only_totals() -> None:
    report = _report(_line("a", Fraction(1), Fraction(2), None), _line("b", Fraction(3), "No price", None))
    (foot,) = _elements(report_page(report, WANTED, "PLN"), "tfoot")
    assert _elements(foot, "td") == ["Sum", "4", "2.00", "0.00", "2.00"]

    brief = report_page(report, WANTED, "PLN", brief=True)
    assert _elements(_elements(brief, "tfoot")[0], "td") == ["Sum", "2.00"]
    assert _elements(brief, "th")[-1:] == ["Total cost"]


def test_parquet_has_costs_as_decimals_and_notices_beside() -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet is an extra")
    from cgrates_py.usage.report_parquet import write_parquet

    twice = Report(
        (*COLUMNS[:2], *COLUMNS[:2]), (_line("a", Fraction(1, 4), "No price", Fraction(1), Fraction(1, 3)),)
    )
    for report, rows in ((twice, 1), (Report(COLUMNS, ()), 0)):
        out = io.BytesIO()
        write_parquet(report, out)
        found = parquet.read_table(io.BytesIO(out.getvalue())).to_pylist()
        assert len(found) == rows
    write_parquet(twice, out := io.BytesIO())
    (row,) = parquet.read_table(io.BytesIO(out.getvalue())).to_pylist()

    assert row["GB count"] == "0.25"
    assert row["GB cost - PLN"] is None
    assert row["GB cost - PLN (2)"] == Decimal("0.33")
    assert row["Notices"] == "GB cost - PLN: No price"


def test_parquet_refuses_a_cost_of_too_many_digits_before_it_writes() -> None:
    pytest.importorskip("pyarrow", reason="Parquet is an extra")
    from cgrates_py.usage.report_parquet import TooLongError, write_parquet

    out = io.BytesIO()
    with pytest.raises(TooLongError, match="beyond Parquet's decimals"):
        write_parquet(_report(_line("a", None, Fraction(10**40), None)), out)
    assert out.getvalue() == b""


@pytest.mark.parametrize(
    ("start", "end", "named"),
    [
        ("", "2014-03-31", "start: "),
        ("2014-02-30", "2014-03-31", "start: "),
        ("2014-03-01", "20140331", "end: "),
        ("2014-03-01", "2014-W09-7", "end: "),
        ("2014-03-01", "2014-02-28", "end: expected a day from start on"),
        ("1970-01-01", "2014-03-31", f"within {DAYS_MAX} days"),
        ("1969-12-31", "1970-01-01", "start: "),
        ("9999-01-01", "9999-12-31", "start: "),
        ("٢٠١٤-03-01", "2014-03-31", "start: "),
    ],
)
def test_days_of_a_report_that_there_are_not_are_refused(start: str, end: str, named: str) -> None:
    with pytest.raises(ReportError, match=re.escape(named)):
        read_window(start, end)


GB = UsageType("gb", "GB", BASE, by_cost=True)


async def _push(store: MemoryStore, day: int, *rows: tuple[str, str]) -> None:
    entry = DayEntry(1, "test", tuple(Row(account, "gb", value, 0, 0) for account, value in rows))
    await store.append("scrooge", [(day, entry)])


async def test_only_days_are_read_that_the_report_or_its_prices_need() -> None:
    class Counting(MemoryStore):
        asked: list[int] = []  # noqa: RUF012 -- of this class alone

        async def read_days(self, book, days, *more):  # type: ignore[no-untyped-def]  # -- stands in for any
            self.asked.extend(days)
            return await super().read_days(book, days, *more)

    store = Counting()
    for day in range(90, 130):
        await _push(store, day, ("a", "1"))
    prices = (
        UsagePrice("gb", 95, 104, cost=Decimal(20)),
        UsagePrice("gb", 105, 109, cost=Decimal(5)),
        UsagePrice("gb", 115, 125, cost=Decimal(5)),
    )
    usage = await read_usage(store, CostSetup((GB,), prices), Window(103, 106))

    assert store.asked == [*range(95, 110)]
    assert usage.units("gb", usage.window) == {"a": 4}
    assert usage.total("gb", Window(95, 104)) == 10


async def test_a_report_is_of_what_was_pushed() -> None:
    store = MemoryStore()
    await _push(store, 100, ("a", "1"), ("b", "3"))
    await _push(store, 101, ("a", "4"))
    setup = ScroogeSetup((), (GB,), (UsagePrice("gb", 100, 101, cost=Decimal(16)),), currency="EUR")
    report, again = await asyncio.gather(
        *(Reports(store).ventures(setup, Wanted(Window(100, day))) for day in (100, 101))
    )

    assert [each.title for each in report.columns][:2] == ["GB count", "GB cost - EUR"]
    assert [(each.path, str(each.total)) for each in report.lines] == [("a", "2"), ("b", "6")]
    assert [(each.path, str(each.total)) for each in again.lines] == [("a", "10"), ("b", "6")]
