"""Whose prices: everybody whom a tariff names, those that route alike together."""

from collections.abc import Iterator
from typing import NamedTuple

from rater.book import FALLBACK_DEPTH_MAX
from rater.e164 import digits
from rater.tariff import ANY, ProfileActivation, Tariff

CATEGORY = "call"
"""The category of subjects that have prices of their own and no profile."""


class Who(NamedTuple):
    """A subject as a call names it; ``*any`` is everybody who is not named."""

    customer: str
    category: str
    subject: str

    def __str__(self) -> str:
        return f"{self.customer}:{self.subject}" + (f":{self.category}" if self.category != CATEGORY else "")


def named(tariff: Tariff) -> set[Who]:
    """List everybody with prices or a profile; prices without a category count for all of the customer's."""
    found = {Who(tenant, category, subject) for tenant, category, subject in tariff.profiles}
    categories: dict[str, set[str]] = {}
    for who in found:
        categories.setdefault(who.customer, set()).add(who.category)
    for customer, subject in tariff.rates:
        found |= {Who(customer, category, subject) for category in categories.get(customer, {CATEGORY})}
    return found


class Likeness:
    """Tells by a value what a subject's prices depend on: equal values are priced alike."""

    def __init__(self, tariff: Tariff) -> None:
        self._tariff = tariff
        self._own: dict[tuple[str, str], object] = {}

    def of(self, who: Who) -> object:
        """Give the value."""
        profile = profile_of(self._tariff, who)
        falls_back = any(line.fallback_subjects for line in profile)
        return self._prices(who), profile, (who.customer, who.category) if falls_back else None

    def _prices(self, who: Who) -> object:
        key = (who.customer, who.subject)
        rates = self._tariff.rates.get(key)
        if rates is None:
            return None
        if key not in self._own:
            self._own[key] = frozenset((digits(prefix), id(rate)) for prefix, rate in rates.items())
        return self._own[key]


def profile_of(tariff: Tariff, who: Who) -> tuple[ProfileActivation, ...]:
    """Find a subject's profile, or that of everybody."""
    profiles = tariff.profiles
    found = profiles.get((who.customer, who.category, who.subject))
    return found or profiles.get((who.customer, who.category, ANY)) or ()


def moments(tariff: Tariff, who: Who) -> list[int]:
    """List when what prices a subject may change, ascending: perhaps more instants, never fewer."""
    found: set[int] = set()
    for rate in tariff.rates.get((who.customer, who.subject), {}).values():
        found.update(period.activation_ns for period in rate.periods)
    for _, profile in reached(tariff, who):
        found.update(line.activation_ns for line in profile)
    return sorted(found)


def reached(tariff: Tariff, who: Who) -> Iterator[tuple[str, tuple[ProfileActivation, ...]]]:
    """List the profiles that a subject may be priced by, its own first, each once."""
    waiting = [(who.subject, profile_of(tariff, who))]
    seen: set[str] = set()
    for _ in range(FALLBACK_DEPTH_MAX + 1):
        names: dict[str, None] = {}
        for name, profile in waiting:
            if name not in seen:
                seen.add(name)
                yield name, profile
                names |= dict.fromkeys(each for line in profile for each in line.fallback_subjects)
        waiting = [
            (name, found)
            for name in names
            if (found := tariff.profiles.get((who.customer, who.category, name))) is not None
        ]
