"""The part of the benchmark that rates a month of calls by columns, beside a sort of many integers.

The share of the sort tells more than calls a second, which differ from machine to machine: both are one pass
of numpy over memory after the other.
"""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa

from cgrates_py.bulk.calls import Calls, Words
from cgrates_py.bulk.rating import BulkRater, Priced
from rater.book import Book
from rater.compiler import compile_tariff
from rater.instant import SECOND
from rater.rating import CallCost, price_call
from rater.tariff import Tariff
from storage.loading import load_folder
from stress.cdrs import CATEGORY, CUSTOMER, Traffic, days_of
from stress.price_lists import price_list, write_tariff
from stress.report import Single

CALLS = 1_000_000
PREFIXES = 36_000
CHECKED = 40_000
"""Calls that the core prices, too: to compare the costs, and the time."""
SORTED = 10_000_000
"""Integers of the yardstick."""
RATE_BAR = 1_500_000.0
"""Least calls a second by columns."""


def measure(place: Path, runs: int, say: Callable[[str], None]) -> list[Single]:
    """Rate a month of calls by a price list with prices of working hours, evenings and weekends."""
    say(f"a tariff of {PREFIXES} prefixes")
    write_tariff(place, price_list(PREFIXES))
    tariff = load_folder(place, Tariff(), now_ns=time.time_ns()).tariff
    started_s = time.perf_counter()
    book = compile_tariff(tariff)
    compiled_s = time.perf_counter() - started_s
    calls = month(CALLS)
    numbers = np.random.default_rng(1).integers(0, 1 << 62, SORTED)
    rater = BulkRater(book)
    durations, shares = [], []
    first_s = _timed(lambda: rater.rate(calls))
    for number in range(runs):
        say(f"round {number + 1} of {runs}: {CALLS} calls by columns")
        sort_s = _timed(lambda: np.sort(numbers))
        durations.append(_timed(lambda: rater.rate(calls)))
        shares.append(durations[-1] / sort_s)
    priced = rater.rate(calls)
    say(f"{CHECKED} calls one by one")
    differ, scalar_s = _checked(book, calls, priced)
    return [
        Single("calls by columns", CALLS / median(durations), "calls/s", least=RATE_BAR),
        Single(f"the same, of the time that {SORTED} integers take to sort", 100 * median(shares), "%"),
        Single("calls one by one", CHECKED / scalar_s, "calls/s"),
        Single("columns are faster", CALLS / median(durations) / (CHECKED / scalar_s), "times"),
        Single(f"compile {PREFIXES} prefixes", compiled_s, "s"),
        Single("lay them out for columns", max(0.0, first_s - median(durations)), "s"),
        Single("calls that the columns left to the core", priced.scalar_rows, "calls"),
        Single(f"of {CHECKED} calls, cost by columns is another", differ, "calls", 0.0),
    ]


def month(rows: int) -> Calls:
    """Make a month of calls, in columns."""
    days = list(days_of(Traffic(rows)))
    start_s = np.concatenate([day.start_s for day in days])
    seconds = np.concatenate([day.seconds for day in days])
    subject = np.concatenate([day.subject for day in days]).astype(np.int32)
    number = pa.array(np.concatenate([day.number for day in days])).cast(pa.string())
    return Calls(
        Words.alike(CUSTOMER, rows),
        Words([f"subscriber-{place:05d}" for place in range(int(subject.max()) + 1)], subject),
        Words.alike(CATEGORY, rows),
        number,
        start_s * SECOND,
        (start_s + seconds) * SECOND,
        np.zeros(rows, np.int64),
    )


def _checked(book: Book, calls: Calls, priced: Priced) -> tuple[int, float]:
    """Price calls from all over the month by the core: how many cost something else, and how long it took."""
    rows = np.linspace(0, calls.rows - 1, CHECKED).astype(np.intp)
    some = calls.calls(rows)
    started_s = time.perf_counter()
    answers = [price_call(book, call, None) for call in some]
    took_s = time.perf_counter() - started_s
    columns = zip(priced.cost[rows].tolist(), priced.connect_fee[rows].tolist(), strict=True)
    core = (
        (answer.cost, answer.connect_fee) if isinstance(answer, CallCost) else (0, 0) for answer in answers
    )
    return sum(one != other for one, other in zip(columns, core, strict=True)), took_s


def _timed(work: Callable[[], object]) -> float:
    started_s = time.perf_counter()
    work()
    return time.perf_counter() - started_s
