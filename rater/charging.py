"""What may be taken from an account, and what is left: one synchronous pure step per operation.

``decide`` takes values in and gives a decision out: the account afterwards (the same object when nothing
changed) and the answer, or a refusal with the account untouched.
"""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from rater.account import Account, MinuteBucket
from rater.book import Book
from rater.metering.metering import Metering, MeteringStatus, meter
from rater.quantity import AMOUNT_MAX, round_half_even
from rater.rating import (
    BucketUse,
    Call,
    CallCost,
    discount_ratio,
    price_call,
    seconds_cost,
    session_limit_ns,
    take_seconds,
    usable_buckets,
)
from rater.refusal import Reason, Refusal
from rater.tariff import Bonus, BucketTemplate

SESSION_TRIALS = 10
"""GetMaxSessionTime tries the amount and then one tenth of it less each time."""


class Operation(StrEnum):
    """What can be asked of an account; the value is its name in journals."""

    DEBIT_BALANCE = "DebitBalance"
    DEBIT_SMS = "DebitSMS"
    DEBIT_SECONDS = "DebitSeconds"
    ADD_VOLUME_DISCOUNT_SECONDS = "AddVolumeDiscountSeconds"
    RESET_VOLUME_DISCOUNT_SECONDS = "ResetVolumeDiscountSeconds"
    ADD_RECIEVED_CALL_SECONDS = "AddRecievedCallSeconds"
    RESET_USER_BUDGET = "ResetUserBudget"
    DEBIT = "Debit"
    GET_COST = "GetCost"
    GET_MAX_SESSION_TIME = "GetMaxSessionTime"
    GET_ACCOUNT = "GetAccount"
    METERING_AUTHORIZE = "Authorize"
    METERING_AUTHREP = "AuthRep"
    METERING_REPORT = "Report"

    @property
    def changes(self) -> bool:
        """Tell whether it can change the account."""
        return self not in _READING


_READING = frozenset(
    {
        Operation.GET_COST,
        Operation.GET_MAX_SESSION_TIME,
        Operation.GET_ACCOUNT,
        Operation.METERING_AUTHORIZE,
    }
)


class Request(NamedTuple):
    """One operation: on which call, with which amount (10⁻⁹ units or nanoseconds), or about which usage."""

    operation: Operation
    call: Call
    amount: int = 0
    metering: Metering | None = None


BY_NOW = frozenset(
    {Operation.DEBIT_SECONDS, Operation.ADD_RECIEVED_CALL_SECONDS, Operation.RESET_USER_BUDGET}
)
"""What depends on the tariff and has no call: the version in force now decides, else that of the start."""


Answer = int | CallCost | Account | MeteringStatus
"""An amount of scale 10⁻⁹, a priced call, the account itself, or what metered usage came to."""


class Decision(NamedTuple):
    """The account afterwards, and what to answer."""

    account: Account
    answer: Answer | Refusal


def decide(book: Book, account: Account, request: Request) -> Decision:
    """Decide one operation on an account that exists. Pure: changes nothing, knows no clock.

    Of a chain of books, what is ``BY_NOW`` has to be given the one in force.
    """
    if account.disabled and request.operation not in _WHEN_DISABLED:
        return _refused(account, Reason.ACCOUNT_DISABLED, f"account {account.subject!r} is disabled")
    decision = _DECIDERS[request.operation](book, account, request)
    if decision.account is not account and (wrong := _out_of_range(decision.account)):
        return _refused(account, Reason.AMOUNT_OUT_OF_RANGE, f"{wrong} would go beyond 9000000000")
    return decision


_WHEN_DISABLED = frozenset(
    {
        Operation.GET_COST,
        Operation.GET_ACCOUNT,
        Operation.METERING_AUTHORIZE,
        Operation.METERING_AUTHREP,
        Operation.METERING_REPORT,
    }
)
"""Metering tells itself that an account is disabled, and counts what happened already."""


def _refused(account: Account, reason: Reason, sentence: str) -> Decision:
    return Decision(account, Refusal(reason, sentence))


