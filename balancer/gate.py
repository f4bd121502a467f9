"""Stands between callers and the dispatcher: who shows no key, or one without the right, gets no further.

While the keyring is open nothing stands between them: requests go straight to the dispatcher. Likewise those
of a key for all tenants that may charge and has no limits, because there is nothing to ask.
"""

import time
from collections.abc import Callable
from typing import Final

from balancer.pool import OVERLOADED
from protocol.access import ANY_TENANT, FRONT_ID, Bucket, Grant, Keyring, Right, right_needed, tells_of_all
from protocol.descriptor import DescriptorError, decode
from protocol.dispatch import Dispatcher, Sink, Status
from protocol.errors import Code
from protocol.methods import NAMES, Method

Submit = Callable[[Sink, object, int, bytes], None]
"""``Dispatcher.submit``, or what stands before it."""


class Gate:
    """Gives out entrances to ``dispatcher``, one per key.

    ``absent`` answers what a key's tenant asks about other customers, as if there were neither tariffs nor
    accounts: so the answer cannot depend on them. ``on_refusal`` hears of every request refused here.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        absent: Dispatcher,
        keyring: Keyring | None = None,
        on_refusal: Callable[[int, bytes], None] = lambda method, body: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.dispatcher = dispatcher
        self.absent = absent
        self.keyring = keyring or Keyring()
        self.on_refusal = on_refusal
        self.clock = clock
        self._entrances: dict[str, _Entrance] = {}

    def entrance(self, key_id: str) -> Submit | None:
        """Tell where requests of this key go now; None if they are to be refused for want of a key.

        An empty id stands for no key. Asked again after every change of the keyring.
        """
        if not key_id or key_id == FRONT_ID:
            return self.dispatcher.submit if self.keyring.open else None
        grant = self.keyring.get(key_id)
        if grant is None:
            self._entrances.pop(key_id, None)
            return None
        if grant.tenant == ANY_TENANT and grant.right >= Right.ADMIN and not (grant.rate or grant.in_flight):
            return self.dispatcher.submit
        entrance = self._entrances.get(key_id)
        if entrance is None or entrance.grant != grant:
            entrance = self._entrances[key_id] = _Entrance(self, grant)
        return entrance.submit


class _Entrance:
    """Where the requests of one key go, over all its connections."""

    __slots__ = ("_bucket", "_gate", "_in_flight", "_tenant", "grant")

    def __init__(self, gate: Gate, grant: Grant) -> None:
        self.grant: Final = grant
        self._gate = gate
        self._tenant = None if grant.tenant == ANY_TENANT else grant.tenant
        self._bucket = Bucket(grant.rate, gate.clock) if grant.rate else None
        self._in_flight = 0

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Take one request: pass it on if the key allows it, else refuse it at once."""
        grant, gate = self.grant, self._gate
        dispatcher = gate.dispatcher
        if grant.right < right_needed(method):
            sentence = f"the key has not the right to {NAMES[Method(method)]}"
            return self._refuse(sink, token, method, Code.FORBIDDEN, sentence)
        if self._bucket is not None and not self._bucket.take():
            sentence = f"the key may make {grant.rate} requests a second"
            return self._refuse(sink, token, method, Code.RATE_LIMITED, sentence)
        if grant.in_flight and self._in_flight >= grant.in_flight:
            sentence = f"the key may have {grant.in_flight} requests unanswered"
            return self._refuse(sink, token, method, Code.RATE_LIMITED, sentence)
        if self._tenant is not None:
            if tells_of_all(method):
                sentence = f"{NAMES[Method(method)]} is for all tenants; the key is for one"
                return self._refuse(sink, token, method, Code.FORBIDDEN, sentence)
            try:
                # The rater's own decoder on the same bytes: both read the same customer, however it is spelt.
                asked = decode(descriptor)
            except DescriptorError as error:
                status = Status.MALFORMED if error.code is Code.PARSE_ERROR else Status.REFUSED
                gate.on_refusal(method, str(error).encode())
                return sink.answer(token, status, str(error).encode())
            if asked.CstmId != self._tenant:
                dispatcher = gate.absent
        if grant.in_flight:
            self._in_flight += 1
            sink = _Counted(self, sink)
        return dispatcher.submit(sink, token, method, descriptor)

    def release(self) -> None:
        """Note that one of its requests was answered."""
        self._in_flight -= 1

    def _refuse(self, sink: Sink, token: object, method: int, code: Code, sentence: str) -> None:
        body = f"{code}: {sentence}".encode()
        self._gate.on_refusal(method, body)
        sink.answer(token, Status.REFUSED, body)


class _Counted:
    """The sink of one request of those that ``owner`` counts until they are answered."""

    __slots__ = ("_owner", "_sink")

    def __init__(self, owner: "_Entrance | Bounded", sink: Sink) -> None:
        self._owner = owner
        self._sink = sink

    def answer(self, token: object, status: int, body: bytes) -> None:
        """Take the answer (Sink)."""
        self._owner.release()
        self._sink.answer(token, status, body)

    def request_id(self, token: object) -> str:
        """Name the request (Sink)."""
        return self._sink.request_id(token)


class Absent:
    """Knows no customer: refuses everything with ACCOUNT_NOT_FOUND, without a look at anything."""

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Refuse one request (Dispatcher)."""
        sink.answer(token, Status.REFUSED, f"{Code.ACCOUNT_NOT_FOUND}: no such account".encode())


class Bounded:
    """A dispatcher that passes on at most ``in_flight_max`` requests at a time, for one without a bound."""

    def __init__(self, dispatcher: Dispatcher, in_flight_max: int) -> None:
        self._submit = dispatcher.submit
        self._left = in_flight_max

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Take one request, or refuse it as one too many (Dispatcher)."""
        if self._left <= 0:
            sink.answer(token, Status.REFUSED, OVERLOADED)
            return
        self._left -= 1
        self._submit(_Counted(self, sink), token, method, descriptor)

    def release(self) -> None:
        """Note that one request was answered."""
        self._left += 1
