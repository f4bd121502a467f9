"""What one number costs one subject: who prices it, the prices of a week, what comes next, some calls."""

from typing import NamedTuple

from cgrates_py.tariffs.calendar import Calendar
from cgrates_py.tariffs.meaning import UNRATED, Meaning, Meanings, rules_of
from cgrates_py.tariffs.subjects import Who
from cgrates_py.tariffs.timelines import Timelines
from rater import zone
from rater.compiler import compile_tariff
from rater.e164 import digits
from rater.instant import DAY, SECOND
from rater.rate import Ladder
from rater.rating import Call, CallCost, price_call
from rater.refusal import Refusal
from rater.tariff import Tariff

EXAMPLES_S = (60, 180, 600)


class Stretch(NamedTuple):
    """A clock of one day (0 = 1970-01-01) with one price; None: none."""

    day: int
    start_ns: int
    end_ns: int
    ladder: Ladder | None


class Example(NamedTuple):
    """What a call of some length costs, from the instant that was asked about on; 10⁻⁹ units."""

    seconds: int
    cost: int
    connect_fee: int


class Shown(NamedTuple):
    """What a number costs at an instant.

    ``zone`` is that of the clocks of ``week``, UTC where they are read in the zone of the call. ``next_ns``
    is when something changes by an activation, and ``following`` what then holds (None: no price).
    """

    number: str
    who: Who
    at_ns: int
    prefix: str
    plan: str
    zone: str
    steady: bool
    now: Ladder | None
    week: tuple[Stretch, ...]
    next_ns: int | None
    following: Meaning | None
    examples: tuple[Example, ...]
    calendar: Calendar


def show(tariff: Tariff, number: str, who: Who, at_ns: int) -> Shown | Refusal:
    """Tell what a number costs; the refusal that a call to it gets if it has no price then."""
    book = compile_tariff(tariff)
    route = book.route(who.customer, who.subject, who.category, number, at_ns, at_ns)
    if isinstance(route, Refusal):
        return route
    period = route.periods[0][1]
    offset_ns = 0 if period.zone is None else zone.pieces(period.zone, at_ns, at_ns)[0][2]
    today, clock_ns = divmod(at_ns + offset_ns, DAY)
    week = []
    for day in range(today, today + 7):
        start = 0
        for end, ladder in period.schedule.segments(day):
            week.append(Stretch(day, start, end, ladder))
            start = end
    now = next(each.ladder for each in week if each.start_ns <= clock_ns < each.end_ns)
    meanings = Meanings(Calendar(rules_of(tariff)))
    timeline = Timelines(book, tariff, who, meanings, at_ns).of(digits(number))
    later = timeline[1] if len(timeline) > 1 else (None, UNRATED)
    return Shown(
        number,
        who,
        at_ns,
        route.prefix,
        period.plan_id,
        "UTC" if period.zone is None else str(period.zone),
        period.schedule.always is not None,
        now,
        tuple(week),
        later[0],
        meanings.meaning(later[1]),
        tuple(
            Example(seconds, cost.cost, cost.connect_fee)
            for seconds in EXAMPLES_S
            if isinstance(
                cost := price_call(
                    book,
                    Call(who.customer, who.subject, who.category, number, at_ns, at_ns + seconds * SECOND),
                    None,
                ),
                CallCost,
            )
        ),
        meanings.calendar,
    )
