"""A rater's end of its link to the balancer: connects, proves itself, answers, and connects again."""

import asyncio
import contextlib
import logging
import ssl
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]  # -- msgpack ships no types

from protocol import envelope
from protocol.dispatch import Dispatcher, StaleRequestError, Status
from protocol.envelope import EnvelopeError, RaterHandshake
from protocol.errors import Code
from protocol.limits import (
    ANSWER_BYTES_MAX,
    HANDSHAKE_S,
    HEARTBEAT_S,
    RECONNECT_S_MAX,
    RECONNECT_S_MIN,
    SILENCE_S,
    STOP_S,
    UNSENT_BYTES_MAX,
)
from protocol.methods import HOST_METHODS, Method

log = logging.getLogger(__name__)

WORK_S: Final = 0.02
"""How long requests are worked off in one go: heartbeats go out in time, callers do not feel a neighbour."""

_ASKED: Final = frozenset(Method) - HOST_METHODS
_QUOTES: Final = frozenset({Method.GET_COST})
_UNSENT: Final = f"{Code.OVERLOADED}: {UNSENT_BYTES_MAX} bytes of answers wait to be taken".encode()
_TOO_LONG: Final = f"{Code.INTERNAL}: the answer is longer than {ANSWER_BYTES_MAX} bytes".encode()


