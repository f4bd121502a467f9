"""The simulated store server: the few commands that ``storage`` sends, with what the real one promises.

It is the server and not the adapter: ``storage.valkey`` runs unmodified against it. The commit is
``storage/functions.lua`` line by line. Every turn ends with a sync, and only then do replies leave; a kill
between the two keeps a prefix of what was written. The judge reads ``journals`` and ``times`` directly.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import hiredis

from storage import keys, records
from stress.simulate.clockwork import Clockwork, Loop

PORT = 6379
SYNC_S = (5e-5, 2e-3)
"""How long a sync takes: a disk's."""

_MISSING = object()
_OK = b"+OK\r\n"
_NULL = b"_\r\n"


class Shelf:
    """What is on disk, and what is about to be. Survives its server's processes."""

    def __init__(self, clockwork: Clockwork) -> None:
        self.clockwork = clockwork
        self.values: dict[bytes, tuple[bytes, float]] = {}
        """Strings, and when they expire."""
        self.journals: dict[bytes, list[bytes]] = {}
        self.times: dict[bytes, list[float]] = {}
        """When each journal element was written."""
        self.checks_version = True
        self.checks_ids = True
        self.syncs = True
        self.tells = True
        self._undo: list[Callable[[], object]] = []
        self._forgettable: list[Callable[[], object]] = []

    def get(self, name: bytes) -> bytes | None:
        """Read a string that has not expired."""
        found = self.values.get(name)
        if found is None or found[1] <= self.clockwork.now:
            return None
        return found[0]

    def set(self, name: bytes, value: bytes, expires_at: float = float("inf")) -> None:
        """Write a string."""
        before = self.values.get(name)
        self.values[name] = (value, expires_at)
        self._undo.append(
            lambda: self.values.pop(name) if before is None else self.values.__setitem__(name, before)
        )

    def push(self, name: bytes, element: bytes) -> None:
        """Append to a list."""
        journal, times = self.journals.setdefault(name, []), self.times.setdefault(name, [])
        journal.append(element)
        times.append(self.clockwork.now)
        self._undo.append(lambda: (journal.pop(), times.pop()))

    def mark(self) -> None:
        """End a command: what it wrote is kept or lost as one."""
        if self._undo:
            steps, self._undo = self._undo[::-1], []
            self._forgettable.append(lambda: [step() for step in steps])

    def sync(self) -> None:
        """Make everything written durable."""
        if self.syncs:
            self._forgettable.clear()

    def crash(self) -> None:
        """Lose some of what was not synced: the end of it."""
        for _ in range(self.clockwork.random.randint(0, len(self._forgettable))):
            self._forgettable.pop()()
        self._forgettable.clear()

    def commit(self, names: list[bytes], arguments: list[bytes], tracked: Callable[[bytes], None]) -> Any:
        """Do what ``functions.lua`` does for a commit."""
        account, journal, *ids = names
        head, record, element, *answers = arguments
        tracked(account)
        known = [(place, value) for place, name in enumerate(ids) if (value := self.get(name)) is not None]
        stands = (self.get(account) or b"")[: records.HEAD_BYTES] == head
        if (self.checks_version and not stands) or (self.checks_ids and known):
            reply: list[Any] = [self.get(account)]
            for place, value in known:
                reply += (place, value)
            return reply
        if record:
            self.push(journal, element)
            self.set(account, record)
        for name, value, ttl_ms in zip(ids, answers[::2], answers[1::2], strict=True):
            self.set(name, value, self.clockwork.now + int(ttl_ms) / 1000)
        return 1


