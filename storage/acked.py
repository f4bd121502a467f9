"""A link that waits for replicas: what is answered survives the loss of the master.

With ``replicas`` of 1 or more, every write to the connection that holds a change is followed by ``WAIT``, and
none of its replies is delivered before so many replicas have what it did, and all that the server did before.
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

PROBE_S = 0.05
"""For so long a change is tried after replicas were missing, and for twice as long each time in vain …"""
PROBE_S_MAX = 0.25
"""… up to this: one round trip to the other side of the Earth."""
PAUSES = 4
"""For so many times as long nothing is tried before. Reads wait behind every change that waits: without
replicas a fifth of the time, never longer."""

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
    """A Link whose changes are acknowledged by ``replicas`` others within ``wait_s``.

    One ``WAIT`` is under way at a time, because the server does nothing else on the connection meanwhile:
    what is sent behind it is waited for together by the next one.
    """

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
        self._wait_s = wait_s
        self._probe_s = 0.0
        self._missing = ""
        self._pause_until_s = 0.0
        self._turn = _Turn()
        self._sent: list[_Turn] = []
        self._asked = False

    def post(self, packed: bytes, deliver: Deliver) -> None:
        """Send one packed command with the others of this turn; see ``Link.post``.

        After replicas were missing, a change is refused unsent for a moment, and then while another is tried:
        so that reads go on.
        """
        writes = _WRITE in packed[:_WRITE_WITHIN]
        if writes and self._missing and (self._asked or self._loop.time() < self._pause_until_s):
            raise StoreUnavailableError(self._missing)
        super().post(packed, partial(self._hold, self._turn, deliver))
        if writes:
            self._turn.writes = True

    def abort(self, reason: str) -> None:
        """End the connection at once; see ``Link.abort``."""
        turns, self._turn, self._sent = [*self._sent, self._turn], _Turn(), []
        super().abort(reason)
        self._deliver(turns, StoreUnavailableError(reason))  # these have no WAIT yet that could fail

    def _flush(self) -> None:
        turn, self._turn = self._turn, _Turn()
        if turn.writes and self._unsent:
            self._sent.append(turn)
        if self._sent and not self._asked:
            self._ask()
        super()._flush()

    def _ask(self) -> None:
        """Wait for the replicas to have what was sent so far."""
        turns, self._sent = self._sent, []
        wait_s = self._probe_s if self._missing else self._wait_s
        self._unsent.append(pack("WAIT", self._replicas, int(wait_s * 1000)))
        self._expect(partial(self._answered, turns))
        self._asked = True

    def _hold(self, turn: _Turn, deliver: Deliver, reply: Any) -> None:
        if turn.writes:
            turn.held.append((deliver, reply))
        else:
            deliver(reply)

    def _answered(self, turns: list[_Turn], reply: Any) -> None:
        """Deliver what waited for the replicas, and wait for them again if more was sent meanwhile."""
        self._asked = False
        failure: StoreUnavailableError | None = None
        if isinstance(reply, StoreUnavailableError):
            failure = reply
        elif isinstance(reply, int) and reply >= self._replicas:
            self._missing = ""
        else:
            failure = self._miss(reply)
        if self._sent and not self._unsent:  # else the turn that is not over yet asks
            self._turn_s = self._loop.time()
            self._ask()
            super()._flush()
        self._deliver(turns, failure)

    def _miss(self, reply: Any) -> StoreUnavailableError:
        """Note that too few replicas acknowledged."""
        text = f"{reply} of {self._replicas} replicas acknowledged" if isinstance(reply, int) else reply
        longer_s = 2 * self._probe_s if self._missing else PROBE_S
        self._probe_s = min(longer_s, PROBE_S_MAX, self._wait_s)
        self._pause_until_s = self._loop.time() + PAUSES * self._probe_s
        self._missing = f"the store's replicas are missing: {text}"
        return StoreUnavailableError(self._missing)

    @staticmethod
    def _deliver(turns: list[_Turn], failure: StoreUnavailableError | None) -> None:
        for turn in turns:
            for deliver, reply in turn.held:
                deliver(reply if failure is None else failure)
