"""One caller's connection: cuts its bytes into requests, submits them, collects the answers.

Answers are collected over a turn of the event loop and leave in one write. A connection is not read while too
much of it is unanswered or unsent; one that does not take its answers, or does not end what it began, is
dropped.
"""

import asyncio
import math
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from balancer.gate import Submit
from protocol import access, jsonrpc
from protocol.dispatch import Sink, Status
from protocol.errors import Code
from protocol.framing import Framer
from protocol.limits import (
    CONNECTION_BYTES_MAX,
    FRAME_BYTES_PER_S,
    ID_BYTES_MAX,
    KEEPALIVE_S,
    LINGER_BYTES_MAX,
    LINGER_S,
    LOGIN_FAILURES_MAX,
    PENDING_BYTES_MAX,
    UNSENT_BYTES_MAX,
    WRITE_BUFFER_BYTES_MAX,
)
from protocol.methods import BY_NAME, HOST_METHODS, Method

if TYPE_CHECKING:
    from balancer.server import JsonRpcServer

_USUAL: Final = {name: method for name, method in BY_NAME.items() if method not in HOST_METHODS}
_NEWLINE: Final = 10
_QUOTE: Final = b'"'
_BRACE: Final = 123
_NO_AUTH: Final = f"{Code.INVALID_PARAMS}: auth: expected the text of a key".encode()


