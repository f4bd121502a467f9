"""Broken variants, each of one promise: proof that the simulation can fail. The product is left alone."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgpack  # type: ignore[import-untyped]  # -- msgpack ships no types

from balancer.pool import Pool, Rater
from balancer.service import Balancer
from cgrates_py.responder import Responder
from protocol.dispatch import Dispatcher, Sink
from protocol.envelope import pack_items
from storage.store import Commit, Committed, Outcome
from stress.simulate.hosts import SimulatedStore
from stress.simulate.network import Network
from stress.simulate.shelf import Shelf


class Mutant:
    """The product as it is; what derives from it breaks one thing."""

    def shelf(self, shelf: Shelf) -> None:
        """Break the store's server."""

    def network(self, network: Network) -> None:
        """Break the network."""

    def balancer(self, balancer: Balancer) -> None:
        """Break the balancer."""

    def store(self, url: str) -> SimulatedStore:
        """Make a rater's store."""
        return SimulatedStore(url)

    def dispatcher(self, responder: Responder) -> Dispatcher:
        """Put something before a rater's responder."""
        return responder


class Versionless(Mutant):
    """The store commits whatever version a decision was made on."""

    def shelf(self, shelf: Shelf) -> None:
        """Ignore the head."""
        shelf.checks_version = False


class Idless(Mutant):
    """The store does not look for request ids."""

    def shelf(self, shelf: Shelf) -> None:
        """Ignore the ids."""
        shelf.checks_ids = False


class Unsynced(Mutant):
    """The store answers before the disk has it."""

    def shelf(self, shelf: Shelf) -> None:
        """Never sync."""
        shelf.syncs = False


class Mute(Mutant):
    """The store tells nobody of changes."""

    def shelf(self, shelf: Shelf) -> None:
        """Tell nothing."""
        shelf.tells = False


class Hasty(Mutant):
    """A rater's store says that a commit is done when it is sent."""

    def store(self, url: str) -> SimulatedStore:
        """Make a store that answers too soon."""
        return _HastyStore(url)


class _HastyStore(SimulatedStore):
    def post(self, commit: Commit, done: Callable[[Outcome], None]) -> None:
        super().post(commit, lambda _outcome: None)
        version = commit.version + (commit.account is not None)
        asyncio.get_running_loop().call_soon(done, Committed(version))


class Renaming(Mutant):
    """A rater gives a request that was sent again a new name."""

    def dispatcher(self, responder: Responder) -> Dispatcher:
        """Put new names before it."""
        return _Renamer(responder)


class _Renamer:
    named = 0

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        self._responder.submit(_NamingSink(sink), token, method, descriptor)


class _NamingSink:
    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def answer(self, token: object, status: int, body: bytes) -> None:
        self._sink.answer(token, status, body)

    def request_id(self, token: object) -> str:
        _Renamer.named += 1
        return f"{self._sink.request_id(token)}.{_Renamer.named}"


class Shifting(Mutant):
    """The network delivers some answers of raters twice, the second time under the next seq."""

    def network(self, network: Network) -> None:
        """Look into what raters send to the balancer."""
        network.tamper = _shifted


def _shifted(sender: str, receiver: str, data: bytes) -> list[bytes]:
    if sender[0] == "r" and receiver == "balancer":
        unpacker = msgpack.Unpacker()
        unpacker.feed(data)
        message: Any = next(iter(unpacker), None)
        if (
            isinstance(message, list)
            and len(message) > 2
            and isinstance(message[0], int)
            and message[0] % 5 == 0
        ):
            return [data, pack_items([message[0] + 1, *message[1:3]])]
    return [data]


class Reseqing(Mutant):
    """The balancer sends what a lost rater had again under a new seq."""

    def balancer(self, balancer: Balancer) -> None:
        """Replace the pool's method."""
        balancer.pool.__class__ = _ReseqingPool


class _ReseqingPool(Pool):
    __slots__ = ()

    def lose(self, rater: Rater) -> None:
        held = [seq for seq, flight in self._in_flight.items() if flight.rater is rater]
        flights = [self._in_flight.pop(seq) for seq in held]
        super().lose(rater)
        for flight in flights:
            self.submit(flight.sink, flight.token, flight.method, flight.descriptor)


class Dropping(Mutant):
    """The balancer forgets what a lost rater had."""

    def balancer(self, balancer: Balancer) -> None:
        """Replace the pool's method."""
        balancer.pool.__class__ = _DroppingPool


class _DroppingPool(Pool):
    __slots__ = ()

    def lose(self, rater: Rater) -> None:
        for seq in [seq for seq, flight in self._in_flight.items() if flight.rater is rater]:
            del self._in_flight[seq]
        super().lose(rater)


MUTANTS: dict[str, type[Mutant]] = {
    "versionless": Versionless,
    "idless": Idless,
    "unsynced": Unsynced,
    "mute": Mute,
    "hasty": Hasty,
    "renaming": Renaming,
    "shifting": Shifting,
    "reseqing": Reseqing,
    "dropping": Dropping,
}
"""By the names that ``--mutant`` takes."""
