"""The JSON-RPC listener: callers' connections on one side, any Dispatcher on the other.

Answers are collected over a turn of the event loop and leave in one write per connection. A connection is not
read while too much of it is unanswered or unsent; one that does not take its answers is dropped.
"""

import asyncio
import contextlib
import math
from typing import Any, Final

from protocol import jsonrpc
from protocol.dispatch import Dispatcher, Status
from protocol.envelope import identity, new_incarnation
from protocol.errors import Code
from protocol.framing import Framer
from protocol.limits import (
    CONNECTION_BYTES_MAX,
    CONNECTION_IN_FLIGHT_MAX,
    CONNECTIONS_MAX,
    DRAIN_S,
    FRAME_BYTES_MAX,
    ID_BYTES_MAX,
    PENDING_BYTES_MAX,
    STOP_S,
    UNSENT_BYTES_MAX,
    WRITE_BUFFER_BYTES_MAX,
)
from protocol.methods import BY_NAME, HOST_METHODS

_USUAL: Final = {name: method for name, method in BY_NAME.items() if method not in HOST_METHODS}
_NEWLINE: Final = 10
_QUOTE: Final = b'"'
_BRACE: Final = 123


class JsonRpcServer:
    """Listens for callers and submits what they ask to ``dispatcher``."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        frame_bytes_max: int = FRAME_BYTES_MAX,
        connections_max: int = CONNECTIONS_MAX,
        in_flight_max: int = CONNECTION_IN_FLIGHT_MAX,
        drain_s: float = DRAIN_S,
    ) -> None:
        self.dispatcher = dispatcher
        self.frame_bytes_max = frame_bytes_max
        self.in_flight_max = in_flight_max
        self.connections: set[_Connection] = set()
        self.pending_bytes = 0
        """Unfinished frames of all connections."""
        self.refused = 0
        """Connections closed at once because there were too many."""
        self._connections_max = connections_max
        self._drain_s = drain_s
        self._loop = asyncio.get_running_loop()
        self._dirty: list[_Connection] = []
        self._listener: asyncio.Server | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._stopping = False
        self._incarnation = new_incarnation()
        self._named = 0

    async def listen(self, host: str, port: int) -> int:
        """Bind and accept; return the bound port. Raises OSError."""
        self._listener = await self._loop.create_server(self._accept, host, port, backlog=1024)
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

    def mark(self, connection: "_Connection") -> None:
        """Have the connection flushed at the end of the turn."""
        if not self._dirty:
            # Not in the next pass but the one after: it polls between, so answers of other raters join in.
            self._loop.call_soon(self._loop.call_soon, self._flush)
        self._dirty.append(connection)

    def full(self) -> bool:
        """Tell whether one more connection is too many."""
        return self._stopping or len(self.connections) >= self._connections_max

    def _accept(self) -> "_Connection":
        return _Connection(self)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for connection in dirty:
            connection.flush()

    def _sweep_later(self) -> None:
        self._sweep = self._loop.call_later(self._drain_s / 10, self._drop_stalled)

    def _drop_stalled(self) -> None:
        before = self._loop.time() - self._drain_s
        for connection in list(self.connections):
            if connection.stalled_since <= before:
                connection.abort()
        self._sweep_later()


class _Connection(asyncio.Protocol):
    """One caller. Counts its unanswered requests; ``_out`` holds one line per answer of this turn."""

    __slots__ = (
        "_bytes",
        "_closed",
        "_framer",
        "_in_flight",
        "_last_words",
        "_out",
        "_paused",
        "_pending",
        "_server",
        "_submit",
        "_transport",
        "stalled_since",
    )

    def __init__(self, server: JsonRpcServer) -> None:
        self._server = server
        self._submit = server.dispatcher.submit
        self._framer = Framer(server.frame_bytes_max)
        self._transport: Any = None
        self._out: list[bytes] = []
        self._in_flight = 0
        self._bytes = 0
        self._pending = 0
        self._paused = False
        self._last_words: bytes | None = None
        self._closed: asyncio.Future[None] | None = None
        self.stalled_since = math.inf
        """When the unsent answers went over the limit."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start, or refuse when there are too many connections."""
        self._transport = transport
        if self._server.full():
            self._server.refused += 1
            self._last_words = b""
            self._close(_refusal("too many connections"))
            return
        self._server.connections.add(self)
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES_MAX)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it. What it asked is still done; the answers go nowhere."""
        self._server.connections.discard(self)
        self._server.pending_bytes -= self._pending
        self._pending = 0
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    def eof_received(self) -> bool:
        """Answer what the caller asked before it closed its side, then close."""
        unfinished = self._framer.pending and self._last_words is None
        self._end(jsonrpc.encode_malformed("the request has no end") if unfinished else b"")
        return True  # the transport stays open for the answers

    def data_received(self, data: bytes) -> None:
        """Submit every request in ``data``."""
        if self._last_words is not None:
            return
        framer = self._framer
        clear = framer.clear and data[-1] == _NEWLINE
        block = data if clear else framer.lines(data)
        requests = jsonrpc.decode_lines(block) if block else None
        if requests is None:
            self._take_frames(framer.split(block))
        else:
            self._take(requests)
            if not clear:
                framer.decoded()
                self._take_frames(framer.split())
        self._bytes += len(data)
        if self._in_flight >= self._server.in_flight_max or self._bytes > CONNECTION_BYTES_MAX:
            self._regulate()

    def answer(self, token: object, status: int, body: bytes) -> None:
        """Take the answer to a request (Sink)."""
        out = self._out
        if not out:
            self._server.mark(self)
        if status == 0 and type(token) is bytes:
            out.append(b'{"id":%b,"result":%b,"error":null}\n' % (token, body))
        else:
            self._answer_unusual(token, status, body)

    def request_id(self, token: object) -> str:
        """Name a request (Sink). It is never sent again, so any new name will do."""
        return self._server.new_request_id()

    def flush(self) -> None:
        """Write the answers of this turn; close if the last is among them."""
        out = self._out
        self._in_flight -= len(out)
        if self._transport.is_closing():
            out.clear()
            return
        if out:
            self._write(out)
            out.clear()
            if self._transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
                self.abort()
                return
        if not self._in_flight:
            self._bytes = 0
            if self._last_words is not None:
                self._close(self._last_words)
                return
        if self._paused:
            self._regulate()

    def pause_writing(self) -> None:
        """Stop reading: the caller does not take its answers."""
        self._stall()
        self._regulate()

    def resume_writing(self) -> None:
        """Go on reading."""
        self.stalled_since = math.inf
        self._regulate()

    def finish(self) -> "asyncio.Future[None]":
        """Read no more, answer what is in flight, close; the future is done when it is closed."""
        self._end(b"")
        if self._closed is None:
            self._closed = asyncio.get_running_loop().create_future()
        return self._closed

    def abort(self) -> None:
        """Drop it."""
        self._transport.abort()

    def _take(self, requests: list[jsonrpc.Request]) -> None:
        submit = self._submit
        self._in_flight += len(requests)
        left = iter(requests)
        for request in left:
            method = _USUAL.get(request.method)
            id_ = bytes(request.id)
            descriptor = bytes(request.params[0])
            if (
                method is not None
                and (id_.isdigit() or id_[:1] == _QUOTE)
                and descriptor[0] == _BRACE
                and not request.jsonrpc
                and len(id_) <= ID_BYTES_MAX
            ):
                submit(self, id_, method, descriptor)
                continue
            self._in_flight -= 1  # _take_frame counts it again
            self._take_frame(request.frame())
            if self._last_words is not None:
                self._in_flight -= sum(1 for _ in left)

    def _take_frames(self, frames: list[bytes]) -> None:
        for frame in frames:
            if self._last_words is not None:
                return
            self._take_frame(frame)
        framer = self._framer
        if framer.fault and self._last_words is None:
            self._end(jsonrpc.encode_malformed(framer.fault))
        server = self._server
        server.pending_bytes += framer.pending - self._pending
        self._pending = framer.pending
        if self._pending and server.pending_bytes > PENDING_BYTES_MAX:
            self._end(_refusal("too many unfinished requests"))

    def _take_frame(self, frame: bytes) -> None:
        try:
            items = jsonrpc.decode(frame)
        except jsonrpc.MalformedError as error:
            self._end(jsonrpc.encode_malformed(str(error)))
            return
        self._in_flight += len(items)
        for item in items:
            if isinstance(item, jsonrpc.Call):
                self._submit(self, item.token, item.method, item.descriptor)
            else:
                self.answer(item.token, Status.REFUSED, item.text)

    def _answer_unusual(self, token: Any, status: int, body: bytes) -> None:
        if status == Status.MALFORMED:
            self._in_flight -= 1
            self._end(jsonrpc.encode(jsonrpc.NULL, status, body) or b"")
            return
        line = jsonrpc.encode(token, status, body)
        if line is None:
            self._in_flight -= 1
        else:
            self._out.append(line)

    def _write(self, lines: list[bytes]) -> None:
        if self._framer.netstrings:
            lines = [b"%d:%b," % (len(line) - 1, line[:-1]) for line in lines]
        self._transport.write(b"".join(lines))

    def _end(self, last_words: bytes) -> None:
        """Read no more; when everything is answered, say ``last_words`` and close."""
        if self._last_words is None:
            self._last_words = last_words
            self._regulate()
            self._server.mark(self)

    def _close(self, last_words: bytes) -> None:
        if last_words:
            self._write([last_words])
        self._stall()  # what is unsent must be taken in time, too
        self._transport.close()

    def _stall(self) -> None:
        if self.stalled_since == math.inf:
            self.stalled_since = asyncio.get_running_loop().time()

    def _regulate(self) -> None:
        """Read or do not read, as what is unanswered and unsent demands."""
        in_flight_max = self._server.in_flight_max
        if self._paused:
            in_flight_max //= 2  # so that reading does not stutter
        pause = (
            self._last_words is not None
            or self.stalled_since != math.inf
            or self._in_flight >= max(in_flight_max, 1)
            or (self._bytes > CONNECTION_BYTES_MAX and self._in_flight > 0)
        )
        if not self._in_flight:
            self._bytes = 0
        if pause == self._paused or self._transport.is_closing():
            return
        self._paused = pause
        if pause:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()


def _refusal(sentence: str) -> bytes:
    return jsonrpc.encode(jsonrpc.NULL, Status.REFUSED, f"{Code.OVERLOADED}: {sentence}".encode()) or b""
