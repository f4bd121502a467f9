"""Small tariffs, written in a line or two."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from cgrates_py.tariffs.diff import Difference, diff
from rater.instant import SECOND, parse
from rater.tariff import (
    ANY,
    DestinationRate,
    PlanLine,
    ProfileActivation,
    RateGroup,
    Rounding,
    Tariff,
    Timing,
)

CUSTOMER = "north.example"
NOW = parse("2026-11-23T10:00:00Z")[0]
EVERYBODY = (CUSTOMER, "call", ANY)
DAY = Timing("DAY", week_days=(1, 2, 3, 4, 5), start_s=8 * 3600)


def at(text: str) -> int:
    return parse(text)[0]


def rate(
    price: str, increment_s: int = 1, *, fee: str = "0", unit_s: int = 60, start_s: int = 0
) -> RateGroup:
    return RateGroup(Decimal(fee), Decimal(price), unit_s * SECOND, increment_s * SECOND, start_s * SECOND)


Line = tuple[str | int, ...]
"""(destination, rate, timing, weight)."""


def deck(
    destinations: Mapping[str, Sequence[str]],
    rates: Mapping[str, RateGroup | tuple[RateGroup, ...]],
    lines: Iterable[Line],
    *,
    timings: Iterable[Timing] = (),
    profiles: Mapping[tuple[str, str, str], tuple[ProfileActivation, ...]] | None = None,
    rounding: tuple[Rounding, int] = (Rounding.UP, 4),
) -> Tariff:
    """Make a plan P of lines, each with destination rates of its own; everybody has it unless told."""
    destination_rates = {}
    plan = []
    for number, line in enumerate(lines):
        destination, price, timing, weight = (*line, *(ANY, 10)[len(line) - 2 :])
        name = f"DR{number}"
        destination_rates[name] = (DestinationRate(str(destination), str(price), *rounding),)
        plan.append(PlanLine(name, str(timing), Decimal(weight)))
    return Tariff(
        destinations={name: tuple(prefixes) for name, prefixes in destinations.items()},
        timings={each.timing_id: each for each in timings},
        rate_groups={name: (each,) if isinstance(each, RateGroup) else each for name, each in rates.items()},
        destination_rates=destination_rates,
        rating_plans={"P": tuple(plan)},
        profiles={EVERYBODY: (ProfileActivation(0, "P"),)} if profiles is None else profiles,
    )


def told(difference: Difference) -> list[tuple[str, ...]]:
    """List the changes of all groups: numbers, when, what, before, after, percent."""
    return [
        (" ".join(change.numbers), *change.line) for group in difference.groups for change in group.changes
    ]


def compared(before: Tariff, after: Tariff) -> list[tuple[str, ...]]:
    return told(diff(before, after, from_ns=NOW))
