"""A proxy between two parts of the server that does to a connection what networks do.

Faults are switched while it runs, and drawn from a generator of its own for every direction of every
connection, so that a seed and the same traffic give the same faults. A proxy that knows the frames of what
passes (lines, msgpack objects) handles whole frames; without, a frame is what came in one read.
"""

import asyncio
import heapq
import random
import socket
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

import msgpack  # type: ignore[import-untyped]  # -- msgpack ships no types

Place = tuple[str, int] | Path
"""Where to listen or connect: host and port, or a Unix socket."""

Framer = Callable[[bytearray], list[bytes]]
"""Takes the whole frames off the front of a buffer."""

OVERTAKEN_S: Final = 0.02
"""A frame that is to be overtaken waits up to so long."""

HELD_MAX: Final = 4096
"""Frames that one direction holds back; beyond them it is not read."""

_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: closing sends a reset."""


class Way(StrEnum):
    """A direction, as seen from whoever connects to the proxy."""

    UP = "up"
    """From the one that connected to the target: requests."""
    DOWN = "down"
    """Back: answers."""


BOTH: Final = frozenset(Way)


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls frames. Chances are per frame, 0 to 1; the order is kept unless ``overtake`` says not."""

    delay_s: float = 0.0
    """Each frame waits up to so long."""
    swallow: float = 0.0
    """Chance that this direction loses everything from this frame on, until the connection ends."""
    reset: float = 0.0
    """Chance that both ends see a reset after a part of this frame has passed."""
    vanish: float = 0.0
    """Chance that the sender is reset, and the other end hears nothing more, not even that."""
    duplicate: float = 0.0
    """Chance that the frame is passed on twice."""
    overtake: float = 0.0
    """Chance that frames which come within OVERTAKEN_S pass this one."""
    dribble: bool = False
    """Every byte goes in a write of its own."""
    bytes_per_s: float = 0.0
    """At most so many bytes a second; 0: any."""
    ways: frozenset[Way] = BOTH
    """The directions concerned."""


CALM: Final = Fault()
"""No fault."""


def lines(buffer: bytearray) -> list[bytes]:
    """Take whole lines off a buffer (JSON-RPC as our clients write it)."""
    end = buffer.rfind(b"\n") + 1
    whole = bytes(buffer[:end])
    del buffer[:end]
    return whole.splitlines(keepends=True)


def messages(buffer: bytearray) -> list[bytes]:
    """Take whole msgpack objects off a buffer (the envelope between balancer and rater)."""
    unpacker = msgpack.Unpacker()
    unpacker.feed(buffer)
    whole, begin = [], 0
    try:
        while True:
            unpacker.skip()
            end = unpacker.tell()
            whole.append(bytes(buffer[begin:end]))
            begin = end
    except msgpack.OutOfData:
        del buffer[:begin]
    return whole


def reads(buffer: bytearray) -> list[bytes]:
    """Take all that a read gave as one frame (any stream)."""
    frame = bytes(buffer)
    buffer.clear()
    return [frame] if frame else []


class Proxy:
    """Listens at ``address`` and passes on to ``target``; use it as an async context manager.

    ``fault`` may be set at any time and holds for every frame that comes from then on. ``happened`` counts
    what was done, by the name of the fault. ``listen`` is a Unix socket's path, or None for a free port.
    """

    def __init__(
        self, target: Place, seed: int = 0, framer: Framer = reads, listen: Path | None = None
    ) -> None:
        self.target = target
        self.framer = framer
        self.fault = CALM
        self.happened: Counter[str] = Counter()
        self.connections: set[_Connection] = set()
        self._seed = seed
        self._listen = listen
        self._accepted = 0
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> Place:
        """Where the proxy listens."""
        if self._listen is not None:
            return self._listen
        if self._server is None:
            raise RuntimeError("the proxy is not open")
        return ("127.0.0.1", int(self._server.sockets[0].getsockname()[1]))

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        if self._listen is None:
            self._server = await loop.create_server(self._accept, "127.0.0.1", 0)
        else:
            self._server = await loop.create_unix_server(self._accept, self._listen)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        self.reset_all()
        if self._server is not None:
            await self._server.wait_closed()

    def reset_all(self) -> None:
        """Reset every connection, the silent ones included."""
        for connection in list(self.connections):
            connection.reset()

    def _accept(self) -> "_End":
        self._accepted += 1
        connection = _Connection(self, f"{self._seed}/{self._accepted}")
        self.connections.add(connection)
        return connection.near


class _Connection:
    """One connection through the proxy: the end that came, the end at the target."""

    def __init__(self, proxy: Proxy, seed: str) -> None:
        self.proxy = proxy
        self.near = _End(self, Way.UP, random.Random(f"{seed}/up"))
        self.far = _End(self, Way.DOWN, random.Random(f"{seed}/down"))
        self.near.peer, self.far.peer = self.far, self.near
        self._connecting: asyncio.Task[None] | None = None

    def connect(self) -> None:
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop, target = asyncio.get_running_loop(), self.proxy.target
        try:
            if isinstance(target, Path):
                await loop.create_unix_connection(lambda: self.far, str(target))
            else:
                await loop.create_connection(lambda: self.far, *target)
        except OSError:
            self.reset()

    def reset(self) -> None:
        """Reset both ends."""
        if self._connecting is not None:
            self._connecting.cancel()
        for end in (self.near, self.far):
            end.reset()
        self.proxy.connections.discard(self)


