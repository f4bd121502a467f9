"""A world under load: the usual clients, and probes that tell how long an account waited for an answer.

A probe asks for one account, one request after the other, so the time from a fault to the account's next
answer shows to some milliseconds. It counts from the fault to the first answer of a request that was asked
after it; requests under way then come before it.
"""

import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from cgrates_py.address import Address
from storage.valkey import ValkeyStore
from stress.faults import folder
from stress.faults.judge import judge_gauge, judge_store
from stress.faults.load import History, Identify, Load, Mix, same_id
from stress.faults.model import Kind, Record
from stress.faults.wire import ANSWER_S, HttpWire, RpcWire, Wire
from stress.figures import percentile

PROBES = 8
"""Accounts that are probed: by chance none of them on some rater once in two hundred runs."""
PROBED = folder.MANY[-PROBES - 1 :]
"""The last of them over HTTP."""
PROBE_PAUSE_S = 0.004
CONNECTIONS = 6
HTTP_CONNECTIONS = 3
WORKERS = 24
PAUSE_S = 0.03


@dataclass(slots=True)
class Faults:
    """When what was done: (name, time) of each fault."""

    times: list[tuple[str, float]] = field(default_factory=list)

    def note(self, name: str) -> None:
        """Note that a fault of that name happens now."""
        self.times.append((name, time.monotonic()))


class Served(Protocol):
    """Where a server under load is reached."""

    rpc: Address
    http: Address

    @property
    def store_url(self) -> str:
        """The URL of its store."""


class Rig:
    """Loads a world until the context ends. ``identify`` is the clients' way with request ids."""

    def __init__(
        self,
        world: Served,
        seed: int,
        identify: Identify = same_id,
        repeat_share: float = 0.03,
        pause_s: float = PAUSE_S,
    ) -> None:
        self.world = world
        self.faults = Faults()
        self._store = ValkeyStore(world.store_url)
        self._rpc = [RpcWire(world.rpc) for _ in range(CONNECTIONS)]
        self._http = [HttpWire(world.http) for _ in range(HTTP_CONNECTIONS)]
        crowd = Mix(
            accounts=[each for each in folder.ACCOUNTS if each not in PROBED],
            pause_s=pause_s,
            repeat_share=repeat_share,
        )
        self._crowd = Load(seed, self._rpc, self._http, self._store, crowd, identify)
        self._probe_wires: list[Wire] = [RpcWire(world.rpc) for _ in range(PROBES)]
        self._probe_wires.append(HttpWire(world.http))
        self._probes = [
            Load(seed * 100 + place + 1, [wire], mix=_probe(account), identify=identify)
            for place, (wire, account) in enumerate(zip(self._probe_wires, PROBED, strict=True))
        ]

    async def __aenter__(self) -> Self:
        await self._store.open()
        self._crowd.start(WORKERS)
        for probe in self._probes:
            probe.start(1)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for load in (self._crowd, *self._probes):
            await load.stop()
        wires: list[Wire] = [*self._rpc, *self._http, *self._probe_wires]
        for wire in wires:
            wire.close()
        await self._store.close()

    async def go_on(self, seconds: float) -> None:
        """Let the load go on for so long. Raises what a client raised: an answer that is none."""
        await self._crowd.go_on(seconds)

    @property
    def history(self) -> History:
        """Every request so far."""
        loads = (self._crowd, *self._probes)
        records = [record for load in loads for record in load.history.records]
        return History(records, sum(load.history.silent for load in loads))

    async def judge(self, *, timely: bool = False) -> list[str]:
        """List all that is wrong once the load is over and the world whole: see ``judge``.

        ``timely``: silence is wrong, too; on a machine that is busy with other things it need not be.
        """
        history = self.history
        found = [*await judge_store(self.world.store_url, history), *await judge_gauge(self.world.http)]
        if timely and history.silent:
            found.append(f"{history.silent} requests got no answer at all within {ANSWER_S:g} s")
        return found

    def waits_s(self) -> dict[str, list[float]]:
        """Tell by fault how long the account that waited longest had to wait, each time it happened."""
        rpc = [load.history.records for load in self._probes[:PROBES]]
        http = [self._probes[PROBES].history.records]
        found: dict[str, list[float]] = {}
        for name, at_s in self.faults.times:
            waits = [_wait_s(records, at_s) for records in (http if name == "http" else rpc)]
            if all(waits):
                found.setdefault(name, []).append(max(waits))
        return found


def _probe(account: str) -> Mix:
    weights = {Kind.MONEY: 1}
    return Mix((account,), (account,), weights=weights, repeat_share=0.0, pause_s=PROBE_PAUSE_S)


def _wait_s(records: Sequence[Record], at_s: float) -> float:
    """Tell how long after ``at_s`` the first request asked since was answered; 0 if none was."""
    first = bisect_left(records, at_s, key=lambda record: record.asked_s)
    return next((record.answered_s - at_s for record in records[first:] if record.answered), 0.0)


def told(waits_s: Sequence[float]) -> str:
    """Tell p50, p99 and maximum of some waits, in milliseconds."""
    ordered = sorted(wait * 1000 for wait in waits_s)
    p50, p99 = percentile(ordered, 50), percentile(ordered, 99)
    return f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, max {ordered[-1]:.0f} ms, of {len(ordered)}"
