"""Scenario: a store that dies, is full, refuses to write, changes over, or whose file was damaged.

Callers must hear a clear code in time, reads go on where the store can read, everything recovers by itself,
nothing that was answered is lost; and where a damaged disk has destroyed answered bytes, something must tell.
"""

import asyncio
import ctypes
import os
import random
import resource
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from itertools import chain
from pathlib import Path

from cgrates_py.address import Address
from cgrates_py.settings import Settings
from storage.store import StoreError
from storage.valkey import ValkeyStore
from stress.faults import append_only, folder, sabotage
from stress.faults.append_only import Damage
from stress.faults.judge import balance_of, judge_gauge, judge_store, verified
from stress.faults.load import History, Load, Mix
from stress.faults.model import CUSTOMER, total
from stress.faults.probe import ASKED, BACK_S, IN_TIME_S, Probe, is_unavailable, load_into
from stress.faults.proxied import Proxied, address_of
from stress.faults.proxy import Fault, Proxy
from stress.faults.scenario import Findings, Options, Scenario
from stress.faults.stores import StoreServer, StoreServerError, follow
from stress.faults.wire import RpcWire, Wire
from stress.faults.world import Parts, Role, World, WorldError

WORKERS = 8
REPLICAS = "store_replicas"
"""The setting by which commits wait for replicas."""
CALM_S = 0.3
"""Of load before each fault, and after it."""
DAMAGES = (Damage.UNFINISHED, Damage.CUT, Damage.FLIPPED)
DAMAGED_EACH, DAMAGED_EACH_QUICK = 40, 2
DISK_BYTES = 8 << 20
_MNT_DETACH = 2
LEFT_BYTES = 96 << 10
"""What the filled disk has left: some hundred changes."""


async def run(options: Options) -> Findings:
    """A full disk under the whole server, and beside it all else on stores of the harness."""
    findings = Findings()
    parts = (_full_disk, _refusals, _replica_only, _failover, _damage)
    await asyncio.gather(*(part(options, findings) for part in parts))
    return findings


async def run_broken(options: Options) -> Findings:
    """A store that keeps nothing on disk; a change gone without a trace; a replica left behind. All show."""
    forgot, silent, behind = Findings(), Findings(), Findings()
    await asyncio.gather(
        _forgetful(options, forgot),
        _damage(options, silent, (Damage.GONE,)),
        _failover(options, behind, replicas=0),
    )
    found = [forgot.differences, silent.differences, behind.differences]
    return Findings([*chain.from_iterable(found)]) if all(found) else Findings()


async def _forgetful(options: Options, findings: Findings) -> None:
    async with _served(options.place / "forgetful", options.seed) as (_, store, load, probe):
        await sabotage.forget_disk(store.url)
        await load.go_on(CALM_S)
        await store.kill()
        await store.start()
        await probe.back("a store without a disk was killed")
        await load.stop()
        findings.add(*await judge_store(store.url, load.history, ASKED))


@asynccontextmanager
async def _served(
    place: Path, seed: int, findings: Findings | None = None
) -> AsyncIterator[tuple[Proxied, StoreServer, Load, Probe]]:
    """A loaded store of the harness, raters behind proxies on it, callers at work, and a probe."""
    async with StoreServer(place / "store") as store:
        await load_into(store.url, place / "tariff")
        async with Proxied(place, seed, store.address) as world:
            wires = world.wires(4, answer_s=IN_TIME_S + 1)
            load, probe = Load(seed, wires, mix=_mix()), Probe(world.server, findings or Findings())
            async with _working(load, probe, wires):
                yield world, store, load, probe


@asynccontextmanager
async def _working(load: Load, probe: Probe, wires: Sequence[Wire]) -> AsyncIterator[None]:
    """Have callers at work, after a moment of calm; in the end stop them and close what was open."""
    load.start(WORKERS)
    try:
        await load.go_on(CALM_S)
        yield
    finally:
        await load.stop()
        probe.close()
        for wire in wires:
            wire.close()


