"""The simulated network: streams as TCP gives them, over paths that are slow, hold everything, or break.

A stream keeps its order and loses nothing while it lasts. When it breaks, the two ends learn at different
times, and what was under way may have arrived or not. A held path carries nothing, not even the news that an
end is gone; when it is let go, everything that is still wanted arrives late.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from stress.simulate.clockwork import Clockwork, Loop

DELAY_S = (5e-5, 1e-3)
"""How long a piece of data is under way on a good path."""

SPLIT = 0.05
"""How often a piece arrives as two."""


class Path:
    """What lies between two processes; the same for all their streams."""

    def __init__(self) -> None:
        self.held = False
        self.slowness = 1.0
        self.waiting: list[tuple[Callable[..., object], tuple[Any, ...]]] = []


class Transport(asyncio.Transport):
    """One end of a stream."""

    def __init__(self, network: "Network", loop: Loop, path: Path) -> None:
        super().__init__()
        self.network = network
        self.loop = loop
        self.path = path
        self.peer: Transport
        self.protocol: Any = None
        self.lost = False
        """Its protocol was told that the connection is lost, or will be."""
        self._closing = False
        self._paused = False
        self._unread: deque[bytes | None] = deque()
        self.arrives_at = 0.0
        """When the last piece under way to this end comes."""
        self._cut_at: float | None = None
        """What would reach this end after that moment is lost on the way."""

    def start(self, protocol: Any) -> None:
        """Tell the protocol that it is connected, then give it what came already."""
        self.protocol = protocol
        protocol.connection_made(self)
        if self._unread:
            self.loop.call_soon(self._read)

    def arrive(self, data: bytes | None) -> None:
        """Put what came (None: the other end sends no more) into the process's hands."""
        if not self.lost and (self._cut_at is None or self.network.clockwork.now <= self._cut_at):
            self.loop.post(self._take, data)

    def break_off(self, reason: str) -> None:
        """Learn that the connection is gone."""
        if not self.lost:
            self.loop.post(self._lose, ConnectionResetError(reason))

    def cut(self, after: float, reason: str) -> None:
        """Lose what arrives from ``after`` seconds on, and tell this end at some time then."""
        self._cut_at = self.network.clockwork.now + after
        delay = after + self.network.clockwork.random.uniform(0, 0.01)
        self.network.carry(self.path, delay, self.break_off, reason)

    def _take(self, data: bytes | None) -> None:
        self._unread.append(data)
        self._read()

    def _read(self) -> None:
        while self._unread and self.protocol is not None and not (self._paused or self._closing or self.lost):
            data = self._unread.popleft()
            if data is not None:
                self.protocol.data_received(data)
            elif not self.protocol.eof_received():
                self.close()

    def _lose(self, error: Exception | None) -> None:
        if self.lost:
            return
        self.lost = self._closing = True
        if self.protocol is not None:
            self.protocol.connection_lost(error)

    # What asyncio and the product ask of a transport.

    def write(self, data: Any) -> None:
        """Send bytes."""
        if self._closing or self.lost or self.loop.dead or not data:
            return
        random = self.network.clockwork.random
        pieces = [bytes(data)]
        if len(data) > 1 and random.random() < SPLIT:
            place = random.randrange(1, len(data))
            pieces = [pieces[0][:place], pieces[0][place:]]
        for piece in pieces:
            for each in self.network.tamper(self.loop.name, self.peer.loop.name, piece):
                self.network.send(self, each)

    def close(self) -> None:
        """Send what is written, then end."""
        if not self._closing and not self.loop.dead:
            self._closing = True
            self.network.send(self, None)
            self.loop.call_soon(self._lose, None)

    def abort(self) -> None:
        """End at once; what has not left yet may be lost."""
        if self.lost or self.loop.dead:
            return
        self._closing = True
        self.peer.cut(self.network.clockwork.random.uniform(0, 0.002), "reset by peer")
        self.network.drop_waiting(self)
        self.loop.call_soon(self._lose, None)

    def is_closing(self) -> bool:
        """Tell whether it is closed or about to be."""
        return self._closing

    def get_write_buffer_size(self) -> int:
        """Tell that everything is under way."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Take note of nothing: nothing is ever unsent."""

    def pause_reading(self) -> None:
        """Leave what comes unread."""
        self._paused = True

    def resume_reading(self) -> None:
        """Read again."""
        self._paused = False
        if self._unread:
            self.loop.call_soon(self._read)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Know nothing about the socket."""
        return default

    def get_protocol(self) -> Any:
        """Tell the protocol."""
        return self.protocol


class Listener:
    """A listening port; the little of ``asyncio.Server`` that the product uses."""

    def __init__(self, network: "Network", loop: Loop, factory: Callable[[], Any], port: int) -> None:
        self.loop = loop
        self.factory = factory
        self.port = port
        self._network = network

    @property
    def sockets(self) -> list["Listener"]:
        """Tell the one socket."""
        return [self]

    def getsockname(self) -> tuple[str, int]:
        """Tell the address."""
        return "simulated", self.port

    def close(self) -> None:
        """Accept no more."""
        if self._network.listeners.get(self.port) is self:
            del self._network.listeners[self.port]

    async def wait_closed(self) -> None:
        """Return: there is nothing to wait for."""


class Network:
    """All paths, streams and listening ports of a world."""

    def __init__(self, clockwork: Clockwork) -> None:
        self.clockwork = clockwork
        self.listeners: dict[int, Listener] = {}
        self.tamper: Callable[[str, str, bytes], list[bytes]] = lambda _sender, _receiver, data: [data]
        """What becomes of a piece of data on its way; a broken variant changes it."""
        self._paths: dict[frozenset[str], Path] = {}
        self._streams: list[Transport] = []

    def path(self, one: str, other: str) -> Path:
        """Tell what lies between two processes."""
        return self._paths.setdefault(frozenset((one, other)), Path())

    def listen(self, loop: Loop, factory: Callable[[], Any], port: int) -> Listener:
        """Open a port. Raises OSError if another process has it."""
        other = self.listeners.get(port)
        if other is not None and not other.loop.dead:
            raise OSError(f"port {port} is taken")
        listener = self.listeners[port] = Listener(self, loop, factory, port)
        return listener

    async def connect(self, loop: Loop, factory: Callable[[], Any], port: int) -> tuple[Transport, Any]:
        """Open a stream to a port. Raises OSError, after the way there and back."""
        made: asyncio.Future[Transport | None] = loop.create_future()
        target = self.listeners.get(port)
        path = self.path(loop.name, target.loop.name if target is not None else "")
        self.carry(path, self._delay(path), self._knock, loop, path, port, made)
        transport = await made
        if transport is None:
            raise ConnectionRefusedError(f"nobody listens on {port}")
        if transport.lost:
            raise ConnectionResetError("broken while it was made")
        protocol = factory()
        transport.start(protocol)
        return transport, protocol

    def send(self, source: Transport, data: bytes | None) -> None:
        """Carry a piece to the other end, after what was sent before it."""
        if source.path.held:
            source.path.waiting.append((self._deliver, (source.peer, data)))
        else:
            self._deliver(source.peer, data)

    def carry(self, path: Path, delay: float, call: Callable[..., object], *arguments: Any) -> None:
        """Have something happen at the far end of a path, once it carries anything."""
        if path.held:
            path.waiting.append((call, arguments))
        else:
            self.clockwork.after(delay, self._carried, path, call, arguments)

    def hold(self, one: str, other: str) -> None:
        """Let nothing through between two processes."""
        self.path(one, other).held = True

    def let_go(self, one: str, other: str) -> None:
        """Let everything through that waits."""
        path = self.path(one, other)
        path.held = False
        waiting, path.waiting = path.waiting, []
        for call, arguments in waiting:
            if call == self._deliver:
                call(*arguments)
            else:
                self.carry(path, self._delay(path), call, *arguments)

    def drop_waiting(self, source: Transport) -> None:
        """Perhaps forget what an aborted end has sent and a held path has not carried."""
        if source.path.held and self.clockwork.random.random() < 0.5:
            source.path.waiting = [
                each for each in source.path.waiting if not (each[1] and each[1][0] is source.peer)
            ]

    def break_streams(self, one: str, other: str) -> None:
        """Break every stream between two processes."""
        path = self.path(one, other)
        for stream in self._alive():
            if stream.path is path:
                stream.cut(self.clockwork.random.uniform(0, 0.005), "connection reset by the network")

    def gone(self, loop: Loop, *, silently: bool) -> None:
        """Close what a killed process had open, as its kernel does; a machine without power says nothing."""
        for stream in self._alive():
            if stream.loop is loop:
                if not silently:
                    stream.peer.cut(self.clockwork.random.uniform(0, 0.002), "the other end was killed")
                stream.lost = True

    def _alive(self) -> list[Transport]:
        self._streams = [stream for stream in self._streams if not stream.lost]
        return self._streams

    def _delay(self, path: Path) -> float:
        return self.clockwork.random.uniform(*DELAY_S) * path.slowness

    def _carried(self, path: Path, call: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        if path.held:
            path.waiting.append((call, arguments))
        else:
            call(*arguments)

    def _deliver(self, target: Transport, data: bytes | None) -> None:
        when = max(target.arrives_at, self.clockwork.now + self._delay(target.path))
        target.arrives_at = when
        self.clockwork.at(when, target.arrive, data)

    def _knock(self, loop: Loop, path: Path, port: int, made: "asyncio.Future[Transport | None]") -> None:
        listener = self.listeners.get(port)
        if loop.dead:
            return
        if listener is None or listener.loop.dead:
            self.carry(path, self._delay(path), loop.post, _settle, made, None)
            return
        near, far = Transport(self, loop, path), Transport(self, listener.loop, path)
        near.peer, far.peer = far, near
        self._streams += (near, far)
        listener.loop.post(_accept, far, listener.factory)
        self.carry(path, self._delay(path), loop.post, _settle, made, near)


def _accept(far: Transport, factory: Callable[[], Any]) -> None:
    if not far.lost:
        far.start(factory())


def _settle(made: "asyncio.Future[Transport | None]", near: Transport | None) -> None:
    if not made.done():
        made.set_result(near)
    elif near is not None:  # who asked has given up
        near.abort()
