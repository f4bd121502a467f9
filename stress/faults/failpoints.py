"""Failpoints: raters and loaders die at the worst moments there are, one after the other, under load."""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from cgrates_py import failpoints
from cgrates_py.address import Address
from cgrates_py.failpoints import FAILPOINTS
from stress.faults import folder, sabotage
from stress.faults.model import CALLED, CUSTOMER
from stress.faults.rig import Rig, told
from stress.faults.scenario import Findings, Options, Scenario
from stress.faults.wire import LostError, RefusedError, RpcWire
from stress.faults.world import HOST, Parts, WorldError, raters_ready, until
from stress.serving import environment

CHARGING = (
    failpoints.BEFORE_COMMIT,
    failpoints.AFTER_COMMIT,
    failpoints.BETWEEN_COMMITS,
    failpoints.MID_ANSWERS,
)
"""Those that a rater passes while it charges."""
LOADING = (failpoints.BEFORE_PUBLISH, failpoints.AFTER_PUBLISH, failpoints.TARIFF_READ)
DEATHS = 120
DEATHS_QUICK = 4
DEATHS_BROKEN = 1
LOADS = 12
PASSINGS = (20, 300)
"""A rater dies somewhere between these many passings after its start."""
AT_ONCE = 2
"""Raters that are to die, beside one that lives."""
REACHED_S = 60.0
"""A point that is not reached by then does not lie where the load goes."""
IN_FORCE_S = 60.0


async def run(options: Options) -> Findings:
    """Have raters die at every point while they charge, and loads and raters while a tariff is loaded."""
    findings = Findings()
    chance = random.Random(f"failpoints {options.seed}")
    deaths = DEATHS_QUICK if options.quick else max(DEATHS, int(options.seconds))
    points = [CHARGING[number % len(CHARGING)] for number in range(deaths)]
    chance.shuffle(points)
    loads = [LOADING[number % len(LOADING)] for number in range(len(LOADING) if options.quick else LOADS)]
    async with Shelter(options.place) as shelter:
        async with Rig(shelter, options.seed) as rig, asyncio.TaskGroup() as tasks:
            for place in range(AT_ONCE):
                share = points[place::AT_ONCE]
                tasks.create_task(_die_often(shelter, rig, random.Random(chance.random()), place, share))
            tasks.create_task(_load_often(shelter, rig, loads, findings))
        findings.add(*await rig.judge(timely=not options.quick))
    findings.figures["deaths"] = dict(Counter(name for name, _ in rig.faults.times))
    findings.figures["requests"] = len(rig.history.records)
    waits_s = [wait for waits in rig.waits_s().values() for wait in waits]
    findings.figures["a death, to the next answer"] = told(waits_s)
    return findings


async def run_broken(options: Options) -> Findings:
    """Have raters die after a commit, in a store that does not look for request ids."""
    async with Shelter(options.place) as shelter:
        await sabotage.break_store(shelter.store_url, sabotage.without_id_check())
        async with Rig(shelter, options.seed, repeat_share=0.0) as rig:
            points = [failpoints.AFTER_COMMIT] * DEATHS_BROKEN
            await _die_often(shelter, rig, random.Random(options.seed), 0, points)
        return Findings(await rig.judge())