class _End(asyncio.Protocol):
    """One end of a connection, and the way of what is received at it."""

    peer: "_End"

    def __init__(self, connection: _Connection, way: Way, chances: random.Random) -> None:
        self._connection = connection
        self._way = way
        self._chances = chances
        self._buffer = bytearray()
        self._transport: Any = None
        self._due: list[tuple[float, int, bytes]] = []
        self._passed = 0
        self._last_due_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._silent = False
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        raw = cast(socket.socket, transport.get_extra_info("socket"))
        if raw.family != socket.AF_UNIX:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._way is Way.UP:
            self._connection.connect()
            self._transport.pause_reading()  # until there is somewhere to pass it on to
        elif self.peer._ended:
            self._transport.close()
        else:
            self.peer.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        for frame in self._connection.proxy.framer(self._buffer):
            if self._silent or self._ended:
                return
            self._meet(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other end, after what is under way, unless it is to hear nothing."""
        self._ended = True
        if self.peer._ended or not self._silent:
            self._connection.proxy.connections.discard(self._connection)
        if self._silent:
            return
        if self._buffer:  # an unfinished frame is passed on all the same: the peer sees a cut stream
            self._pass(bytes(self._buffer), 0.0)
            self._buffer.clear()
        if not self._due:
            self.peer.close()

    def pause_writing(self) -> None:
        self.peer.pause_reading()

    def resume_writing(self) -> None:
        self.peer.resume_reading()

    def pause_reading(self) -> None:
        """Read no more for now: the other end is full."""
        if self._transport is not None and not self._ended:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self._transport is not None and not self._ended:
            self._transport.resume_reading()

    def close(self) -> None:
        """Close in order."""
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Close with a reset, whatever is under way."""
        self._silent = True
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None and not self._ended:
            raw = cast(socket.socket, self._transport.get_extra_info("socket"))
            if raw.family != socket.AF_UNIX:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self._transport.abort()

    def write(self, data: bytes, dribble: bool) -> None:
        """Send to whoever is at this end."""
        if self._transport is None or self._transport.is_closing():
            return
        if not dribble:
            self._transport.write(data)
            return
        for place in range(len(data)):
            self._transport.write(data[place : place + 1])

    def _meet(self, frame: bytes) -> None:
        """Draw what befalls a frame, and let it."""
        proxy = self._connection.proxy
        fault = proxy.fault if self._way in proxy.fault.ways else CALM
        # the same number of draws for every frame, so that one fault does not shift the chances of others
        ends, twice, late, wait = (self._chances.random() for _ in range(4))
        if ends < fault.swallow:
            self._note("swallow")
            self._silent = True
        elif ends < fault.swallow + fault.reset:
            self._note("reset")
            self.peer.write(frame[: int(len(frame) * wait)], dribble=False)
            self._connection.reset()
        elif ends < fault.swallow + fault.reset + fault.vanish:
            self._note("vanish")
            self.peer._silent = True
            self.reset()
        else:
            self._pass_on(frame, fault, twice < fault.duplicate, late < fault.overtake, wait)

    def _pass_on(self, frame: bytes, fault: Fault, twice: bool, late: bool, wait: float) -> None:
        delay_s = fault.delay_s * wait
        if fault.bytes_per_s:
            delay_s += len(frame) / fault.bytes_per_s
        for name in ("delay_s", "dribble", "bytes_per_s"):
            if getattr(fault, name):
                self._note(name)
        if late:
            self._note("overtake")
            self._hold(frame, asyncio.get_running_loop().time() + OVERTAKEN_S * wait)
        else:
            self._pass(frame, delay_s)
        if twice:
            self._note("duplicate")
            self._pass(frame, delay_s)

    def _pass(self, frame: bytes, delay_s: float) -> None:
        """Send a frame after those before it."""
        now_s = asyncio.get_running_loop().time()
        if not delay_s and not self._due:
            self._send(frame)
            return
        fault = self._connection.proxy.fault
        begin_s = max(now_s, self._last_due_s) if fault.bytes_per_s else now_s
        self._last_due_s = max(self._last_due_s, begin_s + delay_s)
        self._hold(frame, self._last_due_s)

    def _hold(self, frame: bytes, due_s: float) -> None:
        self._passed += 1
        heapq.heappush(self._due, (due_s, self._passed, frame))
        if len(self._due) == HELD_MAX:
            self.pause_reading()
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due:
            self._timer = asyncio.get_running_loop().call_at(self._due[0][0], self._send_due)

    def _send_due(self) -> None:
        now_s = asyncio.get_running_loop().time()
        while self._due and self._due[0][0] <= now_s:
            self._send(heapq.heappop(self._due)[2])
        if len(self._due) < HELD_MAX:
            self.resume_reading()
        self._arm()
        if self._ended and not self._due:
            self.peer.close()

    def _send(self, frame: bytes) -> None:
        fault = self._connection.proxy.fault
        self.peer.write(frame, fault.dribble and self._way in fault.ways)

    def _note(self, name: str) -> None:
        self._connection.proxy.happened[f"{name} {self._way}"] += 1
