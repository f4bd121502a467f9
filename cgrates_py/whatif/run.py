"""Reads a file once and prices it by two tariffs: both at a time, while the next part is being read."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cgrates_py.bulk.rating import BulkRater
from cgrates_py.cdrs.chunk import Chunk
from cgrates_py.cdrs.convert import Converted, Converter
from cgrates_py.cdrs.formats import Records
from cgrates_py.whatif.comparison import Comparer, Comparison
from cgrates_py.whatif.sides import Labels
from rater.book import Book
from rater.tariff import Tariff

_THREADS = 3


class Compiled(NamedTuple):
    """A tariff as it is written, and as calls are priced by it."""

    tariff: Tariff
    book: Book


def compare(
    records: Records,
    converter: Converter,
    before: Compiled,
    after: Compiled,
    *,
    zone: ZoneInfo | None = None,
    on_chunk: Callable[[Comparison], None] = lambda _: None,
) -> Comparison:
    """Price the calls of a whole file by both tariffs. Raises RecordsError.

    ``zone`` is of the clock that hours and days are told by; None: the clock that each call was written in.
    Three parts of the file are in memory at most: one read, one priced, one added up.
    """
    comparer = Comparer(Labels(*before), Labels(*after), zone)
    raters = BulkRater(before.book), BulkRater(after.book)
    parts = _parts(records, converter)
    with ThreadPoolExecutor(_THREADS) as pool:
        part = next(parts, None)
        while part is not None:
            ahead = pool.submit(next, parts, None)
            priced = [pool.submit(rater.rate, part[1].calls) for rater in raters]
            comparer.add(*part, *(each.result() for each in priced))
            on_chunk(comparer.found)
            part = ahead.result()
    return comparer.found


def _parts(records: Records, converter: Converter) -> Iterator[tuple[Chunk, Converted]]:
    for chunk in records.chunks():
        yield chunk, converter.convert(chunk)
