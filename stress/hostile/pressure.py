"""Presses a server from all sides and measures what a well-behaved client feels meanwhile.

The baseline is taken in the same run, before and between the crowds, with the same client.
"""

import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from stress.hostile import crowd
from stress.hostile.target import Target, under_attack
from stress.hostile.watcher import Watcher

RATIO_MAX = 2.0
"""The p99 of a well-behaved client stays below this many times its baseline."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One crowd against one port."""

    name: str
    crowd: crowd.Crowd
    http: bool
    count: int
    seconds: float


def scenes(quick: bool) -> list[Scene]:
    """List what is played: all of it in two minutes, or a tenth of it in seconds."""
    part, seconds = (10, 2.0) if quick else (1, 14.0)
    long = seconds if quick else 40.0  # longer than DRAIN_S
    found = []
    for http in (False, True):
        found += [
            Scene("idle", crowd.idle, http, 500 // part, seconds),
            Scene("one byte a second", crowd.drip, http, 200 // part, seconds),
            Scene("answers not taken", crowd.deaf, http, 20 // part, long),
            Scene("connects and closes", crowd.come_and_go, http, 10_000 // part, seconds),
            Scene("as many as allowed", crowd.idle, http, 6000 // part, seconds),
            Scene("oversize frames", crowd.oversize, http, 200 // part, seconds),
        ]
    return found


def press(*, quick: bool) -> int:
    """Play every scene; print a table; 1 if anything broke or the well-behaved client waited too long."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as place, under_attack(Path(place)) as target:
        return asyncio.run(_press(target, quick))


async def _press(target: Target, quick: bool) -> int:
    broken = 0
    _say(f"{'scene':34}{'baseline p99':>14}{'p99':>10}{'ratio':>8}   growth   what the crowd saw")
    with Watcher(target) as watcher:
        for scene in scenes(quick):
            row, bad = await _play(target, watcher, scene, 1.0 if quick else 4.0)
            broken += bad
            _say(row)
        broken += len(watcher.problems)
        _say("\n".join(watcher.problems) or "every answer of the well-behaved client was right")
    return 1 if broken else 0


async def _play(target: Target, watcher: Watcher, scene: Scene, quiet_s: float) -> tuple[str, int]:
    await asyncio.sleep(0.5)  # what the scene before left behind
    watcher.taken()
    before = target.memory()
    await asyncio.sleep(quiet_s)
    base = watcher.taken()[scene.http]
    port = target.http if scene.http else target.rpc
    ends = time.monotonic() + scene.seconds
    async with crowd.pressing(scene.crowd, port, scene.http, scene.count) as seen:
        await asyncio.sleep(ends - time.monotonic())
        felt = watcher.taken()[scene.http]
        after = target.memory()
    harm = await asyncio.to_thread(target.harm)
    p99_base, p99 = percentile(base, 99), percentile(felt, 99)
    grown = max(after[name] - before.get(name, 0) for name in after) / (1 << 20)
    where = f"{scene.count} {scene.name}, {'HTTP' if scene.http else 'JSON-RPC'}"
    row = (
        f"{where:40}{p99_base * 1e3:8.2f} ms{p99 * 1e3:8.2f} ms{p99 / p99_base:7.2f}x {grown:6.1f} MiB   "
        f"{', '.join(f'{count} {what}' for what, count in sorted(seen.items()))}"
    )
    return "\n".join([row, *harm]), len(harm) + (p99 > RATIO_MAX * p99_base)


def percentile(values: list[float], part: float) -> float:
    """Tell the value below which ``part`` percent of ``values`` lie; none at all is as bad as can be."""
    if not values:
        return float("inf")
    return sorted(values)[min(len(values) - 1, int(len(values) * part / 100))]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
