"""How a rater keeps to the timeline of tariffs, and tells that it does."""

import asyncio
import contextlib
import time
from pathlib import Path

import structlog

from cgrates_py.book_chain import chained
from cgrates_py.counters import RaterCounters
from cgrates_py.prefix_files import shared_table
from cgrates_py.process import settle_memory
from cgrates_py.responder import Responder
from rater import instant
from rater.book import Book
from rater.compiler import compile_tariff
from rater.tariff import Tariff
from storage.store import StoreCorruptError, StoreError
from storage.tariffs import READS_MAX
from storage.timeline import EVER, Timeline
from storage.valkey import ValkeyStore

_log = structlog.get_logger(__name__)

TARIFF_RETRY_S = 0.5
"""Pause before a tariff that could not be read is tried again."""

TELL_S = 5.0
"""How often a rater tells which timeline it prices by, and a third of how long that is believed."""

STARTING_S = 60.0
"""How long one that starts is believed to be about to price: a change of the tariff waits for it, too."""


class TariffKeeper:
    """Keeps a rater on the current timeline: reads and compiles new versions aside, then swaps them in.

    It tells in the store which revision that is, so that a load can say when it is in force. Versions to come
    are compiled before their time: at the instant nothing happens but that calls start later.
    """

    def __init__(
        self,
        store: ValkeyStore,
        name: str,
        responder: Responder,
        counters: RaterCounters,
        tables: Path | None = None,
    ) -> None:
        self._tables = tables
        self._books: dict[int, Book] = {0: compile_tariff(Tariff())}
        self._store = store
        self._name = name
        self._responder = responder
        self._counters = counters
        self._news = asyncio.Event()
        self._swapped = asyncio.Event()
        store.on_tariff(self._news.set)

    async def announce(self) -> None:
        """Tell, before the first load, that this rater is about to price.

        A store that cannot write now says so to no purpose: nobody can change the tariff there either.
        """
        try:
            await self._tell(STARTING_S)
        except StoreError as error:
            _log.warning("start of this rater not told", reason=str(error))

    async def load(self) -> None:
        """Read, compile and swap in the current timeline. Raises StoreError; what is in force then stays."""
        for _ in range(READS_MAX):
            timeline = await self._store.timeline()
            if timeline.revision == self._counters.tariff_revision:
                return
            if await self._compile(timeline):
                self._swap(timeline)
                return
        raise StoreCorruptError("a version of the tariff is in force but not there")

    async def _compile(self, timeline: Timeline) -> bool:
        """Compile the versions that are new here; False if one was dropped since the timeline was read."""
        for version in sorted(timeline.versions - self._books.keys()):
            tariff = await self._store.read_version(version)
            if tariff is None:
                return False
            started = time.monotonic()
            self._books[version] = await asyncio.to_thread(self._compiled, tariff)
            _log.info("tariff compiled", version=version, compiled_s=round(time.monotonic() - started, 3))
        return True

    def _compiled(self, tariff: Tariff) -> Book:
        return compile_tariff(tariff, shared_table(self._tables, tariff.destinations))

    def _swap(self, timeline: Timeline) -> None:
        """Chain the books as the timeline says, and price by them from now on, by one assignment."""
        self._responder.swap(chained(timeline, self._books))
        self._counters.tariff_revision = timeline.revision
        self._swapped.set()
        self._books = {each: book for each, book in self._books.items() if each in {0, *timeline.versions}}
        settle_memory()
        named = [
            f"{version} from {instant.text(from_ns)}" if from_ns > EVER else str(version)
            for from_ns, version in timeline.activations
        ]
        _log.info("tariff in force", revision=timeline.revision, versions=named)

    async def follow(self) -> None:
        """Load every timeline that becomes current, for ever, and tell which one this rater prices by."""
        await asyncio.gather(self._follow(), self._keep_telling())

    async def _follow(self) -> None:
        while True:
            pause_s = TELL_S
            try:
                # asked also when nothing was heard: a notice can be lost while the store refuses
                await self.load()
            except StoreError as error:
                _log.warning("tariff not loaded, the one in force stays", reason=str(error))
                pause_s = TARIFF_RETRY_S
            except Exception:
                _log.exception("tariff cannot be compiled here, the one in force stays")
            await _heard(self._news, pause_s)

    async def _keep_telling(self) -> None:
        """Tell it also while a version is compiled: a rater that is silent is taken for one that left."""
        while True:
            pause_s = TELL_S
            try:
                await self._tell(3 * TELL_S)
            except StoreError as error:
                _log.warning("timeline in force here not told", reason=str(error))
                pause_s = TARIFF_RETRY_S
            await _heard(self._swapped, pause_s)

    async def _tell(self, for_s: float) -> None:
        until_s = int(time.time() + for_s)
        await self._store.tell_rater(self._name, self._counters.tariff_revision, until_s)


async def _heard(event: asyncio.Event, pause_s: float) -> None:
    """Wait for an event, but not longer than that."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), pause_s)
        event.clear()
