"""Lost update: four raters, one account, debits of 1 from all sides; through the balancer and past it."""

import asyncio

from cgrates_py.address import Address
from storage.valkey import ValkeyStore
from stress.faults import folder, sabotage
from stress.faults.judge import judge_store
from stress.faults.load import Load, Mix
from stress.faults.model import CUSTOMER, ONE, Kind
from stress.faults.scenario import Findings, Options, Scenario
from stress.faults.wire import RpcWire
from stress.faults.world import Parts, World

RATERS = 4
ACCOUNT = "hot0"
DEBITS = 100_000
DEBITS_QUICK = 4_000
DEBITS_BROKEN = 2_000
CONNECTIONS_EACH = 2
WORKERS = 128


async def run(options: Options) -> Findings:
    """Half of the debits through the balancer, half past it on all raters at once."""
    count = DEBITS_QUICK if options.quick else DEBITS
    findings = Findings()
    async with World(options.place / "balanced", raters=RATERS) as world:
        await _debit(options.seed, [world.rpc], world.store_url, count, findings, "through the balancer")
    await _past_the_balancer(options, count, findings, None)
    return findings


async def run_broken(options: Options) -> Findings:
    """Debit past the balancer, with a commit that does not compare versions."""
    findings = Findings()
    await _past_the_balancer(options, DEBITS_BROKEN, findings, sabotage.without_version_check())
    return findings


async def _past_the_balancer(options: Options, count: int, findings: Findings, library: str | None) -> None:
    async with Parts(options.place / "direct") as parts:
        url = await parts.start_store()
        raters = [await parts.start_listening_rater(f"rater-{number}", url) for number in range(RATERS)]
        if library is not None:
            await sabotage.break_store(url, library)
        await _debit(options.seed, raters, url, count, findings, "on all raters at once")


async def _debit(
    seed: int, servers: list[Address], store_url: str, count: int, findings: Findings, how: str
) -> None:
    one = Mix(accounts=(ACCOUNT,), hot=(ACCOUNT,), weights={Kind.MONEY: 1}, amount=ONE)
    wires = [RpcWire(server) for _ in range(CONNECTIONS_EACH) for server in servers]
    load = Load(seed, wires, mix=one)
    started_s = asyncio.get_running_loop().time()
    load.start(WORKERS, count)
    await load.all_answered()
    lasted_s = asyncio.get_running_loop().time() - started_s
    for wire in wires:
        wire.close()
    findings.add(*await judge_store(store_url, load.history, (ACCOUNT,)))
    async with ValkeyStore(store_url) as store:
        stored = await store.read((CUSTOMER, ACCOUNT))
    left = stored.account.credit if stored else None
    if left != folder.RICH.credit - count * ONE:
        findings.add(f"{how}: {count} debits of 1 left {left}, began with {folder.RICH.credit}")
    findings.figures[how] = f"{count} debits, {count / lasted_s:.0f} a second"


SCENARIO = Scenario(
    "lost-update", "four raters on one account: every debit counts once", run, run_broken, alone=True
)
