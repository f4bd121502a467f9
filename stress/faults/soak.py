"""Soak: a steady load at 60 % of what the machine can do, and whether anything grows or slows down.

The store grows by its journal, which is kept for ever; it is told per change and not held against it.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from storage.valkey import ValkeyStore
from stress.faults import folder
from stress.faults.judge import judge_gauge, judge_store
from stress.faults.load import History, Load, Mix
from stress.faults.model import Record
from stress.faults.scenario import Findings, Options, Scenario
from stress.faults.wire import HttpWire, RpcWire, Wire
from stress.faults.world import Role, World
from stress.figures import percentile
from stress.serving import environment, memory_bytes

SHARE = 0.6
WORKERS = 64
CONNECTIONS = 8
HTTP_CONNECTIONS = 16
CAPACITY_S = 5.0
CAPACITY_QUICK_S = 1.0
SAMPLE_S = 0.25
LEAK_BYTES = 32 << 20
"""What a process may grow by after the first third: caches fill up, and allocators keep what they have."""
LEAK_FILES = 16
"""Open files that a process may have more in the last third than in the first: a connection made anew."""
SLOWER = 2.0
SLOWER_S = 0.02
"""In the last third p99 may be twice that of the first, and this much more."""
TELLING_S = 120.0
"""A run that is shorter says nothing about slopes of time."""
LEAKY = """
import os, time
kept = []
while True:
    kept.append((bytearray(os.urandom(1 << 20)) * 16, open(os.devnull)))
    time.sleep(0.05)
"""
LEAKY_S = 3.0


@dataclass(slots=True)
class Samples:
    """Memory and open files of one process, sample by sample, in seconds, bytes and counts."""

    at_s: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)


class Watch:
    """Looks at processes again and again. ``pids`` tells which there are, by name."""

    def __init__(self, pids: Callable[[], Mapping[str, int]]) -> None:
        self.samples: dict[str, Samples] = {}
        self._pids = pids

    async def run(self, seconds: float) -> None:
        """Look for so long."""
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        while (now_s := loop.time() - started_s) < seconds:
            self.look(now_s)
            await asyncio.sleep(SAMPLE_S)

    def look(self, at_s: float) -> None:
        """Take one sample of each process."""
        for name, pid in self._pids().items():
            with suppress(OSError, ValueError):  # it may end at this moment
                memory, _ = memory_bytes(pid)
                files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
                found = self.samples.setdefault(name, Samples())
                found.at_s.append(at_s)
                found.memory.append(float(memory))
                found.files.append(files)


def slope(at_s: Sequence[float], values: Sequence[float]) -> float:
    """Tell how much the values grow in a second: the least squares."""
    count = len(at_s)
    mean_s, mean = sum(at_s) / count, sum(values) / count
    spread = sum((each - mean_s) ** 2 for each in at_s)
    if not spread:
        return 0.0
    return sum((s - mean_s) * (value - mean) for s, value in zip(at_s, values, strict=True)) / spread


def grown(samples: Samples) -> float:
    """Tell by how many bytes the memory grew after the first third, by its slope."""
    first = len(samples.at_s) // 3
    at_s, memory = samples.at_s[first:], samples.memory[first:]
    return slope(at_s, memory) * (at_s[-1] - at_s[0])


def files_grown(samples: Samples) -> int:
    """Tell how many more files were open at most in the last third than in the first."""
    third = max(1, len(samples.files) // 3)
    return max(samples.files[-third:]) - max(samples.files[:third])


def leaks(samples: Mapping[str, Samples]) -> list[str]:
    """List the processes that grow; the store may, by its journal."""
    found = []
    for name, each in samples.items():
        if (growth := grown(each)) > LEAK_BYTES and name != Role.STORE.value:
            found.append(f"{name} grew by {growth / 2**20:.0f} MiB in {each.at_s[-1]:.0f} s")
        if (more := files_grown(each)) > LEAK_FILES:
            found.append(f"{name} has {more} more open files at the end than at the beginning")
    return found


def thirds_p99_s(records: Sequence[Record]) -> tuple[float, float]:
    """Tell p99 of the answers' times in the first and in the last third of a run."""
    third = max(1, len(records) // 3)
    first, last = (
        sorted(record.answered_s - record.asked_s for record in part if record.answered)
        for part in (records[:third], records[-third:])
    )
    return percentile(first, 99), percentile(last, 99)


async def run(options: Options) -> Findings:
    """Measure the capacity, load 60 % of it, and watch every process."""
    findings = Findings()
    async with World(options.place) as world:
        wires = [RpcWire(world.rpc) for _ in range(CONNECTIONS)]
        http = [HttpWire(world.http) for _ in range(HTTP_CONNECTIONS)]
        watch = Watch(lambda: _named(world))
        async with ValkeyStore(world.store_url) as store:
            full = Load(options.seed, wires, http, store, _mix(0.0))
            span_s = CAPACITY_QUICK_S if options.quick else CAPACITY_S
            await full.run(WORKERS, span_s)
            capacity = len(full.history.records) / span_s
            steady = Load(options.seed + 1_000_000, wires, http, store, _mix(WORKERS / (SHARE * capacity)))
            steady.start(WORKERS)
            watching = asyncio.create_task(watch.run(options.seconds))
            await steady.go_on(options.seconds)
            await watching
            await steady.stop()
        every: list[Wire] = [*wires, *http]
        for wire in every:
            wire.close()
        records = steady.history.records
        history = History([*full.history.records, *records])
        findings.add(*await judge_store(world.store_url, history), *await judge_gauge(world.http))
    _tell(findings, options, watch, records, capacity)
    return findings


async def run_broken(_options: Options) -> Findings:
    """Watch a process that keeps memory and files."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", LEAKY, env=environment())
    try:
        watch = Watch(lambda: {"leaky": process.pid})
        await watch.run(LEAKY_S)
    finally:
        process.kill()
        await process.wait()
    return Findings(leaks(watch.samples))


def _tell(
    findings: Findings, options: Options, watch: Watch, records: Sequence[Record], capacity: float
) -> None:
    first_s, last_s = thirds_p99_s(records)
    findings.add(*leaks(watch.samples))
    if options.seconds >= TELLING_S and last_s > SLOWER * first_s + SLOWER_S:
        findings.add(f"p99 went from {first_s * 1000:.1f} to {last_s * 1000:.1f} ms")
    rate = len(records) / options.seconds
    findings.figures["load"] = f"{rate:.0f} a second, capacity of server and harness {capacity:.0f}"
    findings.figures["p99, first and last third"] = f"{first_s * 1000:.1f} ms, {last_s * 1000:.1f} ms"
    for name, each in watch.samples.items():
        growth = f"{grown(each) / 2**20:+.1f} MiB after the first third"
        if name == Role.STORE.value:
            growth = f"{slope(each.at_s, each.memory) / rate:.0f} B for each change"
        findings.figures[name] = f"{each.memory[-1] / 2**20:.0f} MiB, {growth}, {each.files[-1]} files"


def _mix(pause_s: float) -> Mix:
    return Mix(folder.ACCOUNTS, hot_share=0.05, pause_s=pause_s)


def _named(world: World) -> dict[str, int]:
    found = {}
    for role in Role:
        pids = sorted(world.pids(role))
        for number, pid in enumerate(pids, 1):
            found[f"{role.value} {number}" if len(pids) > 1 else role.value] = pid
    return found


SCENARIO = Scenario("soak", "a steady load: nothing grows, nothing slows down", run, run_broken, alone=True)
