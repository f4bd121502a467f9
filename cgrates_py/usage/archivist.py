"""Moves old days of books from the store to its archive, so that the store's memory stays bounded.

One rater of a store does it, a day at a time and unhurried; should two, the store lets one win.
"""

import asyncio

import structlog

from cgrates_py.clock import Clock
from cgrates_py.usage.lists import BOOKS
from rater.instant import DAY
from storage.store import StoreError
from storage.valkey import ValkeyStore

_log = structlog.get_logger(__name__)

ROUND_S = 60.0
"""Between two looks for days that became old."""
PAUSE_S = 1.0
"""Between two days: reading one takes a rater some tenths of a second, in a thread."""
LEASE_S = 3 * ROUND_S
"""A rater that dies is followed by another after this long."""


class Archivist:
    """Archives days that are older than ``after_days`` while ``run`` runs, if no other does; 0: never."""

    def __init__(self, store: ValkeyStore, clock: Clock, name: str, after_days: int) -> None:
        self._store = store
        self._clock = clock
        self._name = name
        self._after_days = after_days

    async def run(self) -> None:
        """Archive for ever; wait while the store or the disk refuses."""
        while self._after_days:
            try:
                if await self._store.be_archivist(self._name, int(LEASE_S * 1000)):
                    await archive_before(
                        self._store, self._clock.now_ns() // DAY - self._after_days, pause_s=PAUSE_S
                    )
            except (StoreError, OSError) as error:
                _log.warning("old days stay in the store for now", reason=str(error))
            await asyncio.sleep(ROUND_S)


async def archive_before(store: ValkeyStore, first_day: int, *, pause_s: float = 0.0) -> int:
    """Archive all days of all books before ``first_day``; tell how many had something to move.

    Raises StoreError, and OSError if a file cannot be written.
    """
    moved = 0
    for book in BOOKS:
        for day in await store.days(book):
            if day < first_day and (entries := await store.archive_day(book, day)):
                _log.info("day archived", book=book, day=day, entries=entries)
                moved += 1
                await asyncio.sleep(pause_s)
    return moved
