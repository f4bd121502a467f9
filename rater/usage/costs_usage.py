"""Adds up usage while it is read: what is held is a cell per account, metric and stretch of equal prices."""

import decimal
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

from rater.usage.costs import CostSetup
from rater.usage.records import DayEntry, columns_of

EXACT = Context(prec=2000, traps=[decimal.Inexact, decimal.InvalidOperation])
"""Sums of anything that fits a binary double have some 640 digits; what has more fails rather than rounds."""

WAREHOUSE = "warehouse:"
"""How the link of a record of usage begins that tells in which warehouse the usage was."""

ELSEWHERE = ""
"""Stands for all accounts together on the days that only a price needs and not the report."""

_Cell = dict[str, Decimal]
_Used = tuple[str, str, str, str]
"""Account, metric, value and link of a row."""


class Window(NamedTuple):
    """Days from ``start`` to ``end``, both included."""

    start: int
    end: int

    @property
    def days(self) -> int:
        """How many days these are."""
        return self.end - self.start + 1

    def common(self, start: int, end: int) -> "Window | None":
        """Tell which days are in both, None: none."""
        window = Window(max(self.start, start), min(self.end, end))
        return window if window.start <= window.end else None


class Piece(NamedTuple):
    """What a unit of a metric costs in a window, or (``warehouse``) of what was used in one warehouse."""

    metric: str
    window: Window
    unit: Fraction
    warehouse: str | None = None


class _Series:
    """The usage of one metric: a cell for each warehouse in each stretch of days."""

    def __init__(self, borders: Iterable[int], by_warehouse: bool) -> None:
        self.starts = sorted(set(borders))
        self.by_warehouse = by_warehouse
        self.cells: list[dict[str, _Cell]] = [{} for _ in self.starts]

    def of_day(self, day: int) -> dict[str, _Cell]:
        return self.cells[bisect_right(self.starts, day) - 1]

    def within(self, window: Window, warehouse: str | None) -> Iterator[_Cell]:
        """List the cells of a window that begins and ends at borders."""
        first = bisect_right(self.starts, window.start) - 1
        for stretch in self.cells[first : bisect_right(self.starts, window.end)]:
            for name, cell in stretch.items():
                if warehouse is None or warehouse == name:
                    yield cell


