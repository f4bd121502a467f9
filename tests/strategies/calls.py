"""Random instants, zones, numbers and calls, with a liking for the places where clocks are odd."""

from datetime import datetime

from cgrates_py.oracle.values import DAY, SECOND, Ask
from rater.tariff import ANY, Tariff
from tests.strategies.dice import Dice

HOUR = 3600 * SECOND

CUSTOMER = "acme"
SUBJECTS = ("ann", "bob", "joe")
CATEGORY = "call"

ANCHORS = tuple(
    round(datetime.fromisoformat(text).timestamp()) * SECOND
    for text in (
        "2024-05-15T00:00Z",  # a plain Wednesday
        "2024-02-29T00:00Z",  # a leap day
        "2024-03-31T01:00Z",  # clocks go forward in Berlin
        "2024-10-27T01:00Z",  # and back
        "2024-03-10T07:00Z",  # forward in New York
        "2024-11-03T06:00Z",  # and back
        "2024-04-06T15:00Z",  # back by half an hour on Lord Howe
        "2024-12-31T00:00Z",  # a year's end
        "2024-04-30T00:00Z",  # the end of a short month
        "1969-12-31T00:00Z",  # across the epoch
    )
)

ZONES = (
    None,
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Pacific/Kiritimati",
)

OFFSETS_H = (0, 2, -5, 5.75, -9.5, 14, -12)

DIGITS = "149"


def prefix(dice: Dice, longest: int = 4) -> str:
    digits = "".join(dice.among(DIGITS) for _ in range(dice.roll(1, longest)))
    return f"+{digits}" if dice.one_in(4) else digits


def instant_near(dice: Dice, centre: int, spread_h: int) -> int:
    """An instant around ``centre``: a whole number of hours, minutes, seconds or nanoseconds from it."""
    step = dice.among((HOUR, 60 * SECOND, SECOND, 1))
    reach = spread_h * HOUR // step
    return centre + dice.roll(-reach, reach) * step


def duration(dice: Dice) -> int:
    longest = dice.among((120 * SECOND, 2 * HOUR, 30 * HOUR, 0, SECOND, 4 * DAY))
    if dice.one_in(300):
        longest = 366 * DAY
    step = dice.among((SECOND, 1, 60 * SECOND))
    return dice.roll(0, longest // step) * step


def subjects_of(tariff: Tariff) -> tuple[str, ...]:
    """The subjects that have rates or a profile of their own."""
    own = {subject for _, subject in tariff.rates} | {subject for _, _, subject in tariff.profiles}
    return tuple(sorted(own - {ANY}))


def prefixes_of(tariff: Tariff, subject: str) -> tuple[str, ...]:
    """The prefixes that a subject may call."""
    sold = set(tariff.rates.get((CUSTOMER, subject), ()))
    named = {text for prefixes in tariff.destinations.values() for text in prefixes}
    return tuple(sorted(sold or named))


def call(dice: Dice, near: int, tariff: Tariff) -> Ask:
    """A call around ``near``, mostly of a subject and to a number that the tariff has heard of."""
    start = instant_near(dice, near, dice.among((1, 12, 72)))
    subject = dice.among(SUBJECTS) if dice.one_in(8) else dice.among(subjects_of(tariff) or SUBJECTS)
    number = prefix(dice, 6) if dice.one_in(8) else dice.among(prefixes_of(tariff, subject))
    return Ask(
        customer=CUSTOMER,
        subject=subject,
        category=CATEGORY,
        number=number + "".join(dice.among("0149") for _ in dice.times(0, 3)),
        start_ns=start,
        end_ns=start + duration(dice),
        offset_ns=round(dice.among(OFFSETS_H) * HOUR),
    )