class Connection(asyncio.Protocol):
    """One caller. Counts its unanswered requests; ``_out`` holds one line per answer of this turn.

    ``_submit`` is where its requests go: the dispatcher itself, the entrance of its key, or ``_reject``. The
    server has it asked for anew (``renew``) when the keys change.
    """

    __slots__ = (
        "_bytes",
        "_closed",
        "_discarded",
        "_ended",
        "_failures",
        "_frame_since",
        "_framer",
        "_heard",
        "_in_flight",
        "_key_id",
        "_last_words",
        "_lingers",
        "_made_at",
        "_out",
        "_paused",
        "_pending",
        "_server",
        "_shown",
        "_submit",
        "_tls",
        "_transport",
        "idle_since",
        "stalled_since",
    )

    def __init__(self, server: "JsonRpcServer") -> None:
        self._server = server
        self._key_id = ""
        self._failures = 0
        self._shown = False  # a key that was in force
        self._heard = False
        self._frame_since = math.inf
        self._made_at = self.idle_since = server.now()
        self._tls = False
        self._submit: Submit
        self.renew()
        self._framer = Framer(server.frame_bytes_max)
        self._transport: Any = None
        self._out: list[bytes] = []
        self._in_flight = 0
        self._bytes = 0
        self._pending = 0
        self._paused = False
        self._last_words: bytes | None = None
        self._ended = False  # by the caller
        self._lingers = False
        self._discarded = 0
        self._closed: asyncio.Future[None] | None = None
        self.stalled_since = math.inf
        """When the unsent answers went over the limit."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start, or refuse when there are too many connections."""
        self._transport = transport
        if not self._server.room():
            self._server.refused += 1
            self._last_words = b""
            self._close(refusal("too many connections"))
            return
        self._server.connections.add(self)
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES_MAX)
        self._tls = transport.get_extra_info("sslcontext") is not None
        keep_alive(transport.get_extra_info("socket"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it. What it asked is still done; the answers go nowhere."""
        self._server.connections.discard(self)
        self._forget_frame()
        self._submit = self._server.gate.dispatcher.submit  # no cycle by way of a method of ours
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    def eof_received(self) -> bool:
        """Answer what the caller asked before it closed its side, then close."""
        if self._lingers:
            return False
        self._ended = True
        unfinished = self._framer.pending and self._last_words is None
        self._end(jsonrpc.encode_malformed("the request has no end") if unfinished else b"")
        return not self._tls  # the transport stays open for the answers, which TLS cannot do

    def data_received(self, data: bytes) -> None:
        """Submit every request in ``data``."""
        if self._last_words is not None:
            self._discard(len(data))
            return
        self._heard = True
        framer = self._framer
        clear = framer.clear and data[-1] == _NEWLINE
        block = data if clear else framer.lines(data)
        requests = jsonrpc.decode_lines(block) if block else None
        if requests is None:
            self._take_frames(framer.split(block))
        else:
            self._take(requests)
            if not clear:
                self._frame_since = math.inf
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
        if self._lingers or self._transport.is_closing():
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
        """Go on reading; what is closed has the rest of its answers taken in time, too."""
        self.stalled_since = math.inf
        if self._lingers or self._transport.is_closing():
            self._stall()
        self._regulate()

    def renew(self) -> None:
        """Ask again where its requests go."""
        self._submit = self._server.gate.entrance(self._key_id) or self._reject

    def check(self, now: float) -> None:
        """Close it if it took longer for something than it may."""
        times = self._server.times
        if self._heard or self._in_flight:
            self._heard = False
            self.idle_since = now
        if self.stalled_since <= now - (
            LINGER_S if self._lingers and not self.unsent_bytes else times.drain_s
        ):
            self.abort()
        if self._last_words is not None:
            return
        if not self._pending or self._paused:
            self._frame_since = math.inf
        elif self._frame_since == math.inf:
            self._frame_since = now
        elif now - self._frame_since > (may_take_s := times.frame_s + self._pending / FRAME_BYTES_PER_S):
            self._end(jsonrpc.encode_malformed(f"the request did not end within {may_take_s:.0f} s"))
        if now - self._made_at > times.login_s and self.spare:
            self._end(_line(self._server.gate.keyring.lacking))

    def make_room(self, now: float) -> bool:
        """Close it if it is still idle, or showed no key where one is asked for; tell whether it was so."""
        busy = self._heard or self._in_flight
        if self._lingers or (self.unsent_bytes and self._last_words is None and not busy):
            self.abort()  # nobody would look after what it does not take
            return True
        if self._last_words is not None or (busy and not self.spare):
            return False
        self._end(refusal(f"idle for {now - self.idle_since:.0f} s, and all connections are in use"))
        return True

    @property
    def unsent_bytes(self) -> int:
        """Answers that the caller has not taken yet."""
        size: int = self._transport.get_write_buffer_size()
        return size

    @property
    def spare(self) -> bool:
        """Whether it makes room first: it has yet to show the key that it is asked for, or only lingers."""
        return self._lingers or (not self._shown and not self._server.gate.keyring.open)

    def finish(self) -> "asyncio.Future[None]":
        """Read no more, answer what is in flight, close; the future is done when it is closed."""
        self._end(b"")
        if self._lingers:
            self.abort()
        if self._closed is None:
            self._closed = asyncio.get_running_loop().create_future()
        return self._closed

    def abort(self) -> None:
        """Drop it."""
        self._transport.abort()

    def _take(self, requests: list[jsonrpc.Request]) -> None:
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
                and request.auth is None
                and len(id_) <= ID_BYTES_MAX
            ):
                self._submit(self, id_, method, descriptor)
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
        if frames:
            self._frame_since = math.inf
        if framer.fault and self._last_words is None:
            self._end(jsonrpc.encode_malformed(framer.fault))
        server = self._server
        server.pending_bytes += framer.pending - self._pending
        self._pending = framer.pending
        if self._pending and server.pending_bytes > PENDING_BYTES_MAX:
            self._end(refusal("too many unfinished requests"))

    def _take_frame(self, frame: bytes) -> None:
        try:
            items = jsonrpc.decode(frame)
        except jsonrpc.MalformedError as error:
            self._end(jsonrpc.encode_malformed(str(error)))
            return
        self._in_flight += len(items)
        for item in items:
            if isinstance(item, jsonrpc.Call):
                self._take_call(item)
            else:
                self.answer(item.token, Status.REFUSED, item.text)

    def _take_call(self, call: jsonrpc.Call) -> None:
        if call.method is Method.LOGIN:
            self._login(call)
            return
        submit: Submit = self._submit
        if call.auth is not None:
            gate = self._server.gate
            found = gate.keyring.find(call.auth)
            if isinstance(found, str):
                self._fail(call.token, call.method, found)
                return
            submit = gate.entrance(found.key_id) or self._reject
            self._shown = True
        submit(self, call.token, call.method, call.descriptor)

    def _login(self, call: jsonrpc.Call) -> None:
        """Take the key that all further requests go by."""
        text = access.key_shown(call.descriptor) if call.auth is None else call.auth
        if text is None:
            self.answer(call.token, Status.REFUSED, _NO_AUTH)
            return
        found = self._server.gate.keyring.find(text)
        if isinstance(found, str):
            self._fail(call.token, call.method, found)
            return
        self._key_id = found.key_id
        self._shown = True
        self.renew()
        self.answer(call.token, Status.OK, found.told())

    def _reject(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Refuse a request without a key, or whose key is none any more (in place of a dispatcher)."""
        self._fail(token, method, self._server.gate.keyring.lacking)

    def _fail(self, token: object, method: int, text: str) -> None:
        """Refuse a request for want of a key; close after too many."""
        server = self._server
        server.gate.on_refusal(method, text.encode())
        self.answer(token, Status.REFUSED, text.encode())
        if text == access.UNKNOWN_KEYS or self._key_id == access.FRONT_ID:
            return  # not the caller's fault, or not one caller
        server.failures.note("a request without a right key")
        self._failures += 1
        if self._failures >= LOGIN_FAILURES_MAX:
            self._end(b"")

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
        if not self._last_words:  # who closed its side may still be told of a fault
            self._last_words = last_words
            self._regulate()
            self._server.mark(self)

    def _close(self, last_words: bytes) -> None:
        if last_words:
            self._write([last_words])
        self._stall()  # what is unsent must be taken in time, too
        if last_words and not (self._tls or self._ended) and self in self._server.connections:
            self._linger()
        else:
            self._transport.close()

    def _linger(self) -> None:
        """Say that nothing follows, and hear the caller out a little.

        Closed at once, bytes still on their way would be answered by a reset, and that can make the caller
        lose the words before it.
        """
        if not self._lingers:
            self._lingers = True
            self._forget_frame()
            self._transport.write_eof()
            self._regulate()

    def _forget_frame(self) -> None:
        self._server.pending_bytes -= self._pending
        self._pending = 0
        self._framer = Framer(self._server.frame_bytes_max)

    def _discard(self, count: int) -> None:
        self._discarded += count
        if self._lingers and self._discarded > LINGER_BYTES_MAX:
            self.abort()

    def _stall(self) -> None:
        if self.stalled_since == math.inf:
            self.stalled_since = asyncio.get_running_loop().time()

    def _regulate(self) -> None:
        """Read or do not read, as what is unanswered and unsent demands."""
        in_flight_max = self._server.in_flight_max
        if self._paused:
            in_flight_max //= 2  # so that reading does not stutter
        pause = not self._lingers and (
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


def _line(text: str) -> bytes:
    return jsonrpc.encode(jsonrpc.NULL, Status.REFUSED, text.encode()) or b""


def refusal(sentence: str) -> bytes:
    """Print a refusal that answers no request."""
    return _line(f"{Code.OVERLOADED}: {sentence}")


def keep_alive(connection: socket.socket | None) -> None:
    """Have TCP find out when the other end of a silent connection is gone."""
    if connection is None:
        return
    with suppress(OSError):  # a socket of another family has no such option
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_S // 8)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
