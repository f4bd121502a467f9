"""Explanations as sentences for people."""

from fractions import Fraction

from rater.account import Account
from rater.book import Asked
from rater.explain.values import Bucket, Charge, Explanation, Settled, Span
from rater.explain.words import cap, clock, duration, money, percent, price, rounding, when
from rater.quantity import decimal_text, text
from rater.rate import Rate
from rater.tariff import ANY

PARTS_MAX = 6
"""Prices told one by one; a longer list is summed up."""


def sentence(explained: Explanation) -> str:
    """Tell why the call costs what it costs, or why it has no price."""
    call = explained.call
    whose = f"{call.subject} of {call.customer}" if call.customer else call.subject
    number = f" to {call.number}" if call.number else ""
    start = when(call.start_ns, call.offset_ns)
    told = f"Call of {duration(call.end_ns - call.start_ns)}{number} by {whose} at {start}"
    if explained.refusal is not None:
        return f"{told} has no price ({explained.refusal.code}): {_why_not(explained)}."
    parts = [*_minutes(explained), *_prices(explained)]
    if all(span.rate is None for span in explained.spans):
        how = "is served by minutes" if explained.spans[0].bucket is not None else _seller(explained)
    else:
        how = _seller(explained)
    told = f"{told} {how}: {'; '.join(parts)}"
    return f"{told}{_discount(explained)}{_settled(explained.settled)}{_total(explained)}."


def _seller(explained: Explanation) -> str:
    """Tell by what the call is priced."""
    prefix = "any number" if explained.prefix in {"", ANY} else f"prefix {explained.prefix}"
    if explained.known.destinations and explained.prefix != ANY:
        prefix += f" ({', '.join(explained.known.destinations)})"
    version = f" (version {explained.version})" if explained.version else ""
    since = _since(explained)
    if explained.sellers[0].own:
        return f"is priced by the subject's own prices{version} for {prefix}{since}{_changes(explained)}"
    asked = explained.sellers[0].asked
    how = f"is priced by plan {asked[-1].plan_id}{version} for {prefix}{since}"
    if len(asked) > 1:
        how += f", after {_in_vain(asked[:-1])}: {_profile_of(asked[-1])} is the fallback"
    elif asked[0].subject == ANY:
        how += ", the plan of all subjects without a profile"
    return how + _changes(explained)


def _changes(explained: Explanation) -> str:
    """Tell who takes over while the call runs."""
    told = []
    for stretch in explained.sellers[1:]:
        who = "the subject's own prices" if stretch.own else f"plan {stretch.asked[-1].plan_id}"
        version = f" of version {stretch.version}" if stretch.version != explained.version else ""
        told.append(f"{who}{version} from {when(stretch.at_ns, explained.call.offset_ns)}")
    return f", then by {', '.join(told[:PARTS_MAX])}" if told else ""


def _since(explained: Explanation) -> str:
    first = next((span.period for span in explained.spans if span.period is not None), None)
    return "" if first is None else f" since {when(first.activation_ns)}"


def _in_vain(asked: tuple[Asked, ...]) -> str:
    return ", ".join(_asked_in_vain(each) for each in asked)


def _asked_in_vain(each: Asked) -> str:
    if not each.exists:
        return f"{each.subject} has no profile"
    if each.plan_id is None:
        return f"{each.subject} has no plan yet"
    return f"plan {each.plan_id} of {_profile_of(each)} has no prefix for it"


def _profile_of(each: Asked) -> str:
    return "all subjects" if each.subject == ANY else each.subject


def _minutes(explained: Explanation) -> list[str]:
    told = []
    for number, bucket in enumerate(explained.buckets):
        if bucket.taken_ns:
            behind = f" ({bucket.why})" if number and bucket.why else ""
            told.append(f"{duration(bucket.taken_ns)} from the minutes of {_destination(bucket)}{behind}")
            told[-1] += f" {_at(bucket)}"
    return told


def _destination(bucket: Bucket) -> str:
    return "any destination" if bucket.bucket.destination_id == ANY else bucket.bucket.destination_id