async def _refusals(options: Options, findings: Findings) -> None:
    """No memory left, a master that became a replica, a restart: one after the other, under load."""
    async with _served(options.place / "refusals", options.seed, findings) as (world, store, load, probe):
        none = Address("127.0.0.1", 1)
        cases: Sequence[tuple[str, tuple[str | int, ...], tuple[str | int, ...]]] = (
            ("maxmemory reached", ("CONFIG", "SET", "maxmemory", 1), ("CONFIG", "SET", "maxmemory", 0)),
            ("a replica now", ("REPLICAOF", *none), ("REPLICAOF", "NO", "ONE")),
        )
        back_s = {}
        for when, break_, mend in cases:
            await store.command(*break_)
            await probe.reads_go_on(when)
            world.store.reset_all()  # also for raters that have to connect anew
            await probe.reads_go_on(f"{when}, reconnected")
            await probe.changes_are_refused(when)
            await store.command(*mend)
            back_s[when] = await probe.back(when)
            await load.go_on(CALM_S)
        await store.kill()
        await store.start()
        back_s["killed and started"] = await probe.back("killed and started")
        await load.go_on(CALM_S)
        await load.stop()
        findings.add(*await judge_store(store.url, load.history, ASKED))
        findings.figures["back, s"] = back_s
        findings.figures["requests of refusals"] = len(load.history.records)


async def _replica_only(options: Options, findings: Findings) -> None:
    """A rater that is given a replica for its store reads, and says that it cannot write."""
    place = options.place / "replica"
    async with StoreServer(place / "master") as master, StoreServer(place / "replica") as replica:
        await load_into(master.url, place / "tariff")
        await follow(replica, master.address)
        async with Parts(place) as parts:
            try:
                rpc = await parts.start_listening_rater("rater", replica.url)
            except WorldError as error:
                findings.add(f"on a replica no rater starts: {str(error)[-300:]}")
                return
            probe = Probe(rpc, findings)
            await probe.reads_go_on("on a replica")
            await probe.changes_are_refused("on a replica")
            probe.close()


async def _full_disk(options: Options, findings: Findings) -> None:
    """The whole server on a disk that fills, until somebody makes room."""
    place = options.place / "full"
    with _small_disk(place / "data") as small:
        async with World(place) as world:
            wires = [RpcWire(world.rpc) for _ in range(4)]
            load, probe = Load(options.seed, wires, mix=_mix()), Probe(world.rpc, findings)
            async with _working(load, probe, wires):
                room = _fill(world, small)
                await _until_refused(load, probe)
                room()
                findings.figures["back after a full disk, s"] = await probe.back("disk full")
                await load.go_on(CALM_S)
            findings.add(*await judge_store(world.store_url, load.history, ASKED))
            findings.add(*await judge_gauge(world.http))
            findings.figures["full disk"] = f"{DISK_BYTES >> 20} MiB tmpfs" if small else "limit of file size"


async def _until_refused(load: Load, probe: Probe) -> None:
    """Wait until a change is refused. Between two deaths the store may find room for some."""
    give_up_s = time.monotonic() + BACK_S
    while not is_unavailable(await probe.ask("DebitSMS", Amount="1", RequestId=f"{time.monotonic_ns()}")):
        if time.monotonic() > give_up_s:
            raise StoreServerError("the disk does not fill")
        await load.go_on(0.05)


