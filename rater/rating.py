"""What a call costs: minute buckets first, then spans of one period and one price, then one rounding."""

from bisect import bisect_right
from math import gcd
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rater import zone
from rater.account import Account, MinuteBucket
from rater.book import FOREVER, Book, Route
from rater.e164 import digits
from rater.instant import DAY
from rater.plan import Period
from rater.quantity import AMOUNT_MAX, round_half_even
from rater.rate import Ladder, Rate, Terms
from rater.refusal import Reason, Refusal
from rater.tariff import MaxCostStrategy, TariffPlan

SPANS_MAX = 2000
"""Spans of one call: a year with four prices a day has 1,464; more would hold up every other call."""


class Call(NamedTuple):
    """A call to be priced: ``[start_ns, end_ns)``, shown in the zone at ``offset_ns``."""

    customer: str
    subject: str
    category: str
    number: str
    start_ns: int
    end_ns: int
    offset_ns: int = 0


class BucketUse(NamedTuple):
    """Seconds taken from the account's bucket at ``place`` of its list."""

    place: int
    bucket: MinuteBucket
    seconds_ns: int


class Span(NamedTuple):
    """A stretch of a call with one price: a bucket's (``minutes``), a rate's, or none at all."""

    start_ns: int
    end_ns: int
    period: Period | None
    rate: Rate | None
    minutes: BucketUse | None


class CallCost(NamedTuple):
    """The priced call. ``cost`` (10⁻⁹ units) holds the minutes' price but not the connect fee."""

    call: Call
    prefix: str
    cost: int
    connect_fee: int
    spans: list[Span]
    uses: list[BucketUse]


def price_call(book: Book, call: Call, account: Account | None) -> CallCost | Refusal:
    """Price a call by the book of its start. Changes nothing.

    Refuses with RATE_NOT_FOUND, RATE_NOT_ACTIVE, AMOUNT_OUT_OF_RANGE or CALL_TOO_LONG.
    """
    if book.later is None:
        route = book.route(
            call.customer, call.subject, call.category, call.number, call.start_ns, call.end_ns
        )
    else:
        book = book.at(call.start_ns)
        route = book.route_across(
            call.customer, call.subject, call.category, call.number, call.start_ns, call.end_ns
        )
    if isinstance(route, Refusal):
        return route
    uses: list[BucketUse] = []
    spans: list[Span] = []
    discount = None
    begin_ns = call.start_ns
    if account is not None:
        plan = book.tariff_plan(account.plan_id) if account.plan_id else None
        discount = discount_ratio(plan, account) if plan is not None else None
        if account.buckets:
            uses = take_seconds(usable_buckets(book, account, call.number), call.end_ns - call.start_ns)
            for use in uses:
                spans.append(Span(begin_ns, begin_ns + use.seconds_ns, None, None, use))
                begin_ns += use.seconds_ns
    if begin_ns < call.end_ns or not spans:
        _cut(call, route, begin_ns, spans)
        if len(spans) > SPANS_MAX:
            return Refusal(Reason.CALL_TOO_LONG, f"the call meets more than {SPANS_MAX} changes of price")
    cost = _cost(spans, uses, discount)
    if cost > AMOUNT_MAX:
        return Refusal(Reason.AMOUNT_OUT_OF_RANGE, "the call costs more than 9000000000 units")
    first = spans[0].rate
    return CallCost(call, route.prefix, cost, 0 if first is None else first.connect_fee, spans, uses)


def usable_buckets(book: Book, account: Account, number: str, *, empty_too: bool = False) -> list[BucketUse]:
    """List the buckets that can serve a number, in the order in which they do.

    Higher priority, then longer matching prefix, then lower price, then as stored; each with all its seconds.
    """
    names = {bucket.destination_id for bucket in account.buckets}
    lengths = book.lengths(digits(number), names)
    found = []
    for index, bucket in enumerate(account.buckets):
        if bucket.seconds_ns > 0 or empty_too:
            length = lengths.get(bucket.destination_id, -1)
            if length >= 0:
                rank = (-bucket.priority, -length, bucket.price, index)
                found.append((rank, BucketUse(index, bucket, bucket.seconds_ns)))
    found.sort(key=lambda pair: pair[0])
    return [use for _, use in found]


