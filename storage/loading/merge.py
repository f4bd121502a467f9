"""Lays what a folder says over the tariff that was there: the same key is replaced, the rest stays."""

from collections.abc import Iterable, Iterator, Mapping

from rater.tariff import PrefixRate, Tariff

Rates = Mapping[tuple[str, str], Mapping[str, PrefixRate]]


def merge(base: Tariff, said: Tariff, unions: Iterable[str] = ()) -> Tariff:
    """Replace by (CstmId, Subject, prefix), by Id, and by (tenant, category, subject).

    ``unions`` are ``;`` lists of destinations to be kept as destinations of their own; they follow their
    parts, as do those that were kept earlier or are written as such.
    """
    destinations = {**base.destinations, **said.destinations}
    for union in {*unions, *(name for name in destinations if ";" in name)}:
        parts = (destinations.get(name, ()) for name in union.split(";"))
        destinations[union] = tuple(sorted({prefix for prefixes in parts for prefix in prefixes}))
    return Tariff(
        rates=_merge_rates(base.rates, said.rates),
        destinations=destinations,
        plans={**base.plans, **said.plans},
        timings={**base.timings, **said.timings},
        rate_groups={**base.rate_groups, **said.rate_groups},
        destination_rates={**base.destination_rates, **said.destination_rates},
        rating_plans={**base.rating_plans, **said.rating_plans},
        profiles={**base.profiles, **said.profiles},
    )


def replaced(base: Tariff, said: Tariff) -> Iterator[tuple[str, str]]:
    """List what the folder says otherwise than it was: (kind, Id). Ids are shared by all who load."""
    for kind in ("destinations", "plans", "timings", "rate_groups", "destination_rates", "rating_plans"):
        before: Mapping[str, object] = getattr(base, kind)
        for name, value in getattr(said, kind).items():
            if name in before and before[name] != value:
                yield kind.replace("_", " "), name


def _merge_rates(base: Rates, said: Rates) -> Rates:
    merged = dict(base)
    for key, rates in said.items():
        replaced = {prefix.removeprefix("+") for prefix in rates}
        kept = {
            prefix: rate
            for prefix, rate in base.get(key, {}).items()
            if prefix.removeprefix("+") not in replaced
        }
        merged[key] = {**kept, **rates}
    return merged
