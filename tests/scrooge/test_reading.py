"""Daily usages page by page: every one once, also where pages end within days and between them."""

import json
import time
from typing import Any

import pytest

from cgrates_py.usage.scrooge.known import Known
from cgrates_py.usage.scrooge.push import BOOK
from cgrates_py.usage.scrooge.reading import Reading
from protocol.usage import DialectRequest
from rater.usage.records import DayEntry, Row
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
