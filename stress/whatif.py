"""The part of the benchmark that asks what next month's prices would bring: a command from start to end."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from stress.cdr_files import write
from stress.cdrs import Traffic
from stress.price_lists import price_list, write_tariff
from stress.report import Single
from stress.serving import ServingError

CALLS = 1_000_000
PREFIXES = 36_000
SECONDS_BAR = 5.0

_MEMBERS = ("customer", "subject", "category", "number", "start", "end")


class _Run(NamedTuple):
    """What a command took, and what it printed."""

    seconds: float
    processor_s: float
    told: dict[str, Any]


def measure(place: Path, runs: int, say: Callable[[str], None]) -> list[Single]:
    """Compare two price lists by a month of calls; ``rate`` has to come to the same revenue by each."""
    say(f"two tariffs of {PREFIXES} prefixes and {CALLS} calls")
    place.mkdir(parents=True)
    decks = []
    for month in (1, 2):
        decks.append(place / f"month-{month}")
        write_tariff(decks[-1], price_list(PREFIXES, month=month))
    calls = place / "calls.csv"
    write(calls, Traffic(CALLS), "plain", as_parquet=False)
    page = "--html", place / "page.html"
    measured = []
    for number in range(runs):
        say(f"round {number + 1} of {runs}: what-if of {CALLS} calls")
        measured.append(_command("whatif", calls, "--before", decks[0], "--after", decks[1], *page))
    told = measured[-1].told
    differ = 0
    for deck, side in zip(decks, ("Before", "After"), strict=True):
        rated = _command("rate", calls, "--tariff", deck).told
        differ += rated["Revenue"] != told[side]["Revenue"] or rated["Rated"] != told[side]["Rated"]
    return [
        Single(f"what-if of {CALLS} calls", median(each.seconds for each in measured), "s", SECONDS_BAR),
        Single("processor time of it", median(each.processor_s for each in measured), "s"),
        Single("revenues that rate tells otherwise", differ, "", 0.0),
    ]


def _command(name: str, *arguments: object) -> _Run:
    columns = (f"--column={member}={member}" for member in _MEMBERS)
    used_s = _children_s()
    started_s = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "cgrates_py", name, *map(str, arguments), *columns, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    took_s = time.perf_counter() - started_s
    if done.returncode:
        raise ServingError(f"{name}: {done.stderr}")
    return _Run(took_s, _children_s() - used_s, json.loads(done.stdout))


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
