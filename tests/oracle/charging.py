"""A slow, plain second opinion on what each operation does to an account."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from cgrates_py.oracle.buckets import buckets_for, usable_buckets
from cgrates_py.oracle.pricing import nano, price, seconds
from cgrates_py.oracle.values import AMOUNT_MAX, Ask, NoRate, Price
from rater.account import Account, MinuteBucket
from rater.tariff import MaxCostStrategy, Tariff, TariffPlan


@dataclass(frozen=True)
class Outcome:
    """The account after the operation, and either the answer or the code of the refusal."""

    account: Account
    answer: int | Price | None = None
    code: str | None = None


def done(before: Account, after: Account, answer: int | Price) -> Outcome:
    """The change, or its refusal when a balance would leave the range of amounts."""
    balances = [
        after.credit,
        after.sms,
        after.traffic,
        after.volume_discount_ns,
        after.received_ns,
        *(bucket.seconds_ns for bucket in after.buckets),
    ]
    if any(abs(balance) > AMOUNT_MAX for balance in balances):
        return Outcome(before, code="AMOUNT_OUT_OF_RANGE")
    return Outcome(after, answer)


def refused(account: Account, code: str) -> Outcome:
    return Outcome(account, code=code)


def debit_balance(account: Account, amount: int) -> Outcome:
    after = replace(account, credit=account.credit - amount)
    return done(account, after, after.credit)


def debit_sms(account: Account, amount: int) -> Outcome:
    if amount >= 0 and amount > account.sms:
        return refused(account, "INSUFFICIENT_CREDIT")
    after = replace(account, sms=account.sms - amount)
    return done(account, after, after.sms)


def with_bucket(account: Account, n: int, change_ns: int) -> Account:
    buckets = list(account.buckets)
    buckets[n] = replace(buckets[n], seconds_ns=buckets[n].seconds_ns + change_ns)
    return replace(account, buckets=tuple(buckets))


def debit_seconds(tariff: Tariff, account: Account, number: str, amount: int) -> Outcome:
    if amount < 0:
        matching = buckets_for(tariff, account, number)
        if not matching:
            return refused(account, "BUCKET_NOT_FOUND")
        n, bucket = matching[0]
        after = with_bucket(account, n, -amount)
        refund = nano(seconds(-amount) * Fraction(bucket.price))
        return done(account, replace(after, credit=account.credit + refund), 0)
    left, cost, after = amount, Fraction(0), account
    for n, bucket in usable_buckets(tariff, account, number):
        taken = min(left, bucket.seconds_ns)
        after = with_bucket(after, n, -taken)
        cost += seconds(taken) * Fraction(bucket.price)
        left -= taken
    charge = nano(cost)
    if left or (charge > 0 and account.credit - charge < 0):
        return refused(account, "INSUFFICIENT_CREDIT")
    return done(account, replace(after, credit=account.credit - charge), 0)


def add_volume_discount_seconds(account: Account, amount: int) -> Outcome:
    return done(account, replace(account, volume_discount_ns=account.volume_discount_ns + amount), 0)


def reset_volume_discount_seconds(account: Account) -> Outcome:
    return done(account, replace(account, volume_discount_ns=0), 0)


def with_bonus(account: Account, plan: TariffPlan) -> Account:
    bonus = plan.bonus
    if bonus is None:
        return account
    after = replace(
        account,
        credit=account.credit + bonus.credit,
        sms=account.sms + bonus.sms,
        traffic=account.traffic + bonus.traffic,
    )
    gift = bonus.bucket
    if gift is None:
        return after
    same = [n for n, bucket in enumerate(after.buckets) if bucket.destination_id == gift.destination_id]
    for n in same:
        after = with_bucket(after, n, gift.seconds_ns)
    if not same:
        new = MinuteBucket(gift.destination_id, gift.seconds_ns, gift.priority, gift.price)
        after = replace(after, buckets=(*after.buckets, new))
    return after


def add_received_call_seconds(tariff: Tariff, account: Account, amount: int) -> Outcome:
    after = replace(account, received_ns=account.received_ns + amount)
    plan = tariff.plans.get(account.plan_id)
    if plan is not None and plan.received_limit_ns > 0:
        while after.received_ns >= plan.received_limit_ns:
            after = replace(after, received_ns=after.received_ns - plan.received_limit_ns)
            after = with_bonus(after, plan)
    return done(account, after, 0)


def reset_user_budget(tariff: Tariff, account: Account) -> Outcome:
    plan = tariff.plans.get(account.plan_id)
    if plan is None:
        return refused(account, "TARIFF_PLAN_NOT_FOUND")
    buckets = tuple(
        MinuteBucket(each.destination_id, each.seconds_ns, each.priority, each.price) for each in plan.buckets
    )
    credit = account.credit if plan.credit is None else plan.credit
    after = replace(account, credit=credit, sms=plan.sms, traffic=plan.traffic, buckets=buckets)
    return done(account, after, 0)


def debit(tariff: Tariff, account: Account, ask: Ask) -> Outcome:
    try:
        priced = price(tariff, ask, account)
    except NoRate as refusal:
        return refused(account, refusal.args[0])
    charge = priced.cost + priced.connect_fee
    if charge > 0 and account.credit - charge < 0 and not account.allow_negative:
        return refused(account, "INSUFFICIENT_CREDIT")
    after = account
    order = usable_buckets(tariff, account, ask.number)
    left = ask.end_ns - ask.start_ns
    for n, bucket in order:
        taken = min(left, bucket.seconds_ns)
        after = with_bucket(after, n, -taken)
        left -= taken
    return done(account, replace(after, credit=account.credit - charge), priced)


def longest_true(limit: int, holds: Callable[[int], bool]) -> int:
    """The greatest ``m`` of 0…limit that holds, for a claim that stops holding once and for all."""
    if holds(limit):
        return limit
    low, high = 0, limit
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def within_max_costs(tariff: Tariff, account: Account, ask: Ask) -> bool:
    """Whether every destination rate that asks for it stays within its maximum cost."""
    return all(
        rate.max_cost_strategy != MaxCostStrategy.DISCONNECT
        or rate.max_cost is None
        or cost <= Fraction(rate.max_cost)
        for rate, cost in price(tariff, ask, account).lines
    )


def max_session(tariff: Tariff, account: Account, ask: Ask, amount: int) -> int | str:
    """Seconds (ns) that the account can pay for from ``ask.start_ns`` on, or the code of the refusal."""
    usable = usable_buckets(tariff, account, ask.number)
    free = min(amount, sum(bucket.seconds_ns for _, bucket in usable if bucket.price == 0))

    def lasting(m: int) -> Ask:
        return replace(ask, end_ns=ask.start_ns + m)

    try:
        limit = longest_true(amount, lambda m: within_max_costs(tariff, account, lasting(m)))
        for k in range(10, 0, -1):
            m = limit * k // 10
            try:
                priced = price(tariff, lasting(m), account)
            except NoRate as refusal:
                if refusal.args[0] == "AMOUNT_OUT_OF_RANGE":
                    continue
                raise
            if account.allow_negative or priced.cost + priced.connect_fee <= account.credit:
                return max(m, free)
    except NoRate as refusal:
        code = str(refusal.args[0])
        return code if code == "RATE_NOT_ACTIVE" else free or code
    return free
