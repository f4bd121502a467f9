"""The report of what everyone used and what it costs, as values: columns, and a line for each account.

A column's cost is part of a line's total where it is marked so: one in each block of columns that belong
together. A notice in place of a cost adds nothing.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from rater.usage.costs import SERVICE, CostAccount, CostService, CostSetup, UsageType
from rater.usage.costs_extra import accrued_by
from rater.usage.costs_prices import Pricing
from rater.usage.costs_services import Services
from rater.usage.costs_usage import UsageTable

Cell = Fraction | str | None
"""A count or a cost, a notice in place of a cost, None: nothing was used."""

_Values = dict[str, Cell]
_Costs = dict[str, Fraction]


class Column(NamedTuple):
    """A column of counts, or (``money``) of costs; ``total``: it is part of the total."""

    title: str
    money: bool = False
    total: bool = False


class ReportLine(NamedTuple):
    """What one account used; ``path``: its name after those of whom it is part of."""

    account: CostAccount
    path: str
    cells: tuple[Cell, ...]
    total: Fraction


class Report(NamedTuple):
    """Columns, and lines by name."""

    columns: tuple[Column, ...]
    lines: tuple[ReportLine, ...]


def ventures_report(
    setup: CostSetup,
    usage: UsageTable,
    *,
    forecast: bool = False,
    active_only: bool = False,
    currency: str = "PLN",
) -> Report:
    """Make the report over the window of ``usage``, all of which was added. Raises CostSetupError."""
    columns = _Columns(setup, usage, forecast, currency)
    columns.add_types()
    for service in sorted(setup.services, key=_service_name):
        columns.add_service(service)
    columns.add_extras()
    return Report(
        tuple(column for column, _ in columns.made),
        tuple(_line(*each, columns.made) for each in _accounts(setup, columns.accounts(), active_only)),
    )


def type_name(kind: UsageType) -> str:
    """Tell how reports call a metric."""
    return kind.name or kind.symbol


class _Columns:
    """Makes columns with their values, in order."""

    def __init__(self, setup: CostSetup, usage: UsageTable, forecast: bool, currency: str) -> None:
        self.made: list[tuple[Column, _Values]] = []
        self._setup = setup
        self._usage = usage
        self._window = usage.window
        self._forecast = forecast
        self._currency = currency
        self._types = sorted(setup.types, key=_type_rank)
        self._pricing = Pricing(setup, usage, forecast)
        self._services = Services(setup, usage, self._pricing, forecast)

    def accounts(self) -> set[str]:
        """Tell who is in any column."""
        return {account for _, values in self.made for account in values}

    def add_types(self) -> None:
        """Add what is charged as it is, and what was used and no service charges: no usage is left out."""
        window = self._window
        handed = {
            name for each in self._setup.services for name in self._services.metrics(each.symbol, window)
        }
        for kind in self._types:
            if kind.shown and (kind.kind != SERVICE or self._is_alone(kind.symbol, handed)):
                if kind.by_warehouse:
                    self._add_warehouses(kind)
                else:
                    name = type_name(kind)
                    self._add_counts(f"{name} count", kind, None)
                    self._add_costs(f"{name} cost", self._costs(kind, None), total=True)

    def _is_alone(self, metric: str, handed: set[str]) -> bool:
        """Tell whether a metric of services is charged by none, and matters."""
        used = self._pricing.has_prices(metric) or self._usage.units(metric, self._window)
        return metric not in handed and bool(used)

    def _add_warehouses(self, kind: UsageType) -> None:
        name = type_name(kind)
        total: _Costs = {}
        for warehouse in self._pricing.warehouses(kind.symbol):
            costs = self._costs(kind, warehouse)
            self._add_counts(f"{name} count ({warehouse})", kind, warehouse)
            self._add_costs(f"{name} cost ({warehouse})", costs)
            _add_to(total, costs)
        self._add_costs(f"{name} total cost", dict(total), total=True)

    def _costs(self, kind: UsageType, warehouse: str | None) -> _Values:
        """Price a metric, or tell by a notice for each who used it that prices do not cover the report."""
        notice = self._pricing.notice(kind.symbol, self._window, warehouse)
        if notice:
            return dict.fromkeys(self._usage.units(kind.symbol, self._window, warehouse), notice)
        return dict(self._usage.priced(self._pricing.pieces(kind.symbol, self._window, warehouse)))

    def add_service(self, service: CostService) -> None:
        """Add what is handed on of a service's cost, by metric and in all."""
        metrics = self._services.metrics(service.symbol, self._window)
        types = [each for each in self._types if each.symbol in metrics]
        pieces = self._services.pieces(service.symbol, self._window)
        total: _Costs = {}
        for kind in types:
            costs = self._usage.priced(piece for piece in pieces if piece.metric == kind.symbol)
            self._add_counts(f"{type_name(kind)} count", kind, None)
            self._add_costs(f"{type_name(kind)} cost", dict(costs), total=len(types) == 1)
            _add_to(total, costs)
        if len(types) > 1:
            self._add_costs(f"{service.name or service.symbol} cost", dict(total), total=True)

    def add_extras(self) -> None:
        """Add costs that no usage explains, each kind by name, and their sum."""
        total: _Costs = {}
        for name in sorted({each.name for each in self._setup.extra_costs}):
            extras = (each for each in self._setup.extra_costs if each.name == name)
            costs = accrued_by(extras, self._window, self._forecast)
            self._add_costs(name, dict(costs))
            _add_to(total, costs)
        self._add_costs("Extra Costs Total", dict(total), total=True)

    def _add_counts(self, title: str, kind: UsageType, warehouse: str | None) -> None:
        units = self._usage.units(kind.symbol, self._window, warehouse)
        days = self._window.days if kind.average else 1
        self.made.append((Column(title), {account: value / days for account, value in units.items()}))

    def _add_costs(self, title: str, costs: _Values, *, total: bool = False) -> None:
        self.made.append((Column(f"{title} - {self._currency}", money=True, total=total), costs))


