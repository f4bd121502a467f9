"""What every request must do to an account, and how a history of answers is checked against that.

This knows nothing of the product's code: plain integers, fractions, and the rules of the API page. Amounts
are integers of 10⁻⁹ money units, SMS or seconds. The tariff and the accounts are those of ``folder``.

Effects are fixed per request (a call's price never depends on the account), so the final balance follows from
which requests were answered as done, in whatever order; refusals and answers depend on the order, and the
order is the journal's, which must fit the times at which requests were sent and answered.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate

ONE = 10**9
CUSTOMER = "stress"
CALLED = "0256"
"""Calls to it cost money and never use minutes."""
BUCKETED = "0257"
"""Calls to it have a minute bucket."""
CALL_PRICE, CALL_UNIT_S, CONNECT_FEE = Fraction(1, 5), 60, 3 * ONE // 100
"""0.2 a minute, by the second, and 0.03 to begin with."""
BUCKET_PRICE = Fraction(1, 1000)
"""Money for each second of the bucket."""
REFUSED = "INSUFFICIENT_CREDIT"


class Kind(StrEnum):
    """What a request does; the value is the method's name and the name in the journal."""

    MONEY = "DebitBalance"
    SMS = "DebitSMS"
    SECONDS = "DebitSeconds"
    CALL = "Debit"
    VOLUME = "AddVolumeDiscountSeconds"
    TOPUP = "Topup"


@dataclass(frozen=True, slots=True)
class Operation:
    """One numbered request. ``amount`` is taken away (a top-up adds it); a call lasts that long."""

    account: str
    kind: Kind
    amount: int
    request_id: str


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has."""

    credit: int = 0
    sms: int = 0
    seconds: int = 0
    volume: int = 0


Answer = tuple[int, ...] | str | None
"""The numbers of a good answer (money left, SMS left, 0; cost and fee of a call), the code of a refusal, or
None where the answer says nothing."""


def call_cost(seconds: int) -> int:
    """Price a call of that many 10⁻⁹ seconds, without the connect fee: one rounding, half to even."""
    return round(Fraction(seconds, CALL_UNIT_S) * CALL_PRICE)


def apply(balance: Balance, operation: Operation) -> tuple[Balance, Answer]:
    """Tell what an operation leaves and answers. A refusal leaves the balance as it is."""
    credit, sms, seconds, volume = balance.credit, balance.sms, balance.seconds, balance.volume
    amount = operation.amount
    match operation.kind:
        case Kind.MONEY:
            return Balance(credit - amount, sms, seconds, volume), (credit - amount,)
        case Kind.SMS:
            if amount > sms and amount >= 0:
                return balance, REFUSED
            return Balance(credit, sms - amount, seconds, volume), (sms - amount,)
        case Kind.SECONDS:
            charge = round(amount * BUCKET_PRICE)
            if amount > seconds or (amount > 0 and charge > credit):
                return balance, REFUSED
            return Balance(credit - charge, sms, seconds - amount, volume), (0,)
        case Kind.CALL:
            cost = call_cost(amount)
            if cost + CONNECT_FEE > credit:
                return balance, REFUSED
            return Balance(credit - cost - CONNECT_FEE, sms, seconds, volume), (cost, CONNECT_FEE)
        case Kind.VOLUME:
            return Balance(credit, sms, seconds, volume + amount), (0,)
        case Kind.TOPUP:
            return Balance(credit + amount, sms, seconds, volume), None


def effect(operation: Operation) -> Balance:
    """Tell what an operation that was done adds to each balance: the same whatever the account has."""
    plenty = Balance(10**30, 10**30, 10**30, 0)
    after, _ = apply(plenty, operation)
    return Balance(
        after.credit - plenty.credit, after.sms - plenty.sms, after.seconds - plenty.seconds, after.volume
    )


def total(opening: Balance, done: Iterable[Operation]) -> Balance:
    """Tell the balance after some operations in any order."""
    credit, sms, seconds, volume = opening.credit, opening.sms, opening.seconds, opening.volume
    for operation in done:
        change = effect(operation)
        credit += change.credit
        sms += change.sms
        seconds += change.seconds
        volume += change.volume
    return Balance(credit, sms, seconds, volume)


@dataclass(slots=True)
class Record:
    """What became of a request. Times are ``time.monotonic``; 0 and no answer: never answered for good."""

    operation: Operation
    asked_s: float
    answered_s: float = 0.0
    answer: Answer = None
    attempts: int = 0
    repeats: list[Answer] = field(default_factory=list)
    """Answers to the same request sent again after it was answered."""

    @property
    def answered(self) -> bool:
        """Whether there was an answer that is one for good."""
        return self.answered_s > 0

    @property
    def done(self) -> bool:
        """Whether it was answered as done."""
        return self.answered and not isinstance(self.answer, str)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an account's journal, as the store tells it: whose change, and the balance after it."""

    request_id: str
    kind: str
    after: Balance


