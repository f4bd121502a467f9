"""Judges a world that has come to rest: an account of what the journals say, against what callers were told.

It knows prices and rules from the plan alone, and shares with the product only the reading of journals
(whose hash chain is what ``verify`` proves).
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rater.account import Account
from storage import journal, keys
from storage.store import StoreCorruptError
from stress.simulate.callers import Attempt, Record
from stress.simulate.plan import NOBODY, UNIT, Ask, Kind, Plan, serving
from stress.simulate.shelf import Shelf

ANSWER_S = 5.0
"""A request is answered inside that, whatever happens behind the balancer."""

_NOT_ALLOWED = ("INSUFFICIENT_CREDIT", "BUCKET_NOT_FOUND")

QUOTE_S = 0.1
"""A quote may be so much older than its question where nothing breaks: notices take their time."""

SLACK_S = 0.3
"""What the way to the balancer and back may add."""


@dataclass(frozen=True, slots=True)
class State:
    """An account after one line of its journal. ``ask`` is whose line it is; None for the opening."""

    version: int
    from_s: float
    account: Account
    ask: Ask | None
    cost: int = 0


class Judge:
    """Finds what is wrong with a world; every finding is one sentence."""

    def __init__(
        self,
        plan: Plan,
        shelf: Shelf,
        records: list[Record],
        troubles: dict[str, list[tuple[float, float]]],
        tariffs: list[float],
    ) -> None:
        self.plan = plan
        self.records = records
        self.findings: list[str] = []
        self._shelf = shelf
        self._troubles = troubles
        self._tariffs = tariffs
        self._by_id = {record.ask.request_id: record for record in records if record.ask.request_id}
        self._by_amount = {
            (record.ask.kind.value, record.ask.amount): record
            for record in records
            if record.ask.kind.changes and not record.ask.request_id
        }
        self._applied: Counter[int] = Counter()
        self._states: dict[tuple[str, str], list[State]] = {}

    def judge(self) -> list[str]:
        """Judge everything."""
        for account in self.plan.accounts:
            self._replay(account)
        for record in self.records:
            self._judge_count(record)
            for attempt in record.attempts:
                self._judge_deadline(record, attempt)
                if not attempt.final:
                    continue
                try:
                    self._judge_answer(record, attempt)
                except (LookupError, TypeError, ArithmeticError) as error:
                    self._find(record.ask, f"was answered in another's form: {attempt.result!r} ({error!r})")
            bodies = {(each.result, each.error) for each in record.attempts if each.final}
            if len(bodies) > 1 and record.ask.kind.changes:
                self._find(record.ask, f"was answered differently when repeated: {bodies}")
            if not record.settled:
                self._find(record.ask, "was never answered")
        return self.findings

    def _find(self, ask: Ask, sentence: str) -> None:
        self.findings.append(f"request {ask.number} ({ask.kind}, {ask.request_id or 'no id'}) {sentence}")

    # Journals.

    def _replay(self, opening: Account) -> None:
        key = (opening.customer, opening.subject)
        names = keys.of_account(key)
        record, elements = self._shelf.get(names.account) or b"", self._shelf.journals[names.journal]
        times = self._shelf.times[names.journal]
        try:
            stored = journal.verify(key, record, elements)
            lines = list(journal.lines(elements))
        except StoreCorruptError as error:
            self.findings.append(f"account {key}: {error}")
            return
        states = self._states[key] = [State(1, 0.0, opening, None)]
        for line in lines[1:]:
            states.append(self._replay_line(states[-1], line, times[line.version - 1]))
        if stored.account != states[-1].account:
            self.findings.append(f"account {key} is {stored.account}, the model says {states[-1].account}")

    def _replay_line(self, before: State, line: Any, at: float) -> State:
        if line.request_id.startswith("#"):
            record = self._by_amount.get((line.method, line.amount))
        else:
            record = self._by_id.get(line.request_id)
        if record is None:
            self.findings.append(f"a journal line that nobody asked for: {line}")
            return State(line.version, at, before.account, None)
        ask = record.ask
        self._applied[ask.number] += 1
        if at < record.first_sent:
            self._find(ask, f"was done at {at:.6f}, before it was asked")
        if (answer := record.answer) is not None and at > answer.ended_at:
            self._find(ask, f"was done at {at:.6f}, after its answer")
        changed = {change.field: change.after for change in line.changes}
        cost = 0
        if ask.kind is Kind.DEBIT:
            cost = before.account.credit - changed.get("credit", before.account.credit)
            if cost not in self._costs(ask, before.account, at):
                self._find(ask, f"cost {cost}, which no tariff in force says")
        after = expected(ask, before.account, cost)
        if after is None:
            self._find(ask, f"was done on {before.account}, which does not allow it")
            return State(line.version, at, before.account, ask, cost)
        for name, value in changed.items():
            if getattr(after, name) != value:
                self._find(ask, f"made {name} {value}, the model says {getattr(after, name)}")
        return State(line.version, at, after, ask, cost)

    def _costs(self, ask: Ask, account: Account, until: float) -> set[int]:
        """Tell what a call may cost: by the free seconds left, and every tariff in force so far."""
        paid = max(0, ask.amount - sum(bucket.seconds_ns for bucket in account.buckets))
        return {paid * version // 100 for version, since in enumerate(self._tariffs, 1) if since <= until}

    # Requests.

    def _judge_count(self, record: Record) -> None:
        ask, count = record.ask, self._applied[record.ask.number]
        if count > 1:
            self._find(ask, f"was done {count} times")
        if not ask.kind.changes:
            return
        answer = record.answer
        if answer is not None and answer.result is not None and not count and not self._changes_nothing(ask):
            self._find(ask, "was answered and not done")
        if count and answer is not None and answer.error is not None:
            self._find(ask, f"was done and refused: {answer.error}")
        if count and record.attempts and all(attempt.untried for attempt in record.attempts):
            self._find(ask, "was done though every answer says that nothing was tried")

    def _changes_nothing(self, ask: Ask) -> bool:
        """Tell of a call that buckets paid: what it takes from them is a change, so nothing is."""
        return ask.amount == 0

    def _judge_deadline(self, record: Record, attempt: Attempt) -> None:
        if self.plan.connection_in_flight_max < len(self.records):
            return  # the promise begins when a request is read, and beyond that share none is
        troubles = self._troubles.get(f"caller{record.ask.caller}", [])
        took = min(attempt.ended_at, self.plan.ends_at + 60) - attempt.sent_at
        excused = _overlap(troubles, attempt.sent_at, attempt.ended_at)
        if took > ANSWER_S + SLACK_S + excused:
            self._find(record.ask, f"was unanswered for {took:.3f} s, of which {excused:.3f} s are excused")

    def _judge_answer(self, record: Record, attempt: Attempt) -> None:
        ask = record.ask
        account = serving(self.plan.accounts, ask.customer, ask.subject)
        if attempt.error is not None:
            self._judge_refusal(record, attempt, account)
            return
        if account is None and (ask.customer, ask.subject) == NOBODY and ask.kind is not Kind.GET_COST:
            self._find(ask, f"of nobody was answered {attempt.result!r}")
            return
        if account is None:
            return
        result = json.loads(attempt.result or b"null", parse_float=Decimal)
        states = self._states.get((account.customer, account.subject), [])
        made = next((state for state in states if state.ask is ask), None)
        if ask.kind is Kind.GET_ACCOUNT:
            self._judge_read(record, attempt, result, states)
        elif ask.kind is Kind.GET_COST:
            cost = _scaled(result["Cost"])
            fresh = attempt.sent_at - (QUOTE_S if not self.plan.faults else float("inf"))
            costs = {
                each
                for place, state in enumerate(states)
                if _current(states, place, fresh, attempt.ended_at)
                for each in self._costs(ask, state.account, attempt.ended_at)
            }
            if cost not in costs:
                self._find(ask, f"was quoted {cost}, which no tariff and account of the time says")
        elif made is not None and (told := _told(ask, result)) != (right := _right(made)):
            self._find(ask, f"was told {told}, the journal says {right}")

    def _judge_read(
        self, record: Record, attempt: Attempt, result: dict[str, Any], states: list[State]
    ) -> None:
        told = (_scaled(result["Credit"]), _scaled(result["SmsCredit"]))
        places = [
            place
            for place, state in enumerate(states)
            if (state.account.credit, state.account.sms) == told
            and state.version in {result["Version"], result["Version"] + 1}
        ]
        if not places:
            self._find(record.ask, f"read {told} at version {result['Version']}, which never was")
        elif not any(_current(states, place, attempt.sent_at, attempt.ended_at) for place in places):
            self._find(record.ask, f"read version {result['Version']}, which was not current meanwhile")

    def _judge_refusal(self, record: Record, attempt: Attempt, account: Account | None) -> None:
        ask, error = record.ask, attempt.error or ""
        if account is None and error.startswith("ACCOUNT_NOT_FOUND"):
            return
        if account is None and ask.kind is Kind.GET_COST and error.startswith("RATE_NOT_FOUND"):
            return
        if account is not None and error.startswith(_NOT_ALLOWED):
            states = self._states.get((account.customer, account.subject), [])
            for place, state in enumerate(states):
                if _current(states, place, record.first_sent, attempt.ended_at) and any(
                    expected(ask, state.account, cost) is None
                    for cost in self._costs(ask, state.account, attempt.ended_at)
                ):
                    return
        self._find(ask, f"was refused: {error}")


def expected(ask: Ask, account: Account, cost: int) -> Account | None:
    """Tell what a request leaves of an account, a call at a given cost; None if it has to be refused."""
    fields = {name: getattr(account, name) for name in ("credit", "sms", "volume_discount_ns", "buckets")}
    free = sum(bucket.seconds_ns for bucket in account.buckets)
    match ask.kind:
        case Kind.DEBIT_BALANCE:
            fields["credit"] -= ask.amount
        case Kind.ADD_VOLUME:
            fields["volume_discount_ns"] += ask.amount
        case Kind.DEBIT_SMS:
            if account.sms < ask.amount:
                return None
            fields["sms"] -= ask.amount
        case Kind.DEBIT_SECONDS:
            if free < ask.amount or not account.buckets:
                return None
            fields["buckets"] = _less(account, ask.amount)
        case Kind.DEBIT:
            if cost > 0 and account.credit < cost and not account.allow_negative:
                return None
            fields["credit"] -= cost
            fields["buckets"] = _less(account, min(free, ask.amount))
    after = Account(account.customer, account.subject, allow_negative=account.allow_negative)
    for name, value in fields.items():
        setattr(after, name, value)
    return after


def _less(account: Account, seconds_ns: int) -> tuple[Any, ...]:
    """Take seconds from the one bucket there may be."""
    return tuple(
        type(bucket)(bucket.destination_id, bucket.seconds_ns - seconds_ns, bucket.priority, bucket.price)
        for bucket in account.buckets
    )


def _told(ask: Ask, result: Any) -> int:
    return _scaled(result["Cost"]) if ask.kind is Kind.DEBIT else _scaled(result)


def _right(state: State) -> int:
    match state.ask.kind if state.ask is not None else None:
        case Kind.DEBIT_BALANCE:
            return state.account.credit
        case Kind.DEBIT_SMS:
            return state.account.sms
        case Kind.DEBIT:
            return state.cost
    return 0


def _current(states: list[State], place: int, start: float, end: float) -> bool:
    """Tell whether a state was the account's at some moment from ``start`` to ``end``."""
    later = states[place + 1].from_s if place + 1 < len(states) else float("inf")
    return states[place].from_s <= end and later >= start


def _scaled(number: Any) -> int:
    return int(Decimal(number) * UNIT)


def _overlap(intervals: Iterable[tuple[float, float]], start: float, end: float) -> float:
    """Tell how much of a time the intervals take; what two of them share counts twice."""
    return sum(max(0.0, min(end, stop) - max(start, begin)) for begin, stop in intervals)
