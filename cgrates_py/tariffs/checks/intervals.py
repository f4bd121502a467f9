"""Lint of prices written for prefixes, as in 2012: intervals that price nothing, holes, equal weights."""

from collections.abc import Iterator
from itertools import combinations

from cgrates_py.tariffs import words
from cgrates_py.tariffs.calendar import Calendar
from cgrates_py.tariffs.checks.findings import Code, Finding, some
from cgrates_py.tariffs.checks.tables import Filling, parent, unreachable
from cgrates_py.tariffs.numbers import shortened
from rater.book import Book
from rater.compiler import compile_tariff
from rater.e164 import digits
from rater.instant import SECOND
from rater.instant import text as instant_text
from rater.plan import Period
from rater.refusal import Refusal
from rater.tariff import ActivationPeriod, Interval, PrefixRate, Tariff
from rater.timing import Days

Key = tuple[str, str]


def check(tariff: Tariff, calendar: Calendar) -> Iterator[Finding]:
    """Look at the prices of every subject that has some of its own."""
    book = compile_tariff(tariff)
    filling = Filling(calendar)
    for key, rates in tariff.rates.items():
        by_value: dict[PrefixRate, list[str]] = {}
        for prefix, rate in rates.items():
            by_value.setdefault(rate, []).append(digits(prefix))
        for rate, prefixes in by_value.items():
            place = f"{key[0]}:{key[1]}, prefix {some(shortened(sorted(prefixes)))}"
            yield from _overtaken(rate, place)
            for period in rate.periods:
                compiled = _period(book, key, prefixes[0], period.activation_ns)
                if compiled is not None:
                    yield from _intervals(period, compiled, filling, calendar, place)
        yield from _prefixes(key, {digits(prefix): rate for prefix, rate in rates.items()})


def _period(book: Book, key: Key, prefix: str, at_ns: int) -> Period | None:
    route = book.own_route(*key, prefix, at_ns, at_ns)
    return None if route is None or isinstance(route, Refusal) else route.periods[0][1]


def _overtaken(rate: PrefixRate, place: str) -> Iterator[Finding]:
    starts = [period.activation_ns for period in rate.periods]
    for at_ns in sorted({each for each in starts if starts.count(each) > 1}):
        sentence = f"{starts.count(at_ns)} periods are active from {instant_text(at_ns)} on, only the last is"
        yield Finding(Code.OVERTAKEN, place, sentence, "join them, or give them different times")


def _intervals(
    period: ActivationPeriod, compiled: Period, filling: Filling, calendar: Calendar, place: str
) -> Iterator[Finding]:
    filled = filling.of(compiled)
    used = {ladder[0] for ladder in filled.ladders}
    since = f"from {instant_text(period.activation_ns)} on"
    if len(compiled.rates) != len(period.intervals):
        return  # of two periods of one time this is the one that never is: told already
    for number, (rate, interval) in enumerate(zip(compiled.rates, period.intervals, strict=True), 1):
        if rate not in used:
            sentence = f"{since}: interval {number} ({_said(interval)}) never prices a call"
            suggestion = "leave it out, or give it a greater Weight or other days"
            yield Finding(Code.NEVER, place, sentence, suggestion)
    if filled.holes:
        moments = words.windows(calendar, filled.holes)
        sentence = f"{since}: no price {moments}: calls are free then"
        yield Finding(Code.HOLE, place, sentence, "add an interval for those moments")
    for one, other in combinations(enumerate(period.intervals, 1), 2):
        tied = one[1].weight == other[1].weight and one[1].price != other[1].price
        wins = {compiled.rates[one[0] - 1], compiled.rates[other[0] - 1]} & used
        if tied and wins and _overlap(one[1], other[1], calendar):
            winner, loser = sorted((one, other), key=lambda each: each[1].price)
            sentence = (
                f"{since}: interval {loser[0]} ({_said(loser[1])}) is equal in Weight to interval "
                f"{winner[0]} ({_said(winner[1])}), which wins by its lower price"
            )
            yield Finding(Code.EQUAL_WEIGHTS, place, sentence, "give one of them a greater Weight")


def _overlap(one: Interval, other: Interval, calendar: Calendar) -> bool:
    masks = [
        calendar.mask(Days.of(months=each.months, month_days=each.month_days, week_days=each.week_days))
        for each in (one, other)
    ]
    return one.start_s < other.end_s and other.start_s < one.end_s and bool(masks[0] & masks[1])


def _said(interval: Interval) -> str:
    clocks = f"{words.clock(interval.start_s * SECOND)}–{words.clock(interval.end_s * SECOND)}"
    return f"price {interval.price}, {clocks}, Weight {interval.weight}"


def _prefixes(key: Key, table: dict[str, PrefixRate]) -> Iterator[Finding]:
    place = f"{key[0]}:{key[1]}"
    dead = unreachable(table, table)
    if dead:
        sentence = f"prefix {some(shortened(sorted(dead)))}: every number is priced by longer prefixes"
        yield Finding(Code.UNREACHABLE, place, sentence, "leave it out")
    spare = [
        prefix
        for prefix in sorted(table)
        if (above := parent(prefix, table)) is not None and table[above] == table[prefix]
    ]
    if spare:
        sentence = f"{len(spare)} prefixes cost what the shorter ones do: {some(shortened(spare))}"
        yield Finding(Code.REDUNDANT, place, sentence, "leave them out")
