"""A link that waits for replicas: what is answered survives the loss of the master.

With ``replicas`` of 1 or more, every write to the connection that holds a change ends with ``WAIT``, and none
of its replies is delivered before so many replicas have what it did, and all that the server did before it.
Too few in time, and the outcome is unknown, as if the connection had broken: asked again under the same
request ids, the store tells what came of it.

What this gives: a replica that had acknowledged, and is promoted, has every change that was answered. What it
does not: one that had not acknowledged may be promoted all the same (of two replicas, ask for both); and who
reads meanwhile may see a change that is lost later. A replica acknowledges what it has in memory: ``WAITAOF``
would wait for its disk, too, but of that replicas tell only once a second.
"""

import asyncio
from functools import partial
from typing import Any

from storage.link import Counters, Deliver, Link, pack
from storage.store import StoreUnavailableError

PAUSE_S = 0.2
"""For so long nothing is tried after replicas were missing; then one change is, for ``PROBE_S``."""
PROBE_S = 0.05
"""Reads wait behind every change that waits: without replicas a fifth of the time, never longer."""

_WRITE = b"FCALL\r\n"
"""Changes are made by functions and by nothing else."""
_WRITE_WITHIN = 20


class _Turn:
    """The calls of one write to the connection: their replies wait for each other if one is a change."""

    __slots__ = ("held", "writes")

    def __init__(self) -> None:
        self.writes = False
        self.held: list[tuple[Deliver, Any]] = []


class AckedLink(Link):
    """A Link whose changes are acknowledged by ``replicas`` others within ``wait_s``."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        counters: Counters,
        outstanding_max: int,
        replicas: int,
        wait_s: float,
    ) -> None:
        super().__init__(loop, counters, outstanding_max)
        self._replicas = replicas
        self._wait = pack("WAIT", replicas, int(wait_s * 1000))
        self._probe = pack("WAIT", replicas, int(min(wait_s, PROBE_S) * 1000))
        self._missing = ""
        self._pause_until_s = 0.0
        self._turn = _Turn()

    def post(self, packed: bytes, deliver: Deliver) -> None:
        """Send one packed command with the others of this turn; see ``Link.post``.

        A change is refused unsent for a moment after replicas were missing, so that reads go on.
        """
        writes = _WRITE in packed[:_WRITE_WITHIN]
        if writes and self._missing and self._loop.time() < self._pause_until_s:
            raise StoreUnavailableError(self._missing)
        super().post(packed, partial(self._hold, self._turn, deliver))
        if writes:
            self._turn.writes = True

    def abort(self, reason: str) -> None:
        """End the connection at once; see ``Link.abort``."""
        turn, self._turn = self._turn, _Turn()
        super().abort(reason)
        self._release(turn, StoreUnavailableError(reason))  # what was not sent yet has no WAIT to fail

    def _flush(self) -> None:
        turn, self._turn = self._turn, _Turn()
        if turn.writes and self._unsent:
            self._unsent.append(self._probe if self._missing else self._wait)
            self._expect(partial(self._release, turn))
        super()._flush()

    def _hold(self, turn: _Turn, deliver: Deliver, reply: Any) -> None:
        if turn.writes:
            turn.held.append((deliver, reply))
        else:
            deliver(reply)

    def _release(self, turn: _Turn, reply: Any) -> None:
        """Deliver what waited for the replicas."""
        if isinstance(reply, StoreUnavailableError):
            failure = reply
        elif isinstance(reply, int) and reply >= self._replicas:
            self._missing = ""
            for deliver, held in turn.held:
                deliver(held)
            return
        else:
            text = f"{reply} of {self._replicas} replicas acknowledged" if isinstance(reply, int) else reply
            self._missing = f"the store's replicas are missing: {text}"
            self._pause_until_s = self._loop.time() + PAUSE_S
            failure = StoreUnavailableError(self._missing)
        for deliver, _ in turn.held:
            deliver(failure)
