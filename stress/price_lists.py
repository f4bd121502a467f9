"""Makes price lists of any size over real prefixes, the same every time, and what they become next month.

The prefixes are those of ``phonenumbers``: 318,000 of calling codes, places and mobile networks by name.
(PyPI's ``mccmnc`` has none: it fetches a list of network codes of SIM cards from a web site, which begin no
telephone number.) Prices are rules of our own: a level for each country, more for mobile networks, some noise
for each destination; fees and increments as carriers write them.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from phonenumbers.carrierdata import CARRIER_DATA
from phonenumbers.geodata import GEOCODE_DATA

from stress.folders import OFF_PEAK_TIMINGS, Rows, timings, write_folder

CUSTOMER = "deck.example"
ZONE = "Europe/Bucharest"

PERIODS = {"PEAK": Decimal(1), "LOW": Decimal("0.8"), "WEEKEND": Decimal("0.7")}
"""What a period's prices are, as shares of those of working hours."""

INCREMENTS = ((1, 1), (60, 60), (60, 1), (30, 6), (1, 1), (60, 60), (6, 6))
"""Initial and next increment of a destination, in seconds; the usual ones stand twice."""

BIG_PLACE = 40
"""Prefixes from which on a place is a destination of its own; the rest are their country's."""

CHANGED_COUNTRIES, CHANGED_NAMES, CHANGED_INCREMENTS, DROPPED, ADDED = 0.25, 0.05, 0.02, 0.015, 0.015
"""What a month changes: shares of countries and destinations by price, of increments, of prefixes."""


