"""Scenario: a cluster of three masters whose slots move and whose masters die, under load, judged as always.

Without replicas a dead master takes its accounts out of service, and nobody else's, until it is back. With
one, its replica takes over by itself; every commit waits for a replica, so nothing answered is lost.
"""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from cgrates_py.address import Address
from cgrates_py.settings import Settings
from storage import keys
from stress.faults import folder
from stress.faults.judge import judge_store
from stress.faults.load import Load, Mix
from stress.faults.model import CUSTOMER
from stress.faults.probe import Probe, load_into
from stress.faults.proxied import RATERS
from stress.faults.scenario import Findings, Options, Scenario
from stress.faults.stores import Cluster, ClusterNode, slot_of
from stress.faults.wire import RpcWire
from stress.faults.world import Parts, raters_ready, send, until

WORKERS = 8
CALM_S = 0.3
REPLICAS = "store_replicas"
PROBES, ASKED = folder.MANY[:12], (*folder.HOT, *folder.POOR, *folder.MANY[12:])
"""Accounts of the probes, some on each master; and all others, which the load asks about."""
HALF_S = 0.05
"""How long a slot stays half moved."""


@dataclass(frozen=True, slots=True)
class Clustered:
    """A cluster with raters and a balancer on it, and callers at work."""

    cluster: Cluster
    rpc: Address
    load: Load


async def run(options: Options) -> Findings:
    """Move slots and kill a master that has no replica; then kill one that has."""
    findings = Findings()
    seconds = CALM_S if options.quick else options.seconds / 4
    await asyncio.gather(_bare(options, seconds, findings), _replicated(options, seconds, findings))
    return findings


async def _bare(options: Options, seconds: float, findings: Findings) -> None:
    async with _clustered(options, "bare", 0) as world:
        await _moves(world, options, seconds, findings)
        await _master_lost(world, findings)
        await world.load.go_on(seconds)
        await _judged(world, findings)


async def _replicated(options: Options, seconds: float, findings: Findings) -> None:
    if REPLICAS not in Settings.model_fields:
        findings.figures["failover"] = "left out: commits wait for no replica"
        return
    more = {f"CGRATES_{REPLICAS.upper()}": "1"}
    async with _clustered(options, "replicated", 1, more) as world:
        await _master_replaced(world, findings)
        await world.load.go_on(seconds)
        await _judged(world, findings)


async def run_broken(options: Options) -> Findings:
    """Somebody moves slots and forgets what is in them."""
    findings = Findings()
    async with _clustered(options, "forgetful", 0) as world:
        await world.load.go_on(CALM_S)
        for account in folder.HOT:
            name = keys.of_account((CUSTOMER, account)).account
            owner = await world.cluster.owner(slot_of(name))
            to = next(node for node in world.cluster.masters if node is not owner)
            await owner.command("DEL", name)
            await world.cluster.move(slot_of(name), to)
        await world.load.go_on(CALM_S)
        await _judged(world, findings)
    return findings


@asynccontextmanager
async def _clustered(
    options: Options, name: str, replicas: int, more: Mapping[str, str] | None = None
) -> AsyncIterator[Clustered]:
    place = options.place / name
    place.mkdir()
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(Cluster(place, 3, replicas))
        await load_into(cluster.url, place / "tariff")
        parts = await stack.enter_async_context(Parts(place, more))
        rpc, register = await parts.start_balancer()
        for rater in RATERS:
            await parts.start_rater(rater, cluster.url, register)
        wires = [RpcWire(rpc) for _ in range(4)]
        for wire in wires:
            stack.callback(wire.close)
        await _ready(wires[0])
        load = Load(options.seed, wires, mix=Mix(accounts=ASKED))
        load.start(WORKERS)
        stack.push_async_callback(load.stop)
        yield Clustered(cluster, rpc, load)


async def _ready(wire: RpcWire) -> None:
    async def holds() -> bool:
        return await raters_ready(wire, len(RATERS))

    await until(holds)


