"""Costs the slow way: every day of every account by itself, straight from what the rules say."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction

from rater.usage.costs import CostService, CostSetup, UsagePrice
from rater.usage.costs_usage import Window
from tests.usage.costs_worlds import Used

Charged = dict[tuple[str, str], Fraction]
"""Costs by account and metric; what is zero is left out."""


class Oracle:
    """Answers from a flat list of usage."""

    def __init__(self, setup: CostSetup, used: Sequence[Used]) -> None:
        self._setup = setup
        self._used = used
        self._types = {each.symbol: each for each in setup.types}

    def charged(self, metric: str, over: Window) -> Charged:
        """Price a metric day by day."""
        found: Charged = {}
        for each in self._used:
            if each.metric == metric and over.start <= each.day <= over.end:
                _add(found, (each.account, metric), Fraction(each.value) * self._unit(each))
        return _without_zeros(found)

    def _unit(self, used: Used) -> Fraction:
        kind = self._types[used.metric]
        there = [
            price
            for price in self._setup.prices
            if price.metric == used.metric
            and price.start <= used.day <= price.end
            and (not kind.by_warehouse or price.warehouse == used.warehouse)
        ]
        if not kind.by_cost:
            return sum((Fraction(price.price) for price in there), Fraction())
        return sum((self._of_cost(price, by_warehouse=kind.by_warehouse) for price in there), Fraction())

    def _of_cost(self, price: UsagePrice, *, by_warehouse: bool) -> Fraction:
        total = sum(
            Fraction(each.value)
            for each in self._used
            if each.metric == price.metric
            and price.start <= each.day <= price.end
            and (not by_warehouse or each.warehouse == price.warehouse)
        )
        return Fraction(price.cost) / total if total else Fraction()

    def handed(self, service: CostService, over: Window) -> Charged:
        """Hand on a service's cost: days with equal shares side by side are one stretch."""
        found: Charged = {}
        day = over.start
        while day <= over.end:
            last = day
            while last < over.end and self._shares(service, last + 1) == self._shares(service, day):
                last += 1
            self._hand_on(service, Window(day, last), found)
            day = last + 1
        return _without_zeros(found)

    def _shares(self, service: CostService, day: int) -> dict[str, Fraction]:
        found: dict[str, Fraction] = {}
        for each in self._setup.shares:
            if each.service == service.symbol and each.start <= day <= each.end:
                found[each.metric] = found.get(each.metric, Fraction()) + Fraction(each.percent)
        return found

    def _hand_on(self, service: CostService, over: Window, found: Charged) -> None:
        shares = self._shares(service, over.start)
        if service.fixed_price:
            for metric in shares:
                for key, cost in self.charged(metric, over).items():
                    _add(found, key, cost)
            return
        cost = self.cost(service, over)
        for metric, percent in shares.items():
            there = [
                each for each in self._used if each.metric == metric and over.start <= each.day <= over.end
            ]
            total = sum((Fraction(each.value) for each in there), Fraction())
            for each in there:
                if total:
                    part = cost * percent / 100 * Fraction(each.value) / total
                    _add(found, (each.account, metric), part)

    def cost(self, service: CostService, over: Window) -> Fraction:
        """Add up what a service costs."""
        parts = [self.charged(metric, over) for metric in service.base]
        services = {each.symbol: each for each in self._setup.services}
        parts += [self.handed(services[each], over) for each in service.depends_on]
        total = sum(
            (cost for part in parts for (account, _), cost in part.items() if account in service.providers),
            Fraction(),
        )
        for each in self._setup.services:
            if each.difference_to == service.symbol:
                total += self.cost(each, over) - sum(self.handed(each, over).values())
        days = range(over.start, over.end + 1)
        return total + sum((self._extra(service, day) for day in days), Fraction())

    def _extra(self, service: CostService, day: int) -> Fraction:
        total = Fraction()
        for each in self._setup.extra_costs:
            if each.account in service.providers and each.start <= day <= each.end:
                days = _days_of_month(day) if each.monthly else each.end - each.start + 1
                total += Fraction(each.cost) / days
        return total


def _days_of_month(day: int) -> int:
    at = date(1970, 1, 1) + timedelta(days=day)
    following = (at.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (following - at.replace(day=1)).days


def _add(found: Charged, key: tuple[str, str], cost: Fraction) -> None:
    found[key] = found.get(key, Fraction()) + cost


def _without_zeros(found: Charged) -> Charged:
    return {key: cost for key, cost in found.items() if cost}
