"""Runs a piece of work on the store that the settings name."""

import asyncio
from collections.abc import Awaitable, Callable

from cgrates_py.cli import CommandError
from cgrates_py.settings import Settings
from storage.limits import StoreLimits
from storage.opening import open_store
from storage.store import StoreError
from storage.valkey import ValkeyStore


def with_store(
    settings: Settings, work: Callable[[ValkeyStore, Settings], Awaitable[None]], *, may_create: bool = False
) -> None:
    """Open the running server's store, or start the embedded one for just this work.

    Without ``may_create`` a data directory that does not exist is an error rather than made: most likely the
    command was given in another place than the server. Raises CommandError, also if the store cannot be
    reached or read.
    """
    if not (may_create or settings.redis_url or settings.data_dir.is_dir()):
        raise CommandError(f"there is no data directory {settings.data_dir}; see --data-dir and --redis-url")
    import structlog  # noqa: PLC0415 -- needed here alone

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))  # errors: this is no daemon

    async def run() -> None:
        url = settings.redis_url or None
        limits = StoreLimits(replicas=settings.store_replicas if url else 0)
        async with open_store(None if url else settings.data_dir, url, limits) as store:
            await work(store, settings)

    try:
        asyncio.run(run())
    except StoreError as error:
        raise CommandError(f"store: {error}") from None
