"""Rates a file of call records, chunk by chunk, and counts what came of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from cgrates_py.bulk.calls import Int32s, Int64s, Priced, Words
from cgrates_py.bulk.rating import BulkRater
from cgrates_py.cdrs import amounts
from cgrates_py.cdrs.chunk import Chunk
from cgrates_py.cdrs.convert import Converted, Converter
from cgrates_py.cdrs.formats import Format, Records
from cgrates_py.cdrs.writers import Output
from rater.quantity import AMOUNT_MAX
from rater.refusal import Reason

ADDED = ("cost", "connect_fee", "total", "prefix", "plan", "notice")
"""Columns behind those of the records, if none of theirs has such a name."""

TAKEN = "rated_"
"""What the names of all added columns begin with otherwise."""

BAD_ROW = "BAD_ROW"
"""The reason of a row that is no call record."""

UNANSWERED = "unanswered"
"""The notice of a call that nobody answered, where the layout lets those cost nothing."""

PASSED_OVER = "not a call"
"""The notice of a record of something else, which is not rated."""

_TOO_MUCH = f"{Reason.AMOUNT_OUT_OF_RANGE}: cost and connect fee together are more than 9000000000 units"


@dataclass
class Summary:
    """What came of a file. Amounts are nanounits, ``talk_ns`` the length of the calls that were rated.

    ``rows`` = ``rated`` + ``unanswered`` + ``passed_over`` + all of ``unrated`` (by reason).
    """

    rows: int = 0
    rated: int = 0
    unanswered: int = 0
    passed_over: int = 0
    unrated: Counter[str] = field(default_factory=Counter)
    notices: Counter[str] = field(default_factory=Counter)
    talk_ns: int = 0
    revenue: int = 0
    scalar_rows: int = 0


class FileRater:
    """Rates one file with one tariff; writes rows to ``out``, those not rated to ``unrated`` too."""

    def __init__(
        self, rater: BulkRater, converter: Converter, out: Output | None, unrated: Output | None
    ) -> None:
        self.summary = Summary()
        self._rater = rater
        self._converter = converter
        self._out = out
        self._unrated = unrated
        self._names: tuple[str, ...] = ()

    def run(self, records: Records, on_chunk: Callable[[Summary], None]) -> Summary:
        """Rate a whole file. Raises RecordsError."""
        for chunk in records.chunks():
            self.rate(chunk)
            on_chunk(self.summary)
        if not self._names:
            self.rate(Chunk(pa.table({}), np.empty(0, dtype=np.int64), []))
        return self.summary

    def rate(self, chunk: Chunk) -> None:
        """Rate one chunk."""
        if not self._names:
            self._names = ADDED
            while set(self._names) & set(chunk.table.column_names):
                self._names = tuple(TAKEN + name for name in self._names)
        rows = _Rows(chunk.table.num_rows)
        if rows.count:
            converted = self._converter.convert(chunk)
            priced = self._rater.rate(converted.calls)
            rows.fill(converted, priced)
            self._count(converted, priced, rows)
        self.summary.rows += rows.count + len(chunk.bad)
        if chunk.bad or rows.bad:
            self.summary.unrated[BAD_ROW] += len(chunk.bad) + rows.bad
        if self._out is not None:
            self._out.write(chunk.table, rows.table(self._names, self._out.format), chunk.texts)
        if self._unrated is not None:
            self._unrated.write(*_listed(chunk, rows))

    def _count(self, converted: Converted, priced: Priced, rows: "_Rows") -> None:
        summary, calls = self.summary, converted.calls
        fine = rows.known[converted.rows]
        summary.rated += int(fine.sum())
        summary.unanswered += len(converted.unanswered)
        summary.passed_over += len(converted.passed_over)
        summary.unrated.update(rows.codes)
        for name, count in zip(priced.notices.names, _counts(priced.notices, fine), strict=True):
            if name and count:
                summary.notices[name] += count
        summary.talk_ns += amounts.total((calls.end_ns - calls.start_ns)[fine])
        summary.revenue += amounts.total(rows.cost) + amounts.total(rows.fee)
        summary.scalar_rows += priced.scalar_rows


class _Rows:
    """The answers of a chunk, for every row of it: those of calls that were not rated are null."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.cost: Int64s = np.zeros(count, dtype=np.int64)
        self.fee: Int64s = np.zeros(count, dtype=np.int64)
        self.known = np.zeros(count, dtype=np.bool_)
        self.codes: Counter[str] = Counter()
        self.bad = 0
        self.why: dict[int, str] = {}
        """Why rows are unrated, by their places."""
        self._prefix = Words.alike("", count)
        self._plan = Words.alike("", count)
        self._notice = Words.alike("", count)

    def fill(self, converted: Converted, priced: Priced) -> None:
        """Put answers where their rows are; tell why the other rows have none."""
        places = converted.rows
        self.cost[places], self.fee[places] = priced.cost, priced.connect_fee
        self.known[places] = priced.reason < 0
        self._prefix, self._plan = (self._spread(words, places) for words in (priced.prefix, priced.plan))
        refused = np.flatnonzero(priced.reason >= 0)
        for place, reason in zip(places[refused].tolist(), priced.reason[refused].tolist(), strict=True):
            refusal = priced.reasons[reason]
            self.why[place] = f"{refusal.code}: {refusal.sentence}"
            self.codes[refusal.code] += 1
        too_much = np.flatnonzero(self.cost > AMOUNT_MAX - self.fee)
        for place in too_much.tolist():
            self.cost[place] = self.fee[place] = 0
            self.known[place] = False
            self.why[place] = _TOO_MUCH
            self.codes[Reason.AMOUNT_OUT_OF_RANGE.value] += 1
        for place, bad in zip(converted.bad_rows.tolist(), converted.bad, strict=True):
            self.why[place] = f"{BAD_ROW}: {bad.sentence}"
        self.bad = len(converted.bad)
        self.known[converted.unanswered] = True
        self._notice = self._spread(priced.notices, places)
        self._say(converted.unanswered, UNANSWERED)
        self._say(converted.passed_over, PASSED_OVER)

    def table(self, names: tuple[str, ...], format_: Format) -> pa.Table:
        """Show the answers as the columns added to a file of a format."""
        show = amounts.decimals if format_ is Format.PARQUET else amounts.texts
        sums = [show(each, self.known) for each in (self.cost, self.fee, self.cost + self.fee)]
        notice = self._notice
        if self.why:
            texts = list(dict.fromkeys([*notice.names, *self.why.values()]))
            number = {text: code for code, text in enumerate(texts)}
            codes = notice.codes.copy()
            codes[list(self.why)] = [number[text] for text in self.why.values()]
            notice = Words(texts, codes)
        return pa.table([*sums, *map(_column, (self._prefix, self._plan, notice))], names=list(names))

    def _spread(self, words: Words, places: Int64s) -> Words:
        """Make a column of all rows of one that only some have; the others are empty."""
        if len(places) == self.count:
            return words
        names = words.names if "" in words.names else [*words.names, ""]
        codes: Int32s = np.full(self.count, names.index(""), dtype=np.int32)
        codes[places] = words.codes
        return Words(names, codes)

    def _say(self, places: Int64s, notice: str) -> None:
        if len(places):
            names = [*self._notice.names, notice]
            self._notice.codes[places] = len(names) - 1
            self._notice = Words(names, self._notice.codes)


