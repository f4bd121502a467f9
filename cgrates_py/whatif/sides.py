"""What one of the two tariffs says of a chunk of calls, and how it names where they go."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cgrates_py.bulk.calls import Calls, Int32s, Int64s, Words
from cgrates_py.bulk.rating import BulkRater
from cgrates_py.whatif.sums import pairs
from rater.book import Book
from rater.compiler import compile_tariff
from rater.quantity import AMOUNT_MAX
from rater.refusal import Reason
from rater.tariff import ANY, Tariff

Flags = npt.NDArray[np.bool_]

NAMES_MAX = 3
"""Destinations that one label names, where a plan has a prefix in several."""


class Why(NamedTuple):
    """Why a call has no price: the code and the sentence that GetCost answers."""

    code: str
    sentence: str


_TOO_MUCH = Why(
    Reason.AMOUNT_OUT_OF_RANGE.value, "cost and connect fee together are more than 9000000000 units"
)


class Side(NamedTuple):
    """Answers in columns. ``total`` is what a call is charged, connect fee and all: 0 if it has no price.

    ``reason`` is a place in ``reasons``, -1 for a call that has a price. ``label`` is the destination's name.
    """

    total: Int64s
    connect_fee: Int64s
    prefix: Words
    plan: Words
    label: Words
    reason: Int32s
    reasons: list[Why]

    @property
    def rated(self) -> Flags:
        """Tell which calls have a price."""
        found: Flags = self.reason < 0
        return found


class Seller:
    """Prices calls by one tariff."""

    def __init__(self, tariff: Tariff) -> None:
        book = compile_tariff(tariff)
        self._rater = BulkRater(book)
        self._labels = _Labels(tariff, book)

    def side(self, calls: Calls) -> Side:
        """Price a chunk. What comes to more than an amount can be has no price, as in ``rate``."""
        priced = self._rater.rate(calls)
        fee, reason = priced.connect_fee, priced.reason
        reasons = [Why(each.code, each.sentence) for each in priced.reasons]
        too_much = priced.cost > AMOUNT_MAX - fee
        if too_much.any():
            reason = np.where(too_much, len(reasons), reason).astype(np.int32)
            reasons.append(_TOO_MUCH)
        total = np.where(too_much, 0, priced.cost + np.where(too_much, 0, fee))
        label = self._labels.column(priced.prefix, priced.plan, reason < 0)
        return Side(total, fee, priced.prefix, priced.plan, label, reason, reasons)


class _Labels:
    """Names destinations as a tariff does: by their Ids, or by the prefix where it has none."""

    def __init__(self, tariff: Tariff, book: Book) -> None:
        self._tariff = tariff
        self._book = book
        self._by_plan: dict[str, frozenset[str]] = {}
        self._known: dict[tuple[str, str], str] = {}

    def column(self, prefix: Words, plan: Words, rated: Flags) -> Words:
        """Name the destination of every call that has a price; empty for the others."""
        keys, codes = pairs(prefix, plan)
        used = np.bincount(codes[rated], minlength=len(keys)) > 0
        known = {"": 0}
        place = np.array(
            [
                known.setdefault(self._of(*key), len(known)) if there else 0
                for key, there in zip(keys, used.tolist(), strict=True)
            ],
            np.int32,
        )
        found = np.where(rated, place[codes], 0).astype(np.int32)
        return Words(list(known), found)

    def _of(self, prefix: str, plan: str) -> str:
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
