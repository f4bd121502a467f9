"""Turns the columns of a file into calls, as its layout says, and tells of every row that is none."""

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cgrates_py.bulk.calls import Calls, Int64s, Words
from cgrates_py.cdrs import durations, times
from cgrates_py.cdrs.chunk import BadRow, Chunk, RecordsError
from cgrates_py.cdrs.durations import Flags
from cgrates_py.cdrs.layout import Layout, Unanswered
from cgrates_py.cdrs.numbers import rewrite
from cgrates_py.responder import CALL_LENGTH_MAX_NS, category_of
from protocol.descriptor import TEXT_LENGTH_MAX

DEFAULT_CATEGORY = "call"
"""The category of records that name none, as of a request without TOR."""

_WHOLE_MAX = 1 << 53
"""From here on doubles are no longer every whole number."""


class Converted(NamedTuple):
    """The calls of a chunk and the rows that they are; rows left out are in one of the other members.

    ``bad`` are in order of their lines; ``bad_rows`` are places in the chunk, one for each.
    """

    calls: Calls
    rows: Int64s
    unanswered: Int64s
    passed_over: Int64s
    bad_rows: Int64s
    bad: list[BadRow]


class Converter:
    """Converts the chunks of one file. ``zone`` is of times without a zone; None is UTC."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout.check()
        self._zone = ZoneInfo(layout.timezone) if layout.timezone else None

    def convert(self, chunk: Chunk) -> Converted:
        """Convert a chunk. Raises RecordsError if a column is missing."""
        return _Conversion(chunk, self._layout, self._zone).result()


class _Conversion:
    """One chunk on its way: the rows that are still calls, and what became of the others."""

    def __init__(self, chunk: Chunk, layout: Layout, zone: ZoneInfo | None) -> None:
        self._chunk = chunk
        self._layout = layout
        self._zone = zone
        self._wanted: Flags = np.ones(chunk.table.num_rows, dtype=np.bool_)
        self._bad: dict[int, BadRow] = {}

    def result(self) -> Converted:
        """Read member after member; a row is told of once, for the first that it lacks."""
        passed_over = self._passed_over()
        length_ns, unanswered = self._duration()
        number = rewrite(self._text("number"), self._layout)
        self._refuse_long("number", number, pc.utf8_length(number))
        start = self._times("start")
        customer, subject, category = (self._words(name) for name in ("customer", "subject", "category"))
        end_ns = self._end(start.ns, length_ns)
        calls = Calls(customer, subject, category, number, start.ns, end_ns, start.offset_ns)
        rows = np.flatnonzero(self._wanted)
        if len(rows) < len(self._wanted):
            calls = _taken(calls, rows)
        places = sorted(self._bad)
        bad = [self._bad[place] for place in places]
        return Converted(calls, rows, unanswered, passed_over, np.array(places, dtype=np.int64), bad)

    def _passed_over(self) -> Int64s:
        """Find the records that are no calls, by the column that says what they are."""
        only = self._layout.only
        if only is None or not self._columns((only[0],), needed=False):
            return np.empty(0, dtype=np.int64)
        is_one = pc.equal(self._joined((only[0],)), only[1]).to_numpy(zero_copy_only=False)
        self._wanted &= is_one
        return np.flatnonzero(~is_one)

    def _duration(self) -> tuple[Int64s | None, Int64s]:
        """Read durations; find the calls that nobody answered, if the layout wants those apart."""
        nobody: Int64s = np.empty(0, dtype=np.int64)
        source = self._layout.source("duration")
        if source is None:
            return None, nobody
        column = self._typed("duration")
        found = durations.duration_column(column) if column is not None else None
        if found is None:
            texts = self._text("duration")
            found = durations.read_durations(texts, self._layout.duration_unit)
            good = found.good
            if self._layout.unanswered is Unanswered.SKIP:
                good = good | pc.equal(texts, "").to_numpy(zero_copy_only=False)
        else:
            good = found.good
        self._refuse("duration", self._wanted & ~good, durations.EXPECTED)
        if self._layout.unanswered is Unanswered.SKIP:
            nobody = np.flatnonzero(self._wanted & (found.ns == 0))
            self._wanted[nobody] = False
        return found.ns, nobody

    def _times(self, member: str) -> times.Instants:
        column = self._typed(member)
        found = times.time_column(column, self._zone) if column is not None else None
        if found is None:
            found = times.read_times(self._text(member), self._layout.times, self._zone)
        self._refuse(member, self._wanted & ~found.good, times.EXPECTED[self._layout.times])
        return found

    def _end(self, start_ns: Int64s, length_ns: Int64s | None) -> Int64s:
        """Tell when calls end, which is not before they start and at most 366 days later."""
        member = "duration"
        if length_ns is None:
            member = "end"
            end = self._times("end")
            length_ns = end.ns - start_ns
            self._refuse(member, self._wanted & (length_ns < 0), "a time at or after the start")
        too_long = self._wanted & (length_ns > CALL_LENGTH_MAX_NS)
        self._refuse(member, too_long, "a call of at most 366 days")
        return np.where(self._wanted, start_ns + np.where(self._wanted, length_ns, 0), start_ns)

    def _words(self, member: str) -> Words:
        """Read a column of texts that repeat, each of which is looked at once."""
        rows = len(self._wanted)
        source = self._layout.source(member)
        if source is None or not source.columns:
            text = "" if source is None else source.constant
            return Words.alike(_named(member, text), rows)
        if not self._columns(source.columns, needed=member != "category"):
            return Words.alike(_named(member, ""), rows)
        encoded = self._text(member).dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        codes = encoded.indices.to_numpy().astype(np.int32, copy=False)
        long = np.array([len(text) > TEXT_LENGTH_MAX for text in texts], dtype=np.bool_)
        if long.any():
            self._refuse(member, self._wanted & long[codes], f"at most {TEXT_LENGTH_MAX} characters")
        names = [_named(member, text) for text in texts]
        distinct = list(dict.fromkeys(names))
        if len(distinct) < len(names):
            place = {name: number for number, name in enumerate(distinct)}
            codes = np.array([place[name] for name in names], dtype=np.int32)[codes]
        return Words(distinct, codes)

    def _refuse_long(self, member: str, texts: pa.Array, lengths: pa.Array) -> None:
        if len(texts) and pc.max(lengths).as_py() > TEXT_LENGTH_MAX:
            long = lengths.to_numpy(zero_copy_only=False) > TEXT_LENGTH_MAX
            self._refuse(member, self._wanted & long, f"at most {TEXT_LENGTH_MAX} characters")

    def _refuse(self, member: str, rows: Flags, expected: str) -> None:
        for place in np.flatnonzero(rows).tolist():
            column, got = self._shown(member, place)
            self._bad[place] = BadRow(int(self._chunk.lines[place]), column, expected, got)
        self._wanted &= ~rows

    def _shown(self, member: str, place: int) -> tuple[str, str]:
        """Tell the column and text of a row that a report names."""
        source = self._layout.members[member]
        shown = member, source.constant
        for column in self._columns(source.columns, needed=False):
            value = self._chunk.table.column(column)[place].as_py()
            shown = column, "" if value is None else str(value)
            if shown[1]:
                break
        return shown

    def _typed(self, member: str) -> pa.Array | None:
        """Give a member's one column as the file has it; None if it is made of several, or constant."""
        columns = self._columns(self._layout.members[member].columns, needed=True)
        if len(columns) != 1:
            return None
        return _whole(self._chunk.table.column(columns[0]))

    def _text(self, member: str) -> pa.Array:
        source = self._layout.members[member]
        if not source.columns:
            return pa.repeat(pa.scalar(source.constant), len(self._wanted))
        return self._joined(source.columns)

    def _joined(self, names: tuple[str, ...]) -> pa.Array:
        """Give the texts of the first column that has any, row by row; empty where none has."""
        first, *others = (self._texts(name) for name in self._columns(names, needed=True))
        for other in others:
            first = pc.if_else(pc.equal(first, ""), other, first)
        return first

    def _texts(self, name: str) -> pa.Array:
        column = self._chunk.table.column(name)
        try:
            return _texts(column)
        except pa.ArrowNotImplementedError:
            raise RecordsError(f"{name}: expected texts, numbers or times, got {column.type}") from None

    def _columns(self, names: tuple[str, ...], *, needed: bool) -> list[str]:
        """Find the columns of these names that there are; letters' case counts only if names differ in it."""
        there = self._chunk.table.column_names
        if self._chunk.table.num_rows == 0 and not there:
            return []
        lower = {name.lower(): name for name in reversed(there)}
        found = [each for name in names if (each := name if name in there else lower.get(name.lower()))]
        if needed and names and not found:
            raise RecordsError(f"expected a column {' or '.join(names)}, got {', '.join(there)}")
        return found


