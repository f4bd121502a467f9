"""Scenario: versions are scheduled, put in force and rolled back while raters die; none is mixed in.

The price of a call tells by which versions its parts were priced: version n asks a connect fee of n × 10⁻⁶
and n × 10⁻⁴ a minute. Calls of two minutes begin around the activations. Half of the subjects have prices by
which a call is cut where another version takes over, so that the rest of it is that version's; the others pay
both minutes to the version of their start.

What is promised: which version prices a call is a function of its start. So an answer has to be that of one
of the timelines from the last one that every rater had when it was asked to the last one that was begun when
it came.
"""

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from rater import instant
from storage.loading import load_folder
from storage.tariffs import Deed, Swap
from storage.timeline import EVER, Timeline
from storage.valkey import ValkeyStore
from stress.faults import folder
from stress.faults.model import CUSTOMER, ONE
from stress.faults.scenario import Findings, Options, Scenario
from stress.faults.wire import LostError, RpcWire, read_amount
from stress.faults.world import Role, World

QUICK_S = 4.0
BROKEN_S = 2.0
KILL_EVERY_S = 0.8
RATERS = 3
PLACES = 8
"""Instants at which versions become active: a minute of calls around each, an hour between them."""
BEGINS_NS = 1_900_000_000 * instant.SECOND
MINUTE_NS = 60 * instant.SECOND
CALLED = "0777"
FEE, PRICE = 1_000, 100_000
"""Of version 1, in 10⁻⁹: the connect fee, and a minute."""
SUBJECTS = folder.MANY[:8]
CUT = frozenset(SUBJECTS[::2])
"""Whose calls are cut at an activation."""
IN_FORCE_S = 30.0


def place_ns(number: int) -> int:
    """Tell one of the instants."""
    return BEGINS_NS + number * 60 * MINUTE_NS