class RaterLink:
    """Keeps a rater registered with a balancer, and submits what the balancer sends to ``dispatcher``.

    ``stats`` gives the counters of each heartbeat; ``tls`` makes the context of each connection, None: it is
    plain. A lost link is made again, after pauses that double from
    RECONNECT_S_MIN to RECONNECT_S_MAX; whatever was unanswered on the old one, the balancer sends elsewhere.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        host: str,
        port: int,
        secret: bytes,
        name: str,
        stats: Callable[[], dict[str, int]],
        tls: Callable[[], ssl.SSLContext | None] = lambda: None,
    ) -> None:
        if not secret:
            raise ValueError("an empty secret proves nothing")
        self.dispatcher = dispatcher
        self.secret = secret
        self.name = name
        self.stats = stats
        self._tls = tls
        self._host = host
        self._port = port
        self._up = asyncio.Event()
        self._leaving = False
        self._end: _End | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect in the background, and keep connected."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="rater link")

    @property
    def connected(self) -> bool:
        """Whether the balancer has this rater now."""
        return self._up.is_set()

    async def wait_connected(self) -> None:
        """Return when the balancer has this rater."""
        await self._up.wait()

    async def leave(self, grace_s: float = STOP_S) -> None:
        """Take no more requests, answer those at hand, close; give up after ``grace_s``."""
        self._leaving = True
        if self._end is not None and self.connected:
            self._end.leave()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._end.lost), grace_s)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        pause = RECONNECT_S_MIN
        while not self._leaving:
            try:
                await self._connect_once()
                pause = RECONNECT_S_MIN
                log.info("the balancer at %s:%d is gone", self._host, self._port)
            except (OSError, EnvelopeError) as error:
                say = (
                    log.info if pause == RECONNECT_S_MIN else log.warning
                )  # it may be stopping, as we will be
                say("no link to the balancer at %s:%d: %r", self._host, self._port, error)
            if not self._leaving:
                await asyncio.sleep(pause)
                pause = min(2 * pause, RECONNECT_S_MAX)

    async def _connect_once(self) -> None:
        """Connect and stay until the link is lost. Raises OSError or EnvelopeError if it never came up."""
        loop = asyncio.get_running_loop()
        end = self._end = _End(self)
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                await loop.create_connection(lambda: end, self._host, self._port, ssl=self._tls())
                await end.joined
            self._up.set()
            await end.lost
        finally:
            self._up.clear()
            end.abort()


class _End(asyncio.Protocol):
    """One connection to the balancer; the Sink of the requests that came over it."""

    __slots__ = (
        "_arrived_at",
        "_handshake",
        "_heard_at",
        "_held",
        "_left",
        "_link",
        "_loop",
        "_out",
        "_proof_sent",
        "_queue",
        "_timer",
        "_transport",
        "_unpacker",
        "_working",
        "joined",
        "lost",
    )

    def __init__(self, link: RaterLink) -> None:
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._handshake = RaterHandshake(link.secret, link.name, envelope.new_nonce())
        self._unpacker = envelope.handshake_unpacker()
        self._transport: Any = None
        self._timer: asyncio.TimerHandle | None = None
        self._out: list[Any] = []
        self._held = 0
        self._queue: deque[tuple[float, Iterator[Any]]] = deque()
        self._arrived_at = 0.0
        self._working = False
        self._left = False
        self._proof_sent = False
        self._heard_at = 0.0
        self.joined: asyncio.Future[None] = self._loop.create_future()
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the balancer's hello."""
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the link; answers to come go nowhere, and what was not begun the balancer sends elsewhere."""
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
        if not self.joined.done():
            self.joined.set_exception(
                ConnectionError("the balancer hung up in the handshake; is the secret the same?")
            )
        if not self.lost.done():
            self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Submit the requests in ``data``."""
        now = self._loop.time()
        if self.joined.done() and now - self._heard_at > SILENCE_S:
            # A stopped process wakes to what was sent to it long ago, and was done by another meanwhile.
            log.warning(
                "this rater was stopped for %.1f s: what waits for it went elsewhere", now - self._heard_at
            )
            self._queue.clear()
            self._transport.abort()
            return
        self._heard_at = now
        try:
            self._unpacker.feed(data)
            for message in list(self._unpacker):
                if self.joined.done() and type(message) is list:
                    self._enqueue(message)
                else:
                    self._take(message)
        except (EnvelopeError, ValueError, msgpack.UnpackException) as error:
            self._break(error)
        if self._queue and not self._working:
            self._work()

    def _enqueue(self, items: list[Any]) -> None:
        count, rest = divmod(len(items), 3)
        if rest:
            raise EnvelopeError("requests come in threes")
        self._held += count
        self._queue.append((self._heard_at, iter(items)))

    def _break(self, error: Exception) -> None:
        """Hang up on a balancer that broke the protocol. Another link is made, and it sends again."""
        self._queue.clear()
        if not self.joined.done():
            self.joined.set_exception(EnvelopeError(str(error)))
        log.warning("the balancer broke the protocol: %s", error)
        self._transport.abort()

    def _work(self) -> None:
        """Submit what waits, for WORK_S at most; the rest when heartbeats and others had their turn."""
        self._working = False  # unless it comes to the end: nothing that fails here keeps us from going on
        submit = self._link.dispatcher.submit
        until = self._loop.time() + WORK_S
        queue = self._queue
        while queue:
            self._arrived_at, items = queue[0]
            for seq, method, descriptor in zip(items, items, items, strict=True):
                if (
                    type(seq) is not int
                    or type(method) is not int
                    or method not in _ASKED
                    or type(descriptor) is not bytes
                ):
                    self._break(EnvelopeError("a request has a whole number, a method of a rater and bytes"))
                    return
                if method in _QUOTES and self._transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
                    self.answer(seq, Status.REFUSED, _UNSENT)
                else:
                    submit(self, seq, method, descriptor)
                if self._loop.time() > until:
                    self._working = True
                    self._loop.call_soon(self._work)
                    return
            queue.popleft()

    def answer(self, token: object, status: int, body: bytes) -> None:
        """Take the answer to the request with the seq ``token`` (Sink)."""
        out = self._out
        if not out:
            self._loop.call_soon(self._flush)
        if len(body) > ANSWER_BYTES_MAX:
            status, body = Status.REFUSED, _TOO_LONG
        out += (token, status, body)

    def request_id(self, token: object) -> str:
        """Name the request for ever (Sink)."""
        if self._loop.time() - self._arrived_at > SILENCE_S:
            raise StaleRequestError
        return envelope.identity(self._handshake.incarnation, token)

    def leave(self) -> None:
        """Ask the balancer to send nothing more."""
        self._transport.write(envelope.pack(envelope.LEAVE))

    def abort(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()
        if self.joined.done() and not self.joined.cancelled():  # cancelled: the balancer took too long
            self.joined.exception()  # taken note of, also when nobody waits for it any more

    def _take(self, message: object) -> None:
        if not self._proof_sent:
            self._transport.write(self._handshake.answer(message))
            self._proof_sent = True
        elif not self.joined.done():
            self._handshake.check(message)
            self._unpacker = envelope.stream_unpacker()
            self._beat()
            self.joined.set_result(None)
        elif message == envelope.LEFT:
            self._left = True
            self._close_if_done()
        else:
            raise EnvelopeError("a message that does not belong here")

    def _flush(self) -> None:
        out = self._out
        self._held -= len(out) // 3
        if not self._transport.is_closing():
            self._transport.write(envelope.pack_items(out))
        out.clear()
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self._left and not self._held:
            self._transport.close()

    def _beat(self) -> None:
        now = self._loop.time()
        if now - self._heard_at > SILENCE_S:
            log.warning("the balancer is silent")
            self._transport.abort()
            return
        self._transport.write(envelope.pack(self._link.stats()))
        self._timer = self._loop.call_later(HEARTBEAT_S, self._beat)