def _named(member: str, text: str) -> str:
    return category_of(text or DEFAULT_CATEGORY) if member == "category" else text


def _whole(column: Any) -> pa.Array:
    """Make one array of a column in pieces."""
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], whole.type)
    return whole.dictionary_decode() if pa.types.is_dictionary(whole.type) else whole


def _texts(column: Any) -> pa.Array:
    """Give a column as texts without nulls."""
    whole = _whole(column)
    if pa.types.is_floating(whole.type):
        whole = _plain_floats(whole)
    elif not (pa.types.is_string(whole.type) or pa.types.is_large_string(whole.type)):
        whole = pc.cast(whole, pa.string())
    return whole.fill_null("") if whole.null_count else whole


def _plain_floats(values: pa.Array) -> pa.Array:
    """Write whole numbers by their digits: ``4.1791234567e+10`` would be a number that begins with 4."""
    exact = pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), float(_WHOLE_MAX)))
    digits = pc.cast(pc.cast(pc.if_else(exact, values, 0), pa.int64()), pa.string())
    return pc.if_else(exact, digits, pc.cast(values, pa.string()))


def _taken(calls: Calls, rows: Int64s) -> Calls:
    customer, subject, category = (
        Words(words.names, words.codes[rows]) for words in (calls.customer, calls.subject, calls.category)
    )
    return Calls(
        customer,
        subject,
        category,
        calls.number.take(pa.array(rows)),
        calls.start_ns[rows],
        calls.end_ns[rows],
        calls.offset_ns[rows],
    )
