"""Makes tariff folders of any size from the numbering plans of ``phonenumbers``; the same every time.

``--retail`` makes the tariff of an invented small operator (the demo data), ``--prefixes N`` a deck of N
distinct prefixes with several timings, ``--deck N`` a price list over real prefixes, of any month.
"""

import argparse
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from stress.folders import OFF_PEAK_TIMINGS, Rows, timings, write_folder
from stress.numbering import Country, countries, every_prefix
from stress.price_lists import price_list, write_tariff
from stress.rate_sheets import write_sheet

HOME = "RO"
RETAIL_DIGITS_MAX = 4
"""National digits of a mobile range in the retail tariff: about seven thousand prefixes in all."""

DECK_DIGITS_MAX = 9

ZONES = {
    # zone: (connect fee, landline peak, landline off-peak, mobile peak, mobile off-peak), money a minute
    "HOME": ("0.02", "0.036", "0.018", "0.066", "0.042"),
    "1": ("0.05", "0.09", "0.072", "0.12", "0.096"),
    "2": ("0.08", "0.48", "0.39", "0.66", "0.57"),
    "3": ("0.05", "0.084", "0.06", "0.27", "0.21"),
    "4": ("0.05", "0.084", "0.06", "0.285", "0.225"),
    "5": ("0.08", "0.33", "0.27", "0.51", "0.42"),
    "6": ("0.08", "0.21", "0.18", "0.39", "0.33"),
    "7": ("0.06", "0.24", "0.21", "0.36", "0.3"),
    "8": ("0.08", "0.27", "0.225", "0.345", "0.285"),
    "9": ("0.08", "0.36", "0.3", "0.45", "0.375"),
}
"""The retail price list: the home country, and the world by the first digit of the calling code."""


def write_retail(out: Path) -> int:
    """Write the tariff and the accounts of the invented operator; tells how many prefixes it has."""
    world = list(countries(RETAIL_DIGITS_MAX))
    destinations = list(_retail_destinations(world))
    write_folder(
        out,
        {
            "Destinations": destinations,
            "Timings": timings("Europe/Bucharest"),
            "Rates": _retail_rates(),
            "DestinationRates": _retail_destination_rates(world),
            "RatingPlans": [
                ("RETAIL", "PEAK_PRICES", "PEAK", 10),
                *(("RETAIL", "LOW_PRICES", timing, 10) for timing in OFF_PEAK_TIMINGS),
                ("RETAIL", "ELSEWHERE", "*any", 0),
                ("BUSINESS", "BUSINESS_PRICES", "*any", 10),
            ],
            "RatingProfiles": [
                ("tel.example", "call", "*any", "2024-01-01T00:00:00Z", "RETAIL", ""),
                ("tel.example", "call", "acme", "2024-01-01T00:00:00Z", "BUSINESS", "*any"),
            ],
            **_retail_accounts(),
        },
    )
    return len(destinations)


def _retail_destinations(world: Iterable[Country]) -> Iterable[tuple[str, str]]:
    for country in world:
        yield from ((country.region, f"+{prefix}") for prefix in country.areas)
        yield from ((f"{country.region}_MOBILE", f"+{prefix}") for prefix in country.mobiles)


def _zone(country: Country) -> str:
    return "HOME" if country.region == HOME else country.code[0]


def _retail_rates() -> Rows:
    """Abroad the first minute is charged whole, then every second; at home every second from the start."""
    for zone, (connect_fee, *prices) in ZONES.items():
        kinds = ("LINE_PEAK", "LINE_LOW", "MOBILE_PEAK", "MOBILE_LOW")
        for kind, price in zip(kinds, prices, strict=True):
            name = f"{zone}_{kind}"
            if zone == "HOME":
                yield (name, connect_fee, price, "60s", "1s", "0s")
            else:
                yield (name, connect_fee, price, "60s", "60s", "0s")
                yield (name, "0", price, "60s", "1s", "60s")
    yield ("ELSEWHERE", "0.5", "4.8", "60s", "60s", "0s")
    yield ("BUSINESS_HOME", "0", "0.012", "60s", "1s", "0s")
    yield ("BUSINESS_EUROPE", "0", "0.03", "60s", "1s", "0s")


def _retail_destination_rates(world: Iterable[Country]) -> Rows:
    """Everything rounds up at the fourth decimal; what no country claims is dear, but capped."""
    for country in world:
        for period in ("PEAK", "LOW"):
            name = f"{period}_PRICES"
            if country.areas:
                yield (name, country.region, f"{_zone(country)}_LINE_{period}", "*up", 4, 0, "")
            if country.mobiles:
                mobile = f"{country.region}_MOBILE"
                yield (name, mobile, f"{_zone(country)}_MOBILE_{period}", "*up", 4, 0, "")
    yield ("ELSEWHERE", "*any", "ELSEWHERE", "*up", 4, 50, "*disconnect")
    for country in world:
        zone = _zone(country)
        if country.areas and zone in {"HOME", "3", "4"}:
            rate = "BUSINESS_HOME" if zone == "HOME" else "BUSINESS_EUROPE"
            yield ("BUSINESS_PRICES", country.region, rate, "*middle", 4, 0, "")


