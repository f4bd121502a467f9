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
from redis.asyncio.connection import parse_url
from redis.exceptions import (
    AskError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    OutOfMemoryError,
    ReadOnlyError,
    TryAgainError,
)

from storage.cluster import Address, Cluster
from storage.limits import StoreLimits
from storage.refusals import translated
from storage.store import StoreCorruptError, StoreError, StoreUnavailableError

SCAN_COUNT = 1_000
"""Keys that the server looks at in one step of a scan: some 0.2 ms in which it does nothing else."""

Client = redis.asyncio.Redis
Command = Sequence[str | bytes | int]
"""A command's words. The one that routes it, the first key, is given beside it."""


_WORDS: dict[type[Exception], str] = {
    OutOfMemoryError: "OOM",
    ReadOnlyError: "READONLY",
    BusyLoadingError: "LOADING",
    MasterDownError: "MASTERDOWN",
    ClusterDownError: "CLUSTERDOWN",
    TryAgainError: "TRYAGAIN",
    MovedError: "MOVED",
    AskError: "ASK",
}
"""The words that redis-py takes away from the texts of the store."""

REDIRECTS_MAX = 5
"""Times that a command of a cluster is sent again to where it says that the key is."""


class Cold:
    """Plain connections to the server of ``url`` or to the masters of its cluster. Calls raise StoreError."""

    def __init__(self, url: str, limits: StoreLimits) -> None:
        # to keep a socket_timeout, redis-py waits in a way that swallows cancellations on Python 3.11
        self._settings: dict[str, Any] = {
            **parse_url(url),
            "socket_timeout": None,
            "socket_connect_timeout": limits.connect_s,
        }
        self._deadline_s = limits.bulk_s
        self._cluster: Cluster | None = None
        self._clients: dict[Address | None, Client] = {}

    def use(self, cluster: Cluster) -> None:
        """Ask the masters of a cluster from now on."""
        self._cluster = cluster

    async def close(self) -> None:
        """Disconnect."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    async def call(self, name: bytes, *command: str | bytes | int) -> Any:
        """Run one command on the server that has the key ``name``."""
        (reply,) = await self.calls([(name, command)])
        if isinstance(reply, StoreError):
            raise reply
        return reply

    async def calls(self, commands: Sequence[tuple[bytes, Command]]) -> list[Any]:
        """Run commands in one round trip; one that the server refuses has its StoreError for a reply."""
        by_node: dict[Address | None, list[int]] = {}
        for number, (name, _) in enumerate(commands):
            by_node.setdefault(self._address_of(name), []).append(number)
        replies: list[Any] = [None] * len(commands)
        async with self._bounded():
            for address, numbers in by_node.items():
                asked = [commands[number][1] for number in numbers]
                for number, reply in zip(numbers, await self._ask(address, *asked), strict=True):
                    replies[number] = await self._settled(commands[number][1], reply)
        return [_ours(each) if isinstance(each, Exception) else each for each in replies]

    async def scan(self, pattern: bytes) -> AsyncIterator[list[bytes]]:
        """Go through the keys that match, in pages, some of them empty; a key may come twice."""
        for address in self._cluster.masters if self._cluster is not None else [None]:
            cursor = 0
            while True:
                async with self._bounded():
                    client = self._client(address)
                    cursor, page = await client.scan(cursor, match=pattern, count=SCAN_COUNT)
                yield page  # type: ignore[misc]  # -- bytes: nobody asked for decoded answers
                if not cursor:
                    break

    def _address_of(self, name: bytes) -> Address | None:
        return self._cluster.address_of(name) if self._cluster is not None else None

    def _client(self, address: Address | None) -> Client:
        client = self._clients.get(address)
        if client is None:
            place = {} if address is None else {"host": address[0], "port": address[1]}
            pool: Any = redis.asyncio.ConnectionPool(**(self._settings | place))
            client = self._clients[address] = redis.asyncio.Redis.from_pool(pool)
        return client

    async def _ask(self, address: Address | None, *commands: Command) -> list[Any]:
        async with self._client(address).pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            replies: list[Any] = await pipeline.execute(raise_on_error=False)
        return replies

    async def _settled(self, command: Command, reply: Any) -> Any:
        """Follow a command to the node that has its key."""
        for _ in range(REDIRECTS_MAX):
            if not isinstance(reply, AskError):  # MovedError is one, too
                break
            address = (reply.host, reply.port)
            if isinstance(reply, MovedError):
                (reply,) = await self._ask(address, command)
            else:
                _, reply = await self._ask(address, ("ASKING",), command)
        return reply

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """Wait so long and no longer, and tell every failure as one of ours."""
        try:
            async with asyncio.timeout(self._deadline_s):
                yield
        except TimeoutError:
            raise StoreUnavailableError(f"the store did not answer within {self._deadline_s:g} s") from None
        except (redis.exceptions.RedisError, OSError) as error:
            raise _ours(error) from error


def _ours(error: Exception) -> StoreUnavailableError | StoreCorruptError:
    text = str(error) or type(error).__name__
    word = _WORDS.get(type(error))
    return translated(f"{word} {text}" if word else text)
