"""What services cost, and how that is handed on to those who use them.

In each of the longest stretches of days with the same shares, an account bears of a service's cost, for each
metric, the metric's share times its part of all usage of the metric in that stretch. A service of fixed price
sells its metrics instead, and what that brings less than the service costs is borne by another service.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from rater.usage.costs import CostService, CostSetup, Share
from rater.usage.costs_extra import accrued_by
from rater.usage.costs_prices import Pricing
from rater.usage.costs_usage import Piece, UsageTable, Window

CHAIN_MAX = 50
"""Services that follow from one another: each takes a few frames of the stack."""


class CostSetupError(ValueError):
    """Services cannot be computed: the text tells which and why."""


class Division(NamedTuple):
    """Days on which a service's cost is handed on in the same way: percent by metric."""

    window: Window
    percents: dict[str, Fraction]


def divisions(shares: Iterable[Share], window: Window) -> list[Division]:
    """Cut a window into the longest stretches with the same shares; days without any are in none."""
    relevant = [each for each in shares if window.common(each.start, each.end)]
    borders = {window.start, window.end + 1}
    for each in relevant:
        borders |= {max(each.start, window.start), min(each.end, window.end) + 1}
    days = sorted(borders)
    found: list[Division] = []
    for start, following in pairwise(days):
        percents: dict[str, Fraction] = {}
        for each in relevant:
            if each.start <= start <= each.end:
                percents[each.metric] = percents.get(each.metric, Fraction()) + Fraction(each.percent)
        if not percents:
            continue
        if found and found[-1].percents == percents and found[-1].window.end == start - 1:
            found[-1] = Division(Window(found[-1].window.start, following - 1), percents)
        else:
            found.append(Division(Window(start, following - 1), percents))
    return found


def check_services(services: Sequence[CostService]) -> None:
    """Refuse services that depend on themselves, or in too long chains. Raises CostSetupError."""
    follows = _follows(services)
    depths: dict[str, int] = {}
    for symbol in follows:
        _depth(symbol, follows, depths, ())


class Services:
    """Computes the services of a set-up. Raises CostSetupError at once."""

    def __init__(self, setup: CostSetup, usage: UsageTable, pricing: Pricing, forecast: bool = False) -> None:
        check_services(setup.services)
        self._usage = usage
        self._pricing = pricing
        self._forecast = forecast
        self._extras = setup.extra_costs
        self._services = {each.symbol: each for each in setup.services}
        self._shares: dict[str, list[Share]] = {}
        for share in setup.shares:
            self._shares.setdefault(share.service, []).append(share)
        self._costs: dict[tuple[str, Window], Fraction] = {}
        self._pieces: dict[tuple[str, Window], list[Piece]] = {}

    def metrics(self, service: str, window: Window) -> set[str]:
        """Tell by which metrics a service's cost is handed on in a window."""
        shares = self._shares.get(service, ())
        return {each.metric for each in shares if window.common(each.start, each.end)}

    def cost(self, service: str, window: Window) -> Fraction:
        """Tell what a service costs in a window, by whatever prices there are."""
        key = (service, window)
        found = self._costs.get(key)
        if found is None:
            found = self._costs[key] = self._sum(self._services[service], window)
        return found

    def _sum(self, service: CostService, window: Window) -> Fraction:
        providers = frozenset(service.providers)
        pieces = [piece for metric in service.base for piece in self._pricing.pieces(metric, window)]
        for each in service.depends_on:
            pieces += self.pieces(each, window)
        extras = accrued_by(
            (each for each in self._extras if each.account in providers), window, self._forecast
        )
        differences = (
            self.difference(each.symbol, window)
            for each in self._services.values()
            if each.difference_to == service.symbol
        )
        return sum(
            (*self._usage.priced(pieces, providers).values(), *extras.values(), *differences), Fraction()
        )

    def pieces(self, service: str, window: Window) -> list[Piece]:
        """Tell what a unit of a service's metrics costs, stretch by stretch."""
        key = (service, window)
        found = self._pieces.get(key)
        if found is None:
            fixed = self._services[service].fixed_price
            found = self._sold(service, window) if fixed else self._handed(service, window)
            self._pieces[key] = found
        return found

    def _sold(self, service: str, window: Window) -> list[Piece]:
        return [
            piece
            for division in divisions(self._shares.get(service, ()), window)
            for metric in division.percents
            for piece in self._pricing.pieces(metric, division.window)
        ]

    def _handed(self, service: str, window: Window) -> list[Piece]:
        found = []
        for division in divisions(self._shares.get(service, ()), window):
            cost = self.cost(service, division.window)
            for metric, percent in division.percents.items():
                total = self._usage.total(metric, division.window)
                if total:
                    unit = cost * percent / 100 / total
                    found.append(Piece(metric, division.window, unit))
        return found

    def difference(self, service: str, window: Window) -> Fraction:
        """Tell what a service of fixed price costs more than it brings; negative: it brings more."""
        income = sum(self._usage.priced(self.pieces(service, window)).values(), Fraction())
        return self.cost(service, window) - income


def _follows(services: Sequence[CostService]) -> dict[str, list[str]]:
    """Tell which services must be computed before each one."""
    known = {each.symbol for each in services}
    follows = {each.symbol: list(each.depends_on) for each in services}
    for each in services:
        if each.difference_to:
            if not each.fixed_price:
                raise CostSetupError(f"service {each.symbol}: only a fixed price leaves a difference")
            follows.setdefault(each.difference_to, []).append(each.symbol)
    for symbol, needed in follows.items():
        for name in (symbol, *needed):
            if name not in known:
                raise CostSetupError(f"service {symbol}: there is no service {name}")
    return follows


def _depth(symbol: str, follows: dict[str, list[str]], depths: dict[str, int], chain: tuple[str, ...]) -> int:
    if symbol in chain:
        raise CostSetupError(f"service {symbol} depends on itself: {' → '.join((*chain, symbol))}")
    if len(chain) >= CHAIN_MAX:
        raise CostSetupError(f"service {chain[0]}: more than {CHAIN_MAX} services follow from one another")
    if symbol not in depths:
        deeper = [_depth(each, follows, depths, (*chain, symbol)) for each in follows[symbol]]
        depths[symbol] = 1 + max(deeper, default=0)
    if len(chain) + depths[symbol] > CHAIN_MAX:
        raise CostSetupError(f"service {symbol}: more than {CHAIN_MAX} services follow from one another")
    return depths[symbol]
