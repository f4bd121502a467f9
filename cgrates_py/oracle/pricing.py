"""A slow, plain second opinion on the price of a call.

It collects every instant at which anything could change (midnights, clock edges, activations, rate groups,
shifts of the zone), asks at each of them which rate rules there, joins equal neighbours, and adds up exact
fractions.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from cgrates_py.oracle.buckets import usable_buckets
from cgrates_py.oracle.intervals import interval_changes, interval_ruling
from cgrates_py.oracle.plans import plan_changes, plan_lines, plan_ruling, profile_at, selling
from cgrates_py.oracle.prefixes import bare, longest
from cgrates_py.oracle.values import AMOUNT_MAX, SECOND, Ask, NoRate, Price, Ruling, Stretch, Version
from rater.account import Account
from rater.tariff import ANY, DestinationRate, MaxCostStrategy, Rounding, Tariff


def seconds(length_ns: int) -> Fraction:
    """Convert nanoseconds to seconds."""
    return Fraction(length_ns, SECOND)


def nano(value: Fraction) -> int:
    """Nanounits, rounded half-even (what ``round`` of a fraction does)."""
    return round(value * SECOND)


def line_rounded(value: Fraction, rate: DestinationRate) -> Fraction:
    """Round a sum as its destination rate asks."""
    scale = 10**rate.decimals
    scaled = value * scale
    if rate.rounding == Rounding.UP:
        return Fraction(ceil(scaled), scale)
    if rate.rounding == Rounding.DOWN:
        return Fraction(floor(scaled), scale)
    return Fraction(floor(scaled + Fraction(1, 2)), scale)


def discount(tariff: Tariff, account: Account | None) -> Fraction:
    """The share that is left to pay of the spans that are not on minutes."""
    plan = tariff.plans.get(account.plan_id) if account else None
    if account is None or plan is None:
        return Fraction(1)
    reached = [each for each in plan.discounts if each.volume_ns <= account.volume_discount_ns]
    percent = max(reached, key=lambda each: each.volume_ns).percent if reached else Decimal(0)
    return 1 - Fraction(percent) / 100


def stretch_cost(stretch: Stretch) -> Fraction:
    """Tell what one stretch costs before any discount, cap or rounding."""
    length = stretch.end_ns - stretch.start_ns
    if stretch.bucket is not None:
        return seconds(length) * Fraction(stretch.bucket.price)
    ruling = stretch.ruling
    if ruling is None:
        return Fraction(0)
    if ruling.interval is not None:
        unit = Fraction(ruling.interval.billing_unit) or Fraction(1)
        return seconds(length) / unit * Fraction(ruling.interval.price)
    if ruling.line is not None and ruling.line.group is not None:
        group = ruling.line.group
        begun = -(-length // group.increment_ns)
        return begun * Fraction(group.rate) * group.increment_ns / group.unit_ns
    return Fraction(0)


def fee_of(stretch: Stretch) -> Decimal:
    """Tell the connect fee of the price of a stretch."""
    ruling = stretch.ruling
    if ruling is None:
        return Decimal(0)
    if ruling.interval is not None:
        return ruling.interval.connect_fee
    if ruling.line is not None and ruling.line.group is not None:
        return ruling.line.group.connect_fee
    return Decimal(0)


def price(tariff: Tariff, ask: Ask, account: Account | None = None) -> Price:
    """Price the call by definition, or raise NoRate with the code of the refusal."""
    return price_across([Version(ask.start_ns, 0, tariff)], ask, account)


def price_across(versions: Sequence[Version], ask: Ask, account: Account | None = None) -> Price:
    """Price a call by the version of its start, and by those that take over from it. Raises NoRate.

    ``versions``, in order, are that of the start and those that become active during the call.
    """
    prefix: str | None = None
    rulings: dict[int, Ruling | None] = {}
    for start_ns, end_ns, version in shares(versions, ask):
        matched, found = ruled(version, replace(ask, start_ns=start_ns, end_ns=end_ns), ask.start_ns)
        prefix = matched if prefix is None else prefix
        rulings |= found
    tariff = versions[0].tariff
    on_minutes, paid_from = minutes(tariff, ask, account)
    stretches = on_minutes + joined(rulings, paid_from, ask.end_ns, zero=not on_minutes)
    return total(tariff, account, prefix or "", tuple(stretches))


def shares(versions: Sequence[Version], ask: Ask) -> list[tuple[int, int, Version]]:
    """Cut the call where another version takes over: (start, end, version)."""
    found = []
    start_ns, now = ask.start_ns, versions[0]
    for each in versions[1:]:
        if is_cut(now.tariff, ask, each.from_ns - 1):
            found.append((start_ns, each.from_ns, now))
            start_ns, now = each.from_ns, each
    return [*found, (start_ns, ask.end_ns, now)]


def is_cut(tariff: Tariff, ask: Ask, t: int) -> bool:
    """Tell whether the prices of a tariff at ``t`` let a later version take over from then on."""
    rates = tariff.rates.get((ask.customer, ask.subject), {})
    prefix = longest(rates, ask.number)
    if prefix is not None:
        return rates[prefix].spanwise
    subject = profile_subject(tariff, ask)
    chain = None if subject is None else selling(tariff, ask, subject, t)
    return chain is not None and any(
        line.spanwise for line in tariff.rating_plans.get(chain[-1][1].rating_plan_id, ())
    )


def ruled(version: Version, ask: Ask, call_start_ns: int) -> tuple[str, dict[int, Ruling | None]]:
    """Tell the prefix and what rules when in a part of a call that one version prices. Raises NoRate."""
    tariff = version.tariff
    rates = tariff.rates.get((ask.customer, ask.subject), {})
    prefix = longest(rates, ask.number)
    if prefix is not None:
        rate = rates[prefix]
        if interval_ruling(rate, ask, ask.start_ns) is None:
            raise NoRate("RATE_NOT_ACTIVE")
        found = {t: interval_ruling(rate, ask, t) for t in inside(ask, interval_changes(rate, ask))}
    else:
        subject = profile_subject(tariff, ask)
        if subject is None:
            raise NoRate("RATE_NOT_FOUND")
        if profile_at(tariff.profiles[ask.customer, ask.category, subject], ask.start_ns) is None:
            raise NoRate("RATE_NOT_ACTIVE")
        changes = inside(ask, plan_changes(tariff, ask, call_start_ns))
        found = {t: plan_ruling(tariff, ask, subject, t, call_start_ns) for t in changes}
        chain = selling(tariff, ask, subject, ask.start_ns)
        if chain is None or None in found.values():
            raise NoRate("RATE_NOT_FOUND")  # also when only a part of the call has no rate
        known = [each for each, *_ in plan_lines(tariff, chain[-1][1].rating_plan_id, ask.number)]
        prefix = max(known, key=lambda each: len(bare(each)))
    return prefix, {
        t: None if each is None else replace(each, version=version.number) for t, each in found.items()
    }


def profile_subject(tariff: Tariff, ask: Ask) -> str | None:
    """Tell by whose profile a call is priced: its subject's, else everybody's."""
    for subject in (ask.subject, ANY):
        if tariff.profiles.get((ask.customer, ask.category, subject)):
            return subject
    return None


def inside(ask: Ask, changes: set[int]) -> list[int]:
    """List the call's start and the changes within the call, in order."""
    return sorted({ask.start_ns, *(t for t in changes if ask.start_ns < t < ask.end_ns)})


