"""Opens the store that a command line names: a server's URL, or a data directory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from storage.aof import Cut
from storage.archive_files import Location
from storage.embedded import START_S, EmbeddedStore, StoreInUseError, url_if_running
from storage.limits import StoreLimits
from storage.valkey import ValkeyStore

_POLL_S = 0.1


@asynccontextmanager
async def open_store(
    data_dir: Path | None = None,
    redis_url: str | None = None,
    limits: StoreLimits | None = None,
    on_cut: Callable[[Cut], None] = lambda _: None,
    archive: Location | None = None,
) -> AsyncIterator[ValkeyStore]:
    """Open the store at ``redis_url``, or the one of ``data_dir``: a running server's, else one just for now.

    ``archive`` is the place of what is old (``ValkeyStore``). ``on_cut`` hears of a last change that had to
    be cut off the data to open them. Raises StoreUnavailableError; ValueError unless exactly one of the first
    two is given.
    """
    if (data_dir is None) == (redis_url is None):
        raise ValueError("expected either a data directory or a store URL")
    embedded: EmbeddedStore | None = None
    if data_dir is not None:
        redis_url, embedded = await _running_or_started(data_dir)
        if embedded is not None and embedded.cut is not None:
            on_cut(embedded.cut)
    assert redis_url is not None  # noqa: S101 -- one of the two was given
    try:
        async with ValkeyStore(redis_url, limits, archive) as store:
            yield store
    finally:
        if embedded is not None:
            await embedded.stop()


async def _running_or_started(data_dir: Path) -> tuple[str, EmbeddedStore | None]:
    """Find the running store, or start one; a server that is just starting is waited for."""
    loop = asyncio.get_running_loop()
    give_up_s = loop.time() + START_S
    while True:
        if url := url_if_running(data_dir):
            return url, None
        embedded = EmbeddedStore(data_dir)
        try:
            return await embedded.start(), embedded
        except StoreInUseError:
            if loop.time() > give_up_s:
                raise
        await asyncio.sleep(_POLL_S)