def check_account(
    opening: Balance, records: Sequence[Record], lines: Sequence[Line], final: Balance
) -> list[str]:
    """List everything that is wrong with one account: empty if answers, journal and balance agree.

    ``lines`` are the journal's in their order, without the one that created the account.
    """
    by_id = {record.operation.request_id: record for record in records}
    found = _check_ids(by_id, lines)
    expected = total(opening, (record.operation for record in records if record.done))
    if expected != final:
        found.append(f"balance is {final}, the answers make {expected}")
    if not found:
        found += _check_order(by_id, lines)
        found += _check_answers(opening, by_id, lines)
    found += [
        f"{record.operation.request_id}: a repeat was answered {again}, first {record.answer}"
        for record in records
        for again in record.repeats
        if again != record.answer
    ]
    return found


def _check_ids(by_id: Mapping[str, Record], lines: Sequence[Line]) -> list[str]:
    """Each request that was done is in the journal once, and nothing else is."""
    found = []
    times: dict[str, int] = {}
    for line in lines:
        times[line.request_id] = times.get(line.request_id, 0) + 1
    for request_id, count in times.items():
        record = by_id.get(request_id)
        if count > 1:
            found.append(f"{request_id} is {count} times in the journal")
        if record is None:
            found.append(f"{request_id} is in the journal and nobody waits for its answer")
        elif record.answered and not record.done:
            found.append(f"{request_id} was refused ({record.answer}) and is in the journal")
    for request_id, record in by_id.items():
        if record.done and request_id not in times:
            found.append(f"{request_id} was answered as done and is not in the journal")
        if not record.answered:
            found.append(f"{request_id} was never answered, after {record.attempts} attempts")
    return found


def _check_order(by_id: Mapping[str, Record], lines: Sequence[Line]) -> list[str]:
    """Nothing stands in the journal before what had been answered when it was asked."""
    found = []
    latest_asked_s, latest_id = 0.0, ""
    for line in lines:
        record = by_id[line.request_id]
        if record.answered_s < latest_asked_s:
            found.append(f"{line.request_id} was answered before {latest_id} was asked, yet stands behind it")
        if record.asked_s > latest_asked_s:
            latest_asked_s, latest_id = record.asked_s, line.request_id
    return found


def _check_answers(opening: Balance, by_id: Mapping[str, Record], lines: Sequence[Line]) -> list[str]:
    """Every answer is what the model says at its place in the journal; every refusal fits some place."""
    found = []
    states = [opening]
    for line in lines:
        record = by_id[line.request_id]
        after, answer = apply(states[-1], record.operation)
        if line.kind != record.operation.kind:
            found.append(f"{line.request_id} is journalled as {line.kind}, asked was {record.operation.kind}")
        if line.after != after:
            found.append(f"{line.request_id} left {line.after}, the model says {after}")
        if record.answer not in (answer, None):
            found.append(f"{line.request_id} was answered {record.answer}, the model says {answer}")
        states.append(after)
    places = _Places([by_id[line.request_id] for line in lines])
    for record in by_id.values():
        if record.answered and not record.done:
            low, high = places.of(record)
            refusals = {apply(state, record.operation)[1] for state in states[low : high + 1]}
            if record.answer not in refusals:
                found.append(
                    f"{record.operation.request_id} was refused ({record.answer}), no balance explains it"
                )
    return found


class _Places:
    """Finds between which journal lines a request that left none can have been decided."""

    def __init__(self, written: Sequence[Record]) -> None:
        backwards = accumulate((record.answered_s for record in reversed(written)), min)
        self._answered_s = [*backwards][::-1]  # the earliest answer from each line on
        self._asked_s = [*accumulate((record.asked_s for record in written), max)]  # the latest so far

    def of(self, record: Record) -> tuple[int, int]:
        """Tell how many lines precede it at least, and at most."""
        low = bisect_left(self._answered_s, record.asked_s)
        return low, bisect_right(self._asked_s, record.answered_s)
