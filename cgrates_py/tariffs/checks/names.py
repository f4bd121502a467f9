"""Lint of what has a name: destinations outside every country, and what nothing refers to."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from cgrates_py.tariffs.checks.findings import Code, Finding, some
from cgrates_py.tariffs.country_codes import COUNTRY_CODES
from rater.compiler import ALWAYS_NAMES
from rater.e164 import digits
from rater.instant import SECOND
from rater.tariff import ANY, Tariff

_BEGINNINGS = frozenset(code[:size] for code in COUNTRY_CODES for size in range(1, len(code) + 1))


def check(tariff: Tariff, now_ns: int) -> Iterator[Finding]:
    """Look at destinations, rates and timings by their names."""
    for name, prefixes in tariff.destinations.items():
        outside = sorted(prefix for prefix in prefixes if not has_country(digits(prefix)))
        if outside:
            yield Finding(
                Code.NO_COUNTRY,
                f"Destinations.csv {name}",
                f"no country code begins {some(outside)}",
                "write prefixes with their country code, as numbers are dialled from abroad",
            )
    year = datetime.fromtimestamp(now_ns // SECOND, UTC).year
    for name, timing in tariff.timings.items():
        if timing.years and max(timing.years) < year:
            yield Finding(
                Code.OVER,
                f"Timings.csv {name}",
                f"its last year was {max(timing.years)}",
                "leave it out with the lines of plans that use it",
            )
    yield from _unused(tariff)


def has_country(prefix: str) -> bool:
    """Tell whether a country code begins a prefix, or a prefix some country codes."""
    return prefix in _BEGINNINGS or any(prefix[:size] in COUNTRY_CODES for size in (1, 2, 3))


def _unused(tariff: Tariff) -> Iterator[Finding]:
    lines = [line for plan in tariff.rating_plans.values() for line in plan]
    rates = [rate for each in tariff.destination_rates.values() for rate in each]
    buckets = [bucket for plan in tariff.plans.values() for bucket in plan.buckets]
    buckets += [plan.bonus.bucket for plan in tariff.plans.values() if plan.bonus and plan.bonus.bucket]
    profiled = {line.rating_plan_id for profile in tariff.profiles.values() for line in profile}
    used: dict[str, tuple[Iterable[str], set[str]]] = {
        "RatingPlans.csv": (tariff.rating_plans, profiled),
        "DestinationRates.csv": (tariff.destination_rates, {line.destination_rates_id for line in lines}),
        "Timings.csv": (tariff.timings, {line.timing_id for line in lines} | ALWAYS_NAMES),
        "Rates.csv": (tariff.rate_groups, {rate.rates_id for rate in rates}),
        "Destinations.csv": (
            tariff.destinations,
            {rate.destination_id for rate in rates} | {each.destination_id for each in buckets} | {ANY},
        ),
    }
    for file, (there, wanted) in used.items():
        for name in there:
            # loading accounts makes unions of destinations for their minutes, named A;B
            if name not in wanted and ";" not in name:
                minutes = ", unless minutes of accounts are bound to it" if file == "Destinations.csv" else ""
                yield Finding(
                    Code.UNUSED, f"{file} {name}", f"no price depends on it{minutes}", "leave it out"
                )
