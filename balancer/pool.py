"""Decides which rater gets which request, and what becomes of those a rater leaves behind. No I/O, no clock.

Every decision is one synchronous call, so nothing can split it. What is to be sent waits in ``Rater.outbox``
until the shell takes it after ``collect``; ``wake`` tells the shell that there is something to collect.

Invariants (the tests hold the pool to them after every step):

1. A submitted request is answered exactly once, whatever raters do.
2. A request has one seq for its life. It is held by one rater, or it waits; never both.
3. Nothing waits while a rater is ready.
4. Requests in flight, and abandoned ones that a rater still owes: together ``<= in_flight_max``. Heavy
   descriptors in flight: ``<= HEAVY_MAX``. No request is sent more than ``1 + RESENDS_MAX`` times.
5. A request is answered at the latest at the first ``tick`` that is REQUEST_S after its turn.
"""

import hashlib
import math
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, Final

import msgspec

from balancer.tally import Tally
from protocol.dispatch import Dispatcher, Sink, Status
from protocol.envelope import EnvelopeError
from protocol.errors import Code
from protocol.limits import (
    HEAVY_BYTES,
    HEAVY_MAX,
    IN_FLIGHT_MAX,
    REQUEST_S,
    RESENDS_MAX,
    ROUTE_CHARS_MAX,
    ROUTES_MAX,
    SPILL,
    WAIT_S,
)
from protocol.methods import HOST_METHODS, Method

READS: Final = frozenset(
    {
        Method.GET_COST,
        Method.GET_MAX_SESSION_TIME,
        Method.GET_ACCOUNT,
        Method.METERING_AUTHORIZE,
        Method.EXPLAIN,
    }
)
"""Methods that change nothing. They may leave their preferred rater: accounts are fenced by versions."""

OVERLOADED: Final = f"{Code.OVERLOADED}: too many requests are in flight; nothing was tried".encode()
"""What one request too many is told, by whoever bounds them."""
_NO_RATER: Final = f"{Code.NO_RATER}: no rater was up within {WAIT_S:g} s; nothing was tried".encode()
_LOST: Final = (
    f"{Code.NO_RATER}: the rater was lost and no other was up within {WAIT_S:g} s; "
    "a repeat with the same RequestId is safe"
).encode()
_LATE: Final = (
    f"{Code.STORE_UNAVAILABLE}: no answer within {REQUEST_S:g} s; a repeat with the same RequestId is safe"
).encode()
_FATAL: Final = (
    f"{Code.INTERNAL}: {RESENDS_MAX + 1} raters were lost over this request; "
    "a repeat with the same RequestId is safe"
).encode()


class RouteKey(msgspec.Struct, frozen=True, gc=False):
    """What a request is routed by: its account. Only a hint, so any mistake costs speed and nothing else."""

    customer: str = msgspec.field(default="", name="CstmId")
    subject: str = msgspec.field(default="", name="Subject")


_NO_KEY: Final = RouteKey()
_NO_TEXT: Final = msgspec.Raw(b'""')
_decode_key = msgspec.json.Decoder(RouteKey).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


_decode_text = msgspec.json.Decoder(str).decode


def _key_of(descriptor: bytes) -> RouteKey:
    """Read the key, also of a descriptor whose members are not spelled as usual; no key if there is none."""
    try:
        key = _decode_key(descriptor)
        if key.subject:
            return key
        members = {name.lower(): raw for name, raw in _decode_members(descriptor).items()}
        customer, subject = (members.get(name, _NO_TEXT) for name in ("cstmid", "subject"))
        return RouteKey(_decode_text(customer), _decode_text(subject))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _NO_KEY  # whichever rater gets it will say what is wrong with it


class Turn:
    """One turn of the event loop; what was submitted in it shares its time, set when it is collected."""

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at = math.inf


class Rater:
    """A rater as the pool sees it."""

    __slots__ = ("abandoned", "collected", "counters", "name", "outbox", "outstanding")

    def __init__(self, name: str) -> None:
        self.name = name
        self.outstanding = 0
        """Requests sent to it and not answered by it."""
        self.outbox: list[Any] = []
        """Flat: seq, method, descriptor, …"""
        self.collected = True
        """Its outbox was taken; false while it stands in the list of those to be collected."""
        self.abandoned = 0
        """Of these, the ones that nobody waits for any more."""
        self.counters: dict[str, int] = {}
        """From its last heartbeat."""


class Flight(msgspec.Struct, gc=False):
    """A request that is not answered yet."""

    sink: Any
    token: Any
    method: int
    descriptor: bytes
    rater: Any
    turn: Turn
    resends: int = 0


