"""What differs between the plans of subscribers: money, messages, minutes, bonuses, discounts."""

from collections.abc import Iterator
from typing import NamedTuple

from cgrates_py.tariffs.numbers import numbers_of, shortened
from cgrates_py.tariffs.words import duration
from rater.e164 import digits
from rater.quantity import decimal_text
from rater.quantity import text as amount
from rater.tariff import ANY, Bonus, BucketTemplate, Tariff, TariffPlan

NONE = "none"


class PlanChange(NamedTuple):
    """One thing that a plan gives otherwise."""

    plan: str
    what: str
    before: str
    after: str


def differences(before: Tariff, after: Tariff) -> tuple[PlanChange, ...]:
    """Compare the plans of two tariffs by their Ids; minutes by the numbers that they are for."""
    found: list[PlanChange] = []
    for plan_id in sorted({*before.plans, *after.plans}):
        old, new = before.plans.get(plan_id), after.plans.get(plan_id)
        if old is None or new is None:
            sides = ("there is none" if each is None else "there is one" for each in (old, new))
            found.append(PlanChange(plan_id, "plan", *sides))
            continue
        told = dict(_members(new, after))
        found += [
            PlanChange(plan_id, what, said, told[what])
            for what, said in _members(old, before)
            if said != told[what]
        ]
    return tuple(found)


def _members(plan: TariffPlan, tariff: Tariff) -> Iterator[tuple[str, str]]:
    yield "credit", NONE if plan.credit is None else amount(plan.credit)
    yield "SMS", amount(plan.sms)
    yield "traffic", amount(plan.traffic)
    yield "minutes", "; ".join(_bucket(each, tariff) for each in plan.buckets) or NONE
    yield "received calls for a bonus", duration(plan.received_limit_ns)
    yield "bonus", _bonus(plan.bonus, tariff)
    ordered = sorted(plan.discounts, key=lambda each: each.volume_ns)
    said = (f"{decimal_text(each.percent)} % from {duration(each.volume_ns)}" for each in ordered)
    yield "discounts", ", ".join(said) or NONE


def _bonus(bonus: Bonus | None, tariff: Tariff) -> str:
    if bonus is None:
        return NONE
    amounts = (("credit", bonus.credit), ("SMS", bonus.sms), ("traffic", bonus.traffic))
    said = [f"{amount(value)} {name}" for name, value in amounts if value]
    if bonus.bucket is not None:
        said.append(_bucket(bonus.bucket, tariff))
    return ", ".join(said) or NONE


def _bucket(bucket: BucketTemplate, tariff: Tariff) -> str:
    prefixes = tariff.destinations.get(bucket.destination_id)
    if prefixes is None:
        numbers = ANY if bucket.destination_id == ANY else "no number"
    else:
        numbers = ", ".join(shortened(numbers_of(digits(prefix) for prefix in prefixes if digits(prefix))))
    priced = f" at {decimal_text(bucket.price)} a second" if bucket.price else ""
    ranked = f" with priority {bucket.priority}" if bucket.priority else ""
    return f"{duration(bucket.seconds_ns)} to {numbers}{priced}{ranked}"