def take_seconds(usable: list[BucketUse], wanted_ns: int) -> list[BucketUse]:
    """Take up to ``wanted_ns`` from buckets in their order."""
    taken = []
    for use in usable:
        if wanted_ns <= 0:
            break
        part = min(wanted_ns, use.seconds_ns)
        taken.append(use._replace(seconds_ns=part))
        wanted_ns -= part
    return taken


def seconds_cost(uses: list[BucketUse]) -> tuple[int, int]:
    """Price seconds taken from buckets: an exact ratio of nanounits."""
    top, bottom = 0, 1
    for use in uses:
        if use.bucket.price:
            price_top, price_bottom = use.bucket.price.as_integer_ratio()
            top, bottom = _add(top, bottom, use.seconds_ns * price_top, price_bottom)
    return top, bottom


def discount_ratio(plan: TariffPlan, account: Account) -> tuple[int, int] | None:
    """Tell what is left of a price after the account's volume discount, as a ratio; None for all of it."""
    reached = [d for d in plan.discounts if d.volume_ns <= account.volume_discount_ns]
    if not reached:
        return None
    top, bottom = max(reached, key=lambda d: d.volume_ns).percent.as_integer_ratio()
    return 100 * bottom - top, 100 * bottom


def _cut(call: Call, route: Route, begin_ns: int, spans: list[Span]) -> None:
    """Append the paid spans of ``[begin_ns, call.end_ns)``: maximal, chronological, at least one."""
    periods = route.periods
    if len(periods) == 1:
        _cut_period(call, periods[0][1], begin_ns, call.end_ns, spans)
        return
    place = bisect_right(periods, begin_ns, key=lambda dated: dated[0]) - 1
    while place + 1 < len(periods) and (until_ns := periods[place + 1][0]) < call.end_ns:
        _cut_period(call, periods[place][1], begin_ns, until_ns, spans)
        begin_ns, place = until_ns, place + 1
    _cut_period(call, periods[place][1], begin_ns, call.end_ns, spans)


def _cut_period(call: Call, period: Period, begin_ns: int, end_ns: int, spans: list[Span]) -> None:
    moments: list[Moment]
    if period.schedule.always is not None:
        moments = [(begin_ns, end_ns, period.schedule.always)]
    elif period.zone is None:
        moments = _clock_moments(period, begin_ns, end_ns, call.offset_ns)
    else:
        moments = _zone_moments(period, period.zone, begin_ns, end_ns)
    for start, stop, ladder in moments:
        if ladder is None:
            spans.append(Span(start, stop, period, None, None))
        elif len(ladder) == 1:
            spans.append(Span(start, stop, period, ladder[0], None))
        else:
            _climb(spans, call.start_ns, start, stop, period, ladder)


Moment = tuple[int, int, Ladder | None]
"""(start, end, ladder): a stretch of one price; neighbours never have the same."""


def _zone_moments(period: Period, named: ZoneInfo, begin_ns: int, end_ns: int) -> list[Moment]:
    joined: list[Moment] = []
    for start, stop, offset in zone.pieces(named, begin_ns, end_ns):
        for moment in _clock_moments(period, start, stop, offset):
            if joined and joined[-1][2] is moment[2]:
                joined[-1] = (joined[-1][0], moment[1], moment[2])
            else:
                joined.append(moment)
    return joined