def _fill(world: World, small: bool) -> Callable[[], None]:
    """Fill the disk, or forbid the store to write on; give what makes room again."""
    if not small:
        (pid,) = world.pids(Role.STORE)
        size = append_only.newest(world.data_dir).stat().st_size + LEFT_BYTES
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, size))
        return lambda: None  # the limit ended with the process
    filler = world.data_dir / "filler"
    with filler.open("wb") as file, suppress(OSError):
        while shutil.disk_usage(world.data_dir).free > LEFT_BYTES:
            file.write(bytes(LEFT_BYTES // 8))
            file.flush()
    return filler.unlink


@contextmanager
def _small_disk(place: Path) -> Iterator[bool]:
    """Mount a disk of DISK_BYTES on a directory, if we may; tell whether."""
    place.mkdir(parents=True)
    libc = ctypes.CDLL(None)
    name = os.fsencode(place)
    mounted = libc.mount(b"tmpfs", name, b"tmpfs", 0, b"size=%d,mode=700" % DISK_BYTES) == 0
    try:
        yield mounted
    finally:
        if mounted:
            libc.umount2(name, _MNT_DETACH)


async def _failover(options: Options, findings: Findings, replicas: int = 1) -> None:
    """The replica falls behind, the master dies, the replica is promoted and found at the old address.

    With commits that wait for a replica nobody was told of a change that it does not have.
    """
    if replicas and REPLICAS not in Settings.model_fields:
        findings.figures["failover"] = "left out: commits wait for no replica"
        return
    place = options.place / "failover"
    async with AsyncExitStack() as stack:
        names = ("master", "replica", "spare")
        master, replica, spare = [
            await stack.enter_async_context(StoreServer(place / name)) for name in names
        ]
        await load_into(master.url, place / "tariff")
        lane = await stack.enter_async_context(Proxy(master.address, options.seed))
        await follow(replica, address_of(lane))
        more = {f"CGRATES_{REPLICAS.upper()}": str(replicas)} if replicas else {}
        world = await stack.enter_async_context(Proxied(place, options.seed, master.address, more=more))
        wires = world.wires(4, answer_s=IN_TIME_S + 1)
        load, probe = Load(options.seed, wires, mix=_mix()), Probe(world.server, findings)
        async with _working(load, probe, wires):
            lane.fault = Fault(swallow=1.0)
            await load.go_on(CALM_S)
            await master.kill()
            await replica.command("REPLICAOF", "NO", "ONE")
            await follow(spare, replica.address)
            world.store.target = replica.address
            world.store.reset_all()
            findings.figures["back after a failover, s"] = await probe.back("failover")
            await load.go_on(CALM_S)
        findings.add(*await judge_store(replica.url, load.history, ASKED))


async def _damage(options: Options, findings: Findings, damages: Sequence[Damage] = DAMAGES) -> None:
    """Damage the end of the file in many ways; nothing may be wrong that nothing tells."""
    place = options.place / "damaged"
    async with _served(place, options.seed) as (_, store, load, _):
        await load.go_on(CALM_S)
        await load.stop()
        await store.kill()
    chance = random.Random(options.seed)
    told: Counter[str] = Counter()
    each = DAMAGED_EACH_QUICK if options.quick else DAMAGED_EACH
    for number in range(each):
        for damage in damages:
            copy = place / f"{damage.name.lower()}{number}"
            done = append_only.damaged(store.place, copy, damage, chance)
            outcome = await _judge_damaged(copy, load.history, damage, done, findings)
            told[f"{damage.name.lower()}: {outcome}"] += 1
            shutil.rmtree(copy)
    findings.figures["damaged files"] = dict(sorted(told.items()))


async def _judge_damaged(place: Path, history: History, damage: Damage, done: str, findings: Findings) -> str:
    """Start a store on a damaged file; tell what noticed, and add what nobody did."""
    store = StoreServer(place)
    try:
        async with store:
            wrong, alarms = await _compare(store.url, history)
            if wrong and not alarms:
                alarms = await verified(store.url)
    except StoreServerError:
        if damage is Damage.UNFINISHED:
            findings.add(f"{done}: the store does not start")
        return "the store does not start"
    if damage is Damage.UNFINISHED:
        findings.add(*(f"{done}: {each}" for each in (*wrong, *alarms)))
    if alarms:
        return "verify tells"
    if not wrong:
        return "nothing lost"
    if any(words in store.told().lower() for words in append_only.TOLD):
        return "the store's log tells"
    findings.add(*(f"{done}: nothing tells that {each}" for each in wrong))
    return "nobody tells"


async def _compare(url: str, history: History) -> tuple[list[str], list[str]]:
    """List the accounts whose balance is wrong though they are proved, and those that cannot be proved."""
    wrong, alarms = [], []
    records = history.by_account()
    async with ValkeyStore(url) as store:
        for account in ASKED:
            expected = total(
                folder.opening(account), (each.operation for each in records.get(account, []) if each.done)
            )
            try:
                stored = await store.verify((CUSTOMER, account))
            except StoreError as error:
                alarms.append(f"{account}: {error}")
                continue
            if stored is None or balance_of(stored.account) != expected:
                wrong.append(f"{account} has {stored and balance_of(stored.account)}, not {expected}")
    return wrong, alarms


def _mix() -> Mix:
    return Mix(accounts=ASKED)


SCENARIO = Scenario(
    "store", "a store that dies, fills, refuses, changes over, or has a damaged file", run, run_broken
)
