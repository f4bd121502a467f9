"""Runs a piece of work on the store that the settings name."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

from cgrates_py.cli import CommandError
from cgrates_py.settings import Settings
from storage.aof import Cut
from storage.embedded import has_store
from storage.limits import StoreLimits
from storage.opening import open_store
from storage.store import StoreError
from storage.valkey import ValkeyStore


def with_store(
    settings: Settings,
    work: Callable[[ValkeyStore, Settings], Awaitable[None]],
    *,
    may_create: bool = False,
    on_cut: Callable[[Cut], None] = lambda _: None,
) -> None:
    """Open the running server's store, or start the embedded one for just this work.

    Without ``may_create`` a data directory that does not exist or has no store is an error rather than made:
    most likely the command was given in another place than the server. What had to be cut off the data is
    told on stderr, and to ``on_cut``. Raises CommandError, also if the store cannot be
    reached or read.
    """
    if not (may_create or settings.redis_url or has_store(settings.data_dir)):
        lacks = f"store in {settings.data_dir}"
        if not settings.data_dir.is_dir():
            lacks = f"data directory {settings.data_dir}"
        raise CommandError(f"there is no {lacks}; see --data-dir and --redis-url")
    import structlog  # noqa: PLC0415 -- needed here alone

    structlog.configure(  # errors alone: this is no daemon, and what it prints is for others to read
        wrapper_class=structlog.make_filtering_bound_logger(40),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

    async def run() -> None:
        url = settings.redis_url or None
        replicas = settings.store_replicas if url else 0
        limits = StoreLimits(replicas=replicas, tariffs_kept=settings.tariffs_kept)
        async with open_store(
            None if url else settings.data_dir, url, limits, on_cut, settings.archive
        ) as store:
            await work(store, settings)

    try:
        asyncio.run(run())
    except StoreError as error:
        raise CommandError(f"store: {error}") from None