class ShelfServer:
    """One run of the server: its connections, who read what, and the moods it can be put into."""

    def __init__(self, shelf: Shelf, loop: Loop) -> None:
        self.shelf = shelf
        self.loop = loop
        self.refusal = b""
        """The error that every command gets while it loads, every write while it is out of memory."""
        self.refuses_reads = False
        self.slowness = 1.0
        self.readers: dict[bytes, dict[_Client, None]] = {}
        self.strikes: dict[str, Callable[[], object]] = {}
        """What happens when a process's next commit is done and not answered yet."""
        self._busy = False
        self._dirty: list[_Client] = []

    async def listen(self) -> None:
        """Take connections."""
        await self.loop.create_server(lambda: _Client(self), port=PORT)

    def publish(self, version: int) -> None:
        """Make a tariff version current, as a load elsewhere does."""
        self.shelf.set(keys.TARIFF_CURRENT, b"%d" % version)
        self.shelf.mark()
        self.changed(keys.TARIFF_CURRENT, None)

    def changed(self, name: bytes, by: "_Client | None") -> None:
        """Tell everyone who read a key, and forget that they did."""
        for client in self.readers.pop(name, {}):
            if client is not by and self.shelf.tells:
                client.say(b">2\r\n" + _bulk(b"invalidate") + b"*1\r\n" + _bulk(name))

    def speak(self, client: "_Client") -> None:
        """Have what is said to a client leave once everything is on disk."""
        self._dirty.append(client)
        if not self._busy:
            self._busy = True
            self.loop.stall(self.loop.clockwork.random.uniform(*SYNC_S) * self.slowness)
            self.loop.call_soon(self._synced)

    def _synced(self) -> None:
        self._busy = False
        self.shelf.sync()
        dirty, self._dirty = self._dirty, []
        for client in dirty:
            client.flush()


class _Client(asyncio.Protocol):
    """One connection of a rater's store."""

    def __init__(self, server: ShelfServer) -> None:
        self._server = server
        self._reader = hiredis.Reader(notEnoughData=_MISSING)
        self._transport: Any = None
        self._out: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what it read."""
        for readers in self._server.readers.values():
            readers.pop(self, None)

    def data_received(self, data: bytes) -> None:
        """Do every command."""
        self._reader.feed(data)
        while (command := self._reader.gets()) is not _MISSING:
            self.say(self._do(command))
            self._server.shelf.mark()

    def say(self, reply: bytes) -> None:
        """Say something with the others of this turn."""
        if not self._out:
            self._server.speak(self)
        self._out.append(reply)

    def flush(self) -> None:
        """Send what is said."""
        out, self._out = self._out, []
        if not self._transport.is_closing():
            self._transport.write(b"".join(out))

    def _do(self, command: list[bytes]) -> bytes:
        server, shelf = self._server, self._server.shelf
        match command:
            case [b"HELLO", *_]:
                return b"%0\r\n"
            case [b"CLIENT", *_]:
                return _OK
            case _ if server.refusal and (server.refuses_reads or command[0] in {b"FCALL", b"HSET"}):
                return server.refusal
            case [b"FUNCTION", *_]:
                return b"-ERR Library already exists\r\n"
            case [b"GET", name]:
                self._track(name)
                return _reply(shelf.get(name))
            case [b"GETRANGE", name, start, stop]:
                self._track(name)
                return _bulk((shelf.get(name) or b"")[int(start) : int(stop) + 1])
            case [b"HSET", *_]:
                return b":1\r\n"
            case [b"FCALL", function, count, *rest] if function.startswith(b"cgr_commit_"):
                names, arguments = rest[: int(count)], rest[int(count) :]
                reply = shelf.commit(names, arguments, self._track)
                if reply == 1 and arguments[1]:
                    server.changed(names[0], self)
                    self._track(names[0])  # the function reads it once more
                    strike = server.strikes.pop(self._transport.peer.loop.name, None)
                    if strike is not None:
                        strike()
                return _reply(reply)
            case _:
                return b"-ERR unknown command %b\r\n" % b" ".join(command[:2])

    def _track(self, name: bytes) -> None:
        self._server.readers.setdefault(name, {})[self] = None


def _bulk(value: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(value), value)


def _reply(value: Any) -> bytes:
    if value is None:
        return _NULL
    if isinstance(value, bytes):
        return _bulk(value)
    if isinstance(value, int):
        return b":%d\r\n" % value
    return b"*%d\r\n%b" % (len(value), b"".join(map(_reply, value)))
