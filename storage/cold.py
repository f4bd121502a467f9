"""The other way to the store, for everything that is not hot: ``redis.asyncio``, aioredis's successor.

It waits longer than a call may, asks nothing to be remembered by the server (no client-side tracking), and
never stands before a debit on the fast link.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import redis.asyncio
import redis.exceptions

from storage.limits import StoreLimits
from storage.refusals import translated
from storage.store import StoreError, StoreUnavailableError

SCAN_COUNT = 1_000
"""Keys that the server looks at in one step of a scan: some 0.2 ms in which it does nothing else."""

Command = Sequence[str | bytes | int]
"""A command's words. The one that routes it, the first key, is given beside it."""


class Cold:
    """A pool of plain connections to the server of ``url``. Calls raise StoreError."""

    def __init__(self, url: str, limits: StoreLimits) -> None:
        # to keep a socket_timeout, redis-py waits in a way that swallows cancellations on Python 3.11
        self._client = redis.asyncio.Redis.from_url(
            url, socket_timeout=None, socket_connect_timeout=limits.connect_s
        )
        self._deadline_s = limits.bulk_s

    async def close(self) -> None:
        """Disconnect."""
        await self._client.aclose()

    async def call(self, name: bytes, *command: str | bytes | int) -> Any:
        """Run one command on the server that has the key ``name``."""
        (reply,) = await self.calls([(name, command)])
        if isinstance(reply, StoreError):
            raise reply
        return reply

    async def calls(self, commands: Sequence[tuple[bytes, Command]]) -> list[Any]:
        """Run commands in one round trip; one that the server refuses has its StoreError for a reply."""
        async with self._bounded(), self._client.pipeline(transaction=False) as pipeline:
            for _, command in commands:
                pipeline.execute_command(*command)
            replies = await pipeline.execute(raise_on_error=False)
        return [translated(str(each)) if isinstance(each, Exception) else each for each in replies]

    async def scan(self, pattern: bytes) -> AsyncIterator[list[bytes]]:
        """Go through the keys that match, in pages, some of them empty; a key may come twice."""
        cursor = 0
        while True:
            async with self._bounded():
                cursor, page = await self._client.scan(cursor, match=pattern, count=SCAN_COUNT)
            yield page  # type: ignore[misc]  # -- bytes: nobody asked for decoded answers
            if not cursor:
                return

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """Wait so long and no longer, and tell every failure as one of ours."""
        try:
            async with asyncio.timeout(self._deadline_s):
                yield
        except TimeoutError:
            raise StoreUnavailableError(f"the store did not answer within {self._deadline_s:g} s") from None
        except (redis.exceptions.RedisError, OSError) as error:
            raise translated(str(error) or type(error).__name__) from error