class Pool:
    """The raters and the requests in flight. Takes requests as a Dispatcher.

    ``host`` answers the methods that this process answers itself. ``wake`` is called when there is something
    to collect, once until it is collected.
    """

    __slots__ = (
        "_dirty",
        "_heavy",
        "_host",
        "_idlest",
        "_in_flight",
        "_room",
        "_routes",
        "_seq",
        "_turn",
        "_waiting",
        "_wake",
        "raters",
        "resent",
        "tally",
    )

    def __init__(
        self, host: Dispatcher, wake: Callable[[], None], in_flight_max: int = IN_FLIGHT_MAX
    ) -> None:
        self._host = host
        self._wake = wake
        self._room = in_flight_max  # less what was abandoned and is still on some rater's table
        self._in_flight: dict[int, Flight] = {}  # by seq, hence oldest first
        self._waiting: dict[int, Turn] = {}  # seq → since when
        self._heavy: set[int] = set()
        self._routes: dict[RouteKey, Rater] = {}
        self._dirty: list[Rater] = []
        self._turn = Turn()
        self._seq = 0
        self._idlest = Rater("")  # as of the last turn; meant only while there is a rater
        self.raters: list[Rater] = []
        """Those that take requests."""
        self.tally = Tally()
        self.resent = 0

    @property
    def in_flight(self) -> int:
        """Requests not answered yet, waiting ones included."""
        return len(self._in_flight)

    @property
    def waiting(self) -> int:
        """Requests that no rater holds."""
        return len(self._waiting)

    @property
    def heavy(self) -> int:
        """Heavy descriptors among those in flight."""
        return len(self._heavy)

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Take one request: it goes to a rater, or waits for one, or is refused as one too many."""
        if method in HOST_METHODS:
            self._host.submit(sink, token, method, descriptor)
            return
        in_flight = self._in_flight
        if len(in_flight) >= self._room:
            self._refuse(sink, token, method, OVERLOADED)
            return
        try:
            key = _decode_key(descriptor)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            key = _NO_KEY
        heavy = len(descriptor) > HEAVY_BYTES
        if heavy and len(self._heavy) >= HEAVY_MAX:
            self._refuse(sink, token, method, OVERLOADED)
            return
        rater = self._routes.get(key)
        if rater is None:
            rater = self._choose(key if key.subject else _key_of(descriptor))
        if rater is not None and rater.outstanding - self._idlest.outstanding > SPILL and method in READS:
            rater = self._idlest
        self._seq = seq = self._seq + 1
        in_flight[seq] = Flight(sink, token, method, descriptor, rater, self._turn)
        if heavy:
            self._heavy.add(seq)
        if rater is None:
            self._waiting[seq] = self._turn
            return
        rater.outstanding += 1
        rater.outbox += (seq, method, descriptor)
        if rater.collected:
            self._mark(rater)

    def answered(self, rater: Rater, items: list[Any], now: float) -> None:
        """Pass on the answers ``seq, status, body, …`` of ``rater``; drop those that nobody waits for.

        Raises EnvelopeError at the first that is no answer, or answers what another rater has. Those before
        it were passed on; the rater is to be lost then, so that others get the rest.
        """
        count, rest = divmod(len(items), 3)
        if rest:
            raise EnvelopeError("answers come in threes")
        pop = self._in_flight.pop
        served = self.tally.served
        oldest = now
        each = iter(items)
        for seq, status, body in zip(each, each, each, strict=True):
            if type(seq) is not int or type(body) is not bytes:
                self._heavy &= self._in_flight.keys()
                raise EnvelopeError("an answer has a whole number as its seq and bytes as its body")
            flight = pop(seq, None)
            if flight is None:
                self._forgive(rater, 1)
                continue
            if flight.rater is not rater:
                self._put_back(seq, flight)
                raise EnvelopeError("an answer to a request that this rater does not have")
            if status:
                self.tally.refused(flight.method, body)
            else:
                served[flight.method] += 1
            if oldest == now:
                oldest = flight.turn.at
            flight.sink.answer(flight.token, status, body)
        if self._heavy:
            self._heavy.difference_update(items[::3])
        rater.outstanding -= count
        if rater.outstanding < self._idlest.outstanding and rater in self.raters:
            self._idlest = rater
        self.tally.took(now - oldest, count)

    def join(self, name: str) -> Rater:
        """Take a rater in. It gets what waits."""
        rater = Rater(name)
        self.raters.append(rater)
        self._routes.clear()
        self._idlest = rater
        waiting, self._waiting = self._waiting, {}
        for seq in waiting:
            self._assign(seq, self._in_flight[seq])
        return rater

    def retire(self, rater: Rater) -> None:
        """Send nothing more to a rater that wants to leave. It answers what it has."""
        if rater in self.raters:
            self.raters.remove(rater)
            self._routes.clear()
            self._find_idlest()

    def lose(self, rater: Rater) -> None:
        """Give up on a rater: what it has not answered goes to others, under the same seq.

        What was not sent to it yet is no resend: a host that dies with all its raters loses them in one turn.
        """
        self.retire(rater)
        unsent = frozenset(rater.outbox[::3])
        rater.outbox.clear()
        self._forgive(rater, rater.abandoned)
        held = [(seq, flight) for seq, flight in self._in_flight.items() if flight.rater is rater]
        for seq, flight in held:
            if seq not in unsent:
                if flight.resends >= RESENDS_MAX:
                    self._end(seq, _FATAL)
                    continue
                flight.resends += 1
                self.resent += 1
            self._assign(seq, flight)

    def collect(self, now: float) -> list[Rater]:
        """End the turn: return the raters with something in their outbox. The shell sends and clears it."""
        self._turn.at = now
        self._turn = Turn()
        dirty, self._dirty = self._dirty, []
        for rater in dirty:
            rater.collected = True
        self._find_idlest()
        return [rater for rater in dirty if rater.outbox]

    def tick(self, now: float) -> None:
        """Answer what has waited or been out for too long."""
        if self._turn.at == math.inf:
            self._turn.at = now
            self._turn = Turn()
        for seq in self._expired(((seq, turn.at) for seq, turn in self._waiting.items()), now - WAIT_S):
            self._end(seq, _LOST if self._in_flight[seq].resends else _NO_RATER)
        ages = ((seq, flight.turn.at) for seq, flight in self._in_flight.items())
        for seq in self._expired(ages, now - REQUEST_S):
            rater = self._in_flight[seq].rater
            if rater is not None:
                rater.abandoned += 1
                self._room -= 1
            self._end(seq, _LOST if rater is None else _LATE)

    @staticmethod
    def _expired(ages: Iterable[tuple[int, float]], before: float) -> list[int]:
        expired: list[int] = []
        for seq, at in ages:
            if at > before:
                break  # they stand in the order of their age
            expired.append(seq)
        return expired

    def _assign(self, seq: int, flight: Flight) -> None:
        rater = self._choose(_key_of(flight.descriptor))
        flight.rater = rater
        if rater is None:
            self._waiting[seq] = self._turn
            return
        rater.outstanding += 1
        rater.outbox += (seq, flight.method, flight.descriptor)
        if rater.collected:
            self._mark(rater)

    def _choose(self, key: RouteKey) -> Rater | None:
        preferred = self._routes.get(key)
        if preferred is None and self.raters:
            preferred = max(self.raters, key=lambda rater: _weight(rater.name, key))
            if len(key.customer) + len(key.subject) <= ROUTE_CHARS_MAX:
                if len(self._routes) >= ROUTES_MAX:
                    self._routes.clear()
                self._routes[key] = preferred
        return preferred

    def _find_idlest(self) -> None:
        if self.raters:
            self._idlest = min(self.raters, key=lambda rater: rater.outstanding)

    def _forgive(self, rater: Rater, count: int) -> None:
        count = min(count, rater.abandoned)
        rater.abandoned -= count
        self._room += count

    def _put_back(self, seq: int, flight: Flight) -> None:
        """Have a request in flight again, in its place: the oldest stands first."""
        self._in_flight[seq] = flight
        self._in_flight = dict(sorted(self._in_flight.items(), key=itemgetter(0)))
        self._heavy &= self._in_flight.keys()

    def _mark(self, rater: Rater) -> None:
        rater.collected = False
        if not self._dirty:
            self._wake()
        self._dirty.append(rater)

    def _end(self, seq: int, body: bytes) -> None:
        flight = self._in_flight.pop(seq)
        self._waiting.pop(seq, None)
        self._heavy.discard(seq)
        self._refuse(flight.sink, flight.token, flight.method, body)

    def _refuse(self, sink: Sink, token: object, method: int, body: bytes) -> None:
        self.tally.refused(method, body)
        sink.answer(token, Status.REFUSED, body)


def _weight(name: str, key: RouteKey) -> bytes:
    """Rendezvous hashing: the rater with the greatest weight has the key; a change moves no other keys."""
    text = f"{name}\0{key.customer}\0{key.subject}".encode(errors="replace")
    return hashlib.blake2b(text, digest_size=8).digest()