def _add_to(total: _Costs, costs: "_Values | _Costs") -> None:
    for account, cost in costs.items():
        if isinstance(cost, Fraction):
            total[account] = total.get(account, Fraction()) + cost


def _type_rank(kind: UsageType) -> tuple[int, str]:
    return -kind.order, type_name(kind)


def _service_name(service: CostService) -> str:
    return service.name or service.symbol


def _accounts(setup: CostSetup, used: Iterable[str], active_only: bool) -> list[tuple[CostAccount, str]]:
    """List accounts with their paths, by name; also who is charged and no longer in the set-up."""
    known = {each.symbol: each for each in setup.accounts}
    unknown = sorted(set(used) - known.keys())
    listed = [*known.values(), *(CostAccount(symbol, symbol, active=False) for symbol in unknown)]
    listed.sort(key=_account_rank)
    return [(each, _path(each, known)) for each in listed if each.active or not active_only]


def _account_rank(account: CostAccount) -> tuple[str, str]:
    return account.name or account.symbol, account.symbol


def _path(account: CostAccount, known: dict[str, CostAccount]) -> str:
    names: list[str] = []
    met: set[str] = set()
    above: CostAccount | None = account
    while above is not None and above.symbol not in met:  # a circle is told once round
        names.append(above.name or above.symbol)
        met.add(above.symbol)
        above = known.get(above.parent)
    return "/".join(reversed(names))


def _line(account: CostAccount, path: str, made: list[tuple[Column, _Values]]) -> ReportLine:
    cells = tuple(values.get(account.symbol) for _, values in made)
    costs = (
        cell
        for (column, _), cell in zip(made, cells, strict=True)
        if column.total and isinstance(cell, Fraction)
    )
    return ReportLine(account, path, cells, sum(costs, Fraction()))
