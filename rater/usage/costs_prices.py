"""What usage costs by dated prices: a price that was set, or one that follows from a cost."""

from collections.abc import Iterable
from fractions import Fraction

from rater.usage.costs import CostSetup, UsagePrice, UsageType
from rater.usage.costs_usage import Piece, UsageTable, Window

NO_PRICE = "No price"
"""Stands in place of a cost where no day of the report has a price."""
INCOMPLETE_PRICE = "Incomplete price"
"""Stands in place of a cost where some days of the report have none."""


class Pricing:
    """The prices of a set-up, for real or (``forecast``) as foreseen, over the usage of a report."""

    def __init__(self, setup: CostSetup, usage: UsageTable, forecast: bool = False) -> None:
        self._usage = usage
        self._forecast = forecast
        self._types = {each.symbol: each for each in setup.types}
        self._prices: dict[str, list[UsagePrice]] = {}
        for price in setup.prices:
            self._prices.setdefault(price.metric, []).append(price)

    def has_prices(self, metric: str) -> bool:
        """Tell whether a metric has a price on any day."""
        return metric in self._prices

    def warehouses(self, metric: str) -> list[str]:
        """List the warehouses that a metric has prices for or was used in."""
        priced = {each.warehouse for each in self._prices.get(metric, ())}
        return sorted(priced | self._usage.warehouses(metric))

    def notice(self, metric: str, window: Window, warehouse: str | None = None) -> str:
        """Tell whether prices cover a window: empty, or what stands in place of a cost."""
        prices = self._of(metric, window, warehouse)
        if not prices:
            return NO_PRICE
        return INCOMPLETE_PRICE if has_gap(((each.start, each.end) for each in prices), window) else ""

    def pieces(self, metric: str, window: Window, warehouse: str | None = None) -> list[Piece]:
        """Tell what a unit of a metric costs, stretch by stretch of a window."""
        kind = self._types.get(metric)
        if kind is None:
            return []
        prices = self._of(metric, window, warehouse)
        return self._from_costs(kind, prices, window) if kind.by_cost else self._set(kind, prices, window)

    def _of(self, metric: str, window: Window, warehouse: str | None) -> list[UsagePrice]:
        return [
            each
            for each in self._prices.get(metric, ())
            if window.common(each.start, each.end) and warehouse in (None, each.warehouse)
        ]

    def _set(self, kind: UsageType, prices: Iterable[UsagePrice], window: Window) -> list[Piece]:
        pieces = []
        for each in prices:
            common = window.common(each.start, each.end)
            if common is not None:
                unit = Fraction(each.forecast_price if self._forecast else each.price)
                pieces.append(Piece(kind.symbol, common, unit, _warehouse(kind, each.warehouse)))
        return pieces

    def _from_costs(self, kind: UsageType, prices: Iterable[UsagePrice], window: Window) -> list[Piece]:
        """Divide what a period cost by all that was used in all of it, in the report or not."""
        costs: dict[tuple[Window, str | None], Fraction] = {}
        for each in prices:
            key = Window(each.start, each.end), _warehouse(kind, each.warehouse)
            cost = Fraction(each.forecast_cost if self._forecast else each.cost)
            costs[key] = costs.get(key, Fraction()) + cost
        pieces = []
        for (period, warehouse), cost in costs.items():
            common = window.common(*period)
            total = self._usage.total(kind.symbol, period, warehouse)
            if common is not None and total:
                pieces.append(Piece(kind.symbol, common, cost / total, warehouse))
        return pieces


def has_gap(periods: Iterable[tuple[int, int]], window: Window) -> bool:
    """Tell whether a day of a window is in none of these periods, both ends of each included."""
    day = window.start
    for start, end in sorted(periods):
        if start > day:
            break
        day = max(day, end + 1)
    return day <= window.end


def _warehouse(kind: UsageType, warehouse: str) -> str | None:
    return warehouse if kind.by_warehouse else None
