"""Fuzzes a running server: the corpus, every odd field, then mutations until the time is up.

After each block of inputs everything that has to hold is asked again; what failed is sent alone, shortened
while it still fails in the same way, and kept as a file of the corpus.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from stress.hostile import corpus
from stress.hostile.exchange import problems_of
from stress.hostile.target import Target
from stress.hostile.watcher import Watcher

BLOCK = 200
"""Inputs between two looks at the whole."""
AT_ONCE = 24
"""Connections at a time."""
RATERS_AT_ONCE = 2
"""Likewise of raters that hang up: a request over which four were lost is refused, and rightly."""
ATTEMPTS_MAX = 120
"""Attempts to shorten a failing input."""
FINDINGS_MAX = 20
SAME = 24
"""Findings that begin with the same characters are of one kind."""
GROWTH_BYTES_MAX = 48 << 20
"""How much a process may grow in the second half of a run: caches that fill, not a leak."""


@dataclass
class Findings:
    """What a run found: how many inputs, what failed, and the memory of each process after each block."""

    protocol: str
    seed: int
    inputs: int = 0
    problems: list[str] = field(default_factory=list)
    memory: list[dict[str, int]] = field(default_factory=list)

    def growth(self) -> dict[str, int]:
        """Tell how many bytes each process grew by in the second half of the run."""
        if len(self.memory) < 2:
            return {}
        half, end = self.memory[len(self.memory) // 2], self.memory[-1]
        return {name: end[name] - half[name] for name in end if name in half}

    def __str__(self) -> str:
        """Print as one line."""
        most = max(self.growth().values(), default=0) / (1 << 20)
        return (
            f"{self.protocol} seed {self.seed}: {self.inputs} inputs, {len(self.problems)} findings,"
            f" growth {most:.1f} MiB"
        )


async def fuzz(
    target: Target, protocol: str, seed: int, seconds: float, inputs_max: int | None = None
) -> Findings:
    """Attack one protocol for so long, or with so many mutations."""
    found = Findings(protocol, seed)
    source = corpus.Source(protocol, seed)
    started = time.monotonic()

    def stream() -> Iterator[list[bytes]]:
        for data in source.entries.values():
            yield [data]
            if len(data) < 2000:
                yield [data[at : at + 1] for at in range(len(data))]
        if protocol == "jsonrpc" and inputs_max is None:
            yield from ([data] for data in corpus.odd_fields())
        count = 0
        while count < inputs_max if inputs_max is not None else time.monotonic() - started < seconds:
            yield source.pieces(source.made())
            count += 1

    inputs = stream()
    with Watcher(target) as watcher:
        while len(found.problems) < FINDINGS_MAX and (block := list(islice(inputs, BLOCK))):
            await _attack(target, protocol, block, found)
    found.problems += watcher.problems[:FINDINGS_MAX]
    if (worst := max(found.growth().values(), default=0)) > GROWTH_BYTES_MAX:
        found.problems.append(f"a process grew by {worst >> 20} MiB: {found.growth()}")
    return found


async def _attack(target: Target, protocol: str, block: list[list[bytes]], found: Findings) -> None:
    gate = asyncio.Semaphore(RATERS_AT_ONCE if protocol == "envelope" else AT_ONCE)

    async def one(pieces: list[bytes]) -> list[str]:
        async with gate:
            return await problems_of(target, protocol, pieces)

    results = await asyncio.gather(*map(one, block))
    found.inputs += len(block)
    failed = {tuple(pieces): problems for pieces, problems in zip(block, results, strict=True) if problems}
    harm = await asyncio.to_thread(target.harm)
    found.memory.append(target.memory())
    if harm and not failed:
        failed = {tuple(pieces): harm for pieces in block if await _fails(target, protocol, pieces)}
        if not failed:
            found.problems.append(f"not by one input alone: {harm}")
    for each, first in list(failed.items())[:FINDINGS_MAX]:
        await _report(target, protocol, each, first, found)


async def _fails(target: Target, protocol: str, pieces: Sequence[bytes]) -> list[str]:
    problems = await problems_of(target, protocol, pieces)
    return problems + await asyncio.to_thread(target.harm)


async def _report(
    target: Target, protocol: str, pieces: Sequence[bytes], first: list[str], found: Findings
) -> None:
    problems = await _fails(target, protocol, pieces)
    if not problems:
        found.problems.append(f"{first}, not again alone: {b''.join(pieces)[:200]!r}")
    else:
        short = await _shortened(target, protocol, b"".join(pieces), problems[0][:SAME])
        path = corpus.keep(protocol, "failing", short)
        found.problems.append(f"{problems[0]}\n    input {path.name}: {short[:200]!r}")


async def _shortened(target: Target, protocol: str, data: bytes, problem: str) -> bytes:
    """Leave out stretches while the rest, sent in one piece, still has the same problem."""

    async def still(shorter: bytes) -> bool:
        return any(each.startswith(problem) for each in await _fails(target, protocol, [shorter]))

    if not await still(data):
        return data
    left = ATTEMPTS_MAX
    size = len(data) // 2
    while size and left > 0:
        for cut in range(0, len(data), size):
            shorter = data[:cut] + data[cut + size :]
            left -= 1
            if shorter and await still(shorter):
                data = shorter
                break
            if not left:
                break
        else:
            size //= 2
    return data