class UsageTable:
    """The usage that a report over a window needs, added up exactly; it is asked when all days are added.

    Windows that are asked about begin and end at borders: of the report, of prices of that metric, of shares,
    and of the parts that a report may be cut into (``parts``).
    """

    def __init__(self, setup: CostSetup, window: Window, parts: Iterable[Window] = ()) -> None:
        self.window = window
        self._parts = {each.start for each in parts}
        self._wider: dict[str, list[Window]] = {}
        self._series = self._make_series(setup)
        self._totals: dict[tuple[str, Window, str | None], Fraction] = {}
        self._whole: dict[tuple[str, str | None], dict[str, Fraction]] = {}

    def _make_series(self, setup: CostSetup) -> dict[str, _Series]:
        window = self.window
        by_cost = {each.symbol for each in setup.types if each.by_cost}
        common = {window.start, window.end + 1, *self._parts}
        for share in setup.shares:
            common |= {share.start, share.end + 1}
        borders = {each.symbol: set(common) for each in setup.types}
        for price in setup.prices:
            if price.metric in borders and window.common(price.start, price.end):
                borders[price.metric] |= {price.start, price.end + 1}
                if price.metric in by_cost:
                    self._wider.setdefault(price.metric, []).append(Window(price.start, price.end))
        return {each.symbol: _Series({-1, *borders[each.symbol]}, each.by_warehouse) for each in setup.types}

    def needed(self, days: Iterable[int]) -> list[int]:
        """Tell which of these days must be added."""
        windows = {self.window, *(each for wider in self._wider.values() for each in wider)}
        return [day for day in days if any(each.start <= day <= each.end for each in windows)]

    def add_day(self, day: int, entries: Sequence[tuple[int, DayEntry]]) -> None:
        """Add what a day holds: its entries, in order; a day is added once."""
        inside = self.window.start <= day <= self.window.end
        series = self._series if inside else self._series_of_costs(day)
        with localcontext(EXACT):
            for rows in _living(entries):
                _add(series, day, rows, inside)

    def _series_of_costs(self, day: int) -> dict[str, _Series]:
        return {
            metric: self._series[metric]
            for metric, windows in self._wider.items()
            if any(each.start <= day <= each.end for each in windows)
        }

    def units(self, metric: str, window: Window, warehouse: str | None = None) -> Mapping[str, Fraction]:
        """Tell how much of a metric each account used in a window inside the report, all days of it added."""
        if window != self.window:
            return self._units(metric, window, warehouse)
        key = (metric, warehouse)
        found = self._whole.get(key)
        if found is None:
            found = self._whole[key] = self._units(metric, window, warehouse)
        return found

    def _units(self, metric: str, window: Window, warehouse: str | None) -> dict[str, Fraction]:
        found: _Cell = {}
        with localcontext(EXACT):
            for cell in self._within(metric, window, warehouse):
                for account, value in cell.items():
                    held = found.get(account)
                    found[account] = value if held is None else held + value
        return {account: Fraction(value) for account, value in found.items()}

    def total(self, metric: str, window: Window, warehouse: str | None = None) -> Fraction:
        """Tell how much of a metric all accounts used."""
        key = (metric, window, warehouse)
        found = self._totals.get(key)
        if found is None:
            with localcontext(EXACT):
                cells = self._within(metric, window, warehouse)
                found = Fraction(sum((sum(cell.values(), Decimal()) for cell in cells), Decimal()))
            self._totals[key] = found
        return found

    def warehouses(self, metric: str) -> set[str]:
        """Tell in which warehouses a metric was used."""
        stretches = self._series[metric].cells if metric in self._series else ()
        return {name for stretch in stretches for name in stretch}

    def accounts(self) -> set[str]:
        """Tell who used anything in the report's window."""
        return {
            account
            for metric, series in self._series.items()
            for cell in self._within(metric, self.window, None)
            for account in cell
        }

    def priced(self, pieces: Iterable[Piece], accounts: Container[str] | None = None) -> dict[str, Fraction]:
        """Tell what the usage of accounts (None: of all that have any) costs."""
        costs: dict[str, Fraction] = {}
        for piece in pieces:
            for account, units in self.units(piece.metric, piece.window, piece.warehouse).items():
                if accounts is None or account in accounts:
                    cost = units * piece.unit
                    held = costs.get(account)
                    costs[account] = cost if held is None else held + cost
        return costs

    def _within(self, metric: str, window: Window, warehouse: str | None) -> Iterator[_Cell]:
        series = self._series.get(metric)
        return iter(()) if series is None else series.within(window, warehouse)


def _living(entries: Sequence[tuple[int, DayEntry]]) -> Iterator[Iterable[_Used]]:
    """List what no later entry drops, the last entry first: a sum does not depend on their order."""
    gone: set[tuple[str, str | None, str | None]] = set()
    for _, entry in reversed(entries):
        accounts, metrics, values, *_, links = columns_of(entry.rows)
        rows = zip(accounts, metrics, values, links, strict=True)  # no row is made: they may be a million
        yield filter(lambda row: gone.isdisjoint(_names(row)), rows) if gone else rows
        for drop in entry.drops:
            gone.update(
                (drop.metric, account, link)
                for account in (drop.accounts if drop.accounts is not None else (None,))
                for link in (drop.links if drop.links is not None else (None,))
            )


def _names(used: _Used) -> tuple[tuple[str, str | None, str | None], ...]:
    """List what a drop may say to mean a row."""
    account, metric, _, link = used
    return (metric, None, None), (metric, account, None), (metric, None, link), (metric, account, link)


def _add(series: dict[str, _Series], day: int, rows: Iterable[_Used], inside: bool) -> None:
    plain = {
        metric: each.of_day(day).setdefault("", {})
        for metric, each in series.items()
        if inside and not each.by_warehouse
    }
    for account, metric, text, link in rows:
        cell = plain.get(metric)
        if cell is None:
            each = series.get(metric)
            if each is None:
                continue
            cell = each.of_day(day).setdefault(_warehouse(link) if each.by_warehouse else "", {})
        who = account if inside else ELSEWHERE
        held = cell.get(who)
        value = Decimal(text)
        cell[who] = value if held is None else held + value


def _warehouse(link: str) -> str:
    return link[len(WAREHOUSE) :] if link.startswith(WAREHOUSE) else ""
