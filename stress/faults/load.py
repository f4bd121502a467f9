"""The load: numbered requests that change accounts, each sent again under its id until it is answered.

The seed decides what is asked; only when is left to the machine. Some requests are sent again after they were
answered, on another connection: the answer must be the same, and nothing may change.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from cgrates_py.accounts import AccountError, topup
from rater.account import Account
from storage.store import StoreError
from storage.valkey import ValkeyStore
from stress.faults import folder
from stress.faults.model import (
    BUCKETED,
    CALLED,
    CUSTOMER,
    ONE,
    Answer,
    Kind,
    Operation,
    Record,
)
from stress.faults.wire import LostError, SilentError, Wire, amount_text

AGAIN_S = 0.02
"""Pause before an attempt after one that got no answer for good."""
DRAIN_S = 60.0
"""When the faults are over, everything must be answered within this."""
TTL_S = 86_400
CALL_DAY = "2026-03-02T12:00:00Z"

WEIGHTS = {
    Kind.MONEY: 40,
    Kind.SMS: 20,
    Kind.SECONDS: 16,
    Kind.CALL: 16,
    Kind.VOLUME: 4,
    Kind.TOPUP: 4,
}
OVER_HTTP = frozenset({Kind.MONEY, Kind.SMS, Kind.SECONDS, Kind.VOLUME})
"""Methods that HTTP has as well."""

Identify = Callable[[str, int], str]
"""Gives the request id of an attempt (0: the first) of a request: ours always the same one."""


def same_id(request_id: str, _attempt: int) -> str:
    """Send every attempt under the request's own id, as a caller should."""
    return request_id


@dataclass(slots=True)
class History:
    """Every request of a run, in the order of asking."""

    records: list[Record] = field(default_factory=list)
    silent: int = 0
    """Attempts that got no answer at all in time, though their connection stood."""

    def by_account(self) -> dict[str, list[Record]]:
        """Sort the records by account."""
        found: dict[str, list[Record]] = {}
        for record in self.records:
            found.setdefault(record.operation.account, []).append(record)
        return found

    def unanswered(self) -> int:
        """Count the requests that have no answer."""
        return sum(not record.answered for record in self.records)


@dataclass(frozen=True, slots=True)
class Mix:
    """What is asked: of which accounts, of what kinds, and how often something is sent twice."""

    accounts: Sequence[str] = folder.ACCOUNTS
    hot: Sequence[str] = folder.HOT
    hot_share: float = 0.4
    weights: dict[Kind, int] = field(default_factory=lambda: dict(WEIGHTS))
    repeat_share: float = 0.03
    pause_s: float = 0.0
    """Between two requests of one worker: the mean of random pauses."""
    amount: int = 0
    """What every request takes; 0: the seed decides."""


def draw(chance: random.Random, mix: Mix, request_id: str) -> Operation:
    """Draw the next request."""
    account = chance.choice(mix.hot if chance.random() < mix.hot_share else mix.accounts)
    kind = chance.choices(list(mix.weights), list(mix.weights.values()))[0]
    match kind:
        case Kind.MONEY:  # a third gives money back
            amount = chance.randrange(1, 500) * ONE // 100 * (-1 if chance.random() < 0.3 else 1)
        case Kind.SMS:
            amount = chance.randrange(1, 6) * ONE * (-1 if chance.random() < 0.4 else 1)
        case Kind.SECONDS:
            amount = chance.randrange(1, 60) * ONE * (-1 if chance.random() < 0.4 else 1)
        case Kind.CALL:
            amount = chance.randrange(1, 59) * ONE
        case _:
            amount = chance.randrange(1, 300) * ONE
    return Operation(account, kind, mix.amount or amount, request_id)


def descriptor(operation: Operation, request_id: str) -> dict[str, Any]:
    """Write a request's call descriptor."""
    asked: dict[str, Any] = {
        "CstmId": CUSTOMER,
        "Subject": operation.account,
        "DestinationPrefix": BUCKETED if operation.kind is Kind.SECONDS else CALLED,
        "RequestId": request_id,
    }
    if operation.kind is Kind.CALL:
        second = operation.amount // ONE
        return asked | {"TimeStart": CALL_DAY, "TimeEnd": f"2026-03-02T12:00:{second:02d}Z"}
    return asked | {"Amount": amount_text(operation.amount)}


