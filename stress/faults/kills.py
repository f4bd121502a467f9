"""Kills: every process of the server dies by SIGKILL at random, again and again, under load."""

import os
import random
import signal
import time
from pathlib import Path

from stress.faults import sabotage
from stress.faults.load import Identify, same_id
from stress.faults.rig import Rig, told
from stress.faults.scenario import Findings, Options, Scenario
from stress.faults.world import Role, World, send

KILLS = 200
KILLS_QUICK = 5
STEADY_S = 10.5
"""A process that lived so long is started again at once when it dies; the supervisor lets others wait."""
IN_A_ROW = 0.25
"""Share of kills that meet two or three processes at once, whatever their age; they are not timed."""
WEIGHTS = {Role.RATER: 8, Role.BALANCER: 4, Role.HTTP: 2, Role.STORE: 4, Role.SUPERVISOR: 1}
BETWEEN_S = (0.1, 0.9)


async def run(options: Options) -> Findings:
    """Kill until there were enough, and until the time is over."""
    findings = Findings()
    chance = random.Random(f"kills {options.seed}")
    wanted, kills = (KILLS_QUICK if options.quick else KILLS), 0
    started_s = time.monotonic()
    async with World(options.place) as world:
        async with Rig(world, options.seed) as rig:
            while kills < wanted or time.monotonic() - started_s < options.seconds:
                await rig.go_on(chance.uniform(*BETWEEN_S))
                if chance.random() < IN_A_ROW:
                    kills += await _several(world, chance)
                else:
                    await _one(world, rig, chance, 0.0 if options.quick else STEADY_S)
                    kills += 1
        findings.add(*await rig.judge(timely=not options.quick))
    findings.figures |= {"kills": kills, "requests": len(rig.history.records)}
    for name, waits_s in sorted(rig.waits_s().items()):
        findings.figures[f"{name} killed, to the next answer"] = told(waits_s)
    return findings


async def run_broken(options: Options) -> Findings:
    """Clients that repeat under new ids, then a store that keeps nothing on disk: both must be noticed."""
    careless = await _broken(options, Role.BALANCER, sabotage.new_id)
    if options.quick:
        return Findings(careless)
    forgetful = await _broken(options, Role.STORE, same_id)
    return Findings([*careless, *forgetful] if careless and forgetful else [])


async def _broken(options: Options, role: Role, identify: Identify) -> list[str]:
    async with World(options.place / role.value) as world:
        async with Rig(world, options.seed, identify) as rig:
            if role is Role.STORE:
                await sabotage.forget_disk(world.store_url)
            await rig.go_on(0.5)
            victim = await world.kill(role)
            await world.whole([victim])
        return await rig.judge()


async def _one(world: World, rig: Rig, chance: random.Random, age_s: float) -> None:
    """Kill one process that is old enough, and wait until the world is whole again."""
    role, victim = await _victim(world, rig, chance, age_s)
    rig.faults.note(role.value)
    await world.kill(role, victim)
    if role is Role.SUPERVISOR:
        await world.start()
    await world.whole([victim])


async def _victim(world: World, rig: Rig, chance: random.Random, age_s: float) -> tuple[Role, int]:
    """Draw who is killed next; where nobody of that role is old enough, another, but never the supervisor."""
    drawn = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    others = [role for role in WEIGHTS if role not in (drawn, Role.SUPERVISOR)]
    while True:
        for role in (drawn, *chance.sample(others, len(others))):
            old = [pid for pid in world.pids(role) if _age_s(pid) >= age_s]
            if old:
                return role, chance.choice(old)
        await rig.go_on(0.05)


async def _several(world: World, chance: random.Random) -> int:
    """Kill two or three processes at the same moment; tell how many."""
    everything = [pid for role in WEIGHTS if role is not Role.SUPERVISOR for pid in world.pids(role)]
    victims = chance.sample(everything, min(chance.randrange(2, 4), len(everything)))
    for victim in victims:
        send(victim, signal.SIGKILL)
    await world.whole(victims)
    return len(victims)


def _age_s(pid: int) -> float:
    try:
        started_ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started_ticks / os.sysconf("SC_CLK_TCK")


SCENARIO = Scenario("kills", "every process dies by SIGKILL at random, under load", run, run_broken)
