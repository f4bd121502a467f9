"""Scenario: bad networks between callers and balancer, balancer and raters, raters and store.

What is promised of a retry is tested by sending whole requests twice; what JSON-RPC and the envelope leave
open, the order of requests and answers, by letting frames overtake each other. Between rater and store
neither is done: the store's protocol pairs answers by their order, which TCP guarantees, so there a network
may be slow, in pieces, cut or silent, and nothing else.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from stress.faults import sabotage
from stress.faults.judge import judge_store
from stress.faults.load import Identify, Load, same_id
from stress.faults.proxied import Proxied
from stress.faults.proxy import CALM, Fault, Proxy, Way
from stress.faults.scenario import Findings, Options, Scenario

WORKERS = 12
WIRES = 4
STAGE_S = 0.3
"""A stage of a quick run."""
HAPPENS_S = 5.0
"""A fault that is to happen once must have happened by then: the load asks hundreds of times a second."""
UP, DOWN = frozenset({Way.UP}), frozenset({Way.DOWN})


@dataclass(frozen=True, slots=True)
class Stage:
    """One fault on one link. ``once`` is drawn until it happened, and everybody has recovered."""

    link: str
    fault: Fault
    once: bool = False

    def __str__(self) -> str:
        default = Fault()
        named = [name for name in Fault.__dataclass_fields__ if name != "ways"]
        fault = "+".join(name for name in named if getattr(self.fault, name) != getattr(default, name))
        ways = "" if len(self.fault.ways) > 1 else " " + "".join(self.fault.ways)
        return f"{self.link} {fault}{ways}"


SLOW = (Fault(delay_s=0.02), Fault(dribble=True), Fault(bytes_per_s=60_000))
REPEATED = (Fault(duplicate=0.3), Fault(overtake=0.3), Fault(duplicate=0.2, overtake=0.2, delay_s=0.005))
RESET = Fault(reset=0.02)
SILENT = tuple(
    replace(fault, ways=ways) for fault in (Fault(swallow=1.0), Fault(vanish=1.0)) for ways in (UP, DOWN)
)


def stages(quick: bool, seed: int) -> Sequence[Stage]:
    """List the stages. A quick run takes one kind of silence on each link, because it lasts for seconds."""
    found = []
    for place, link in enumerate(("client", "rater", "store")):
        kinds = (*SLOW, RESET) if link == "store" else (*SLOW, *REPEATED, RESET)
        found += [Stage(link, fault) for fault in kinds]
        silences = (SILENT[(seed + place) % len(SILENT)],) if quick else SILENT
        found += [Stage(link, fault, once=True) for fault in silences]
    return found


async def run(options: Options) -> Findings:
    """Every fault on every link, one after the other, under one load."""
    chosen = stages(options.quick, options.seed)
    seconds = STAGE_S if options.quick else max(STAGE_S, options.seconds / len(chosen))
    return await _run(options, chosen, seconds, same_id)


async def run_broken(options: Options) -> Findings:
    """Callers that name every attempt anew, while answers are lost: charged twice."""
    chosen = [Stage("client", replace(RESET, ways=DOWN)), Stage("client", SILENT[1], once=True)]
    return await _run(options, chosen, 2 * STAGE_S, sabotage.new_id)


async def _run(options: Options, chosen: Sequence[Stage], seconds: float, identify: Identify) -> Findings:
    findings = Findings()
    async with Proxied(options.place, options.seed) as world:
        wires = world.wires(WIRES)
        load = Load(options.seed, wires, identify=identify)
        links = {"client": world.rpc, "rater": world.register, "store": world.store}
        load.start(WORKERS)
        back_s: dict[str, float] = {}
        for stage in chosen:
            link = links[stage.link]
            before = Counter(link.happened)
            link.fault = stage.fault
            if not stage.once:
                await load.go_on(seconds)
            await _until_happened(load, link, before)
            link.fault = CALM
            if stage.once:
                back_s[str(stage)] = round(await _recovered(load, world), 2)
            if link.happened == before:
                findings.add(f"{stage}: never happened")
        await load.stop()
        for wire in wires:
            wire.close()
        findings.add(*await judge_store(world.parts.store.url, load.history))
        attempts = sum(record.attempts for record in load.history.records)
        findings.figures |= {
            "requests": len(load.history.records),
            "sent again": attempts - len(load.history.records),
            "faults": {name: dict(link.happened) for name, link in links.items()},
            "back after silence, s": back_s,
        }
    return findings


async def _until_happened(load: Load, link: Proxy, before: Counter[str]) -> None:
    loop = asyncio.get_running_loop()
    give_up_s = loop.time() + HAPPENS_S
    while link.happened == before and loop.time() < give_up_s:
        await load.go_on(0.001)


async def _recovered(load: Load, world: Proxied) -> float:
    """Wait until everything that was asked during the silence is answered; tell the seconds."""
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    waiting = [record for record in load.history.records[-WORKERS:] if not record.answered]
    while not all(record.answered for record in waiting) and loop.time() - started_s < HAPPENS_S * 2:
        await load.go_on(0.01)
    await world.ready()
    return loop.time() - started_s


SCENARIO = Scenario(
    "network",
    "slow, cut, silent, repeating and reordering networks between all parts",
    run,
    run_broken,
)
