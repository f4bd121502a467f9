"""Makes files of call records of one month, the same every time, with the shape of real traffic.

Numbers come from the numbering patterns of ``phonenumbers``: half of the calls stay in the home country, most
others go to its neighbours. Calls follow the working day and the week of its time zone. Most last about a
minute and few an hour (log-normal); some are not answered, or end at once.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from stress.numbering import NON_GEOGRAPHIC, pattern_of, prefixes

Int64s = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]

HOME = "RO"
NEIGHBOURS = ("BG", "HU", "MD", "RS", "UA", "IT", "DE", "ES", "GB", "FR")
ZONE = "Europe/Bucharest"
CUSTOMER, CATEGORY = "deck.example", "call"

HOME_SHARE, NEIGHBOURS_SHARE = 0.5, 0.35
KINDS = (("mobile", 0.68), ("fixed_line", 0.3), ("toll_free", 0.02))
"""Kinds of numbers, and the share of each in the calls to a country."""
DIGITS_MAX = 5
"""National digits up to which a pattern is followed; the digits after them are drawn evenly."""
NUMBER_DIGITS_MAX = 15

HOURS = (1, 0.6, 0.4, 0.3, 0.4, 1, 3, 8, 16, 24, 27, 27, 24, 24, 26, 27, 27, 25, 21, 18, 15, 11, 7, 3)
"""The traffic of a working day by the hour, in parts."""
DAYS = (1, 1.03, 1.04, 1.05, 1.12, 0.45, 0.3)
"""The traffic of the week, Monday first."""

MEDIAN_S, SPREAD, LONGEST_S = 75, 1.25, 4 * 3600
"""Half of the answered calls are shorter than the median; the logarithm of lengths has this deviation."""
SHORT_SHARE, SHORTEST_S = 0.06, 6
"""Calls that end within moments: a wrong number, an answering machine."""


class CallRows(NamedTuple):
    """One day of calls in columns. Subjects count from 0, instants are seconds since the epoch.

    An unanswered call lasts 0 seconds; ``ringing`` is the time until the answer, or until it was given up.
    """

    number: Int64s
    subject: Int64s
    start_s: Int64s
    seconds: Int64s
    ringing: Int64s


@dataclass(frozen=True, slots=True)
class Traffic:
    """What to make: ``rows`` calls of ``subjects`` callers in the month of ``month``."""

    rows: int
    seed: int = 1
    month: date = date(2026, 3, 1)
    subjects: int = 500
    unanswered: float = 0.12
    zone: str = ZONE


class Numbers:
    """Draws telephone numbers: a country, a kind, a prefix by the numbers that it has, then digits."""

    def __init__(self, home: str = HOME, neighbours: Sequence[str] = NEIGHBOURS) -> None:
        heads: list[int] = []
        rests: list[int] = []
        weights: list[float] = []
        countries = {
            region: code
            for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items())
            for region in sorted(regions)
            if region != NON_GEOGRAPHIC
        }
        others = len(countries) - len(neighbours) - 1
        elsewhere = (1 - HOME_SHARE - NEIGHBOURS_SHARE) / others
        for region, code in countries.items():
            share = HOME_SHARE if region == home else elsewhere
            if region in neighbours:
                share = NEIGHBOURS_SHARE / len(neighbours)
            for kind, part in KINDS:
                ranges = list(_ranges(region, code, kind))
                # a prefix of one digit less has ten times the numbers
                sizes = [10.0**rest for _, rest in ranges]
                heads += [head for head, _ in ranges]
                rests += [rest for _, rest in ranges]
                weights += [share * part * size / sum(sizes) for size in sizes]
        self.heads: Int64s = np.array(heads, dtype=np.int64)
        self._tens: Int64s = 10 ** np.array(rests, dtype=np.int64)
        self._cumulated: Shares = np.cumsum(np.array(weights) / sum(weights))

    def draw(self, chance: np.random.Generator, rows: int) -> Int64s:
        """Draw so many numbers, with their calling codes."""
        chosen = np.searchsorted(self._cumulated, chance.random(rows), side="right").clip(
            max=len(self.heads) - 1
        )
        tens = self._tens[chosen]
        found: Int64s = self.heads[chosen] * tens + chance.integers(0, tens)
        return found


@lru_cache(maxsize=1)
def _numbers() -> Numbers:
    """Keep what takes seconds to work out and never changes."""
    return Numbers()


def _ranges(region: str, code: int, kind: str) -> Iterator[tuple[int, int]]:
    """List the prefixes of a kind of number, each with the digits that come after it."""
    pattern = pattern_of(region, kind)
    metadata = PhoneMetadata.metadata_for_region(region)
    lengths = getattr(getattr(metadata, kind, None), "possible_length", ())
    length = min(max((each for each in lengths if each > 0), default=0), NUMBER_DIGITS_MAX - len(str(code)))
    for prefix in prefixes(pattern, DIGITS_MAX) if pattern and length else ():
        if prefix and len(prefix) <= length:
            yield int(f"{code}{prefix}"), length - len(prefix)


def days_of(traffic: Traffic) -> Iterator[CallRows]:
    """Make the calls of each day of the month, in the order in which they begin."""
    numbers = _numbers()
    chance = np.random.Generator(np.random.PCG64(traffic.seed))
    hours, weights = month_shape(traffic.month, traffic.zone)
    counts = chance.multinomial(traffic.rows, weights / weights.sum())
    callers = 1 / np.arange(1, traffic.subjects + 1) ** 0.8  # few call much, many call little
    cumulated = np.cumsum(callers / callers.sum())
    for first in range(0, len(hours), 24):
        start_s = np.repeat(hours[first : first + 24], counts[first : first + 24])
        rows = len(start_s)
        start_s = np.sort(start_s + chance.integers(0, 3600, rows))
        subject = np.searchsorted(cumulated, chance.random(rows), side="right").clip(max=traffic.subjects - 1)
        yield CallRows(
            numbers.draw(chance, rows),
            subject.astype(np.int64),
            start_s,
            _seconds(chance, rows, traffic.unanswered),
            chance.integers(1, 30, rows),
        )


def month_shape(month: date, zone: str) -> tuple[Int64s, Shares]:
    """List the hours of a month (seconds since the epoch), and the share of the traffic of each."""
    local = ZoneInfo(zone)
    begin = datetime(month.year, month.month, 1, tzinfo=local)
    end = (begin + timedelta(days=32)).replace(day=1)
    hours = np.arange(int(begin.timestamp()), int(end.timestamp()), 3600, dtype=np.int64)
    moments = [datetime.fromtimestamp(second, UTC).astimezone(local) for second in hours.tolist()]
    return hours, np.array([HOURS[each.hour] * DAYS[each.weekday()] for each in moments])


def _seconds(chance: np.random.Generator, rows: int, unanswered: float) -> Int64s:
    """Draw how long calls last: whole seconds from the answer on."""
    lengths = chance.lognormal(np.log(MEDIAN_S), SPREAD, rows).clip(1, LONGEST_S).astype(np.int64)
    kind = chance.random(rows)
    lengths = np.where(kind < unanswered + SHORT_SHARE, chance.integers(1, SHORTEST_S + 1, rows), lengths)
    found: Int64s = np.where(kind < unanswered, 0, lengths)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program: ``cdrs --rows 1000000 month.csv``."""
    from stress.cdr_files import LAYOUTS, write  # noqa: PLC0415 -- brings pyarrow, which other users of this do without

    parser = argparse.ArgumentParser(
        prog="python -m stress cdrs", description="Make a file of the calls of a month."
    )
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N", help="calls (default 1,000,000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another month (default 1)")
    parser.add_argument("--month", default="2026-03", metavar="YYYY-MM", help="which month (default 2026-03)")
    parser.add_argument("--subjects", type=int, default=500, metavar="N", help="callers (default 500)")
    parser.add_argument("--unanswered", type=float, default=0.12, metavar="SHARE", help="(default 0.12)")
    parser.add_argument("--layout", choices=sorted(LAYOUTS), default="plain", help="columns (default plain)")
    parser.add_argument("--format", choices=("csv", "parquet"), help="default: by the name of the file")
    parser.add_argument("out", type=Path, metavar="OUT", help="the file to write")
    chosen = parser.parse_args(arguments)
    try:
        month = date.fromisoformat(f"{chosen.month}-01")
    except ValueError:
        parser.error("--month: expected a month such as 2026-03")
    if chosen.rows < 1 or chosen.subjects < 1 or not 0 <= chosen.unanswered <= 1:
        parser.error("--rows and --subjects have to be at least 1, --unanswered a share from 0 to 1")
    traffic = Traffic(chosen.rows, chosen.seed, month, chosen.subjects, chosen.unanswered)
    as_parquet = chosen.format == "parquet" or (chosen.format is None and chosen.out.suffix == ".parquet")
    write(chosen.out, traffic, chosen.layout, as_parquet=as_parquet)
    return 0
