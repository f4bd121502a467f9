"""The conditions of an answer in the order in which the core asks; the first that fails is the refusal."""

from rater.account import Account
from rater.book import Book, Route
from rater.charging import Operation, Request
from rater.explain.values import Condition, Explanation, Stretch
from rater.instant import text as instant_text
from rater.quantity import AMOUNT_MAX, round_half_even, text
from rater.rating import SPANS_MAX, Call, CallCost, seconds_cost, take_seconds, usable_buckets
from rater.refusal import Reason, Refusal
from rater.tariff import ANY


def of_quote(
    book: Book,
    call: Call,
    own: Route | Refusal | None,
    sellers: tuple[Stretch, ...],
    priced: CallCost | Refusal,
) -> tuple[Condition, ...]:
    """List the conditions of a price, up to the one that fails."""
    reason = priced.reason if isinstance(priced, Refusal) else None
    sentence = priced.sentence if isinstance(priced, Refusal) else ""
    active = Condition(
        "active",
        reason is not Reason.RATE_NOT_ACTIVE,
        sentence or f"the call starts at {instant_text(call.start_ns)}, not before the first activation",
    )
    known = Condition("prefix", reason is not Reason.RATE_NOT_FOUND, sentence or _prefix_told(priced))
    if own is not None:
        told = f"subject {call.subject!r} of customer {call.customer!r} has prices written for prefixes"
        prefix = own.prefix if isinstance(own, Route) else ""
        known = Condition("prefix", True, f"prefix {prefix} begins the number" if prefix else "one is known")
        conditions = [Condition("subject", True, told), known, active]
    elif not sellers[0].asked:
        return (Condition("subject", False, _looked_for(book, call)),)
    else:
        first = sellers[0].asked[0].subject
        whose = "everybody's" if first == ANY else "its"
        told = f"the rating profile ({call.customer!r}, {call.category!r}, {first!r}) is {whose}"
        conditions = [Condition("subject", True, told), active, known]
    length = Condition(
        "changes of price",
        reason is not Reason.CALL_TOO_LONG,
        sentence if reason is Reason.CALL_TOO_LONG else f"not more than {SPANS_MAX} in the call",
    )
    within = Condition(
        "range",
        reason is not Reason.AMOUNT_OUT_OF_RANGE,
        sentence if reason is Reason.AMOUNT_OUT_OF_RANGE else f"the cost is at most {text(AMOUNT_MAX)}",
    )
    return up_to_failure([*conditions, length, within])


def _prefix_told(priced: CallCost | Refusal) -> str:
    return "" if isinstance(priced, Refusal) else f"prefix {priced.prefix} begins the number"


def _looked_for(book: Book, call: Call) -> str:
    """Tell which keys were looked for in vain."""
    customer, category, subject = call.customer, call.category, call.subject
    own = (
        f"none of subject {subject!r}'s own prefixes begins the number"
        if book.has_prefixes(customer, subject)
        else f"customer {customer!r} has no prefixes for subject {subject!r}"
    )
    profiles = f"({customer!r}, {category!r}, {subject!r}) nor ({customer!r}, {category!r}, {ANY!r})"
    return f"{own}, and there is neither the rating profile {profiles}"


def of_charge(
    explained: Explanation, book: Book, account: Account, request: Request, refusal: Refusal | None
) -> tuple[Condition, ...]:
    """List the conditions of taking what a call costs, or seconds, up to the one that fails."""
    state = "disabled" if account.disabled else "enabled"
    conditions = [Condition("account enabled", not account.disabled, f"the account is {state}")]
    if request.operation is Operation.DEBIT:
        conditions += explained.conditions
        conditions.append(_credit(account, explained.total, account.allow_negative))
    else:
        usable = usable_buckets(book, account, request.call.number)
        there_ns = sum(use.seconds_ns for use in usable)
        detail = f"{text(request.amount)} s are needed, the buckets for the number have {text(there_ns)} s"
        conditions.append(Condition("seconds", there_ns >= request.amount, detail))
        price = round_half_even(*seconds_cost(take_seconds(usable, request.amount)))
        conditions.append(_credit(account, price, allow_negative=False))
    refused = refusal is not None and refusal.reason is Reason.AMOUNT_OUT_OF_RANGE
    detail = refusal.sentence if refusal is not None and refused else "the balances stay in range"
    conditions.append(Condition("balances", not refused, detail))
    return up_to_failure(conditions)


def _credit(account: Account, needed: int, allow_negative: bool) -> Condition:
    enough = needed <= 0 or needed <= account.credit or allow_negative
    detail = f"{text(needed)} is needed, the credit is {text(account.credit)}"
    if not enough:
        detail += f": {text(needed - account.credit)} is missing"
    elif needed > account.credit and allow_negative:
        detail += ", and the account may go below zero"
    return Condition("credit", enough, detail)


def up_to_failure(conditions: list[Condition]) -> tuple[Condition, ...]:
    """Drop the conditions behind the first that fails: nobody asked them."""
    failed = next((place for place, each in enumerate(conditions) if not each.holds), len(conditions))
    return tuple(conditions[: failed + 1])