async def _judged(world: Clustered, findings: Findings) -> None:
    await world.load.stop()
    findings.add(*await judge_store(world.cluster.url, world.load.history, ASKED))
    told = findings.figures.get("requests", 0)
    findings.figures["requests"] = int(str(told)) + len(world.load.history.records)


async def _moves(world: Clustered, options: Options, seconds: float, findings: Findings) -> None:
    """Move slots of accounts that are in use, key by key, so that callers meet ASK, TRYAGAIN and MOVED."""
    chance = random.Random(options.seed)
    cluster, loop = world.cluster, asyncio.get_running_loop()
    give_up_s = loop.time() + seconds
    slots = keys_moved = 0
    while slots < len(folder.HOT) or loop.time() < give_up_s:
        account = folder.HOT[slots] if slots < len(folder.HOT) else chance.choice(ASKED)
        slot = slot_of(keys.of_account((CUSTOMER, account)).account)
        owner = await cluster.owner(slot)
        to = chance.choice([node for node in cluster.masters if node is not owner])
        await cluster.open_move(slot, to)
        await world.load.go_on(HALF_S)
        keys_moved += await cluster.move_keys(slot, owner, to, 1)
        await world.load.go_on(HALF_S)  # this account's keys are in two places now
        while count := await cluster.move_keys(slot, owner, to, 10):
            keys_moved += count
        await world.load.go_on(HALF_S)
        await cluster.close_move(slot, to)
        slots += 1
    findings.figures["slots moved"] = f"{slots} with {keys_moved} keys"


async def _master_lost(world: Clustered, findings: Findings) -> None:
    """Without a replica: its accounts wait for it, the others do not."""
    victim = world.cluster.masters[-1]
    here, elsewhere = await _probed(world.cluster, victim)
    lost, other = Probe(world.rpc, findings, here), Probe(world.rpc, findings, elsewhere)
    await victim.kill()
    await asyncio.gather(
        lost.changes_are_refused("its master is dead"), other.reads_go_on("another master is dead")
    )
    await other.back("another master is dead")
    await victim.start()
    findings.figures["back after its master, s"] = await lost.back("its master is back")
    lost.close()
    other.close()


async def _master_replaced(world: Clustered, findings: Findings) -> None:
    """With a replica: it takes over, and the old master returns as its replica."""
    victim, replica = world.cluster.masters[1], world.cluster.nodes[len(world.cluster.masters) + 1]
    here, _ = await _probed(world.cluster, victim)
    probe = Probe(world.rpc, findings, here)
    await world.load.go_on(CALM_S)
    send(replica.pid, signal.SIGSTOP)  # it falls behind, though not so long that it may not be elected
    await world.load.go_on(CALM_S)
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    await victim.kill()
    send(replica.pid, signal.SIGCONT)
    while await _is_owner(world.cluster, victim):
        await world.load.go_on(0.05)
    findings.figures["replica elected after, s"] = round(loop.time() - begun_s, 2)
    # commits wait in vain for a replica now, and a read may wait behind them on their connection: reported,
    # because whether it does is chance
    said = await probe.ask("GetAccount")
    findings.figures["a read while no replica is left"] = said or "answered"
    await victim.start()
    findings.figures["changes after the old master is back, s"] = await probe.back("a replica took over")
    probe.close()


async def _is_owner(cluster: Cluster, node: ClusterNode) -> bool:
    slots = await (await cluster.alive())[0].command("CLUSTER", "SLOTS")
    return any(cluster.ids[each[2][2].decode()] is node for each in slots)


async def _probed(cluster: Cluster, node: ClusterNode) -> tuple[str, str]:
    """Find an account of the probes on a node, and one that is not."""
    here: list[str] = []
    elsewhere: list[str] = []
    for account in PROBES:
        owner = await cluster.owner(slot_of(keys.of_account((CUSTOMER, account)).account))
        (here if owner is node else elsewhere).append(account)
    return _first(here), _first(elsewhere)


def _first(accounts: Sequence[str]) -> str:
    if not accounts:
        raise ValueError("the probes have no account there")
    return accounts[0]


SCENARIO = Scenario(
    "cluster", "three masters: slots move, masters die with and without a replica", run, run_broken
)
