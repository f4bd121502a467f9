"""Daily usages page by page: every one once, also where pages end within days and between them."""

import json
import time
from collections.abc import Sequence
from typing import Any

import pytest

from cgrates_py.usage.scrooge.known import Known
from cgrates_py.usage.scrooge.push import BOOK
from cgrates_py.usage.scrooge.reading import Reading
from protocol.usage import DialectRequest
from rater.usage.records import DayEntry, Drop, Row
from rater.usage.scrooge_setup import ScroogeSetup, ServiceEnvironment
from storage.memory import MemoryStore

KNOWN = Known(ScroogeSetup(environments=(ServiceEnvironment("s", 1, "u", "prod"),)))


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
async def test_pages_of_daily_usages_have_each_once_in_order(limit: int) -> None:
    store = MemoryStore(time.time_ns)
    for number, day in enumerate((7, 7, 8, 10)):
        rows = [Row("s/prod", "m", f"{number}{n}", 0, 0) for n in range(3)] + [Row("v", "m", "9", 0, 0)]
        await store.append(BOOK, [(day, DayEntry(1, "", tuple(rows)))])
    found: list[Any] = []
    counts = set()
    for offset in range(0, 12, limit):
        query = [("limit", str(limit)), ("offset", str(offset))]
        answer = await Reading(store).daily(DialectRequest("GET", "/", "scrooge", Query=query), KNOWN)
        page = json.loads(answer.Body)
        found += [each["value"] for each in page["results"]]
        counts.add(page["count"])

    assert found == [number * 10 + n for number in range(4) for n in range(3)]
    assert counts == {12}


class _Counting(MemoryStore):
    """Counts the entries that were read."""

    entries_read = 0

    async def read_days(
        self, book: str, days: Sequence[int], start: int = 0, most: int | None = None
    ) -> list[list[tuple[int, DayEntry]]]:
        found = await super().read_days(book, days, start, most)
        self.entries_read += sum(map(len, found))
        return found


async def test_a_page_reads_the_days_that_it_shows_and_those_that_changed() -> None:
    store = _Counting(time.time_ns)
    reading = Reading(store)

    async def push(day: int, *drops: Drop) -> None:
        await store.append(BOOK, [(day, DayEntry(1, "", (Row("s/prod", "m", f"{day}", 0, 0),), drops))])

    async def page(offset: int, known: Known = KNOWN, **asked: str) -> tuple[list[int], int, int]:
        query = [*asked.items(), ("limit", "1"), ("offset", str(offset))]
        before = store.entries_read
        answer = await reading.daily(DialectRequest("GET", "/", "scrooge", Query=query), known)
        told = json.loads(answer.Body)
        return [each["value"] for each in told["results"]], told["count"], store.entries_read - before

    for day in (1, 2, 3, 4):
        await push(day)
    assert await page(0) == ([1], 4, 4), "all are counted once"
    assert await page(1) == ([2], 4, 1)
    assert await page(3) == ([4], 4, 1)
    await push(2)
    assert await page(3) == ([3], 5, 4), "one tells that there is more, then both, and the day shown"
    await push(2, Drop("m"))
    assert await page(0) == ([1], 4, 5)
    assert await page(9, symbol="x") == ([], 0, 6)
    assert await page(9, symbol="x") == ([], 0, 6), "what the set-up does not know is not remembered"
    assert await page(0, Known(ScroogeSetup())) == ([], 0, 6)
    assert await page(0) == ([1], 4, 6), "another set-up has other environments"
