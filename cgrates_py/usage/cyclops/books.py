"""The books of Cyclops RC: usage as it came in, points of rates, and its charges among those of others.

Usage stands in the day it came in, which never goes back, so what is not charged yet is at the end. Rates and
charges stand in the day they are about, which for a charge is when it was made.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, Protocol

import msgspec

from rater import instant
from rater.usage.cyclops import RatePoint, Tally, number
from rater.usage.records import DayEntry, Numbered, Row, replay
from storage.daybook import Appended, Daybook, KnownReceipt, Mark, MarkMoved, Receipt
from storage.documents import DocumentStore

USAGE, RATES, CHARGES = "cyclops", "cyclops.rates", "charges"
SOURCE = "cyclops"
LINK = "cyclops:"
"""What the links of our charges begin with."""

LAST_RUN = "cyclops.run"
"""Mark: where the last window ended that the scheduler charged, in nanoseconds."""
LAST_RATED = "cyclops.rated"
"""Mark: likewise, that it rated."""

SKEW_NS = 3_600 * instant.SECOND
"""Clocks of raters are not farther apart."""
LOOK_BACK_DAYS = 31
"""A rate that is older does not count, but for a static one in force."""

TEXT = "text"
"""Remark of a rate that was posted as a JSON text."""


class CyclopsStore(DocumentStore, Daybook, Protocol):
    """What Cyclops RC asks of a store."""


class Billed(NamedTuple):
    """A mark of a meter: its usage is charged up to the row ``seq``.

    What came later stands in the entry ``place`` of ``day`` or after it.
    """

    seq: int
    day: int
    place: int


PAGE_ENTRIES = 64
"""Pushes that are read and added up at a time: as many thousand rows."""
_NOTHING = (0, DayEntry(0, "", ()))


_encode_billed = msgspec.json.Encoder().encode
_decode_billed = msgspec.json.Decoder(Billed).decode


def billed_mark(meter: str) -> str:
    """Name the mark of a meter."""
    return f"cyclops.billed:{meter}"


def pulled_mark(meter: str) -> str:
    """Name the mark of a meter whose usage another service keeps: charged up to this time, in nanoseconds."""
    return f"cyclops.pulled:{meter}"


def billed_bytes(billed: Billed) -> bytes:
    """Write the mark of a meter."""
    return _encode_billed(billed)


def read_billed(value: bytes | None) -> Billed:
    """Read the mark of a meter; nothing was charged without one."""
    return Billed(0, 0, 0) if value is None else _decode_billed(value)


def read_ns(value: bytes | None) -> int | None:
    """Read a mark that is a time."""
    return None if value is None else int(value)


def ns_bytes(at_ns: int) -> bytes:
    """Write a mark that is a time."""
    return b"%d" % at_ns


def day_of(at_ns: int) -> int:
    """Tell the day of a time."""
    return at_ns // instant.DAY


def rate_row(policy: str, resource: str, literal: str, at_ns: int) -> Row:
    """Make a point of a rate from the JSON literal it was posted with."""
    quoted = literal.startswith('"')
    return Row(policy, resource, literal.strip('"'), at_ns, at_ns, remarks=TEXT if quoted else "")


def rate_literal(row: Row) -> str:
    """Tell the JSON literal of a point of a rate."""
    return f'"{row.value}"' if row.remarks == TEXT else row.value


def rate_point(row: Row) -> RatePoint:
    """Tell a point of a rate as a number."""
    return RatePoint(row.at_ns, Fraction(number(row.value)))


class Books:
    """Reads and writes them."""

    def __init__(self, store: CyclopsStore) -> None:
        self._store = store

    async def add(
        self,
        book: str,
        rows: Iterable[Row],
        now_ns: int,
        receipt: Receipt | None = None,
        marks: Sequence[Mark] = (),
    ) -> Appended | KnownReceipt | MarkMoved:
        """Append rows to the days they are about, all or nothing."""
        by_day: dict[int, list[Row]] = {}
        for row in rows:
            by_day.setdefault(day_of(row.at_ns), []).append(row)
        entries = [(day, DayEntry(now_ns, SOURCE, tuple(found))) for day, found in sorted(by_day.items())]
        return await self._store.append(book, entries, receipt, marks)

    async def add_usage(
        self, rows: Sequence[Row], now_ns: int, receipt: Receipt | None, news: Iterable[str] = ()
    ) -> Appended | KnownReceipt | MarkMoved:
        """Append usage to today, or to the last day there is if the clock was set back.

        Of ``news``, meters that nobody named before, nothing stands in earlier days: their marks say so, or
        the next run would look through all there is.
        """
        days = await self._store.days(USAGE)
        today = max(day_of(now_ns), days[-1] if days else 0)
        entries = [(today, DayEntry(now_ns, SOURCE, tuple(rows)))]
        begin = billed_bytes(Billed(0, min(today, day_of(now_ns - SKEW_NS)), 0))
        marks = [Mark(billed_mark(name), None, begin) for name in news]
        outcome = await self._store.append(USAGE, entries, receipt, marks)
        if isinstance(outcome, MarkMoved):  # a run was faster, and left marks of its own
            outcome = await self._store.append(USAGE, entries, receipt)
        return outcome

    async def marks(self, names: Sequence[str]) -> list[bytes | None]:
        """Read marks."""
        return await self._store.marks(names) if names else []

    async def rows(
        self, book: str, wanted: Callable[[Numbered], bool], first_day: int, last_day: int | None = None
    ) -> list[Numbered]:
        """Read the rows of these days (to the end) that are wanted, in order of insertion."""
        found: list[Numbered] = []
        for day in await self._store.days(book):
            if day >= first_day and (last_day is None or day <= last_day):
                (entries,) = await self._store.read_days(book, [day])
                found += await asyncio.to_thread(_wanted, entries, wanted)
        return found

    async def add_up(self, tallies: Mapping[str, Tally], marks: Mapping[str, Billed], now_ns: int) -> Billed:
        """Add up the usage of meters after their marks; tell what these are once it is charged.

        Days are read piece by piece, so a row could be seen and one before it not. Hence the end is asked for
        first: every row up to it is seen, and none after it is looked at.
        """
        outcome = await self._store.append(USAGE, [])
        assert isinstance(outcome, Appended)  # noqa: S101 -- it has neither receipt nor marks
        last_seq = outcome.first_seq - 1
        days = await self._store.days(USAGE)
        resume = min(day_of(now_ns - SKEW_NS), days[-1] if days else 0)
        since = min((each[1:] for each in marks.values()), default=(resume, 0))
        places: dict[int, int] = {since[0]: since[1]}
        for day in days:
            entries: Sequence[tuple[int, DayEntry]] = [_NOTHING] if day >= since[0] and marks else []
            while entries:
                start = places.setdefault(day, 0)
                (page,) = await self._store.read_days(USAGE, [day], start, PAGE_ENTRIES)
                entries = [each for each in page if each[0] <= last_seq]
                places[day] = start + len(entries)
                await asyncio.to_thread(_add, tallies, marks, entries)
        return Billed(last_seq, resume, places.get(resume, 0))

    async def rate_points(self, names: set[str], from_ns: int, upto_ns: int) -> dict[str, list[RatePoint]]:
        """Read the rates of resources in a time, and the latest ones before it, in order of time."""
        last = day_of(upto_ns)
        found: dict[str, list[Numbered]] = {name: [] for name in names}
        older = set(names)
        for day in reversed(await self._store.days(RATES)):
            if day > last or (day < day_of(from_ns) and not older) or day < last - LOOK_BACK_DAYS:
                continue
            for each in await self.rows(
                RATES, lambda each: each.row.metric in found and each.row.at_ns <= upto_ns, day, day
            ):
                found[each.row.metric].append(each)
            older -= {name for name in older if any(each.row.at_ns <= from_ns for each in found[name])}
        return {
            name: [rate_point(each.row) for each in sorted(rows, key=lambda each: (each.row.at_ns, each.seq))]
            for name, rows in found.items()
        }


def _wanted(entries: Sequence[tuple[int, DayEntry]], wanted: Callable[[Numbered], bool]) -> list[Numbered]:
    return [each for each in replay(entries) if wanted(each)]


def _add(
    tallies: Mapping[str, Tally], marks: Mapping[str, Billed], entries: Sequence[tuple[int, DayEntry]]
) -> None:
    """Add up what is after the marks; nothing is ever dropped from this book."""
    for first, entry in entries:
        for seq, row in enumerate(entry.rows, first):
            billed = marks.get(row.metric)
            if billed is not None and seq > billed.seq:
                tallies[row.metric].add(seq, row)
