"""What metered usage does to an account: check it against limits and credit, count it, charge it.

One pure step, values in and values out, like all of ``rater.charging``: so the check and the booking of one
call are one change of one account, and no other call comes between them.
"""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from rater.account import Account
from rater.metering.counting import Counting, LimitState, Raised, Transaction, states_of, touched_by
from rater.metering.period import cells_of
from rater.metering.pricing import charge, rated_usage

LIMITS_EXCEEDED = ("limits_exceeded", "usage limits are exceeded")
NO_CREDIT = ("limits_exceeded", "insufficient credit")
NOT_ACTIVE = ("application_not_active", "application is not active")


class Mode(Enum):
    """What is wanted: an opinion, a checked booking, or a booking of what happened already."""

    AUTHORIZE = "authorize"
    AUTHREP = "authrep"
    REPORT = "report"


class Metering(NamedTuple):
    """One request about metered usage: an authorisation has one transaction, a report any number.

    ``verdict`` is why it is refused whatever the counters say: (code, reason).
    """

    mode: Mode
    now_ns: int
    transactions: tuple[Transaction, ...]
    verdict: tuple[str, str] | None = None
    named: bool = True
    """Whether usage was given at all: without it every limit is looked at."""


class MeteringStatus(NamedTuple):
    """The answer: authorised (``refusal`` None) or why not, with every limit of the application.

    ``calls_left`` tells how many such calls a limit leaves, and which one; None: no bound.
    """

    metering: Metering
    refusal: tuple[str, str] | None
    states: tuple[LimitState, ...]
    calls_left: tuple[int, LimitState] | None
    raised: tuple[Raised, ...]


def meter(account: Account, asked: Metering) -> tuple[Account, MeteringStatus]:
    """Decide a request about metered usage: the account afterwards, and the answer."""
    if asked.mode is Mode.REPORT:
        counting = Counting(account.usage, asked.now_ns)
        credit = account.credit
        for transaction in asked.transactions:
            credit -= _charge(account, counting, transaction)
            counting.count(transaction)
        raised = counting.raised()  # which leaves its own marks
        return _with(account, counting, credit), MeteringStatus(asked, None, (), None, raised)
    return _authorize(account, asked)


def _authorize(account: Account, asked: Metering) -> tuple[Account, MeteringStatus]:
    (transaction,) = asked.transactions
    subscription = transaction.subscription
    cells = cells_of(asked.now_ns)
    states = states_of(account.usage, subscription, cells)
    used = touched_by(transaction)
    refusal = asked.verdict or (NOT_ACTIVE if account.disabled else None)
    if refusal is None and _beyond(states, used if asked.named else None):
        refusal = LIMITS_EXCEEDED
    counting = Counting(account.usage, asked.now_ns)
    cost = 0
    if refusal is None and transaction.amounts:
        cost = _charge(account, counting, transaction)
        if cost > 0 and cost > account.credit and not account.allow_negative:
            refusal = NO_CREDIT
    if refusal is not None or asked.mode is Mode.AUTHORIZE:
        left = _calls_left(states, used, asked.named)
        return account, MeteringStatus(asked, refusal, states, left, ())
    counting.count(transaction)
    raised = counting.raised()
    after = _with(account, counting, account.credit - cost)
    if after is not account:
        shown = states_of(after.usage, subscription, cells)
        states = tuple(now._replace(exceeded=was.exceeded) for now, was in zip(shown, states, strict=True))
    left = _calls_left(states, used, asked.named)
    return after, MeteringStatus(asked, None, states, left, raised)


def _with(account: Account, counting: Counting, credit: int) -> Account:
    if not counting.changed and credit == account.credit:
        return account
    return account.with_usage(credit, counting.usage())


def _beyond(states: Iterable[LimitState], used: dict[str, tuple[int, bool]] | None) -> bool:
    """Tell whether a limit does not hold: with ``used`` added, on its metrics; all of them without it."""
    for state in states:
        limit = state.limit
        if used is None:
            if state.exceeded:
                return True
        elif limit.metric_id in used:
            number, replaces = used[limit.metric_id]
            if (number if replaces else state.current + number) > limit.maximum:
                return True
    return False


def _calls_left(
    states: Iterable[LimitState], used: dict[str, tuple[int, bool]], named: bool
) -> tuple[int, LimitState] | None:
    """Find the limit that leaves the fewest such calls; of several the one of the longest period.

    A limit that is used up leaves none; one that such calls do not use has no bound.
    """
    fewest: tuple[int, LimitState] | None = None
    for state in states:
        metric_id = state.limit.metric_id
        if named and metric_id not in used:
            continue
        remaining = max(0, state.limit.maximum - state.current)
        number = used[metric_id][0] if metric_id in used else 0
        if remaining and not number:
            continue
        calls = remaining // number if number else 0
        longer = fewest is not None and calls == fewest[0] and state.limit.period < fewest[1].limit.period
        if fewest is None or calls < fewest[0] or longer:
            fewest = (calls, state)
    return fewest


def _charge(account: Account, counting: Counting, transaction: Transaction) -> int:
    """Price a transaction; nothing for an application that no account pays for. Corrections cost nothing."""
    subscription = transaction.subscription
    product = subscription.product
    if subscription.application.account is None or not product.service.rates:
        return 0
    named: dict[str, int] = {}
    for metric_id, number, replaces in transaction.amounts:
        if not replaces:
            named[metric_id] = named.get(metric_id, 0) + number
    plan_id = subscription.application.plan_id
    cells = cells_of(transaction.at_ns)
    lines = []
    parents = {} if transaction.flat else product.parents
    for rate, units in rated_usage(product.prices, named, parents, plan_id, transaction.at_ns):
        over = rate.over
        before = 0 if over is None else counting.counted(subscription, rate.metric_id, cells[over])
        lines.append((rate, units, before))
    return charge(lines) if lines else 0
