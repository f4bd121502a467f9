"""The parts of a server with a proxy between each two that talk, and callers that do not wait for ever."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from cgrates_py.address import Address
from storage.embedded import socket_path
from stress.faults.model import Answer, Kind
from stress.faults.proxy import Place, Proxy, lines, messages
from stress.faults.wire import LostError, RpcWire
from stress.faults.world import POLL_S, READY_S, Parts, WorldError, raters_ready

RATERS: Final = ("rater-1", "rater-2")
ANSWER_S: Final = 1.5
"""A caller that hears nothing for so long connects anew: its connection may have lost the other end."""


class ImpatientWire:
    """A connection that is given up with everything on it when one answer takes too long."""

    def __init__(self, address: Address, answer_s: float = ANSWER_S) -> None:
        self._wire = RpcWire(address)
        self._answer_s = answer_s

    async def ask(self, kind: Kind, descriptor: dict[str, Any]) -> Answer:
        """Ask once. Raises LostError."""
        try:
            async with asyncio.timeout(self._answer_s):
                return await self._wire.ask(kind, descriptor)
        except TimeoutError:
            self._wire.close()
            raise LostError(f"no answer within {self._answer_s:g} s") from None

    def close(self) -> None:
        """Hang up."""
        self._wire.close()


class Proxied:
    """Two raters, a balancer and a store, with a proxy before the balancer, the raters' port and the store.

    The store is the embedded one, unless ``store`` says where another is that has been loaded. ``more`` are
    settings of all parts, as variables.
    """

    def __init__(
        self,
        place: Path,
        seed: int,
        store: Place | None = None,
        raters: Sequence[str] = RATERS,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.parts = Parts(place, more)
        self.raters = raters
        self._given = store
        self._stack = AsyncExitStack()
        self.store = Proxy(store or socket_path(self.parts.data_dir), seed)
        self.register = Proxy(("", 0), seed, messages)
        self.rpc = Proxy(("", 0), seed, lines)

    async def __aenter__(self) -> Self:
        try:
            await self._stack.enter_async_context(self.parts)
            if self._given is None:
                await self.parts.start_store()
            self.rpc.target, self.register.target = await self.parts.start_balancer()
            for proxy in (self.store, self.register, self.rpc):
                await self._stack.enter_async_context(proxy)
            for name in self.raters:
                await self.start_rater(name)
            await self.ready()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def server(self) -> Address:
        """Where the balancer serves callers, round the proxy."""
        return Address(*_tcp(self.rpc.target))

    @property
    def store_url(self) -> str:
        """The store's URL through its proxy."""
        return f"redis://{address_of(self.store)}/0"

    async def start_rater(self, name: str) -> None:
        """Start a rater whose store and balancer are behind the proxies, or start it again."""
        await self.parts.start_rater(name, self.store_url, address_of(self.register))

    async def ready(self) -> float:
        """Wait until all raters are up; tell how many seconds that took. Raises WorldError."""
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        wire = RpcWire(self.server)  # the proxy may be at its work
        try:
            async with asyncio.timeout(READY_S):
                while not await raters_ready(wire, len(self.raters)):  # noqa: ASYNC110 -- the balancer tells nobody
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise WorldError(f"not all raters are up after {READY_S:g} s") from None
        finally:
            wire.close()
        return loop.time() - started_s

    def wires(self, count: int, answer_s: float = ANSWER_S) -> list[ImpatientWire]:
        """Make connections of callers, through the proxy."""
        return [ImpatientWire(address_of(self.rpc), answer_s) for _ in range(count)]


def address_of(proxy: Proxy) -> Address:
    """Tell where a proxy on TCP listens."""
    return Address(*_tcp(proxy.address))


def _tcp(place: Place) -> tuple[str, int]:
    if isinstance(place, Path):
        raise TypeError(f"{place} is no TCP address")
    return place
