"""Lint of who gets which plan: subjects without prices, and where fallbacks lead."""

from collections.abc import Iterator

from cgrates_py.tariffs.checks.findings import Code, Finding, some
from cgrates_py.tariffs.subjects import Who, profile_of
from rater.book import FALLBACK_DEPTH_MAX
from rater.instant import text as instant_text
from rater.tariff import ANY, Tariff


def check(tariff: Tariff) -> Iterator[Finding]:
    """Look at every profile."""
    empty = {plan_id for plan_id in tariff.rating_plans if not _has_prefixes(tariff, plan_id)}
    default = {plan_id for plan_id in tariff.rating_plans if _has_default(tariff, plan_id)}
    bare: dict[str, list[str]] = {}
    for key, profile in tariff.profiles.items():
        who = Who(*key)
        place = f"RatingProfiles.csv {who}"
        for line in profile:
            if line.rating_plan_id in empty and not line.fallback_subjects:
                yield Finding(
                    Code.NO_PRICES,
                    place,
                    f"plan {line.rating_plan_id} has no prefix, and there is no fallback: calls are refused",
                    "give the plan lines, or the profile FallbackSubjects",
                )
            elif line.rating_plan_id not in default and not line.fallback_subjects:
                bare.setdefault(line.rating_plan_id, []).append(str(who))
        starts = [line.activation_ns for line in profile]
        for at_ns in sorted({each for each in starts if starts.count(each) > 1}):
            plans = [line.rating_plan_id for line in profile if line.activation_ns == at_ns]
            yield Finding(
                Code.OVERTAKEN,
                place,
                f"of {some(plans)}, all active from {instant_text(at_ns)} on, only {plans[-1]} ever is",
                "leave the others out",
            )
        yield from _fallbacks(tariff, who, place)
    for plan_id, subjects in bare.items():
        yield Finding(
            Code.NO_DEFAULT,
            f"RatingPlans.csv {plan_id}",
            f"numbers outside its prefixes are refused, for {some(subjects)}: it has no price for {ANY}, and "
            "their profiles name no fallback",
            f"add a line with a destination rate for {ANY}, or FallbackSubjects, if that is not meant",
        )


def _has_prefixes(tariff: Tariff, plan_id: str) -> bool:
    return any(
        rate.destination_id == ANY or tariff.destinations.get(rate.destination_id)
        for line in tariff.rating_plans[plan_id]
        for rate in tariff.destination_rates[line.destination_rates_id]
    )


def _has_default(tariff: Tariff, plan_id: str) -> bool:
    return any(
        rate.destination_id == ANY
        for line in tariff.rating_plans[plan_id]
        for rate in tariff.destination_rates[line.destination_rates_id]
    )


def _fallbacks(tariff: Tariff, who: Who, place: str) -> Iterator[Finding]:
    """Follow the fallbacks of a subject, each way once."""
    told: set[tuple[Code, str]] = set()
    seen: set[tuple[str, int]] = set()
    waiting: list[tuple[str, ...]] = [(who.subject,)]
    while waiting:
        path = waiting.pop()
        if (path[-1], len(path)) in seen:
            continue
        seen.add((path[-1], len(path)))
        own = tariff.profiles.get((who.customer, who.category, path[-1]))
        profile = own if len(path) > 1 else profile_of(tariff, who)
        for name in dict.fromkeys(each for line in profile or () for each in line.fallback_subjects):
            finding = _step(tariff, who, (*path, name), place)
            if finding is None:
                waiting.append((*path, name))
            elif (finding.code, name) not in told:
                told.add((finding.code, name))
                yield finding


def _step(tariff: Tariff, who: Who, path: tuple[str, ...], place: str) -> Finding | None:
    way = " → ".join(path)
    if path[-1] in path[:-1]:
        sentence = f"falls back in a circle: {way}"
        return Finding(Code.FALLBACK_LOOP, place, sentence, "leave one of the steps out")
    if (who.customer, who.category, path[-1]) not in tariff.profiles:
        sentence = f"falls back to {path[-1]}, who has no profile"
        return Finding(Code.FALLBACK_UNKNOWN, place, sentence, "add the profile, or leave the name out")
    if len(path) - 1 > FALLBACK_DEPTH_MAX:
        sentence = f"falls back more than {FALLBACK_DEPTH_MAX} subjects deep, which nobody follows: {way}"
        return Finding(Code.FALLBACK_DEEP, place, sentence, f"name {path[-1]} nearer to the beginning")
    return None
