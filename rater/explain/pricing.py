"""Explains the price of a call: the core prices it, and what the core did is told step by step.

Nothing here decides anything about a price. The spans, the order of buckets, settling and the rounding are
the core's own; the steps told are added up anew, and have to come to the core's own cost.
"""

from fractions import Fraction

from rater.account import Account
from rater.book import Book
from rater.charging import Operation, Request, decide
from rater.e164 import digits
from rater.explain.conditions import of_charge, of_quote
from rater.explain.values import Bucket, Charge, Discount, Explanation, Settled, Span, Stretch
from rater.quantity import decimal_text, round_half_even
from rater.rate import Terms
from rater.rating import Call, CallCost, discount_ratio, price_call, seconds_cost, usable_buckets
from rater.refusal import Refusal

NOTHING = Fraction(0)


def explain(
    chain: Book, call: Call, account: Account | None, seconds_ns: int = 0, now_ns: int | None = None
) -> Explanation:
    """Explain what GetCost answers of a call, and what Debit would take; DebitSeconds if asked for some.

    ``now_ns`` tells which version takes the seconds; None: that of the call's start. Pure. Raises
    ArithmeticError if the steps told do not come to the cost, which is a fault of the server.
    """
    priced = price_call(chain, call, account)
    book = chain.at(call.start_ns)
    sellers = _sellers(book, call)
    own = book.own_route(call.customer, call.subject, call.number, call.start_ns, call.end_ns)
    conditions = of_quote(book, call, own, sellers, priced)
    buckets = () if account is None else _buckets(book, call, account, priced)
    discount = None if account is None else _discount(book, account)
    if isinstance(priced, Refusal):
        told = Explanation(
            call, account, priced, conditions, sellers, "", (), buckets, discount, (), NOTHING, 0, 0, ()
        )
    else:
        spans = _spans(priced, buckets, discount)
        settled = _settled(spans)
        exact = _sum(spans, settled)
        if round_half_even(exact.numerator, exact.denominator) != priced.cost:
            raise ArithmeticError(f"the steps told come to {exact} nanounits, the cost is {priced.cost}")
        told = Explanation(
            call,
            account,
            None,
            conditions,
            sellers,
            priced.prefix,
            spans,
            buckets,
            discount,
            settled,
            exact,
            priced.cost,
            priced.connect_fee,
            (),
        )
    if account is None:
        return told
    charges = [_charge(chain, told, account, Request(Operation.DEBIT, call))]
    if seconds_ns > 0:
        by_now = book if now_ns is None else chain.at(now_ns)
        charges.append(_charge(by_now, told, account, Request(Operation.DEBIT_SECONDS, call, seconds_ns)))
    return told._replace(charges=tuple(charges))


def explain_charge(book: Book, request: Request, before: Account) -> Explanation:
    """Explain what a Debit or DebitSeconds took, from the account as it was and the book that decided."""
    told = explain(book, request.call, before)
    if request.operation is Operation.DEBIT:
        return told
    return told._replace(charges=(_charge(book, told, before, request),))


def _sum(spans: tuple[Span, ...], settled: tuple[Settled, ...]) -> Fraction:
    total = sum((each.after for each in settled), NOTHING)
    return total + sum(
        (each.exact for each in spans if each.rate is None or each.rate.terms is None), NOTHING
    )


def _sellers(book: Book, call: Call) -> tuple[Stretch, ...]:
    found: list[Stretch] = []
    books = [(call.start_ns, book)]
    whole = call.customer, call.subject, call.category, call.number, call.start_ns, call.end_ns
    book.route_across(*whole, books)
    for place, (at_ns, each) in enumerate(books):
        end_ns = books[place + 1][0] if place + 1 < len(books) else call.end_ns
        found += _sellers_of(each, call, at_ns, end_ns)
    return tuple(found)


