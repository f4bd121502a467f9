"""Moves what is old from the store to its archive, so that the store's memory stays bounded.

That is days of books, and changes in the journals of accounts. One rater of a store does it, a step at a time
and unhurried; should two, the store lets one win.
"""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import NamedTuple

import structlog

from cgrates_py.clock import Clock
from cgrates_py.usage.lists import BOOKS
from rater.instant import DAY
from storage.store import StoreError
from storage.valkey import ValkeyStore

_log = structlog.get_logger(__name__)

ROUND_S = 60.0
"""Between two looks for what became old."""
PAUSE_S = 1.0
"""Between two days: reading one takes a rater some tenths of a second, in a thread."""
ACCOUNTS_PAUSE_S = 0.1
"""Between looks at a hundred accounts each: a million of them take a quarter of an hour, once a day."""
QUIET_NS = DAY
"""A day that was written to since then stays: who loads a history writes to its days again and again, and
each time the whole day would be written anew."""
LEASE_S = 3 * ROUND_S
"""A rater that dies is followed by another after this long."""

MayGoOn = Callable[[], Awaitable[bool]]


async def _always() -> bool:
    return True


class Pace(NamedTuple):
    """How days are moved: with a pause after each, as long as one may go on, without what is written to."""

    pause_s: float
    may_go_on: MayGoOn
    written_before_ns: int | None


AT_ONCE = Pace(0, _always, None)


class Archived(NamedTuple):
    """What an archiving run moved."""

    days: int
    changes: int
    """Of accounts."""
    skipped: int
    """Accounts whose journals do not prove what would move, and therefore stay."""


class Archivist:
    """Archives what is older than ``after_days`` while ``run`` runs, if no other does; 0: never."""

    def __init__(self, store: ValkeyStore, clock: Clock, name: str, after_days: int) -> None:
        self._store = store
        self._clock = clock
        self._name = name
        self._after_days = after_days
        self._done_before: int | None = None
        """The day before which no account has anything that is old enough."""

    async def run(self) -> None:
        """Archive for ever; wait while the store or the disk refuses."""
        if self._after_days and find_spec("pyarrow") is None:
            _log.info('what is old stays in the store: to archive it, pip install "cgrates-py[parquet]"')
            return
        while self._after_days:
            try:
                if await self._may():
                    await self._round(self._clock.now_ns() // DAY - self._after_days)
            except (StoreError, OSError) as error:
                _log.warning("what is old stays in the store for now", reason=str(error))
            except Exception:
                _log.exception("archiving failed")
            await asyncio.sleep(ROUND_S)

    async def _round(self, first_day: int) -> None:
        pace = Pace(PAUSE_S, self._may, self._clock.now_ns() - QUIET_NS)
        await archive_days(self._store, first_day, pace)
        if first_day == self._done_before:
            return
        moved = await self._store.archive_journals(first_day, ACCOUNTS_PAUSE_S, self._may)
        if moved.elements:
            _log.info("old changes archived", changes=moved.elements, parts=moved.parts)
        if await self._may():  # else the run was given up on its way
            self._done_before = first_day

    async def _may(self) -> bool:
        """Become or stay the one that archives."""
        return await self._store.be_archivist(self._name, int(LEASE_S * 1000))


async def archive_before(store: ValkeyStore, first_day: int) -> Archived:
    """Archive all days of all books before ``first_day``, and the changes of all accounts.

    Raises StoreError, and OSError if a file cannot be written.
    """
    days = await archive_days(store, first_day)
    moved = await store.archive_journals(first_day)
    return Archived(days, moved.elements, moved.skipped)


async def archive_days(store: ValkeyStore, first_day: int, pace: Pace = AT_ONCE) -> int:
    """Archive all days of all books before ``first_day``; tell how many had something to move.

    Raises StoreError, and OSError if a file cannot be written.
    """
    moved = 0
    for book in BOOKS:
        for day in await store.days(book):
            if day >= first_day or not await pace.may_go_on():
                break
            if entries := await store.archive_day(book, day, pace.written_before_ns):
                _log.info("day archived", book=book, day=day, entries=entries)
                moved += 1
                await asyncio.sleep(pace.pause_s)
    return moved