@dataclass(slots=True)
class Activations:
    """What was scheduled, answered, and what is wrong with it."""

    place: Path
    cut_in_files: frozenset[str]
    """Of whose calls the folder says that they are cut: those of CUT, but for sabotage."""
    chance: random.Random
    begun: list[Timeline] = field(default_factory=list)
    """Every timeline in order, noted before the store has it."""
    settled: int = 0
    """The place of the last one that every rater had."""
    differences: list[str] = field(default_factory=list)
    answers: int = 0
    cut: int = 0
    """Answers with two versions, as the plan says."""
    stopping: bool = False

    async def change(self, store: ValkeyStore) -> None:
        """Schedule a version, put one in force, or take the last change back; wait for the raters."""
        before = await store.timeline()
        now_ns = time.time_ns()
        if len(before.past) > 2 and self.chance.random() < 0.25:
            self.begun.append(before.rolled_back())
            await store.swap_timeline(Swap(before, self.begun[-1]))
        else:
            where = self.chance.randrange(PLACES + 1)
            from_ns = place_ns(where) if where < PLACES else EVER
            deed = Deed(now_ns, from_ns=from_ns)
            after = before.with_version(from_ns, now_ns, store.tariffs_kept)
            write(self.place, after.last, self.cut_in_files)
            version, base = await store.read_tariff(max(from_ns, now_ns))
            loaded = await asyncio.to_thread(load_folder, self.place, base, now_ns=0)
            self.begun.append(after)
            if await store.publish_tariff(loaded.tariff, version, deed) != after.last:
                raise ValueError(f"version {after.last} was not made: {loaded.problems}")
        if await store.timeline() != self.begun[-1]:
            raise ValueError("the store has another timeline than was made")
        await in_force(store, self.begun[-1].revision)
        self.settled = len(self.begun) - 1

    async def ask(self, wire: RpcWire, subject: str) -> None:
        """Ask about one call and check the answer."""
        start_ns = place_ns(self.chance.randrange(PLACES)) + self.chance.choice((-2, -1, 0)) * MINUTE_NS
        start_ns += self.chance.choice((-1, 0, 0, 1))
        asked = {
            "CstmId": CUSTOMER,
            "Subject": subject,
            "DestinationPrefix": CALLED,
            "TimeStart": instant.text(start_ns),
            "TimeEnd": instant.text(start_ns + 2 * MINUTE_NS),
        }
        settled = self.settled
        method = self.chance.choice(("GetCost", "Debit"))
        try:
            result = await wire.call(f"Responder.{method}", asked)
        except LostError as error:
            self.differences.append(f"{method} was dropped: {error}")
            return
        self.answers += 1
        got = read_amount(result["Cost"]), read_amount(result["ConnectFee"])
        possible = [priced(each, start_ns, subject) for each in self.begun[settled:]]
        if got not in possible:
            told = f"costs {got[0]}, fee {got[1]}; expected one of {sorted(set(possible))}"
            self.differences.append(f"{method} at {asked['TimeStart']} of {subject} {told}")
        self.cut += got[0] != 2 * PRICE * (got[1] // FEE)

    async def work(self, wire: RpcWire, subject: str) -> None:
        """Ask one after the other."""
        while not self.stopping:
            await self.ask(wire, subject)


def priced(timeline: Timeline, start_ns: int, subject: str) -> tuple[int, int]:
    """Tell what a call costs by a timeline: (cost, fee)."""
    first = timeline.version_at(start_ns)
    cost, at_ns, version = Fraction(0), start_ns, first
    while at_ns < start_ns + 2 * MINUTE_NS:
        until_ns = start_ns + 2 * MINUTE_NS
        if subject in CUT:
            until_ns = min([until_ns, *(each[0] for each in timeline.activations if each[0] > at_ns)])
        cost += Fraction((until_ns - at_ns) * PRICE * version, MINUTE_NS)
        at_ns = until_ns
        version = timeline.version_at(at_ns)
    return round(cost), first * FEE


async def run(options: Options) -> Findings:
    """Change and ask for as long as asked, while raters die."""
    return await _run(options, QUICK_S if options.quick else options.seconds, CUT)


async def run_broken(options: Options) -> Findings:
    """Prices that say of too many subjects that their calls are cut. That shows."""
    return await _run(options, BROKEN_S, frozenset(SUBJECTS))


async def _run(options: Options, seconds: float, cut: frozenset[str]) -> Findings:
    findings = Findings()
    kills = 0
    async with World(options.place, RATERS) as world, ValkeyStore(world.store_url) as store:
        made = Activations(options.place / "activation", cut, random.Random(f"activation {options.seed}"))
        made.place.mkdir()
        first = (await store.timeline()).with_version(EVER, time.time_ns(), store.tariffs_kept)
        write(made.place, first.last, cut)
        version, base = await store.read_tariff()
        loaded = load_folder(made.place, base, now_ns=0)
        await store.publish_tariff(loaded.tariff, version)
        made.begun.append(await store.timeline())
        await in_force(store, made.begun[0].revision)
        wires = [RpcWire(world.rpc) for _ in range(4)]
        tasks = [
            asyncio.create_task(made.work(wires[number % len(wires)], subject))
            for number, subject in enumerate(SUBJECTS)
        ]
        begun_s = killed_s = time.monotonic()
        while time.monotonic() - begun_s < seconds:
            await made.change(store)
            if time.monotonic() - killed_s > KILL_EVERY_S:
                killed_s = time.monotonic()
                await world.kill(Role.RATER, made.chance.choice(world.pids(Role.RATER)))
                kills += 1
        made.stopping = True
        await asyncio.gather(*tasks)
        for wire in wires:
            wire.close()
        findings.add(*made.differences)
    findings.figures |= {
        "changes": len(made.begun) - 1,
        "answers": made.answers,
        "answers of two versions": made.cut,
        "raters killed": kills,
    }
    return findings


async def in_force(store: ValkeyStore, revision: int) -> None:
    """Wait until every rater prices by that revision, as a load does. Raises TimeoutError."""
    async with asyncio.timeout(IN_FORCE_S):
        while True:
            revisions = await store.rater_tariffs(int(time.time()))
            if revisions and all(has >= revision for has in revisions.values()):
                return
            await asyncio.sleep(0.02)


def write(place: Path, version: int, cut: frozenset[str]) -> None:
    """Write the folder that becomes a version."""
    interval = {"Price": version * PRICE / ONE, "BillingUnit": 60, "ConnectFee": version * FEE / ONE}
    rates: list[dict[str, Any]] = [
        {
            "CstmId": CUSTOMER,
            "Subject": subject,
            "DestinationPrefix": CALLED,
            "AtActivation": "*span" if subject in cut else "*start",
            "ActivationPeriods": [{"ActivationTime": "2012-01-01T00:00:00Z", "Intervals": [interval]}],
        }
        for subject in SUBJECTS
    ]
    (place / "activation_periods.json").write_text(json.dumps(rates), "utf-8")


SCENARIO = Scenario(
    "activation",
    "versions become active at an instant, raters die: each call is its start's, or cut as it should",
    run,
    run_broken,
)