def _out_of_range(account: Account) -> str | None:
    amounts = (
        ("Credit", account.credit),
        ("SmsCredit", account.sms),
        ("Traffic", account.traffic),
        ("VolumeDiscountSeconds", account.volume_discount_ns),
        ("ReceivedCallSeconds", account.received_ns),
    )
    for name, amount in amounts:
        if not -AMOUNT_MAX <= amount <= AMOUNT_MAX:
            return name
    if any(bucket.seconds_ns > AMOUNT_MAX for bucket in account.buckets):
        return "Seconds of a minute bucket"
    return None


def _debit_balance(_book: Book, account: Account, request: Request) -> Decision:
    after = account.with_money(account.credit - request.amount)
    return Decision(after, after.credit)


def _debit_sms(_book: Book, account: Account, request: Request) -> Decision:
    if request.amount > account.sms and request.amount >= 0:
        return _refused(account, Reason.INSUFFICIENT_CREDIT, "not enough SMS left")
    after = replace(account, sms=account.sms - request.amount)
    return Decision(after, after.sms)


def _debit_seconds(book: Book, account: Account, request: Request) -> Decision:
    if request.amount < 0:
        return _give_back_seconds(book, account, request)
    uses = take_seconds(usable_buckets(book, account, request.call.number), request.amount)
    if sum(use.seconds_ns for use in uses) < request.amount:
        return _refused(account, Reason.INSUFFICIENT_CREDIT, "not enough seconds left for the number")
    charge = round_half_even(*seconds_cost(uses))
    if charge and charge > account.credit:
        return _refused(account, Reason.INSUFFICIENT_CREDIT, "not enough credit for the seconds' price")
    return Decision(_after_use(account, uses, charge), 0)


def _give_back_seconds(book: Book, account: Account, request: Request) -> Decision:
    buckets = usable_buckets(book, account, request.call.number, empty_too=True)
    if not buckets:
        return _refused(
            account, Reason.BUCKET_NOT_FOUND, f"no minute bucket for number {request.call.number!r}"
        )
    returned = buckets[0]._replace(seconds_ns=request.amount)
    return Decision(_after_use(account, [returned], round_half_even(*seconds_cost([returned]))), 0)


def _after_use(account: Account, uses: list[BucketUse], charge: int) -> Account:
    """Take seconds from buckets and money from credit; negative amounts give them back."""
    if not uses:
        return account.with_money(account.credit - charge) if charge else account
    buckets = list(account.buckets)
    for use in uses:
        bucket = buckets[use.place]
        buckets[use.place] = replace(bucket, seconds_ns=bucket.seconds_ns - use.seconds_ns)
    return account.with_money(account.credit - charge, tuple(buckets))


def _add_volume(_book: Book, account: Account, request: Request) -> Decision:
    return Decision(replace(account, volume_discount_ns=account.volume_discount_ns + request.amount), 0)


def _reset_volume(_book: Book, account: Account, _request: Request) -> Decision:
    return Decision(replace(account, volume_discount_ns=0), 0)


def _add_received(book: Book, account: Account, request: Request) -> Decision:
    received = account.received_ns + request.amount
    plan = book.tariff_plan(account.plan_id) if account.plan_id else None
    after = account
    if plan is not None and plan.received_limit_ns > 0 and received >= plan.received_limit_ns:
        times, received = divmod(received, plan.received_limit_ns)
        if plan.bonus is not None:
            after = _with_bonus(account, plan.bonus, times)
    return Decision(replace(after, received_ns=received), 0)


def _with_bonus(account: Account, bonus: Bonus, times: int) -> Account:
    buckets = account.buckets
    if bonus.bucket is not None:
        buckets = _topped_up(buckets, bonus.bucket, times)
    return replace(
        account,
        credit=account.credit + bonus.credit * times,
        sms=account.sms + bonus.sms * times,
        traffic=account.traffic + bonus.traffic * times,
        buckets=buckets,
    )


def _topped_up(
    buckets: tuple[MinuteBucket, ...], given: BucketTemplate, times: int
) -> tuple[MinuteBucket, ...]:
    """Add seconds to every bucket of the destination, or as a new bucket when there is none."""
    seconds_ns = given.seconds_ns * times
    if any(bucket.destination_id == given.destination_id for bucket in buckets):
        return tuple(
            replace(bucket, seconds_ns=bucket.seconds_ns + seconds_ns)
            if bucket.destination_id == given.destination_id
            else bucket
            for bucket in buckets
        )
    return (*buckets, MinuteBucket(given.destination_id, seconds_ns, given.priority, given.price))