def _sellers_of(book: Book, call: Call, at_ns: int, end_ns: int) -> list[Stretch]:
    """List who is asked of one book's tariff, to the end or the instant at which nobody has a price."""
    own = book.own_route(call.customer, call.subject, call.number, at_ns, end_ns)
    if own is not None:
        return [Stretch(at_ns, book.version, True, ())]
    found: list[Stretch] = []
    while not found or at_ns < end_ns:
        asked, until_ns = book.sellers(call.customer, call.subject, call.category, call.number, at_ns)
        told = tuple(asked)
        if not found or found[-1].asked != told:
            found.append(Stretch(at_ns, book.version, False, told))
        if not any(each.knows for each in asked):
            break
        at_ns = until_ns
    return found


def _buckets(book: Book, call: Call, account: Account, priced: CallCost | Refusal) -> tuple[Bucket, ...]:
    taken = {} if isinstance(priced, Refusal) else {use.place: use for use in priced.uses}
    usable = usable_buckets(book, account, call.number)
    lengths = book.lengths(digits(call.number), {use.bucket.destination_id for use in usable})
    found: list[Bucket] = []
    for use in usable:
        used = taken.get(use.place)
        exact = NOTHING if used is None else Fraction(*seconds_cost([used]))
        length = lengths[use.bucket.destination_id]
        made = Bucket(use.place, use.bucket, length, 0 if used is None else used.seconds_ns, exact, "")
        found.append(made._replace(why=_why_behind(found[-1], made)) if found else made)
    return tuple(found)


def _why_behind(before: Bucket, after: Bucket) -> str:
    if before.bucket.priority != after.bucket.priority:
        return f"lower priority, {after.bucket.priority} after {before.bucket.priority}"
    if before.digits != after.digits:
        return f"shorter prefix, {after.digits} digits after {before.digits}"
    if before.bucket.price != after.bucket.price:
        return f"higher price, {decimal_text(after.bucket.price)} after {decimal_text(before.bucket.price)}"
    return "stored behind it"


def _discount(book: Book, account: Account) -> Discount | None:
    plan = book.tariff_plan(account.plan_id) if account.plan_id else None
    ratio = None if plan is None else discount_ratio(plan, account)
    return None if ratio is None else Discount(Fraction(*ratio), account.volume_discount_ns)


def _spans(priced: CallCost, buckets: tuple[Bucket, ...], discount: Discount | None) -> tuple[Span, ...]:
    left = Fraction(1) if discount is None else discount.factor
    order = {each.place: number for number, each in enumerate(buckets)}
    told = []
    for start_ns, end_ns, period, rate, minutes in priced.spans:
        quantity = end_ns - start_ns
        exact = NOTHING
        if rate is not None:
            quantity = rate.quantity(quantity)
            exact = Fraction(quantity * rate.numerator, rate.denominator) * left
        elif minutes is not None:
            exact = Fraction(*seconds_cost([minutes]))
        place = None if minutes is None else order[minutes.place]
        told.append(Span(start_ns, end_ns, period, rate, place, quantity, exact))
    return tuple(told)


def _settled(spans: tuple[Span, ...]) -> tuple[Settled, ...]:
    sums: dict[Terms, Fraction] = {}
    for span in spans:
        if span.rate is not None and span.rate.terms is not None:
            sums[span.rate.terms] = sums.get(span.rate.terms, NOTHING) + span.exact
    return tuple(
        Settled(terms, before, Fraction(*terms.settle(before.numerator, before.denominator)))
        for terms, before in sums.items()
    )


def _charge(book: Book, explained: Explanation, account: Account, request: Request) -> Charge:
    decision = decide(book, account, request)
    after = decision.account
    refusal = decision.answer if isinstance(decision.answer, Refusal) else None
    pairs = zip(account.buckets, after.buckets, strict=True)
    taken_ns = sum(was.seconds_ns - left.seconds_ns for was, left in pairs)
    conditions = of_charge(explained, book, account, request, refusal)
    return Charge(
        request.operation.value, refusal, account.credit - after.credit, taken_ns, after, conditions
    )
