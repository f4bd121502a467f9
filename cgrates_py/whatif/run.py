"""Reads a file once and prices it by two tariffs, both at a time, while other parts are read and added up."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol
from zoneinfo import ZoneInfo

from cgrates_py.bulk.calls import Calls
from cgrates_py.cdrs.chunk import Chunk
from cgrates_py.cdrs.convert import Converted, Converter
from cgrates_py.cdrs.formats import Records
from cgrates_py.whatif.comparison import Comparer, Comparison
from cgrates_py.whatif.sides import Side

_THREADS = 3

Part = tuple[Chunk, Converted]


class Prices(Protocol):
    """Who prices chunks by one tariff, one after the other."""

    def side(self, calls: Calls) -> Side:
        """Price a chunk."""


def compare(
    records: Records,
    converter: Converter,
    before: Callable[[], Prices],
    after: Prices,
    *,
    zone: ZoneInfo | None = None,
    on_chunk: Callable[[Comparison], None] = lambda _: None,
) -> Comparison:
    """Price the calls of a whole file by both tariffs. Raises RecordsError, and what the sellers raise.

    ``before`` makes a seller while the file is begun to be read. ``zone`` is of the clock that hours and days
    are told by; None: the clock that each call was written in. At most three parts of the file are in memory.
    """
    comparer = Comparer(zone)
    parts = _parts(records, converter)
    with ThreadPoolExecutor(_THREADS) as pool:
        ahead: Future[Part | None] = pool.submit(next, parts, None)
        one = before()
        done: tuple[Part, Side, Side] | None = None
        while (part := ahead.result()) is not None:
            ahead = pool.submit(next, parts, None)
            sides = [pool.submit(each.side, part[1].calls) for each in (after, one)]
            if done is not None:
                comparer.add(*done[0], *done[1:])
                on_chunk(comparer.found)
            later, sooner = (each.result() for each in sides)
            done = part, sooner, later
        if done is not None:
            comparer.add(*done[0], *done[1:])
            on_chunk(comparer.found)
    return comparer.found


def _parts(records: Records, converter: Converter) -> Iterator[Part]:
    for chunk in records.chunks():
        yield chunk, converter.convert(chunk)
