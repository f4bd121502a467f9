"""An explanation as JSON. Amounts and seconds are numbers, exact sums are fractions ``"9/20"`` of units."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import msgspec

from cgrates_py.explain.charges import StoredCharge
from cgrates_py.explain.opinion import Opinion
from rater import instant, quantity
from rater.account import Account
from rater.book import Asked
from rater.charging import Operation
from rater.explain.sentence import charge_sentence, sentence
from rater.explain.values import Bucket, Charge, Condition, Explanation, Settled, Span, Stretch
from rater.explain.words import clock, duration, ratio
from rater.rate import Rate

Document = dict[str, Any]

_encode = msgspec.json.Encoder().encode


def printed(document: Document) -> bytes:
    """Print a document."""
    return _encode(document)


def described(told: Explanation) -> Document:
    """Describe an explanation."""
    call = told.call
    return {
        "Sentence": sentence(told),
        "Code": "" if told.refusal is None else told.refusal.code,
        "TariffVersion": told.version,
        "Call": {
            "CstmId": call.customer,
            "Subject": call.subject,
            "Category": call.category,
            "DestinationPrefix": call.number,
            "TimeStart": _time(told, call.start_ns),
            "TimeEnd": _time(told, call.end_ns),
            "Seconds": _amount(call.end_ns - call.start_ns),
        },
        "Conditions": [_condition(each) for each in told.conditions],
        "Sellers": [_stretch(told, each) for each in told.sellers],
        "Prefix": told.prefix,
        "Destinations": told.known.destinations,
        "Matched": told.known.matched,
        "Nearest": told.known.nearest,
        "Spans": [_span(told, each) for each in told.spans],
        "Minutes": [_bucket(each) for each in told.buckets],
        "Discount": None
        if told.discount is None
        else {
            "Factor": f"{told.discount.factor.numerator}/{told.discount.factor.denominator}",
            "VolumeDiscountSeconds": _amount(told.discount.volume_ns),
        },
        "Settled": [_settled(each) for each in told.settled],
        "Exact": ratio(told.exact),
        "Cost": _amount(told.cost),
        "ConnectFee": _amount(told.connect_fee),
        "Total": _amount(told.total),
        "Charges": [] if told.account is None else [_charge(each, told.account) for each in told.charges],
    }


def _amount(value: int) -> msgspec.Raw:
    return msgspec.Raw(quantity.text(value).encode())


def _time(told: Explanation, instant_ns: int) -> str:
    return instant.text(instant_ns, told.call.offset_ns)


def _condition(each: Condition) -> Document:
    return {"Condition": each.name, "Holds": each.holds, "Detail": each.detail}


def _stretch(told: Explanation, each: Stretch) -> Document:
    return {
        "From": _time(told, each.at_ns),
        "TariffVersion": each.version,
        "OwnPrefixes": each.own,
        "Profiles": [_asked(profile) for profile in each.asked],
    }


def _asked(each: Asked) -> Document:
    return {
        "Subject": each.subject,
        "Depth": each.depth,
        "Exists": each.exists,
        "RatingPlanId": each.plan_id,
        "ActivationTime": None if each.plan_id is None else instant.text(each.activation_ns),
        "KnowsNumber": each.knows,
    }


def _span(told: Explanation, each: Span) -> Document:
    period = each.period
    return {
        "TimeStart": _time(told, each.start_ns),
        "TimeEnd": _time(told, each.end_ns),
        "Seconds": _amount(each.end_ns - each.start_ns),
        "RatingPlanId": None if period is None else period.plan_id,
        "ActivationTime": None if period is None else instant.text(period.activation_ns),
        "Timezone": None if period is None or period.zone is None else period.zone.key,
        "Price": None if each.rate is None else _price(each.rate, each.quantity),
        "Minutes": each.bucket,
        "Exact": ratio(each.exact),
    }


def _price(rate: Rate, count: int) -> Document:
    shown = rate.shown
    described = {
        "Price": _decimal(shown.price),
        "BillingUnit": _decimal(shown.billing_unit),
        "ConnectFee": _decimal(shown.connect_fee),
        "Weight": _decimal(shown.weight),
        "Months": shown.months,
        "MonthDays": shown.month_days,
        "WeekDays": shown.week_days,
        "StartTime": shown.start_text,
        "EndTime": shown.end_text,
        "Holds": clock(shown) or "always",
        "GroupIntervalStart": _amount(rate.group_start_ns),
        "RateIncrement": _amount(rate.increment_ns),
    }
    each = Fraction(rate.numerator, rate.denominator)
    if rate.increment_ns:  # each increment costs so much, whole
        return described | {"Increments": count, "Each": ratio(each)}
    return described | {"Increments": None, "Each": ratio(each * quantity.SCALE)}


def _decimal(value: Any) -> msgspec.Raw:
    return msgspec.Raw(quantity.decimal_text(value).encode())


def _bucket(each: Bucket) -> Document:
    return {
        "DestinationId": each.bucket.destination_id,
        "Place": each.place,
        "Priority": each.bucket.priority,
        "DigitsMatched": each.digits,
        "Price": _decimal(each.bucket.price),
        "Seconds": _amount(each.bucket.seconds_ns),
        "Taken": _amount(each.taken_ns),
        "Exact": ratio(each.exact),
        "Why": each.why,
    }


def _settled(each: Settled) -> Document:
    terms = each.terms
    return {
        "RoundingMethod": terms.rounding.value,
        "RoundingDecimals": terms.decimals,
        "MaxCost": None if terms.max_cost is None else _amount(terms.max_cost),
        "MaxCostStrategy": terms.strategy.value,
        "Before": ratio(each.before),
        "After": ratio(each.after),
    }


def _charge(each: Charge, before: Account) -> Document:
    return {
        "Operation": each.operation,
        "Sentence": charge_sentence(each, before),
        "Code": "" if each.refusal is None else each.refusal.code,
        "Conditions": [_condition(condition) for condition in each.conditions],
        "Credit": _amount(before.credit),
        "Taken": _amount(each.money),
        "Left": _amount(each.after.credit),
        "Seconds": _amount(each.seconds_ns),
        "Minutes": _taken(before, each.after),
    }


def _taken(before: Account, after: Account) -> Sequence[Document]:
    return [
        {
            "DestinationId": was.destination_id,
            "Place": place,
            "Taken": _amount(was.seconds_ns - left.seconds_ns),
        }
        for place, (was, left) in enumerate(zip(before.buckets, after.buckets, strict=True))
        if was.seconds_ns != left.seconds_ns
    ]


def described_opinion(opinion: Opinion) -> Document:
    """Describe what the oracle says."""
    asked = opinion.agrees is not None
    return {
        "Agrees": opinion.agrees,
        "Code": opinion.code,
        "Cost": _amount(opinion.cost) if asked and not opinion.code else None,
        "ConnectFee": _amount(opinion.connect_fee) if asked and not opinion.code else None,
        "Prefix": opinion.prefix,
        "Note": opinion.note,
    }


def described_charge(charge: StoredCharge, told: Explanation) -> Document:
    """Describe what was taken, and whether the explanation comes to the same."""
    line = charge.line
    explained = told.charges[-1]
    taken = charge.before.credit - charge.after.credit
    same = explained.after == charge.after
    differences = ""
    if not same:
        differences = f"taken {quantity.text(taken)}, explained {quantity.text(explained.money)}"
        if charge.after.buckets != explained.after.buckets:
            differences += "; the minutes differ"
        if not line.tariff_version:
            differences += "; the journal does not tell the version of the tariff"
    where = {
        "Source": str(charge.source),
        "Time": instant.text(line.at_ns),
        "Method": line.method,
        "RequestId": line.request_id,
        "Taken": _amount(taken),
        "Agrees": same,
        "Differences": differences,
    }
    first = f"{charge.source} of {instant.text(line.at_ns)} took {quantity.text(taken)}"
    seconds_ns = sum(each.seconds_ns for each in charge.before.buckets)
    if seconds_ns := seconds_ns - sum(each.seconds_ns for each in charge.after.buckets):
        first += f" and {duration(seconds_ns)} of minutes"
    verdict = "as explained" if same else f"which the explanation does not come to ({differences})"
    if line.method == Operation.DEBIT_SECONDS:  # it has no call to be priced
        why = charge_sentence(explained, charge.before)
        return {"Sentence": f"{first}, {verdict}. {why}", "Code": "", "Charge": where}
    return {"Sentence": f"{first}, {verdict}. {sentence(told)}", "Charge": where}
