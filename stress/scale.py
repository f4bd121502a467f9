"""The part of the benchmark that loads a tariff of a million prefixes, with thousands of plans and subjects.

The table of prefixes is measured beside a trie library that keeps the same prefixes, and beside a dictionary
asked from the longest length down.
"""

import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rater.e164 import lengths_descending
from rater.prefixes import PrefixTable, build
from stress import serving
from stress.decks import expanded
from stress.folders import timings, write_folder
from stress.numbering import every_prefix
from stress.report import Single

PREFIXES = 1_000_000
PLANS = 10_000
SUBJECTS = 100_000
SHEETS = 40
"""Lists of destination rates that the plans share; each has three prices of its own besides."""
NUMBERS = 100_000
_PREFIX_DIGITS_MAX = 9
_NUMBER_DIGITS = 12
_PASSES = 3


def measure(place: Path, say: Callable[[str], None]) -> list[Single]:
    """Measure look-ups and the table alone, then the whole tariff in a server with two raters."""
    say(f"{PREFIXES} prefixes, {PLANS} rating plans, {SUBJECTS} subjects")
    chance = random.Random(1)
    named = expanded(every_prefix(_PREFIX_DIGITS_MAX), PREFIXES, chance)
    found = _tables(named, chance)
    write(place / "operator", named, chance)
    with serving.running(serving.serve(place / "data"), place / "scale.log") as server:
        load_s = serving.load(place / "operator", place / "data")
        serving.wait_in_force(server.port)
        memory = [serving.memory_bytes(pid) for pid in serving.children(server.pid, "rater")]
        shared = [serving.proportional_bytes(pid) for pid in serving.children(server.pid, "rater")]
    now, peak = (max(each) / 2**20 for each in zip(*memory, strict=True))
    return [
        *found,
        Single(f"load of {PREFIXES} prefixes, {PLANS} plans, {SUBJECTS} subjects", load_s, "s"),
        Single("rater with them", now, "MiB"),
        Single("the same, what raters share counted once", max(shared) / 2**20, "MiB"),
        Single("the same at its peak, while loading", peak, "MiB"),
    ]


def write(out: Path, named: dict[str, str], chance: random.Random) -> None:
    """Write the tariff: shared lists of prices everywhere, and three prices of its own in every plan."""
    names = sorted(set(named.values()))
    rates = [f"R{number:03d}" for number in range(200)]
    shared = [
        (f"SHEET{sheet}", name, chance.choice(rates), "*up", 4, 0, "")
        for sheet in range(SHEETS)
        for name in names
    ]
    own = [
        (f"OWN{plan}", name, chance.choice(rates), "*up", 4, 0, "")
        for plan in range(PLANS)
        for name in chance.sample(names, 3)
    ]
    plans = [
        line
        for plan in range(PLANS)
        for line in (
            (f"P{plan}", f"SHEET{plan % SHEETS}", "*any", 10),
            (f"P{plan}", f"OWN{plan}", "PEAK", 20),
        )
    ]
    profiles = [
        ("scale.example", "call", f"s{subject}", "2024-01-01T00:00:00Z", f"P{chance.randrange(PLANS)}", "")
        for subject in range(SUBJECTS)
    ]
    sheets = {
        "Destinations": [(name, f"+{prefix}") for prefix, name in named.items()],
        "Timings": timings(""),
        "Rates": [
            (rate, "0.02", f"0.{number + 10:04d}", "60s", "1s", "0s") for number, rate in enumerate(rates)
        ],
        "DestinationRates": [*shared, *own],
        "RatingPlans": plans,
        "RatingProfiles": profiles,
    }
    write_folder(out, sheets)


def _tables(named: dict[str, str], chance: random.Random) -> list[Single]:
    destinations: dict[str, list[str]] = {}
    for prefix, name in named.items():
        destinations.setdefault(name, []).append(f"+{prefix}")
    started_s = time.perf_counter()
    table = build(destinations)
    built_s = time.perf_counter() - started_s
    prefixes = chance.sample(sorted(named), NUMBERS)
    numbers = [f"{prefix}{chance.randrange(10**9):09d}"[:_NUMBER_DIGITS] for prefix in prefixes]
    return [
        Single(f"table of {PREFIXES} prefixes, to make", built_s, "s"),
        Single("the same, for each prefix", len(table.block) / PREFIXES, "bytes"),
        Single("look-up in it", _look_up_us(table.find, numbers), "µs"),
        *_dictionary(named, numbers),
        *_trie(named, table, numbers),
    ]


def _dictionary(named: dict[str, str], numbers: Sequence[str]) -> list[Single]:
    asked = {prefix: place for place, prefix in enumerate(named)}
    lengths = lengths_descending(asked)

    def find(number: str) -> int | None:
        for length in lengths:
            if (found := asked.get(number[:length])) is not None:
                return found
        return None

    size = sys.getsizeof(asked) + sum(
        sys.getsizeof(prefix) + sys.getsizeof(place) for prefix, place in asked.items()
    )
    return [
        Single("a dictionary of them, for each prefix", size / len(asked), "bytes"),
        Single("look-up in it, from the longest length down", _look_up_us(find, numbers), "µs"),
    ]


def _trie(named: dict[str, str], table: PrefixTable, numbers: Sequence[str]) -> list[Single]:
    import marisa_trie  # noqa: PLC0415 -- a library of developers, for this alone

    trie = marisa_trie.Trie(named)
    for number in numbers[:1000]:
        longest = max(trie.prefixes(number), key=len)
        if len(longest) != table.length(table.find(number)):
            raise serving.ServingError(f"the trie says {longest} for {number}, the table something else")
    return [
        Single(
            "a trie (marisa) of them, for each prefix, without what they stand for",
            len(trie.tobytes()) / PREFIXES,
            "bytes",
        ),
        Single("look-up of all that begin a number in it", _look_up_us(trie.prefixes, numbers), "µs"),
    ]


def _look_up_us(find: Callable[[str], object], numbers: Sequence[str]) -> float:
    best_s = float("inf")
    for _ in range(_PASSES):
        started_s = time.perf_counter()
        for number in numbers:
            find(number)
        best_s = min(best_s, time.perf_counter() - started_s)
    return best_s * 1e6 / len(numbers)
