"""Prices columns of calls exactly as the rating core prices each of them."""

from cgrates_py.bulk.calls import Calls, Priced
from cgrates_py.bulk.columns import Columns
from rater.book import Book

__all__ = ["BulkRater", "Priced"]


class BulkRater:
    """Rates many calls with one book. What it computes for a book it keeps for the next chunk."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def rate(self, calls: Calls) -> Priced:
        """Price every row as ``price_call(book, call, None)`` does, refusals included."""
        columns = Columns(calls.rows)
        columns.price(self._book, calls, range(calls.rows))
        return columns.priced()
