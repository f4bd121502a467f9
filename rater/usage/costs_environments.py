"""What an account's usage costs as a tree: by service or metric, and within a service by metric.

Services of fixed price and metrics with prices are in it. What a service's cost would be handed on by shares
is not: that needs usage of those who provide it.
"""

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from rater.usage.costs import CostService, CostSetup
from rater.usage.costs_prices import Pricing
from rater.usage.costs_services import Services
from rater.usage.costs_usage import Piece, UsageTable, Window

USAGE_PLACES = 5

SERVICE_NODE = "pricing service"
METRIC_NODE = "usage type"


class CostNode(NamedTuple):
    """What something costs and how much of it was used, exactly; ``kind``: what it is."""

    kind: str
    cost: Fraction
    usage: Fraction
    children: Mapping[str, "CostNode"] = {}

    @classmethod
    def of_children(cls, kind: str, children: Mapping[str, "CostNode"]) -> "CostNode":
        """Add up what a node consists of: exactly, hence not always what the rounded parts add up to."""
        cost = sum((each.cost for each in children.values()), Fraction())
        usage = sum((each.usage for each in children.values()), Fraction())
        return cls(kind, cost, usage, children)


class EnvironmentCosts:
    """Computes the costs of accounts. Raises CostSetupError."""

    def __init__(self, setup: CostSetup, usage: UsageTable, forecast: bool = False) -> None:
        self._usage = usage
        self._types = setup.types
        self._pricing = Pricing(setup, usage, forecast)
        self._sold = [each for each in setup.services if each.fixed_price]
        self._services = Services(setup._replace(services=tuple(self._sold)), usage, self._pricing, forecast)

    def of(self, accounts: Collection[str], window: Window) -> dict[str, CostNode]:
        """Tell what these accounts bear in a window; what they did not use is left out."""
        found: dict[str, CostNode] = {}
        handed: set[str] = set()
        for service in sorted(self._sold, key=_symbol):
            metrics = self._services.metrics(service.symbol, window)
            pieces = self._services.pieces(service.symbol, window)
            handed |= metrics
            children = {
                metric: node
                for metric in sorted(metrics)
                if (node := self._node(metric, pieces, accounts, window)) is not None
            }
            if children:
                found[service.symbol] = CostNode.of_children(SERVICE_NODE, children)
        for kind in self._types:
            if (
                kind.symbol not in handed
                and kind.symbol not in found
                and self._pricing.has_prices(kind.symbol)
            ):
                pieces = self._pricing.pieces(kind.symbol, window)
                node = self._node(kind.symbol, pieces, accounts, window)
                if node is not None:
                    found[kind.symbol] = node
        return found

    def _node(
        self, metric: str, pieces: Iterable[Piece], accounts: Collection[str], window: Window
    ) -> CostNode | None:
        units = self._usage.units(metric, window)
        used = sum((units.get(account, Fraction()) for account in accounts), Fraction())
        mine = [piece for piece in pieces if piece.metric == metric]
        cost = sum(self._usage.priced(mine, accounts).values(), Fraction())
        return CostNode(METRIC_NODE, cost, used) if used or cost else None


def _symbol(service: CostService) -> str:
    return service.symbol
