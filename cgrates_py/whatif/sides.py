"""What one of the two tariffs says of a chunk of calls, as one column of what is charged."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cgrates_py.bulk.calls import Int64s, Priced
from rater.book import Book
from rater.quantity import AMOUNT_MAX
from rater.refusal import Reason, Refusal
from rater.tariff import ANY, Tariff

Flags = npt.NDArray[np.bool_]

NAMES_MAX = 3
"""Destinations that one label names, where a plan has a prefix in several."""

_TOO_MUCH = Refusal(
    Reason.AMOUNT_OUT_OF_RANGE, "cost and connect fee together are more than 9000000000 units"
)


class Side(NamedTuple):
    """Answers in columns: what a call is charged (cost and connect fee, 0 if it has no price).

    ``reason`` is a place in ``reasons``, -1 for a call that has a price.
    """

    priced: Priced
    total: Int64s
    rated: Flags
    reason: npt.NDArray[np.int32]
    reasons: list[Refusal]

    @classmethod
    def of(cls, priced: Priced) -> "Side":
        """Charge what calls cost; one beyond what an amount can be has no price, as in ``rate``."""
        too_much = priced.cost > AMOUNT_MAX - priced.connect_fee
        reason, reasons = priced.reason, priced.reasons
        total = priced.cost + np.where(too_much, 0, priced.connect_fee)
        if too_much.any():
            reason = np.where(too_much, len(reasons), reason).astype(np.int32)
            reasons = [*reasons, _TOO_MUCH]
            total[too_much] = 0
        return cls(priced, total, reason < 0, reason, reasons)


class Labels:
    """Names destinations as a tariff does: by their Ids, or by the prefix where it has none."""

    def __init__(self, tariff: Tariff, book: Book) -> None:
        self._tariff = tariff
        self._book = book
        self._by_plan: dict[str, frozenset[str]] = {}
        self._known: dict[tuple[str, str], str] = {}

    def of(self, prefix: str, plan: str) -> str:
        """Name what a plan has a prefix for; a plan of no name has prices of prefixes themselves."""
        known = self._known.get((prefix, plan))
        if known is None:
            known = self._known[prefix, plan] = self._made(prefix, plan)
        return known

    def _made(self, prefix: str, plan: str) -> str:
        names = [each for each in self._book.destinations_of(prefix) if each in self._priced(plan)]
        more = "…" if len(names) > NAMES_MAX else ""
        return ", ".join(names[:NAMES_MAX]) + more or prefix or ANY

    def _priced(self, plan: str) -> frozenset[str]:
        """List the destinations that a plan has prices for."""
        found = self._by_plan.get(plan)
        if found is None:
            rates = self._tariff.destination_rates
            found = self._by_plan[plan] = frozenset(
                rate.destination_id
                for line in self._tariff.rating_plans.get(plan, ())
                for rate in rates.get(line.destination_rates_id, ())
            )
        return found
