"""One contract, two stores: every test that takes ``connect`` runs on memory and on a real Valkey."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
import redis

from storage.embedded import EmbeddedStore
from storage.memory import MemoryStore
from storage.valkey import ValkeyStore
from tests.storage.clusters import ValkeyCluster, valkey_cluster

AnyStore = MemoryStore | ValkeyStore
Connect = Callable[[], Awaitable[AnyStore]]
HEARS_WITHIN_S = 5.0


class Heard:
    """Collects what a listener is told, so that a test waits for it instead of sleeping."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[object] = asyncio.Queue()

    def __call__(self, news: object = "news") -> None:
        self._queue.put_nowait(news)

    async def next(self) -> object:
        """The next thing told; a test that hears nothing fails."""
        return await asyncio.wait_for(self._queue.get(), HEARS_WITHIN_S)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def embedded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path_factory.mktemp("store"))
    await store.start()
    yield store
    await store.stop()


@pytest.fixture
def admin(embedded: EmbeddedStore) -> Iterator[redis.Redis]:
    """A plain client of the emptied server, to look at it from outside."""
    with redis.Redis.from_url(embedded.url) as client:
        client.flushall()
        yield client


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyCluster]:
    with valkey_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(params=["memory", "valkey", "cluster"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store_url(kind: str, request: pytest.FixtureRequest) -> str:
    """Where the store of this kind is, emptied; nowhere for the one in memory."""
    if kind == "memory":
        return ""
    if kind == "cluster":
        cluster: ValkeyCluster = request.getfixturevalue("cluster")
        cluster.flush()
        return cluster.url
    embedded: EmbeddedStore = request.getfixturevalue("embedded")
    request.getfixturevalue("admin")
    return embedded.url


@pytest_asyncio.fixture(loop_scope="session")
async def connect(kind: str, store_url: str) -> AsyncIterator[Connect]:
    """Opens connections to one empty store, and closes them after the test."""
    shared = MemoryStore()
    async with AsyncExitStack() as stack:

        async def open_one() -> AnyStore:
            if kind == "memory":
                return await stack.enter_async_context(shared.connect())
            return await stack.enter_async_context(ValkeyStore(store_url))

        yield open_one


@pytest_asyncio.fixture(loop_scope="session")
async def valkey(embedded: EmbeddedStore, admin: redis.Redis) -> AsyncIterator[ValkeyStore]:
    async with ValkeyStore(embedded.url) as store:
        yield store


@pytest_asyncio.fixture(loop_scope="session")
async def own_store(tmp_path: Path) -> AsyncIterator[EmbeddedStore]:
    """A server that the test may kill."""
    store = EmbeddedStore(tmp_path / "data")
    await store.start()
    yield store
    await store.stop()