def _retail_accounts() -> dict[str, Rows]:
    accounts = (
        # account, money, minutes and where to, SMS, may be negative, disabled
        ("1001", "10", "", "", "", False, False),
        ("1002", "25", "60m", "RO;RO_MOBILE", "100", False, False),
        ("1003", "3.5", "300m", "RO", "20", False, False),
        ("1004", "0.75", "", "", "", False, True),
        ("1005", "0", "", "", "50", True, False),
        ("acme", "500", "1000m", "RO;RO_MOBILE", "1000", True, False),
    )
    actions: list[Sequence[object]] = []
    for account, money, minutes, where, messages, _, _ in accounts:
        name = f"OPEN_{account}"
        actions.append(_topup(name, "*monetary", "*any", "", money, 10))
        if minutes:
            actions.append(_topup(name, "*voice", where, "*zero1s", minutes, 20))
        if messages:
            actions.append(_topup(name, "*sms", "*any", "", messages, 10))
    return {
        "Actions": actions,
        "ActionPlans": [(f"PLAN_{account[0]}", f"OPEN_{account[0]}", "*asap", 10) for account in accounts],
        "AccountActions": [
            ("tel.example", account, f"PLAN_{account}", "", str(negative).lower(), str(disabled).lower())
            for account, *_, negative, disabled in accounts
        ],
    }


def _topup(name: str, kind: str, where: str, subject: str, units: str, priority: int) -> Sequence[object]:
    balance = ("", kind, "", where, subject, "", "*unlimited", "", units, priority)
    return (name, "*topup_reset", "", "", *balance, "false", "false", 10)


def write_deck(out: Path, prefixes: int, seed: int) -> None:
    """Write a deck of that many distinct prefixes, priced by country, kind of number and time of day."""
    chance = random.Random(seed)
    numbers = expanded(every_prefix(DECK_DIGITS_MAX), prefixes, chance)
    names = sorted(set(numbers.values()))
    rates = [f"R{number:02d}" for number in range(1, 41)]
    write_folder(
        out,
        {
            "Destinations": ((name, f"+{prefix}") for prefix, name in numbers.items()),
            "Timings": timings(""),
            "Rates": _deck_rates(rates, chance),
            "DestinationRates": [
                (period, name, chance.choice(rates), chance.choice(("*up", "*middle", "*down")), 4, 0, "")
                for period in ("PEAK_PRICES", "LOW_PRICES")
                for name in names
            ],
            "RatingPlans": [
                ("DECK", "PEAK_PRICES", "PEAK", 10),
                *(("DECK", "LOW_PRICES", timing, 10) for timing in OFF_PEAK_TIMINGS),
            ],
            "RatingProfiles": [("deck.example", "call", "*any", "2024-01-01T00:00:00Z", "DECK", "")],
        },
    )


def _deck_rates(names: Iterable[str], chance: random.Random) -> Rows:
    for name in names:
        price = f"0.{chance.randrange(1, 1_000):04d}"
        fee = f"0.{chance.randrange(0, 20):02d}"
        yield (name, fee, price, "60s", chance.choice(("60s", "30s", "1s")), "0s")
        yield (name, "0", price, "60s", chance.choice(("1s", "6s")), "60s")


def expanded(natural: Mapping[str, str], wanted: int, chance: random.Random) -> dict[str, str]:
    """Make exactly ``wanted`` prefixes: some of the natural ones, or all and as many longer ones."""
    if wanted <= len(natural):
        return {prefix: natural[prefix] for prefix in sorted(chance.sample(sorted(natural), wanted))}
    found = dict(natural)
    while len(found) < wanted:
        parents = sorted(found)
        chance.shuffle(parents)
        for parent in parents:
            for digit in "0123456789":
                if len(found) < wanted:
                    found.setdefault(parent + digit, found[parent])
    return dict(sorted(found.items()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program: ``decks --retail OUT`` or ``decks --prefixes 300000 OUT``."""
    parser = argparse.ArgumentParser(
        prog="python -m stress decks", description="Make tariff folders from numbering plans."
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--retail", action="store_true", help="the invented operator of the demo data")
    what.add_argument("--prefixes", type=int, metavar="N", help="a deck of N distinct prefixes")
    what.add_argument(
        "--deck",
        type=int,
        metavar="N",
        help="N real prefixes, priced by destination, in several plans",
    )
    parser.add_argument("--month", type=int, default=1, help="--deck as it is in that month (default 1)")
    parser.add_argument("--plans", type=int, default=3, metavar="N", help="plans of --deck (default 3)")
    parser.add_argument(
        "--sheet",
        choices=("plain", "european", "ranges"),
        help="write --deck as a file that carriers send",
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed is another deck (default 1)")
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder to write")
    chosen = parser.parse_args(arguments)
    if min(chosen.prefixes or 1, chosen.deck or 1, chosen.month, chosen.plans) < 1 or 0 in (
        chosen.prefixes,
        chosen.deck,
    ):
        parser.error("--prefixes, --deck, --month and --plans have to be at least 1")
    if chosen.retail:
        write_retail(chosen.out)
    elif chosen.deck:
        made = price_list(chosen.deck, chosen.seed, chosen.month)
        if chosen.sheet:
            write_sheet(chosen.out, made, chosen.sheet)
        else:
            write_tariff(chosen.out, made, chosen.plans)
    else:
        write_deck(chosen.out, chosen.prefixes, chosen.seed)
    return 0
