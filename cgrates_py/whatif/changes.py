"""The largest changes of single calls, of however many calls, and how many changed by how much."""

from typing import NamedTuple

import numpy as np

from cgrates_py.bulk.calls import Calls, Int64s
from cgrates_py.whatif.causes import Cause, Causes
from cgrates_py.whatif.sides import Side
from rater.tariff import ANY

KEPT = 100
"""Calls that are listed."""

STEPS = tuple(digit * 10**power for power in range(5, 13) for digit in (1, 2, 5))
"""Where bins of changes begin, in nanounits: 0.0001, 0.0002, 0.0005, 0.001 … 5000."""


class Charged(NamedTuple):
    """What one tariff says of a call: the amount (nanounits), None and why if it has no price."""

    total: int | None
    connect_fee: int
    prefix: str
    plan: str
    refusal: str


class Change(NamedTuple):
    """A call that costs something else. ``delta`` counts a call without a price as 0."""

    line: int
    customer: str
    subject: str
    number: str
    start_ns: int
    offset_ns: int
    talk_ns: int
    before: Charged
    after: Charged
    cause: Cause

    @property
    def delta(self) -> int:
        """How much more it costs."""
        return (self.after.total or 0) - (self.before.total or 0)

    @property
    def why(self) -> str:
        """Say what is other, all of it."""
        if self.cause in {Cause.OTHER_PLAN, Cause.OTHER_PREFIX}:
            before, after, said = self.before, self.after, []
            if before.plan != after.plan:
                said.append(f"other plan: {before.plan or 'none'} → {after.plan or 'none'}")
            if before.prefix.removeprefix("+") != after.prefix.removeprefix("+"):
                said.append(f"other prefix: {before.prefix or ANY} → {after.prefix or ANY}")
            return "; ".join(said)
        refusal = self.after.refusal or self.before.refusal
        return f"{self.cause.words}: {refusal}" if refusal else self.cause.words


class Largest:
    """Keeps the calls that change most, up or down; of alike ones those that come first in the file."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._found: list[Change] = []

    def changes(self) -> list[Change]:
        """List them, the largest first."""
        return list(self._found)

    def add(
        self, calls: Calls, lines: Int64s, before: Side, after: Side, delta: Int64s, causes: Causes
    ) -> None:
        """Look at the calls of a chunk."""
        size = np.abs(delta)
        least = max(1, abs(self._found[-1].delta) + 1 if len(self._found) == self._most else 1)
        rows = np.flatnonzero(size >= least)
        if len(rows) > self._most:
            # the smallest that has a place; of those alike the first ones
            edge = np.partition(size[rows], -self._most)[-self._most]
            above = rows[size[rows] > edge]
            alike = rows[size[rows] == edge][: self._most - len(above)]
            rows = np.concatenate([above, alike])
        if not len(rows):
            return
        some = calls.calls(rows)
        for row, call in zip(rows.tolist(), some, strict=True):
            self._found.append(
                Change(
                    int(lines[row]),
                    call.customer,
                    call.subject,
                    call.number,
                    call.start_ns,
                    call.offset_ns,
                    call.end_ns - call.start_ns,
                    _charged(before, row),
                    _charged(after, row),
                    Cause(int(causes[row])),
                )
            )
        self._found.sort(key=lambda each: (-abs(each.delta), each.line))
        del self._found[self._most :]


def _charged(side: Side, row: int) -> Charged:
    reason = int(side.reason[row])
    if reason >= 0:
        return Charged(None, 0, "", "", ": ".join(side.reasons[reason]))
    fee = int(side.connect_fee[row])
    return Charged(int(side.total[row]), fee, side.prefix.at(row), side.plan.at(row), "")


class Bin(NamedTuple):
    """How many calls change by at least ``low`` and less than ``high``; or, falling, by that much less.

    ``sign`` is -1 for calls that become cheaper, 0 for those that cost the same. ``high`` None: no bound.
    """

    sign: int
    low: int
    high: int | None
    calls: int


class Spread:
    """Counts calls by how much they change: bins between steps of 1, 2, 5, 10 … on both sides of 0."""

    def __init__(self) -> None:
        self._size = len(STEPS) + 1
        self._counts = np.zeros((3, self._size), np.int64)

    def add(self, delta: Int64s) -> None:
        """Count the calls of a chunk."""
        place = np.searchsorted(np.array(STEPS, np.int64), np.abs(delta), "right")
        codes = (np.sign(delta) + 1) * self._size + place
        self._counts += np.bincount(codes, minlength=3 * self._size).reshape(3, self._size)

    def bins(self) -> list[Bin]:
        """List the bins from the largest fall to the largest rise, without the empty ones at both ends."""
        bounds = [(0, STEPS[0]), *zip(STEPS, (*STEPS[1:], None), strict=True)]
        down, same, up = self._counts.tolist()
        bins = [Bin(-1, *bound, calls) for bound, calls in zip(bounds, down, strict=True)][::-1]
        bins.append(Bin(0, 0, 0, same[0]))
        bins += [Bin(1, *bound, calls) for bound, calls in zip(bounds, up, strict=True)]
        used = [place for place, each in enumerate(bins) if each.calls]
        return bins[used[0] : used[-1] + 1] if used else []
