"""Leaves of a tariff what can price one call, so that a plain reading of a large one takes no minutes."""

from dataclasses import replace

from cgrates_py.oracle.prefixes import begins
from cgrates_py.oracle.values import FALLBACK_DEPTH, Ask
from rater.account import Account
from rater.tariff import ANY, Tariff


def narrowed(tariff: Tariff, ask: Ask, account: Account | None) -> Tariff:
    """Drop everything that is not about the call's number, subject and account. One pass over it."""
    profiles = _profiles(tariff, ask)
    plan_ids = {line.rating_plan_id for each in profiles for line in tariff.profiles[each]}
    plans = {name: tariff.rating_plans[name] for name in plan_ids}
    lines = [line for plan in plans.values() for line in plan]
    wanted = {
        rate.destination_id for line in lines for rate in tariff.destination_rates[line.destination_rates_id]
    }
    wanted |= {bucket.destination_id for bucket in account.buckets} if account is not None else set()
    destinations = {
        name: tuple(prefix for prefix in tariff.destinations.get(name, ()) if begins(prefix, ask.number))
        for name in wanted
    }
    rates = {
        name: tuple(
            rate
            for rate in tariff.destination_rates[name]
            if rate.destination_id == ANY or destinations[rate.destination_id]
        )
        for name in {line.destination_rates_id for line in lines}
    }
    groups = {rate.rates_id for kept in rates.values() for rate in kept}
    own = tariff.rates.get((ask.customer, ask.subject), {})
    return replace(
        tariff,
        rates={(ask.customer, ask.subject): {name: own[name] for name in own if begins(name, ask.number)}},
        destinations={name: prefixes for name, prefixes in destinations.items() if prefixes},
        timings={
            line.timing_id: tariff.timings[line.timing_id]
            for line in lines
            if line.timing_id in tariff.timings
        },
        rate_groups={name: tariff.rate_groups[name] for name in groups},
        destination_rates=rates,
        rating_plans=plans,
        profiles={each: tariff.profiles[each] for each in profiles},
    )


def _profiles(tariff: Tariff, ask: Ask) -> set[tuple[str, str, str]]:
    """List the profiles that a look-up can come to by fallbacks."""
    found: set[tuple[str, str, str]] = set()
    waiting = {ask.subject, ANY}
    for _ in range(FALLBACK_DEPTH + 1):
        keys = {(ask.customer, ask.category, subject) for subject in waiting}
        new = {key for key in keys if key in tariff.profiles} - found
        found |= new
        waiting = {name for key in new for line in tariff.profiles[key] for name in line.fallback_subjects}
    return found