class Price(NamedTuple):
    """What a destination costs in working hours: money a minute, a fee, increments in seconds."""

    per_minute: Decimal
    connect_fee: Decimal
    initial_s: int
    next_s: int


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prefixes (without a plus) by destination, and the price of each destination."""

    prefixes: Mapping[str, str]
    prices: Mapping[str, Price]


@lru_cache(maxsize=1)
def named_prefixes() -> Mapping[str, str]:
    """Map every prefix to its destination: a country, a mobile network or a place that has many prefixes."""
    countries = {str(code): regions[0] for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items())}
    networks = {prefix: _word(texts) for prefix, texts in CARRIER_DATA.items()}
    places = {prefix: _word(texts) for prefix, texts in GEOCODE_DATA.items()}
    sizes: dict[tuple[str, str], int] = {}
    for prefix, place in places.items():
        key = (_country(prefix, countries), place)
        sizes[key] = sizes.get(key, 0) + 1
    found = {code: f"{region}_PROPER" for code, region in countries.items()}
    for prefix, place in places.items():
        region = _country(prefix, countries)
        is_big = place and sizes[region, place] >= BIG_PLACE
        found.setdefault(prefix, f"{region}_{place}" if is_big else f"{region}_PROPER")
    for prefix, network in networks.items():
        region = _country(prefix, countries)
        found[prefix] = f"{region}_MOBILE_{network}" if network else f"{region}_MOBILE"
    return dict(sorted(found.items()))


def _country(prefix: str, countries: Mapping[str, str]) -> str:
    return next(countries[prefix[:length]] for length in (1, 2, 3) if prefix[:length] in countries)


def _word(texts: Mapping[str, str]) -> str:
    """Make a part of an Id of a name: its last part, where it is a list from small to large."""
    name = (texts.get("en") or "").rpartition(", ")[2]
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")


def price_list(prefixes: int, seed: int = 1, month: int = 1) -> PriceList:
    """Make a price list of so many prefixes as it is in a month, counted from 1."""
    chance = random.Random(seed)
    chosen = _chosen(prefixes, chance)
    names = sorted(set(chosen.values()))
    found = PriceList(chosen, _prices(names, chance))
    for number in range(1, month):
        found = next_month(found, random.Random(seed * 1_000 + number))
    return found


def _chosen(wanted: int, chance: random.Random) -> dict[str, str]:
    """Choose prefixes: calling codes first, so that every number has a price; made ones if too few."""
    natural = named_prefixes()
    codes = [str(code) for code in sorted(COUNTRY_CODE_TO_REGION_CODE)]
    others = sorted(natural.keys() - set(codes))
    found = {prefix: natural[prefix] for prefix in codes[:wanted]}
    room = wanted - len(found)
    found |= {prefix: natural[prefix] for prefix in chance.sample(others, min(room, len(others)))}
    while (room := wanted - len(found)) > 0:
        parents = sorted(found)
        for parent in chance.sample(parents, min(len(parents), -(-room // 8))):
            for digit in chance.sample("0123456789", 8):
                if len(found) < wanted:
                    found.setdefault(parent + digit, found[parent])
    return dict(sorted(found.items()))


def _prices(names: list[str], chance: random.Random) -> dict[str, Price]:
    levels: dict[str, tuple[float, tuple[int, int]]] = {}
    found = {}
    for name in names:
        region = name[:2]
        if region not in levels:
            levels[region] = (min(2.5, 0.004 * chance.lognormvariate(2.3, 1.3)), chance.choice(INCREMENTS))
        level, (initial_s, next_s) = levels[region]
        if "_MOBILE" in name:
            level *= chance.uniform(1.3, 3.5)
        per_minute = _money(level * chance.uniform(0.85, 1.25))
        fee = _money(chance.choice((0.01, 0.02, 0.05))) if chance.random() < 0.1 else Decimal(0)
        found[name] = Price(per_minute, fee, initial_s, next_s)
    return found


def next_month(before: PriceList, chance: random.Random) -> PriceList:
    """Change a price list as a month does: some prices by country or name, increments, prefixes."""
    factors = {}
    for region in sorted({name[:2] for name in before.prices}):
        factors[region] = chance.uniform(0.85, 1.2) if chance.random() < CHANGED_COUNTRIES else 1.0
    prices = {}
    for name, price in before.prices.items():
        factor = factors[name[:2]] * (chance.uniform(0.7, 1.4) if chance.random() < CHANGED_NAMES else 1.0)
        per_minute = price.per_minute if factor == 1 else _money(float(price.per_minute) * factor)
        increments = (price.initial_s, price.next_s)
        if chance.random() < CHANGED_INCREMENTS:
            increments = chance.choice(INCREMENTS)
        prices[name] = Price(per_minute, price.connect_fee, *increments)
    prefixes = {
        prefix: name
        for prefix, name in before.prefixes.items()
        if len(prefix) <= 3 or chance.random() >= DROPPED
    }
    parents = list(prefixes)
    for parent in chance.sample(parents, int(len(parents) * ADDED)):
        prefixes.setdefault(f"{parent}{chance.randrange(10)}", prefixes[parent])
    return PriceList(dict(sorted(prefixes.items())), prices)


def _money(value: float) -> Decimal:
    """Round to what carriers write: four decimals, never free."""
    return max(Decimal(f"{value:.4f}"), Decimal("0.0001"))


def write_tariff(out: Path, made: PriceList, plans: int = 3) -> int:
    """Write a price list as a tariff folder; tells how many rates it needs.

    ``PLAN_1`` is everyone's; ``subscriber-00001`` and so on have the following ones, each a tenth dearer.
    Every plan has prices of working hours, of other hours, and of weekends.
    """
    used = sorted(set(made.prefixes.values()))
    rates: dict[tuple[Price, Decimal], str] = {}
    lines: list[tuple[object, ...]] = []
    for number in range(1, plans + 1):
        factor = 1 + Decimal(number - 1) / 10
        for period, share in PERIODS.items():
            for name in used:
                rate = rates.setdefault((made.prices[name], factor * share), f"R{len(rates) + 1:05d}")
                lines.append((f"{period}_{number}", name, rate, "*up", 6, 0, ""))
    write_folder(
        out,
        {
            "Destinations": ((name, f"+{prefix}") for prefix, name in made.prefixes.items()),
            "Timings": timings(ZONE),
            "Rates": _rates(rates),
            "DestinationRates": lines,
            "RatingPlans": [
                (f"PLAN_{number}", f"{_period(timing)}_{number}", timing, 10)
                for number in range(1, plans + 1)
                for timing in ("PEAK", *OFF_PEAK_TIMINGS)
            ],
            "RatingProfiles": [
                (CUSTOMER, "call", subject, "2024-01-01T00:00:00Z", f"PLAN_{number}", "")
                for number, subject in enumerate(_subjects(plans), 1)
            ],
        },
    )
    return len(rates)


def _period(timing: str) -> str:
    return {"PEAK": "PEAK", "WEEKEND": "WEEKEND"}.get(timing, "LOW")


def _subjects(plans: int) -> list[str]:
    return list(islice(("*any", *(f"subscriber-{number:05d}" for number in range(1, plans))), plans))


def _rates(rates: Mapping[tuple[Price, Decimal], str]) -> Rows:
    for (price, factor), name in rates.items():
        per_minute = f"{(price.per_minute * factor).normalize():f}"
        yield (name, price.connect_fee, per_minute, "60s", f"{price.initial_s}s", "0s")
        if price.next_s != price.initial_s:
            yield (name, "0", per_minute, "60s", f"{price.next_s}s", f"{price.initial_s}s")
