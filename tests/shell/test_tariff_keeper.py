"""How a rater follows the timeline, and tells that it does: whoever changes the tariff waits for it."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from cgrates_py import tariff_keeper
from cgrates_py.counters import RaterCounters
from cgrates_py.responder import Responder
from cgrates_py.tariff_keeper import TariffKeeper
from rater.book import Book
from rater.tariff import Tariff
from storage.store import StoreUnavailableError
from storage.timeline import EVER, Timeline
from storage.valkey import ValkeyStore


class SlowStore:
    """A store of one version, whose snapshot comes when the test lets it."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.let_go = asyncio.Event()
        self.caught_up = asyncio.Event()

    def on_tariff(self, listener: Callable[[], None]) -> None:
        """Never anything new."""

    async def timeline(self) -> Timeline:
        return Timeline().with_version(EVER, 0, 5)

    async def read_version(self, version: int) -> Tariff:
        await self.let_go.wait()
        return Tariff()

    async def tell_rater(self, name: str, revision: int, until_s: int) -> None:
        self.told.append(revision)
        await asyncio.sleep(0)
        if len(self.told) == 3:
            self.let_go.set()
        if revision:
            self.caught_up.set()


class Responding:
    """What is priced by."""

    book: Book | None = None

    def swap(self, book: Book) -> None:
        self.book = book


async def test_a_rater_is_told_of_as_behind_while_it_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tariff_keeper, "TELL_S", 0.0)
    store, responder = SlowStore(), Responding()
    keeper = TariffKeeper(
        cast(ValkeyStore, cast(Any, store)), "r", cast(Responder, cast(Any, responder)), RaterCounters()
    )
    await keeper.announce()
    assert store.told == [0], "before it has read which version is in force"
    following = asyncio.create_task(keeper.follow())
    async with asyncio.timeout(20):
        await store.caught_up.wait()
    following.cancel()
    assert store.told[:3] == [0, 0, 0]
    assert responder.book is not None
    assert responder.book.version == store.told[-1] == 1


class ReadOnlyStore(SlowStore):
    """A store that cannot write: a replica, a full disk, no memory left."""

    async def tell_rater(self, name: str, revision: int, until_s: int) -> None:
        raise StoreUnavailableError("the store is a read-only replica")


async def test_a_rater_starts_on_a_store_that_cannot_write() -> None:
    store, responder = ReadOnlyStore(), Responding()
    store.let_go.set()
    keeper = TariffKeeper(
        cast(ValkeyStore, cast(Any, store)), "r", cast(Responder, cast(Any, responder)), RaterCounters()
    )
    await keeper.announce()
    await keeper.load()
    assert responder.book is not None
    assert responder.book.version == 1
