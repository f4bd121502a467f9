"""The JSON-RPC listener: callers' connections on one side, any Dispatcher on the other, a gate between."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from balancer.connection import Connection
from balancer.gate import Absent, Gate
from balancer.seldom import Seldom
from protocol.access import Keyring
from protocol.dispatch import Dispatcher
from protocol.envelope import identity, new_incarnation
from protocol.limits import (
    ALL_UNSENT_BYTES_MAX,
    CONNECTION_IN_FLIGHT_MAX,
    CONNECTIONS_MAX,
    DRAIN_S,
    FRAME_BYTES_MAX,
    FRAME_S,
    IDLE_S,
    LOGIN_S,
    STOP_S,
    SWEEP_S,
    TLS_HANDSHAKE_S,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Times:
    """How long a caller may take for things; see ``protocol.limits``."""

    drain_s: float = DRAIN_S
    frame_s: float = FRAME_S
    login_s: float = LOGIN_S
    idle_s: float = IDLE_S

    @property
    def sweep_s(self) -> float:
        """How often they are looked at."""
        return min(SWEEP_S, self.drain_s / 10, self.frame_s / 10, self.login_s / 10, self.idle_s / 10)


class JsonRpcServer:
    """Listens for callers and submits what they ask to ``dispatcher``, as far as ``keyring`` allows it.

    For ``absent`` and ``on_refusal`` see ``Gate``. With ``tls``, callers speak TLS.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        frame_bytes_max: int = FRAME_BYTES_MAX,
        connections_max: int = CONNECTIONS_MAX,
        in_flight_max: int = CONNECTION_IN_FLIGHT_MAX,
        times: Times | None = None,
        keyring: Keyring | None = None,
        absent: Dispatcher | None = None,
        on_refusal: Callable[[int, bytes], None] = lambda method, body: None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.gate = Gate(dispatcher, absent or Absent(), keyring, on_refusal)
        self.gate.keyring.on_change(self._renew)
        self.times = times or Times()
        self.frame_bytes_max = frame_bytes_max
        self.in_flight_max = in_flight_max
        self.connections: set[Connection] = set()
        self.pending_bytes = 0
        """Unfinished frames of all connections."""
        self.refused = 0
        """Connections closed at once because there were too many."""
        self._connections_max = connections_max
        self._idlest: list[Connection] = []  # as of the last sweep; the first to go stands last
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self.failures: Final = Seldom(log.warning, self.now)
        """Takes a line for each request refused for want of a key."""
        self._dirty: list[Connection] = []
        self._listener: asyncio.Server | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._stopping = False
        self._incarnation = new_incarnation()
        self._named = 0

    async def listen(self, host: str, port: int) -> int:
        """Bind and accept; return the bound port. Raises OSError."""
        self._listener = await self._loop.create_server(
            lambda: Connection(self),
            host,
            port,
            backlog=1024,
            ssl=self._tls,
            ssl_handshake_timeout=TLS_HANDSHAKE_S if self._tls else None,
        )
        self._sweep_later()
        bound: int = self._listener.sockets[0].getsockname()[1]
        return bound

    async def stop(self, grace_s: float = STOP_S) -> None:
        """Accept no more, answer what is in flight, close; drop what is unanswered after ``grace_s``."""
        self._stopping = True
        if self._listener is not None:
            self._listener.close()
        if self._sweep is not None:
            self._sweep.cancel()
        closed = [connection.finish() for connection in list(self.connections)]
        if closed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*closed), grace_s)
        for connection in list(self.connections):
            connection.abort()
        if self._listener is not None:
            await self._listener.wait_closed()

    def new_request_id(self) -> str:
        """Make a name that no other request has, of any run of any process."""
        self._named += 1
        return identity(self._incarnation, self._named)

    def mark(self, connection: Connection) -> None:
        """Have the connection flushed at the end of the turn."""
        if not self._dirty:
            # Not in the next pass but the one after: it polls between, so answers of other raters join in.
            self._loop.call_soon(self._loop.call_soon, self._flush)
        self._dirty.append(connection)

    def now(self) -> float:
        """Tell the time by which time-outs are counted."""
        return self._loop.time()

    def room(self) -> bool:
        """Tell whether there is room for one more connection; one that is idle may have to make it."""
        if self._stopping:
            return False
        while len(self.connections) >= self._connections_max and self._idlest:
            idlest = self._idlest.pop()
            if idlest in self.connections and idlest.make_room(self.now()):
                self.connections.discard(idlest)
        return len(self.connections) < self._connections_max

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for connection in dirty:
            connection.flush()

    def _renew(self) -> None:
        for connection in self.connections:
            connection.renew()

    def _sweep_later(self) -> None:
        self._sweep = self._loop.call_later(self.times.sweep_s, self._drop_late)

    def _drop_late(self) -> None:
        now = self._loop.time()
        for connection in list(self.connections):
            connection.check(now)
        self._drop_greedy()
        self._idlest = []
        if len(self.connections) >= self._connections_max:
            since = now - self.times.idle_s
            idle = [each for each in self.connections if each.idle_since <= since or each.spare]
            self._idlest = sorted(idle, key=lambda each: (each.spare, -each.idle_since))
        self.failures.tell()
        self._sweep_later()

    def _drop_greedy(self) -> None:
        """Drop those with the most unsent answers while all together have too many."""
        unsent = [(connection.unsent_bytes, connection) for connection in self.connections]
        too_much = sum(size for size, _ in unsent) - ALL_UNSENT_BYTES_MAX
        if too_much <= 0:
            return
        for size, connection in sorted(unsent, key=lambda each: -each[0]):
            connection.abort()
            too_much -= size
            if too_much <= 0:
                return
