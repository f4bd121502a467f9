"""Scenario: a new tariff every 100 ms under load; each answer is priced by exactly one, and none is dropped.

The price of a call tells by which publication each of its parts was priced: publication n asks a connect fee
of n × 10⁻⁶, n × 10⁻⁹ a minute before one o'clock and n × 10⁻⁴ a minute after it, and the call is a minute of
each. Half of one tariff and half of another would show.

What is promised of the order: one caller that debits one account, one call after the other, is never taken
back to an older tariff, because its account stays with its rater, and a rater only ever goes forward. A quote
may be answered by another rater, which may be a moment behind. When a load says that the tariff is in force,
every later answer is priced by it.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from storage.loading import load_folder
from storage.valkey import ValkeyStore
from stress.faults import folder
from stress.faults.model import CUSTOMER, ONE
from stress.faults.scenario import Findings, Options, Scenario
from stress.faults.wire import LostError, RpcWire, read_amount
from stress.faults.world import World

EVERY_S = 0.1
QUICK_S = 2.5
BROKEN_S = 1.2
IN_FORCE_S = 10.0
CALLED = "0777"
CALL = {"TimeStart": "2026-03-02T12:59:00Z", "TimeEnd": "2026-03-02T13:01:00Z"}
FEE, BEFORE, AFTER = 1_000, 1, 100_000
"""Of publication 1, in 10⁻⁹: the connect fee, and a minute before and after one o'clock."""
SUBJECTS = folder.MANY[:8]
"""Each worker has an account of its own."""

Publication = Callable[[int], tuple[int, int, int]]
"""Tells of publication n which numbers its fee and its two prices really have: all n, but for sabotage."""


def honest(number: int) -> tuple[int, int, int]:
    """All three of the publication's own number."""
    return number, number, number


def sabotaged(number: int) -> tuple[int, int, int]:
    """Every third has a price of an older one, as if a call had met a swap; every fifth is of long ago."""
    old = max(1, number - 4) if number % 5 == 0 else number
    return old, old, max(1, number - 1) if number % 3 == 0 else old


@dataclass(slots=True)
class Swaps:
    """What was published, answered, and what is wrong with it."""

    place: Path
    publication: Publication
    differences: list[str] = field(default_factory=list)
    published_s: list[float] = field(default_factory=list)
    """When publication n was begun, at n - 1."""
    answers: int = 0
    seen: set[int] = field(default_factory=set)
    charged: dict[str, int] = field(default_factory=dict)
    lag_s: float = 0.0
    """The longest that an answer was behind: since a newer publication was begun."""
    stopping: bool = False

    async def publish(self, store: ValkeyStore) -> int:
        """Publish the next tariff; tell the revision of the store's timeline."""
        number = len(self.published_s) + 1
        fee, before, after = self.publication(number)
        _write(self.place, fee * FEE, before * BEFORE, after * AFTER)
        version, base = await store.read_tariff()
        loaded = await asyncio.to_thread(load_folder, self.place, base, now_ns=0)
        self.published_s.append(time.monotonic())
        published = await store.publish_tariff(loaded.tariff, version)
        if loaded.problem_count or published is None:
            raise ValueError(f"publication {number}: {loaded.problems}")
        return (await store.timeline()).revision

    async def ask(self, wire: RpcWire, method: str, subject: str) -> int | None:
        """Ask once and check the answer; tell the number of the publication that priced it."""
        asked_s = time.monotonic()
        asked = {"CstmId": CUSTOMER, "Subject": subject, "DestinationPrefix": CALLED, **CALL}
        try:
            result = await wire.call(f"Responder.{method}", asked)
        except LostError as error:
            self.differences.append(f"{method} was dropped: {error}")
            return None
        self.answers += 1
        cost, fee = read_amount(result["Cost"]), read_amount(result["ConnectFee"])
        if method == "Debit":
            self.charged[subject] = self.charged.get(subject, 0) + cost + fee
        number = fee // FEE
        minutes = [read_amount(each["Interval"]["Price"]) for each in result["Timespans"]]
        expected = (number * (BEFORE + AFTER), number * FEE, [number * BEFORE, number * AFTER])
        if (cost, fee, minutes) != expected:
            told = f"costs {cost}, fee {fee}, minutes {minutes}"
            self.differences.append(f"{method}: no publication has these prices: {told}")
            return None
        self.seen.add(number)
        if number < len(self.published_s):
            self.lag_s = max(self.lag_s, asked_s - self.published_s[number])
        return number

    async def work(self, wire: RpcWire, subject: str, chance: random.Random) -> None:
        """Debit and quote one after the other; the publications of debits never go back."""
        latest = 0
        while not self.stopping:
            if chance.random() < 0.5:
                await self.ask(wire, "GetCost", subject)
                continue
            number = await self.ask(wire, "Debit", subject)
            if number is not None and number < latest:
                self.differences.append(f"a debit of {subject} went back from {latest} to {number}")
            latest = max(latest, number or 0)