def _clock_moments(period: Period, begin_ns: int, end_ns: int, offset_ns: int) -> list[Moment]:
    segments_of = period.schedule.segments
    day, clock = divmod(begin_ns + offset_ns, DAY)
    midnight = begin_ns - clock
    moments: list[Moment] = []
    start = begin_ns
    held: Ladder | None = None
    opened = False
    while True:
        if len(moments) > SPANS_MAX:
            return moments
        for segment_end, ladder in segments_of(day):
            if segment_end <= clock:
                continue
            if not opened:
                held, opened = ladder, True
            elif ladder is not held:
                moments.append((start, midnight + clock, held))
                start, held = midnight + clock, ladder
            clock = segment_end
            if midnight + segment_end >= end_ns:
                moments.append((start, end_ns, held))
                return moments
        day, clock, midnight = day + 1, 0, midnight + DAY


def _climb(
    spans: list[Span], call_start_ns: int, start: int, stop: int, period: Period, ladder: Ladder
) -> None:
    """Append one stretch, cut where the usage since the call's start reaches the next rate group."""
    last = len(ladder) - 1
    for place, rate in enumerate(ladder):
        group_end = FOREVER if place == last else call_start_ns + ladder[place + 1].group_start_ns
        if group_end > start:
            until = min(group_end, stop)
            spans.append(Span(start, until, period, rate, None))
            start = until
            if start >= stop:
                return


def _add(top: int, bottom: int, more_top: int, more_bottom: int) -> tuple[int, int]:
    if bottom == more_bottom:
        return top + more_top, bottom
    common = gcd(bottom, more_bottom)
    return top * (more_bottom // common) + more_top * (bottom // common), bottom // common * more_bottom


def _cost(spans: list[Span], uses: list[BucketUse], discount: tuple[int, int] | None) -> int:
    """Add up exactly, settle each destination rate's sum, round once half-even."""
    top, bottom = _paid(spans, discount)
    if uses:
        top, bottom = _add(top, bottom, *seconds_cost(uses))
    return round_half_even(top, bottom)


def _paid(spans: list[Span], discount: tuple[int, int] | None) -> tuple[int, int]:
    quantities: dict[Rate, int] = {}
    for start, stop, _, rate, _ in spans:
        if rate is not None:
            quantities[rate] = quantities.get(rate, 0) + rate.quantity(stop - start)
    less_top, less_bottom = discount or (1, 1)
    top, bottom = 0, less_bottom
    by_terms: dict[Terms, tuple[int, int]] = {}
    for rate, quantity in quantities.items():
        cost = quantity * rate.numerator * less_top
        per = rate.denominator * less_bottom
        if rate.terms is not None:
            by_terms[rate.terms] = _add(*by_terms.get(rate.terms, (0, 1)), cost, per)
        elif per == bottom:
            top += cost
        else:
            top, bottom = _add(top, bottom, cost, per)
    for terms, exact in by_terms.items():
        top, bottom = _add(top, bottom, *terms.settle(*exact))
    return top, bottom


def session_limit_ns(cost: CallCost, discount: tuple[int, int] | None) -> int:
    """Tell how long a session may last where a rate ends it at its maximum cost (``*disconnect``).

    Whole increments only; the length of the whole call where no rate does so.
    """
    spent: dict[Terms, tuple[int, int]] = {}
    less_top, less_bottom = discount or (1, 1)
    for start, stop, _, rate, _ in cost.spans:
        if rate is None or rate.terms is None or not rate.numerator:
            continue
        terms = rate.terms
        if terms.strategy is not MaxCostStrategy.DISCONNECT or terms.max_cost is None:
            continue
        top, bottom = spent.get(terms, (0, 1))
        each = rate.numerator * less_top, rate.denominator * less_bottom
        left = _add(terms.max_cost, 1, -top, bottom)
        affordable = left[0] * each[1] // (left[1] * each[0]) if each[0] else FOREVER
        wanted = rate.quantity(stop - start)
        if affordable < wanted:
            return start - cost.call.start_ns + affordable * (rate.increment_ns or 1)
        spent[terms] = _add(top, bottom, wanted * each[0], each[1])
    return cost.call.end_ns - cost.call.start_ns
