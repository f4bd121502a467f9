"""What so many seconds cost by one price alone, as the rating core counts it."""

from decimal import Decimal

from rater.book import Book
from rater.compiler import compile_tariff
from rater.instant import SECOND
from rater.rate import Ladder, Rate, Terms
from rater.rating import Call, CallCost, price_call
from rater.tariff import ANY, DestinationRate, PlanLine, ProfileActivation, RateGroup, Tariff

_NOT_ROUNDED = 10
"""Decimals beyond those of an amount round nothing."""


class Costs:
    """The costs of calls by ladders, each asked of the core once."""

    def __init__(self) -> None:
        self._books: dict[Ladder, Book] = {}
        self._known: dict[tuple[Ladder, int], int] = {}

    def of(self, ladder: Ladder, duration_ns: int) -> int:
        """Tell what a call of some length costs in 10⁻⁹ units, its connect fee included."""
        key = (ladder, duration_ns)
        if key not in self._known:
            self._known[key] = self._cost(ladder, duration_ns)
        return self._known[key]

    def _cost(self, ladder: Ladder, duration_ns: int) -> int:
        if ladder not in self._books:
            self._books[ladder] = compile_tariff(_everywhere(ladder))
        cost = price_call(self._books[ladder], Call("", ANY, "", "0", 0, duration_ns), None)
        # beyond the largest amount a call is refused: more than any other costs
        return cost.cost + cost.connect_fee if isinstance(cost, CallCost) else 10**30


def first_increment_ns(ladder: Ladder) -> int:
    """Tell what is charged at least: the increment in which a call begins, a second without one."""
    return ladder[0].increment_ns if ladder[0].increment_ns > 1 else SECOND


def _everywhere(ladder: Ladder) -> Tariff:
    """Make a tariff in which every call has this price at every moment."""
    return Tariff(
        rate_groups={"": tuple(_group(rate) for rate in ladder)},
        destination_rates={"": (_destination_rate(ladder[0].terms),)},
        rating_plans={"": (PlanLine("", ANY),)},
        profiles={("", "", ANY): (ProfileActivation(0, ""),)},
    )


def _group(rate: Rate) -> RateGroup:
    unit_ns = int((rate.shown.billing_unit or Decimal(1)) * SECOND)
    # a price without increments is one by the nanosecond
    return RateGroup(
        rate.shown.connect_fee, rate.shown.price, unit_ns, rate.increment_ns or 1, rate.group_start_ns
    )


def _destination_rate(terms: Terms | None) -> DestinationRate:
    if terms is None:
        return DestinationRate(ANY, "", decimals=_NOT_ROUNDED)
    max_cost = None if terms.max_cost is None else Decimal(terms.max_cost).scaleb(-9)
    return DestinationRate(ANY, "", terms.rounding, terms.decimals, max_cost, terms.strategy)