async def run(options: Options) -> Findings:
    """Swap and ask for as long as asked, then see that the last one is in force everywhere."""
    return await _run(options, honest, QUICK_S if options.quick else options.seconds)


async def run_broken(options: Options) -> Findings:
    """Tariffs of parts that do not belong together, and some from long ago. Both show."""
    found = await _run(options, sabotaged, BROKEN_S)
    kinds = ("no publication has these prices", "went back")
    if not all(any(kind in each for each in found.differences) for kind in kinds):
        return Findings()
    return found


async def _run(options: Options, publication: Publication, seconds: float) -> Findings:
    findings = Findings()
    async with World(options.place) as world, ValkeyStore(world.store_url) as store:
        swaps = Swaps(options.place / "swap", publication)
        swaps.place.mkdir()
        await _in_force(store, await swaps.publish(store))
        wires = [RpcWire(world.rpc) for _ in range(4)]
        tasks = [
            asyncio.create_task(
                swaps.work(wires[number % len(wires)], subject, random.Random(f"{options.seed} {subject}"))
            )
            for number, subject in enumerate(SUBJECTS)
        ]
        await _in_force(store, await _publish(swaps, store, seconds, tasks))
        swaps.stopping = True
        await asyncio.gather(*tasks)
        last = len(swaps.published_s)
        for subject in SUBJECTS:
            number = await swaps.ask(wires[0], "GetCost", subject)
            if number != publication(last)[0]:
                findings.add(f"publication {last} is in force, a quote was priced by {number}")
        for wire in wires:
            wire.close()
        findings.add(*swaps.differences)
        findings.add(*await _uncharged(store, swaps))
    findings.figures |= {
        "publications": last,
        "answers": swaps.answers,
        "publications seen": len(swaps.seen),
        "behind at most, s": round(swaps.lag_s, 3),
    }
    return findings


async def _publish(
    swaps: Swaps, store: ValkeyStore, seconds: float, tasks: Sequence[asyncio.Task[None]]
) -> int:
    """Publish for so long; tell the last revision. Raises what a worker raised."""
    loop = asyncio.get_running_loop()
    begun_s, revision = loop.time(), 0
    while loop.time() - begun_s < seconds:
        next_s = loop.time() + EVERY_S
        revision = await swaps.publish(store)
        done, _ = await asyncio.wait(
            tasks, timeout=max(0.0, next_s - loop.time()), return_when="FIRST_COMPLETED"
        )
        for task in done:
            task.result()
    return revision


async def _in_force(store: ValkeyStore, revision: int) -> None:
    """Wait until every rater prices by that revision, as a load does. Raises TimeoutError."""
    async with asyncio.timeout(IN_FORCE_S):
        while True:
            revisions = await store.rater_tariffs(int(time.time()))
            if all(has >= revision for has in revisions.values()):
                return
            await asyncio.sleep(0.02)


async def _uncharged(store: ValkeyStore, swaps: Swaps) -> list[str]:
    """Compare what accounts have with what the answers charged."""
    found = []
    for subject in SUBJECTS:
        stored = await store.verify((CUSTOMER, subject))
        expected = folder.RICH.credit - swaps.charged.get(subject, 0)
        if stored is None or stored.account.credit != expected:
            found.append(f"{subject} has {stored and stored.account.credit}, the answers leave {expected}")
    return found


def _write(place: Path, fee: int, before: int, after: int) -> None:
    intervals = [
        _interval(fee, before, StartTime="00:00:00", EndTime="13:00:00"),
        _interval(fee, after, StartTime="13:00:00", EndTime="24:00:00"),
    ]
    rates = [
        {
            "CstmId": CUSTOMER,
            "Subject": subject,
            "DestinationPrefix": CALLED,
            "ActivationPeriods": [{"ActivationTime": "2012-01-01T00:00:00Z", "Intervals": intervals}],
        }
        for subject in SUBJECTS
    ]
    (place / "activation_periods.json").write_text(json.dumps(rates), "utf-8")


def _interval(fee: int, price: int, **clock: str) -> dict[str, Any]:
    # up to 10⁵ publications these have at most 15 digits, which a double prints as they were
    return {
        "Price": float(Decimal(price) / ONE),
        "BillingUnit": 60,
        "ConnectFee": float(Decimal(fee) / ONE),
        **clock,
    }


SCENARIO = Scenario(
    "swap",
    "a new tariff every 100 ms under load: each answer is one tariff's, none is dropped",
    run,
    run_broken,
)