class Load:
    """Workers that ask one request after the other, until told to stop; then everything gets its answer.

    ``wires`` are asked in turn, HTTP ones for a share of what HTTP can do; top-ups go to ``store`` directly,
    as an operator's do, or are left out without one.
    """

    def __init__(
        self,
        seed: int,
        wires: Sequence[Wire],
        http: Sequence[Wire] = (),
        store: ValkeyStore | None = None,
        mix: Mix | None = None,
        identify: Identify = same_id,
    ) -> None:
        self.history = History()
        self._seed = seed
        self._wires = wires
        self._http = http
        self._store = store
        self._mix = mix or Mix()
        self._identify = identify
        self._stopping = False
        self._requests_left = -1
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, workers: int, requests: int = 0) -> None:
        """Start asking; ``requests`` in all, or until ``stop``."""
        self._requests_left = requests or -1
        self._tasks = [
            asyncio.create_task(self._work(number), name=f"worker {number}") for number in range(workers)
        ]

    async def stop(self) -> None:
        """Ask nothing new and wait until all is answered; what is not by then stays unanswered."""
        self._stopping = True
        _, late = await asyncio.wait(self._tasks, timeout=DRAIN_S)
        for task in late:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def run(self, workers: int, seconds: float) -> None:
        """Ask for so long."""
        self.start(workers)
        await self.go_on(seconds)
        await self.stop()

    async def all_answered(self) -> None:
        """Wait until the requests that ``start`` was told of are answered. Raises as ``go_on``."""
        for work in asyncio.as_completed(self._tasks):
            await work

    async def go_on(self, seconds: float) -> None:
        """Let the workers go on for so long. Raises what one of them raised: an answer that is none."""
        done, _ = await asyncio.wait(self._tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()

    async def _work(self, worker: int) -> None:
        chance = random.Random(f"{self._seed} {worker}")
        mix, number = self._mix, 0
        while not self._stopping and self._requests_left:
            number += 1
            self._requests_left -= 1
            operation = draw(chance, mix, f"s{self._seed}-{worker}-{number}")
            by_http = bool(self._http) and operation.kind in OVER_HTTP and chance.random() < 0.1
            wires = self._http if by_http else self._wires
            again = chance.random() < mix.repeat_share
            if operation.kind is Kind.TOPUP and self._store is None:
                continue
            record = Record(operation, time.monotonic())
            self.history.records.append(record)
            await self._until_answered(record, wires[(worker + number) % len(wires)])
            if again and operation.kind is not Kind.TOPUP:
                await self._repeat(record, wires[(worker + number + 1) % len(wires)])
            if mix.pause_s:
                await asyncio.sleep(chance.expovariate(1 / mix.pause_s))

    async def _until_answered(self, record: Record, wire: Wire) -> None:
        while True:
            try:
                record.answer = await self._ask(record, wire)
            except (LostError, StoreError, AccountError) as error:
                record.attempts += 1
                self.history.silent += isinstance(error, SilentError)
                await asyncio.sleep(AGAIN_S)
                continue
            record.answered_s = time.monotonic()
            record.attempts += 1
            return

    async def _repeat(self, record: Record, wire: Wire) -> None:
        while True:
            try:
                record.repeats.append(await self._ask(record, wire))
            except (LostError, StoreError):
                await asyncio.sleep(AGAIN_S)
                continue
            return

    async def _ask(self, record: Record, wire: Wire) -> Answer:
        operation = record.operation
        request_id = self._identify(operation.request_id, record.attempts + len(record.repeats))
        if operation.kind is not Kind.TOPUP:
            return await wire.ask(operation.kind, descriptor(operation, request_id))
        assert self._store is not None  # noqa: S101 -- without one no top-up is drawn
        gift = Account(CUSTOMER, operation.account, credit=operation.amount)
        key = (CUSTOMER, operation.account)
        await topup(self._store, key, gift, time.time_ns(), request_id, TTL_S)
        return None
