"""Decides whether a concurrent history of one account is linearizable: a Wing–Gong search that remembers.

A history is linearizable if every operation can be given one instant between its call and its answer so
that, done one after the other at those instants, each would have answered what it did. The search places
operations one by one, remembers every (set of placed operations, balance) it met, and goes back where no
further one fits (Wing and Gong 1993, with Lowe's memory of 2017).

An operation whose fate is unknown may take effect at any time after its call, or never.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

STEPS_MAX: Final = 5_000_000
"""Placements tried before the search gives up undecided: half a minute. A right history takes few."""


class Kind(StrEnum):
    """What an operation does to the balance."""

    DEBIT = "debit"
    """Takes the amount, without a floor; answers the new balance. A negative amount is a credit."""
    TAKE = "take"
    """Takes the amount if it is there and answers the new balance; else changes nothing and is refused."""
    READ = "read"
    """Answers the balance."""


class Fate(StrEnum):
    """What became of an operation."""

    OK = "ok"
    REFUSED = "refused"
    """Answered: there was not enough. That, too, says something about the balance."""
    FAILED = "failed"
    """Known to have had no effect; the search leaves it out."""
    UNKNOWN = "unknown"
    """Never answered."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a history. Instants are of one clock, in any unit; equal ones count as concurrent."""

    kind: Kind
    amount: int
    called: int
    answered: int
    fate: Fate
    balance: int = 0
    """What was answered, if the fate is OK."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the search found."""

    linearizable: bool | None
    """None: undecided within the steps allowed."""
    steps: int
    stuck: tuple[Operation, ...] = ()
    """Where the furthest attempt ended: the operations of which one had to be next, and none could be."""
    stuck_balance: int = 0
    """The balance there."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A state of the search: the known operations before ``low`` are placed, and those of bits after it."""

    low: int
    after: int
    unknown: int
    """The bits of the unknown operations that are placed."""
    balance: int


def check(history: Sequence[Operation], start: int, steps_max: int = STEPS_MAX) -> Verdict:
    """Decide whether ``history`` of an account that began with ``start`` is linearizable."""
    return _Search(history, steps_max).run(start)


def apply(operation: Operation, balance: int) -> tuple[int, bool]:
    """Do an operation on a balance: the next balance, and whether the operation answered just that."""
    fate, amount = operation.fate, operation.amount
    if operation.kind is Kind.READ:
        return balance, fate is Fate.UNKNOWN or operation.balance == balance
    if operation.kind is Kind.TAKE and amount > balance:
        return balance, fate in {Fate.UNKNOWN, Fate.REFUSED}
    after = balance - amount
    return after, fate is Fate.UNKNOWN or (fate is Fate.OK and operation.balance == after)


class _Search:
    def __init__(self, history: Sequence[Operation], steps_max: int) -> None:
        in_order = sorted(history, key=lambda operation: operation.called)
        self._known = [each for each in in_order if each.fate in {Fate.OK, Fate.REFUSED}]
        # an unknown read changes nothing, wherever it would be placed
        self._unknown = [
            each for each in in_order if each.fate is Fate.UNKNOWN and each.kind is not Kind.READ
        ]
        self._steps_max = steps_max
        self._met: set[_Place] = set()

    def run(self, start: int) -> Verdict:
        first = furthest = _Place(0, 0, 0, start)
        stack = [(first, self._next(first))]
        steps = furthest_count = 0
        while stack:
            place, following = stack[-1]
            if place.low == len(self._known):
                return Verdict(True, steps)
            following_place = next(following, None)
            if following_place is None:
                stack.pop()
                continue
            steps += 1
            if steps > self._steps_max:
                return self._ended(None, steps, furthest)
            count = following_place.low + following_place.after.bit_count()
            if count > furthest_count:
                furthest, furthest_count = following_place, count
            stack.append((following_place, self._next(following_place)))
        return self._ended(False, steps, furthest)

    def _ended(self, linearizable: bool | None, steps: int, furthest: _Place) -> Verdict:
        stuck = tuple(self._known[number] for number in self._candidates(furthest))
        return Verdict(linearizable, steps, stuck, furthest.balance)

    def _next(self, place: _Place) -> Iterator[_Place]:
        """Give the places one step further that were not met before; unknown operations only come last."""
        candidates = self._candidates(place)
        fitting = [
            (number, balance)
            for number in candidates
            for balance, fits in [apply(self._known[number], place.balance)]
            if fits
        ]
        for number, balance in fitting:
            if balance == place.balance:  # it changes nothing, so here is as good as anywhere later
                yield from self._new(_with(place, number, balance))
                return
        for number, balance in fitting:
            yield from self._new(_with(place, number, balance))
        horizon = min((self._known[number].answered for number in candidates), default=0)
        for number, operation in enumerate(self._unknown):
            if operation.called <= horizon and not place.unknown >> number & 1:
                balance, _ = apply(operation, place.balance)
                if balance != place.balance:
                    yield from self._new(_Place(place.low, place.after, place.unknown | 1 << number, balance))

    def _new(self, place: _Place) -> Iterator[_Place]:
        if place not in self._met:
            self._met.add(place)
            yield place

    def _candidates(self, place: _Place) -> list[int]:
        """List the operations that may be next: those called before the first answer still to come."""
        found: list[int] = []
        horizon: int | None = None
        for number in range(place.low, len(self._known)):
            operation = self._known[number]
            if horizon is not None and operation.called > horizon:
                break
            if place.after >> (number - place.low) & 1:
                continue
            found.append(number)
            horizon = operation.answered if horizon is None else min(horizon, operation.answered)
        return found


def _with(place: _Place, number: int, balance: int) -> _Place:
    """Place a known operation; what is placed without a gap moves below ``low``."""
    after = place.after | 1 << (number - place.low)
    run = (~after & (after + 1)).bit_length() - 1  # ones at the low end
    return _Place(place.low + run, after >> run, place.unknown, balance)