def _at(bucket: Bucket) -> str:
    if not bucket.bucket.price:
        return "free"
    return f"at {decimal_text(bucket.bucket.price)} a second = {money(bucket.exact)}"


def _prices(explained: Explanation) -> list[str]:
    """Tell each price once, with all that it priced, in the order of their first spans."""
    by_rate: dict[Rate | None, list[Span]] = {}
    for span in explained.spans:
        if span.bucket is None:
            by_rate.setdefault(span.rate, []).append(span)
    factor = Fraction(1) if explained.discount is None else explained.discount.factor
    told = [_priced(rate, spans, factor) for rate, spans in by_rate.items()]
    if len(told) > PARTS_MAX:
        rest = list(by_rate.values())[PARTS_MAX - 1 :]
        length_ns = sum(span.end_ns - span.start_ns for spans in rest for span in spans)
        exact = sum((span.exact for spans in rest for span in spans), Fraction(0))
        told[PARTS_MAX - 1 :] = [f"{duration(length_ns)} at {len(rest)} other prices = {money(exact)}"]
    return told


def _priced(rate: Rate | None, spans: list[Span], factor: Fraction) -> str:
    length = duration(sum(span.end_ns - span.start_ns for span in spans))
    if len(spans) > 1:
        length += f" in {len(spans)} spans"
    if rate is None:
        return f"{length} without a price"
    holds = clock(rate.shown)
    if rate.group_start_ns:
        holds = f"{holds}, " * bool(holds) + f"after {duration(rate.group_start_ns)}"
    told = f"{length} at {price(rate)}{f' ({holds})' if holds else ''}"
    if rate.increment_ns:
        count = sum(span.quantity for span in spans)
        told += f", {count} × {text(rate.increment_ns)} s"
    exact = sum((span.exact for span in spans), Fraction(0))
    return f"{told} = {money(exact / factor if factor else Fraction(0))}" if factor else f"{told}"


def _discount(explained: Explanation) -> str:
    discount = explained.discount
    if discount is None or discount.factor == 1 or all(span.rate is None for span in explained.spans):
        return ""
    reached = duration(discount.volume_ns)
    return f"; less {percent(1 - discount.factor)} of the prices for {reached} of placed calls"


def _settled(settled: tuple[Settled, ...]) -> str:
    told = []
    for each in settled:
        if each.before == each.after:
            continue
        terms = each.terms
        how = f"rounded {rounding(terms.rounding, terms.decimals)}"
        if terms.max_cost is not None and each.before > terms.max_cost >= each.after:
            how = cap(terms.strategy, terms.max_cost)
        told.append(f"{money(each.before)} becomes {money(each.after)}, {how}")
    return "".join(f"; {each}" for each in told[:PARTS_MAX])


def _total(explained: Explanation) -> str:
    fee = f" with a connect fee of {text(explained.connect_fee)}" if explained.connect_fee else ""
    half = " after rounding" if explained.exact.denominator != 1 else ""
    return f"; total {text(explained.total)}{fee}{half}"


def _why_not(explained: Explanation) -> str:
    failed = explained.conditions[-1].detail
    if explained.sellers and len(asked := explained.sellers[-1].asked) and explained.refusal is not None:
        vain = "" if any(each.knows for each in asked) else _in_vain(asked)
        failed = f"{failed}; {vain}" if vain and explained.refusal.code == "RATE_NOT_FOUND" else failed
    known = explained.known
    if known.nearest:
        near = ", ".join(known.nearest[:3])
        return f"{failed}; {known.matched} of the number is known, the nearest prefixes are {near}"
    return failed


def charge_sentence(charge: Charge, before: Account) -> str:
    """Tell what an operation would take, or why it would take nothing."""
    if charge.refusal is not None:
        failed = charge.conditions[-1].detail
        return f"{charge.operation} would be refused ({charge.refusal.code}): {failed}."
    taken = [f"{text(charge.money)} of the credit of {text(before.credit)}"]
    if charge.seconds_ns:
        taken.append(f"{duration(charge.seconds_ns)} of minutes")
    return f"{charge.operation} would take {' and '.join(taken)}; {text(charge.after.credit)} is left."
