"""Frozen: a rater stops for longer than it is believed to live, others take over, and then it wakes up."""

import random
import signal
import time

from stress.faults import sabotage
from stress.faults.rig import Rig, told
from stress.faults.scenario import Findings, Options, Scenario
from stress.faults.world import Role, World, send

FROZEN_S = 30.0
FROZEN_QUICK_S = (3.4, 4.5)
"""Longer than the balancer believes a silent rater (SILENCE_S of ``protocol.limits``), and on both sides of
the time after which a rater itself gives up what it holds."""
BLINK_S = (0.05, 2.5)
"""Shorter: nobody takes over, and everything it holds is still wanted."""
THAW_S = 1.0


async def run(options: Options) -> Findings:
    """Freeze one rater after the other, for long and for a moment."""
    findings = Findings()
    chance = random.Random(f"frozen {options.seed}")
    spans_s = [FROZEN_QUICK_S[options.seed % 2]] if options.quick else [FROZEN_S]
    more_s = 0.0 if options.quick else options.seconds
    started_s = time.monotonic()
    async with World(options.place) as world:
        async with Rig(world, options.seed) as rig:
            while spans_s or time.monotonic() - started_s < more_s:
                frozen_s = spans_s.pop(0) if spans_s else chance.uniform(*FROZEN_QUICK_S)
                await _freeze(world, rig, chance, chance.uniform(*BLINK_S), "for a moment")
                await _freeze(world, rig, chance, frozen_s, "for long")
        findings.add(*await rig.judge(timely=not options.quick))
    findings.figures["requests"] = len(rig.history.records)
    for name, waits_s in sorted(rig.waits_s().items()):
        findings.figures[f"a rater frozen {name}, to the next answer"] = told(waits_s)
    return findings


async def run_broken(options: Options) -> Findings:
    """Freeze raters on a store that does not compare versions: who wakes up then writes what it remembers."""
    chance = random.Random(options.seed)
    async with World(options.place) as world:
        await sabotage.break_store(world.store_url, sabotage.without_version_check())
        async with Rig(world, options.seed) as rig:
            await _freeze(world, rig, chance, FROZEN_QUICK_S[0], "for long")
        return Findings(await rig.judge())


async def _freeze(world: World, rig: Rig, chance: random.Random, seconds: float, name: str) -> None:
    """Stop a rater for so long; then wait a little, so that it does what it still wants to do."""
    rater = chance.choice(world.pids(Role.RATER))
    rig.faults.note(name)
    send(rater, signal.SIGSTOP)
    try:
        await rig.go_on(seconds)
    finally:
        send(rater, signal.SIGCONT)
    await rig.go_on(THAW_S)
    await world.whole()


SCENARIO = Scenario(
    "frozen", "a rater sleeps, others take over, and it wakes up: it may not overwrite", run, run_broken
)
