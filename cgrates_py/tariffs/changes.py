"""What differs between two meanings: a line for each thing that changed, with the moments at which it did."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from cgrates_py.tariffs import words
from cgrates_py.tariffs.calendar import Calendar
from cgrates_py.tariffs.meaning import Meaning, Part, Price
from rater.quantity import text as amount

UNRATED = "unrated"


class Line(NamedTuple):
    """One thing that changed: when of the day and week, what, before, after, by how many percent."""

    when: str
    what: str
    before: str
    after: str
    percent: str = ""


class Pair(NamedTuple):
    """The prices of one moment, before and after."""

    before: Price | None
    after: Price | None


def lines(before: Meaning | None, after: Meaning | None, calendar: Calendar) -> list[Line]:
    """Tell what changed; None is a number without a price. Two equal meanings have no line."""
    if before is None or after is None:
        return _rated(before, after, calendar)
    found: list[Line] = []
    if before.zone != after.zone:
        zones = (zone or "the call's" for zone in (before.zone, after.zone))
        found.append(Line(words.ALWAYS, "clocks in zone", *zones))
    if before.spanwise != after.spanwise:
        taken = ("cut there" if each.spanwise else "priced by its start" for each in (before, after))
        found.append(Line(words.ALWAYS, "a call into the next version", *taken))
    changed: dict[tuple[str, str, str, str], list[words.Window]] = {}
    for pair, held in moments(before, after).items():
        for said in _pair(pair):
            changed.setdefault(said, []).extend(held)
    for (what, old, new, percent), held in changed.items():
        found.append(Line(words.windows(calendar, sorted(held)), what, old, new, percent))
    if not found and before != after:
        found.append(Line(words.ALWAYS, "pieces", "as before", "increments or rounding begin anew elsewhere"))
    return found


def moments(before: Meaning, after: Meaning) -> dict[Pair, list[words.Window]]:
    """List the moments of the kinds of days by their prices before and after."""
    held: dict[Pair, list[words.Window]] = {}
    for kind, (old, new) in enumerate(zip(before.days, after.days, strict=True)):
        edges = sorted({end for end, _ in (*old, *new)} | {0})
        for start, end in pairwise(edges):
            pair = Pair(price_at(before, old, start), price_at(after, new, start))
            held.setdefault(pair, []).append((kind, start, end))
    return held


def price_at(meaning: Meaning, day: tuple[Part, ...], clock_ns: int) -> Price | None:
    """Give the price at a clock of a day."""
    place = next(place for end, place in day if clock_ns < end)
    return None if place is None else meaning.prices[place]


def _rated(before: Meaning | None, after: Meaning | None, calendar: Calendar) -> list[Line]:
    """Tell the prices of what is unrated on the other side."""
    there = before or after
    if there is None:
        return []
    found = []
    for pair, held in moments(there, there).items():
        price = words.whole(pair.after)
        sides = UNRATED if before is None else price, UNRATED if after is None else price
        found.append(Line(words.windows(calendar, held), "rated", *sides))
    return found


def _pair(pair: Pair) -> Iterator[tuple[str, str, str, str]]:
    before, after = pair
    if before is None or after is None:
        if before is not after:
            yield "price", words.whole(before), words.whole(after), ""
        return
    if before.connect_fee != after.connect_fee:
        fees = before.connect_fee, after.connect_fee
        change = words.percent(*fees)
        yield "connect fee", amount(fees[0]), amount(fees[1]), change
    yield from _steps(before, after)
    for what, said in (("rounding", words.settlement), ("maximum cost", words.cap)):
        old, new = said(before.settlement), said(after.settlement)
        if old != new:
            yield what, old, new, ""


def _steps(before: Price, after: Price) -> Iterator[tuple[str, str, str, str]]:
    if [step.from_ns for step in before.steps] != [step.from_ns for step in after.steps]:
        yield "rate groups", words.steps(before), words.steps(after, before.units[0]), ""
        return
    said: list[dict[int, tuple[str, str, str]]] = [{}, {}]
    for old, new, unit in zip(before.steps, after.steps, before.units, strict=True):
        if (old.numerator, old.denominator) != (new.numerator, new.denominator):
            change = words.percent(old.numerator * new.denominator, new.numerator * old.denominator)
            said[0][old.from_ns] = words.unit_price(old, unit), words.unit_price(new, unit), change
        if old.increment_ns != new.increment_ns:
            said[1][old.from_ns] = words.increment(old), words.increment(new), ""
    for what, found in zip(("price", "increment"), said, strict=True):
        all_alike = len(found) == len(before.steps) and len(set(found.values())) == 1
        for from_ns, each in {0: found[0]}.items() if all_alike else found.items():
            yield what + (f" from {words.duration(from_ns)} on" if from_ns else ""), *each