def _reset_budget(book: Book, account: Account, _request: Request) -> Decision:
    plan = book.tariff_plan(account.plan_id) if account.plan_id else None
    if plan is None:
        return _refused(
            account,
            Reason.TARIFF_PLAN_NOT_FOUND,
            f"tariff plan {account.plan_id!r} is not loaded" if account.plan_id else "no tariff plan",
        )
    buckets = tuple(MinuteBucket(b.destination_id, b.seconds_ns, b.priority, b.price) for b in plan.buckets)
    credit = account.credit if plan.credit is None else plan.credit
    return Decision(replace(account, credit=credit, sms=plan.sms, traffic=plan.traffic, buckets=buckets), 0)


def _debit(book: Book, account: Account, request: Request) -> Decision:
    priced = price_call(book, request.call, account)
    if isinstance(priced, Refusal):
        return Decision(account, priced)
    charge = priced.cost + priced.connect_fee
    if charge > 0 and charge > account.credit and not account.allow_negative:
        return _refused(account, Reason.INSUFFICIENT_CREDIT, "not enough credit for the call")
    return Decision(_after_use(account, priced.uses, charge), priced)


def _get_cost(book: Book, account: Account, request: Request) -> Decision:
    return Decision(account, price_call(book, request.call, account))


def _get_account(_book: Book, account: Account, _request: Request) -> Decision:
    return Decision(account, account)


def _meter(_book: Book, account: Account, request: Request) -> Decision:
    assert request.metering is not None  # noqa: S101 -- made with it
    return Decision(*meter(account, request.metering))


def _max_session(book: Book, account: Account, request: Request) -> Decision:
    """Find the longest session of ten trials that the credit pays; never less than the free seconds.

    An account that may go below zero is not limited by its credit. A rate that ends the session at its
    maximum cost limits the amount before the trials.
    """
    call, amount_ns = request.call, request.amount
    book = book.at(call.start_ns)
    free_ns = sum(
        use.seconds_ns for use in usable_buckets(book, account, call.number) if not use.bucket.price
    )
    free_ns = min(amount_ns, free_ns)
    plan = book.tariff_plan(account.plan_id) if account.plan_id else None
    discount = discount_ratio(plan, account) if plan is not None else None
    limit_ns = amount_ns
    whole = price_call(book, call._replace(end_ns=call.start_ns + amount_ns), account)
    if not isinstance(whole, Refusal):
        limit_ns = session_limit_ns(whole, discount)
    elif whole.reason not in {Reason.AMOUNT_OUT_OF_RANGE, Reason.CALL_TOO_LONG}:
        # before the first activation nothing is sold, not even free seconds: Debit would refuse them
        unsold = whole.reason is Reason.RATE_NOT_ACTIVE or free_ns <= 0
        return Decision(account, whole if unsold else free_ns)
    for tenths in range(SESSION_TRIALS, 0, -1):
        trial_ns = limit_ns * tenths // SESSION_TRIALS
        if trial_ns == amount_ns:
            priced = whole
        else:
            priced = price_call(book, call._replace(end_ns=call.start_ns + trial_ns), account)
        if isinstance(priced, Refusal):
            continue  # it costs more than any credit, or meets too many prices
        if priced.cost + priced.connect_fee <= account.credit or account.allow_negative:
            return Decision(account, max(trial_ns, free_ns))
    return Decision(account, free_ns)


_DECIDERS: dict[Operation, Callable[[Book, Account, Request], Decision]] = {
    Operation.DEBIT_BALANCE: _debit_balance,
    Operation.DEBIT_SMS: _debit_sms,
    Operation.DEBIT_SECONDS: _debit_seconds,
    Operation.ADD_VOLUME_DISCOUNT_SECONDS: _add_volume,
    Operation.RESET_VOLUME_DISCOUNT_SECONDS: _reset_volume,
    Operation.ADD_RECIEVED_CALL_SECONDS: _add_received,
    Operation.RESET_USER_BUDGET: _reset_budget,
    Operation.DEBIT: _debit,
    Operation.GET_COST: _get_cost,
    Operation.GET_ACCOUNT: _get_account,
    Operation.GET_MAX_SESSION_TIME: _max_session,
    Operation.METERING_AUTHORIZE: _meter,
    Operation.METERING_AUTHREP: _meter,
    Operation.METERING_REPORT: _meter,
}
