"""The columns of answers while they are being filled, by whole arrays or row by row."""

import numpy as np
import numpy.typing as npt

from cgrates_py.bulk.calls import Calls, Int32s, Priced, Words
from rater.book import Book
from rater.rating import CallCost, price_call
from rater.refusal import Refusal

HOLE = "span without price"
"""The notice of a call that has a stretch at which no price holds: it costs nothing there."""

NOTICES = ["", HOLE]

_BATCH = 1 << 14


class Columns:
    """Answers in the making. ``words`` numbers prefixes and plans, and grows; the empty word is 0."""

    def __init__(self, rows: int, words: dict[str, int]) -> None:
        self.cost = np.zeros(rows, dtype=np.int64)
        self.connect_fee = np.zeros(rows, dtype=np.int64)
        self.prefix = np.zeros(rows, dtype=np.int32)
        self.plan = np.zeros(rows, dtype=np.int32)
        self.reason = np.full(rows, -1, dtype=np.int32)
        self.notice = np.zeros(rows, dtype=np.int32)
        self.scalar_rows = 0
        self._words = words
        self._reasons: dict[Refusal, int] = {}

    def price(self, book: Book, calls: Calls, rows: npt.NDArray[np.intp]) -> None:
        """Fill rows by asking the rating core for each, whatever they held."""
        self.scalar_rows += len(rows)
        for low in range(0, len(rows), _BATCH):
            some = rows[low : low + _BATCH]
            for row, call in zip(some.tolist(), calls.calls(some), strict=True):
                answer = price_call(book, call, None)
                if isinstance(answer, Refusal):
                    self._refuse(row, answer)
                else:
                    self._fill(row, answer)

    def _refuse(self, row: int, answer: Refusal) -> None:
        self.reason[row] = self._reasons.setdefault(answer, len(self._reasons))
        for column in (self.cost, self.connect_fee, self.prefix, self.plan, self.notice):
            column[row] = 0

    def _fill(self, row: int, answer: CallCost) -> None:
        self.cost[row] = answer.cost
        self.connect_fee[row] = answer.connect_fee
        self.prefix[row] = self._word(answer.prefix)
        first = answer.spans[0].period
        self.plan[row] = self._word("" if first is None else first.plan_id)
        self.notice[row] = any(span.rate is None for span in answer.spans)

    def _word(self, text: str) -> int:
        return self._words.setdefault(text, len(self._words))

    def priced(self) -> Priced:
        """Give the answers. Every row has to be filled."""
        words = list(self._words)
        return Priced(
            self.cost,
            self.connect_fee,
            _used(words, self.prefix),
            _used(words, self.plan),
            self.reason,
            list(self._reasons),
            Words(list(NOTICES), self.notice),
            self.scalar_rows,
        )


def _used(words: list[str], codes: Int32s) -> Words:
    """Keep the words that a column has; prefixes and plans share one list while they are filled."""
    seen = np.zeros(len(words), dtype=bool)
    seen[codes] = True
    kept = np.flatnonzero(seen)
    place = np.zeros(len(words), dtype=np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    return Words([words[number] for number in kept.tolist()], place[codes])
