"""Runs the embedded store inside a process of ours, and starts it again on its data when it dies."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from cgrates_py.child import Backoff
from storage.embedded import EmbeddedStore
from storage.store import StoreUnavailableError

PAUSES_S = (0.0, 0.1, 0.2, 0.5)
"""Before each start after a death; the last repeats. Everything waits for the store, so they end early."""

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def run_embedded(data_dir: Path) -> AsyncIterator[str]:
    """Run the store of a data directory and tell its URL; in the end stop it in order.

    Raises StoreUnavailableError if it does not start.
    """
    store = EmbeddedStore(data_dir)
    url = await store.start()
    keeper = asyncio.create_task(_keep_store(store), name="store keeper")
    try:
        yield url
    finally:
        keeper.cancel()
        await asyncio.wait({keeper})
        await store.stop()


async def _keep_store(store: EmbeddedStore) -> None:
    backoff = Backoff(PAUSES_S)
    while True:
        started_s = time.monotonic()
        status = await asyncio.shield(store.exited)
        while not store.is_alive:
            pause_s = backoff.pause_s(time.monotonic() - started_s)
            _log.warning("died, starting it again", child="store", status=status, pause_s=pause_s)
            await asyncio.sleep(pause_s)
            started_s = time.monotonic()
            try:
                await store.start()
            except (StoreUnavailableError, OSError) as error:
                _log.error("the store does not start", error=str(error))