def _counts(words: Words, fine: Any) -> list[int]:
    counts: list[int] = np.bincount(words.codes[fine], minlength=len(words.names)).tolist()
    return counts


def _column(words: Words) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(words.codes), pa.array(words.names, pa.string())).cast(
        pa.string()
    )


def _listed(chunk: Chunk, rows: _Rows) -> tuple[pa.Table, pa.Table]:
    """List what was not rated, by lines: line, reason and sentence, then the columns of the records."""
    places = sorted(rows.why)
    lines = [*chunk.lines[np.array(places, dtype=np.int64)].tolist(), *(bad.line for bad in chunk.bad)]
    why = [rows.why[place].partition(": ") for place in places]
    reasons = [*(each[0] for each in why), *(BAD_ROW for _ in chunk.bad)]
    sentences = [*(each[2] for each in why), *(bad.sentence for bad in chunk.bad)]
    order = sorted(range(len(lines)), key=lines.__getitem__)
    head = pa.table(
        [pa.array(lines, pa.int64()), pa.array(reasons, pa.string()), pa.array(sentences, pa.string())],
        names=["line", "reason", "sentence"],
    ).take(pa.array(order, pa.int64()))
    taken = [places[each] if each < len(places) else None for each in order]
    return head, chunk.table.take(pa.array(taken, pa.int64())) if chunk.table.num_columns else pa.table({})
