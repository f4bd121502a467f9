"""Columns of calls, and what they cost: parallel arrays, one row for each call.

Texts that repeat are ``Words``: each once in a list, and a number per row. The numbers called hardly repeat
and are a pyarrow ``string`` array without nulls, as readers of CSV and Parquet give them.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rater.rating import Call
from rater.refusal import Refusal

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]


class Words(NamedTuple):
    """A column of texts that repeat: row ``i`` is ``names[codes[i]]``. Names are distinct, in any order."""

    names: list[str]
    codes: Int32s

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Words":
        """Number texts in the order in which they first come."""
        known: dict[str, int] = {}
        codes = [known.setdefault(text, len(known)) for text in texts]
        return cls(list(known), np.array(codes, dtype=np.int32))

    @classmethod
    def alike(cls, text: str, rows: int) -> "Words":
        """Make a column that says the same in every row."""
        return cls([text], np.zeros(rows, dtype=np.int32))

    def at(self, row: int) -> str:
        """Give the text of a row."""
        return self.names[int(self.codes[row])]

    def texts(self) -> list[str]:
        """List the text of every row."""
        names = self.names
        return [names[code] for code in self.codes.tolist()]


class Calls(NamedTuple):
    """Calls to be priced, in columns; the members of ``rater.rating.Call``.

    ``number`` is a pyarrow array of type ``string`` or ``large_string`` without nulls. Instants are
    nanoseconds since the epoch (int64), ``offset_ns`` is the zone that the call was written in.
    """

    customer: Words
    subject: Words
    category: Words
    number: pa.Array
    start_ns: Int64s
    end_ns: Int64s
    offset_ns: Int64s

    @classmethod
    def of(cls, calls: Sequence[Call]) -> "Calls":
        """Turn calls into columns. Raises OverflowError for an instant beyond 64 bits."""
        return cls(
            Words.of(call.customer for call in calls),
            Words.of(call.subject for call in calls),
            Words.of(call.category for call in calls),
            pa.array([call.number for call in calls], type=pa.string()),
            np.array([call.start_ns for call in calls], dtype=np.int64),
            np.array([call.end_ns for call in calls], dtype=np.int64),
            np.array([call.offset_ns for call in calls], dtype=np.int64),
        )

    @property
    def rows(self) -> int:
        """How many calls there are."""
        return len(self.start_ns)

    def calls(self, rows: npt.NDArray[np.intp]) -> list[Call]:
        """Give some rows as the rating core takes them."""
        customers, subjects, categories = self.customer.names, self.subject.names, self.category.names
        return [
            Call(customers[customer], subjects[subject], categories[category], *rest)
            for customer, subject, category, *rest in zip(
                self.customer.codes[rows].tolist(),
                self.subject.codes[rows].tolist(),
                self.category.codes[rows].tolist(),
                self.number.take(pa.array(rows)).to_pylist(),
                self.start_ns[rows].tolist(),
                self.end_ns[rows].tolist(),
                self.offset_ns[rows].tolist(),
                strict=True,
            )
        ]


class Priced(NamedTuple):
    """What calls cost, row by row: exactly the answers of ``price_call`` without an account.

    ``cost`` and ``connect_fee`` are nanounits (``CallCost.cost``, ``CallCost.connect_fee``); ``plan`` is the
    rating plan of the first span, empty for prices of the prefix itself; ``reason`` is a place in
    ``reasons``, or -1 for a call that was rated. A refused call costs 0 and has empty words. ``notices`` is
    empty or says what is odd about the price. ``scalar_rows`` tells how many rows the rating core priced
    one by one.
    """

    cost: Int64s
    connect_fee: Int64s
    prefix: Words
    plan: Words
    reason: Int32s
    reasons: list[Refusal]
    notices: Words
    scalar_rows: int
