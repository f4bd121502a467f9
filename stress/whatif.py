"""The part of the benchmark that asks what next month's prices would bring: commands from start to end."""

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
DIFF_SECONDS_BAR = 2.0

_COLUMNS = [
    f"--column={member}={member}" for member in ("customer", "subject", "category", "number", "start", "end")
]
_DIFFERENT = 1
"""The exit code of a diff that found something."""


class _Run(NamedTuple):
    """What a command took, and what it printed."""

    seconds: float
    processor_s: float
    told: dict[str, Any]


def measure(place: Path, runs: int, say: Callable[[str], None]) -> list[Single]:
    """Compare price lists of two months, by calls and by meaning; ``rate`` has to agree."""
    say(f"tariffs of {PREFIXES} prefixes and {CALLS} calls")
    place.mkdir(parents=True)
    decks, single = _decks(place / "three", 3), _decks(place / "one", 1)
    calls = place / "calls.csv"
    write(calls, Traffic(CALLS), "plain", as_parquet=False)
    page = "--html", place / "page.html"
    measured = []
    for number in range(runs):
        say(f"round {number + 1} of {runs}: what-if of {CALLS} calls")
        measured.append(
            _command("whatif", calls, "--before", decks[0], "--after", decks[1], *page, *_COLUMNS)
        )
    told = measured[-1].told
    say(f"{runs} rounds: differences of the tariffs")
    one, three = ([_command("tariff", "diff", *each) for _ in range(runs)] for each in (single, decks))
    differ = 0
    for deck, side in zip(decks, ("Before", "After"), strict=True):
        rated = _command("rate", calls, "--tariff", deck, *_COLUMNS).told
        differ += rated["Revenue"] != told[side]["Revenue"] or rated["Rated"] != told[side]["Rated"]
    return [
        Single(f"what-if of {CALLS} calls", median(each.seconds for each in measured), "s", SECONDS_BAR),
        Single("processor time of it", median(each.processor_s for each in measured), "s"),
        Single("revenues that rate tells otherwise", differ, "", 0.0),
        Single(
            f"diff of {PREFIXES} prefixes in one plan",
            median(each.seconds for each in one),
            "s",
            DIFF_SECONDS_BAR,
        ),
        Single("the same in three plans", median(each.seconds for each in three), "s"),
    ]


def _decks(place: Path, plans: int) -> list[Path]:
    """Write the price list of a month and of the next one."""
    months = [place / "month-1", place / "month-2"]
    for number, month in enumerate(months, 1):
        write_tariff(month, price_list(PREFIXES, month=number), plans)
    return months


def _command(name: str, *arguments: object) -> _Run:
    used_s = _children_s()
    started_s = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "cgrates_py", name, *map(str, arguments), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    took_s = time.perf_counter() - started_s
    if done.returncode not in ({0, _DIFFERENT} if "diff" in arguments else {0}):
        raise ServingError(f"{name}: {done.stderr}")
    return _Run(took_s, _children_s() - used_s, json.loads(done.stdout))


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