def minutes(tariff: Tariff, ask: Ask, account: Account | None) -> tuple[list[Stretch], int]:
    """The stretches on minute buckets, and the instant from which the rest is paid."""
    found = []
    t = ask.start_ns
    if account is not None:
        for _, bucket in usable_buckets(tariff, account, ask.number):
            taken = min(ask.end_ns - t, bucket.seconds_ns)
            if taken > 0:
                found.append(Stretch(t, t + taken, bucket=bucket))
                t += taken
    return found, t


def joined(rulings: dict[int, Ruling | None], start: int, end: int, *, zero: bool) -> list[Stretch]:
    """The rulings from ``start`` on, equal neighbours joined; nothing of no length unless ``zero``."""
    instants = sorted(rulings)
    found: list[Stretch] = []
    for t, after in zip(instants, [*instants[1:], end], strict=True):
        left, right, ruling = max(t, start), after, rulings[t]
        if left >= right and not (zero and start == end):
            continue
        previous = found[-1] if found else None
        if previous and key_of(previous.ruling) == key_of(ruling):
            found[-1] = Stretch(previous.start_ns, right, ruling=previous.ruling)
        else:
            found.append(Stretch(left, right, ruling=ruling))
    return found


def key_of(ruling: Ruling | None) -> tuple[object, ...] | None:
    """Tell by what rulings are compared."""
    return (ruling.version, *ruling.key) if ruling else None


def total(tariff: Tariff, account: Account | None, prefix: str, stretches: tuple[Stretch, ...]) -> Price:
    """Add up the stretches, cap and round as destination rates ask, and round once."""
    left_to_pay = discount(tariff, account)
    exact = Fraction(0)
    sums: dict[object, tuple[DestinationRate, Fraction]] = {}
    for stretch in stretches:
        cost = stretch_cost(stretch)
        ruling = stretch.ruling
        if stretch.bucket is not None:
            exact += cost
        elif ruling is None or ruling.line is None:
            exact += cost * left_to_pay
        else:
            identity, rate = (ruling.version, ruling.line.identity), ruling.line.rate
            so_far = sums.get(identity, (rate, Fraction(0)))[1]
            sums[identity] = rate, so_far + cost * left_to_pay
    for rate, value in sums.values():
        capped = value
        if rate.max_cost is not None and rate.max_cost_strategy == MaxCostStrategy.FREE:
            capped = min(value, Fraction(rate.max_cost))
        exact += line_rounded(capped, rate)
    fee = nano(Fraction(fee_of(stretches[0])))
    if nano(exact) > AMOUNT_MAX:
        raise NoRate("AMOUNT_OUT_OF_RANGE")
    return Price(nano(exact), fee, prefix, stretches, exact, tuple(sums.values()))
