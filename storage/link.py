"""The fast way to a Redis or Valkey server: one connection, all calls of an event-loop turn in one write.

``redis.asyncio`` spends 15–25 µs on a pipelined command, most of a debit's budget. This speaks the same
protocol (RESP3, read by hiredis in C) and does only what a commit needs: pack, one write, answers in order.
``redis.asyncio`` serves everything that is not hot, and reads the URL.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import hiredis

from storage.store import StoreUnavailableError

_MISSING = object()


@dataclass(slots=True)
class Counters:
    """What a connection did since it was made."""

    round_trips: int = 0
    commands: int = 0
    conflicts: int = 0
    reconnects: int = 0


Deliver = Callable[[Any], None]
"""Takes a reply, or the StoreUnavailableError of a link that ended."""


class Link(asyncio.Protocol):
    """One connection while it lasts. A call that has no answer when it ends fails."""

    def __init__(self, loop: asyncio.AbstractEventLoop, counters: Counters, outstanding_max: int) -> None:
        self.in_cluster = False
        """The server is a node of a Valkey Cluster."""
        self.host = ""
        self.lost: asyncio.Future[str] = loop.create_future()
        self.on_push: Callable[[list[Any]], None] = _ignore
        self.on_lost: Callable[[str], None] = _ignore
        self._loop = loop
        self._counters = counters
        self._outstanding_max = outstanding_max
        self._reader = hiredis.Reader(notEnoughData=_MISSING)
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        self._turn_s = 0.0
        self._waiting: deque[tuple[Deliver, float]] = deque()

    def post(self, packed: bytes, deliver: Deliver) -> None:
        """Send one packed command with the others of this turn; ``deliver`` gets its reply.

        An error reply is a ``hiredis.ReplyError``; a link that ends delivers a StoreUnavailableError. Raises
        StoreUnavailableError if nothing can be sent.
        """
        if self.lost.done():
            raise StoreUnavailableError(self.lost.result())
        if len(self._waiting) >= self._outstanding_max:
            raise StoreUnavailableError(f"{self._outstanding_max} calls wait for the store already")
        if not self._unsent:
            self._turn_s = self._loop.time()
            self._loop.call_soon(self._flush)
        self._unsent.append(packed)
        self._waiting.append((deliver, self._turn_s))

    def send(self, packed: bytes) -> asyncio.Future[Any]:
        """Post a command and give its reply as a future."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self.post(packed, partial(_settle, future))
        return future

    def abort(self, reason: str) -> None:
        """End the connection at once; every waiting call fails with ``reason``."""
        if self.lost.done():
            return
        self.lost.set_result(reason)
        self.on_lost(reason)
        self._unsent.clear()
        if self._transport is not None:
            self._transport.abort()
        waiting, self._waiting = self._waiting, deque()
        for deliver, _ in waiting:
            deliver(StoreUnavailableError(reason))

    def sweep(self, deadline_s: float) -> None:
        """Abort if the oldest call waits longer than ``deadline_s``: answers come in order, so all wait."""
        if self._waiting and self._loop.time() - self._waiting[0][1] > deadline_s:
            self.abort(f"the store did not answer within {deadline_s:g} s")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (asyncio calls this)."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what waits (asyncio calls this)."""
        self.abort(f"connection to the store lost: {exc or 'closed by the store'}")

    def data_received(self, data: bytes) -> None:
        """Hand each reply to its call, in order (asyncio calls this)."""
        gets = self._reader.gets
        try:
            self._reader.feed(data)
            while (reply := gets()) is not _MISSING:
                if type(reply) is hiredis.PushNotification:
                    self.on_push(reply)
                    continue
                deliver, _ = self._waiting.popleft()
                deliver(reply)
        except (hiredis.ProtocolError, IndexError) as error:
            self.abort(f"the store does not speak RESP3: {error}")

    def _expect(self, deliver: Deliver) -> None:
        """Wait for the reply to a command that is sent without a call."""
        self._waiting.append((deliver, self._turn_s))

    def _flush(self) -> None:
        if self._transport is None or not self._unsent:
            return
        self._counters.round_trips += 1
        self._counters.commands += len(self._unsent)
        self._transport.write(b"".join(self._unsent))
        self._unsent.clear()


def pack(*command: str | bytes | int) -> bytes:
    """Write one command in the protocol of the store."""
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # -- its stub says one element
    return packed


def _settle(future: asyncio.Future[Any], reply: Any) -> None:
    if future.done():  # who asked has given up
        return
    if isinstance(reply, StoreUnavailableError):
        future.set_exception(reply)
    else:
        future.set_result(reply)


def _ignore(_news: object) -> None:
    """What happens before a listener is set concerns nobody."""
