"""Costs as a tree: of a period, by what they are for, and within that by metric."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

COST_PLACES = 2
USAGE_PLACES = 5


class CostNode(NamedTuple):
    """What something costs and how much of it was used, exactly; ``kind``: what it is, in a word or two."""

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

    @property
    def shown_cost(self) -> Decimal:
        """Round the cost as it is shown."""
        return rounded(self.cost, COST_PLACES)

    @property
    def shown_usage(self) -> Decimal:
        """Round the usage as it is shown."""
        return rounded(self.usage, USAGE_PLACES)


def rounded(value: Fraction, places: int) -> Decimal:
    """Round half to even to so many decimal places; all of them are kept."""
    scaled = round(value * 10**places)
    digits = tuple(map(int, str(abs(scaled))))
    return Decimal((int(scaled < 0), digits, -places))