class Shelter:
    """A server in parts: one rater that lives, and room for others that are to die."""

    def __init__(self, place: Path) -> None:
        self.parts = Parts(place)
        self.store_url = ""
        self.rpc = self.http = self.register = Address(HOST, 0)

    async def __aenter__(self) -> Self:
        await self.parts.__aenter__()
        try:
            self.store_url = await self.parts.start_store()
            self.rpc, self.register = await self.parts.start_balancer()
            self.http = await self.parts.start_http(self.rpc)
            await self.rater("steady")
            await self._up()
        except BaseException:
            await self.parts.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.parts.__aexit__(kind, error, trace)

    async def rater(self, name: str, point: str = "", passing: int = 1) -> None:
        """Start a rater, to die at the ``passing``-th passing of ``point``."""
        more = {FAILPOINTS: f"{point}:{passing}"} if point else {}
        await self.parts.start_rater(name, self.store_url, self.register, more)

    async def death(self, name: str) -> None:
        """Wait until a rater is dead. Raises WorldError if it will not die."""
        try:
            async with asyncio.timeout(REACHED_S):
                await self.parts.programs[name].process.wait()
        except TimeoutError:
            raise WorldError(f"{name} did not reach its point within {REACHED_S:g} s") from None

    async def load(self, tariff: Path, point: str = "") -> int:
        """Load a folder by the command line; tell its exit status, negative for a signal."""
        more = {FAILPOINTS: f"{point}:1"} if point else {}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "cgrates_py", "load", str(tariff), "--data-dir", str(self.parts.data_dir)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment() | more,
        )
        return await process.wait()

    async def _up(self) -> None:
        wire = RpcWire(self.rpc)
        await until(lambda: raters_ready(wire, 1))
        wire.close()


async def _die_often(
    shelter: Shelter, rig: Rig, chance: random.Random, place: int, points: Sequence[str]
) -> None:
    for point in points:
        name = f"mortal-{place}"
        await shelter.rater(name, point, chance.randrange(*PASSINGS))
        await shelter.death(name)
        rig.faults.note(point)
    await shelter.rater(f"mortal-{place}")  # a load waits for raters that tell nothing any more


async def _load_often(shelter: Shelter, rig: Rig, points: Sequence[str], findings: Findings) -> None:
    """Have a load, or a rater that reads what is loaded, die at each point; then it is whole or absent."""
    wire = RpcWire(shelter.rpc)
    for number, point in enumerate(points):
        subject = f"extra{number}"
        tariff = folder.write_rate(shelter.parts.place / subject, subject)
        if point == failpoints.TARIFF_READ:
            await shelter.rater("reader", point, 2)  # the first reading is that of its start
            await until(lambda: _is_up(wire, "reader"))
            loading = asyncio.create_task(shelter.load(tariff))
            await shelter.death("reader")
            await shelter.rater("reader")
            status = await loading
        else:
            status = await shelter.load(tariff, point)
            if status != -signal.SIGKILL:
                findings.add(f"a load that was to die at {point} ended with {status}")
            published = point == failpoints.AFTER_PUBLISH
            if not published and await _priced(wire, subject):
                findings.add(f"a load that died at {point} left its tariff")
            status = await shelter.load(tariff)
        rig.faults.note(point)
        if status:
            findings.add(f"the load after a death at {point} ended with {status}")
        elif not await _priced_soon(wire, subject):
            findings.add(f"what was loaded after a death at {point} is not in force")
    wire.close()


async def _is_up(wire: RpcWire, name: str) -> bool:
    try:
        figures = await wire.call("Responder.Metrics", {})
    except (LostError, RefusedError):
        return False
    return any(rater["name"] == name for rater in figures["raters"])


async def _priced_soon(wire: RpcWire, subject: str) -> bool:
    try:
        async with asyncio.timeout(IN_FORCE_S):
            await until(lambda: _priced(wire, subject))
    except TimeoutError:
        return False
    return True


async def _priced(wire: RpcWire, subject: str) -> bool:
    """Tell whether the subject has a rate; one that it has not is no other's either."""
    minute = {"TimeStart": "2026-03-02T12:00:00Z", "TimeEnd": "2026-03-02T12:01:00Z"}
    call = {"CstmId": CUSTOMER, "Subject": subject, "DestinationPrefix": CALLED, **minute}
    try:
        await wire.call("Responder.GetCost", call)
    except (LostError, RefusedError):
        return False
    return True


SCENARIO = Scenario("failpoints", "raters and loads die at the worst moments, named ones", run, run_broken)
