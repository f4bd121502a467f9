"""The listener that raters register with: proves who they are, feeds them, hears that they live.

The bytes are those of ``protocol.envelope``. A rater joins the pool with its first heartbeat, so both ends
have proved themselves before the first request goes out.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Any

import msgpack  # type: ignore[import-untyped]  # -- msgpack ships no types

from balancer.pool import Pool, Rater
from balancer.seldom import Seldom
from protocol import envelope
from protocol.envelope import BalancerHandshake, EnvelopeError
from protocol.limits import HANDSHAKE_S, RATERS_MAX, SILENCE_S

log = logging.getLogger(__name__)


class RaterListener:
    """Listens for raters and moves requests and answers between them and ``pool``.

    ``on_join`` is called whenever a rater has joined. With ``tls``, raters speak TLS.
    """

    def __init__(
        self,
        pool: Pool,
        secret: bytes,
        incarnation: str,
        on_join: Callable[[], None] = lambda: None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if not secret:
            raise ValueError("an empty secret proves nothing")
        self.pool = pool
        self.secret = secret
        self.incarnation = incarnation
        self.on_join = on_join
        self._tls = tls
        self.links: dict[_Link, None] = {}  # in the order in which they came
        self.by_rater: dict[Rater, _Link] = {}
        self.loop = asyncio.get_running_loop()
        self.unproved = Seldom(log.warning, self.loop.time)
        """Takes a line for each peer that is let go before it proved who it is."""
        self._listener: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> int:
        """Bind and accept; return the bound port. Raises OSError."""
        self._listener = await self.loop.create_server(
            lambda: _Link(self),
            host,
            port,
            backlog=RATERS_MAX,
            ssl=self._tls,
            ssl_handshake_timeout=HANDSHAKE_S if self._tls else None,
        )
        bound: int = self._listener.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Accept no more and close every link."""
        if self._listener is not None:
            self._listener.close()
        for link in list(self.links):
            link.abort()
        if self._listener is not None:
            await self._listener.wait_closed()

    def flush(self) -> None:
        """Send what the pool decided in this turn: one write per rater."""
        for rater in self.pool.collect(self.loop.time()):
            link = self.by_rater.get(rater)
            if link is not None:
                link.send(rater)

    def room(self) -> bool:
        """Tell whether there is room for one more link; the oldest stranger has to make it.

        A rater proves itself within milliseconds, so strangers cannot keep it out by holding connections.
        """
        if len(self.links) >= RATERS_MAX:
            oldest = next((link for link in self.links if not link.proved), None)
            if oldest is None:
                return False
            del self.links[oldest]
            oldest.drop(f"is the oldest of {RATERS_MAX} that have yet to prove themselves")
        return True

    def drop_silent(self) -> None:
        """Drop the links whose peer is silent, or does not finish the handshake."""
        now = self.loop.time()
        for link in list(self.links):
            if now - link.heard_at > (SILENCE_S if link.rater else HANDSHAKE_S):
                link.drop("is silent")
        self.unproved.tell()


class _Link(asyncio.Protocol):
    """One connection of a rater: in the handshake, then in the pool."""

    __slots__ = ("_handshake", "_listener", "_transport", "_unpacker", "heard_at", "name", "proved", "rater")

    def __init__(self, listener: RaterListener) -> None:
        self._listener = listener
        self._handshake = BalancerHandshake(listener.secret, listener.incarnation, envelope.new_nonce())
        self._unpacker = envelope.handshake_unpacker()
        self._transport: Any = None
        self.proved = False
        self.name = "(unproved)"
        self.rater: Rater | None = None
        self.heard_at = listener.loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello, or hang up when there are too many."""
        self._transport = transport
        if not self._listener.room():
            self.drop(f"is one more than {RATERS_MAX}")
            return
        self._listener.links[self] = None
        self._transport.write(self._handshake.hello)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give what the rater had to others."""
        self._listener.links.pop(self, None)
        if self.rater is not None:
            log.info("rater %s is gone", self.name)
            self._listener.by_rater.pop(self.rater, None)
            self._listener.pool.lose(self.rater)

    def data_received(self, data: bytes) -> None:
        """Take the rater's messages; hang up on one that breaks the protocol."""
        now = self._listener.loop.time()
        try:
            self._unpacker.feed(data)
            for message in list(self._unpacker):
                if self.rater is not None and type(message) is list:
                    self._listener.pool.answered(self.rater, message, now)
                else:
                    self._take(message)
        except (EnvelopeError, ValueError, msgpack.UnpackException) as error:
            self.drop(f"broke the protocol: {error}")
            return
        if self.proved:
            self.heard_at = now  # an unproved peer has HANDSHAKE_S for all of it

    def send(self, rater: Rater) -> None:
        """Send what is in the outbox."""
        self._transport.write(envelope.pack_items(rater.outbox))
        rater.outbox.clear()

    def drop(self, why: str) -> None:
        """Hang up and tell why."""
        line = f"rater {self.name} {why}"
        if self.proved:
            log.warning(line)
        else:
            self._listener.unproved.note(line)
        self.abort()

    def abort(self) -> None:
        """Hang up; what the rater had is given to others in ``connection_lost``."""
        self._transport.abort()

    def _take(self, message: object) -> None:
        pool = self._listener.pool
        if not self.proved:
            welcome = self._handshake.check(message)
            self.name = self._handshake.name
            self.proved = True
            self._unpacker = envelope.stream_unpacker()
            self._transport.write(welcome)
        elif isinstance(message, dict):
            counters = envelope.counters_of(message)
            if self.rater is None:
                log.info("rater %s is up", self.name)
                self.rater = pool.join(self.name)
                self._listener.by_rater[self.rater] = self
                self._listener.on_join()
            self.rater.counters = counters
            self._transport.write(envelope.ALIVE)
        elif message == envelope.LEAVE and self.rater is not None:
            pool.retire(self.rater)
            self.send(self.rater)
            self._transport.write(envelope.pack(envelope.LEFT))
        else:
            raise EnvelopeError("a message that does not belong here")
