"""An open-loop client: requests leave at a fixed rate, whatever the server does.

The latency of a request counts from the moment at which it was due, not from when it was sent: a server that
stops for a second delays everything due in that second, and all of it shows (no coordinated omission). The
timers of the event loop are good to a millisecond; how late the client itself was is told beside.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import uvloop

from cgrates_py.address import Address
from stress import traffic
from stress.figures import percentile, table
from stress.serving import ServingError, served
from stress.traffic import Kind

PERCENTILES = (50.0, 90.0, 99.0, 99.9)
ANSWER_S = 10.0
"""An answer that has not come so long after the last request is counted as missing."""
POOL = 4096
REQUESTS_MAX = 5_000_000
"""Due times are made beforehand, so that making them delays nobody."""

_START: Final = len(b'{"id":')
_SUCCESS: Final = b',"error":null}'


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. ``latency_ms`` has the percentiles by name, of good answers and refusals alike."""

    asked: int
    answered: int
    refused: int
    rate: float
    latency_ms: dict[str, float]
    late_p99_ms: float
    """How long after it was due a request left: the client's own part of the latency."""
    first_refusal: str = ""


def due_times(rate: float, seconds: float, poisson: bool, seed: int) -> list[float]:
    """Tell when each request is due, in seconds from the start: evenly, or with exponential pauses."""
    if not poisson:
        return [number / rate for number in range(int(rate * seconds))]
    chance = random.Random(seed)
    wanted = int(rate * seconds)
    return [due for due in accumulate(chance.expovariate(rate) for _ in range(wanted)) if due < seconds]


def outcome(
    due_s: Sequence[float],
    sent_s: Sequence[float],
    answered_s: dict[int, float],
    refusals: Sequence[bytes],
) -> Outcome:
    """Sum up: when each request was due, left and was answered, all on one clock."""
    late = sorted(at_s - due for due, at_s in zip(due_s, sent_s, strict=False))
    waits = sorted(at_s - due_s[number] for number, at_s in answered_s.items())
    named = {f"p{percent:g}": percentile(waits, percent) for percent in PERCENTILES} if waits else {}
    if waits:
        named["max"] = waits[-1]
    return Outcome(
        asked=len(due_s),
        answered=len(waits),
        refused=len(refusals),
        rate=len(due_s) / due_s[-1] if due_s and due_s[-1] else 0.0,
        latency_ms={name: round(wait_s * 1000, 3) for name, wait_s in named.items()},
        late_p99_ms=round(percentile(late, 99) * 1000, 3) if late else 0.0,
        first_refusal=refusals[0].decode(errors="replace")[:300] if refusals else "",
    )


class _Connection(asyncio.Protocol):
    """Hands every answer to the run; they come in any order."""

    def __init__(self, run: "_Run") -> None:
        self._run = run
        self._part = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._part = (self._part + data).split(b"\n")
        self._run.take(lines)

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.lost = True
        self._run.done.set()


class _Run:
    """One run: sends what is due, remembers when it was answered."""

    def __init__(self, due_s: Sequence[float], bodies: Sequence[bytes]) -> None:
        self._due_s = due_s
        self._bodies = bodies
        self._started_s = 0.0
        self.sent_s: list[float] = []
        self.answered_s: dict[int, float] = {}
        self.refusals: list[bytes] = []
        self.lost = False
        self.done = asyncio.Event()

    def take(self, lines: Sequence[bytes]) -> None:
        """Take answers, one a line."""
        now_s = time.perf_counter() - self._started_s
        for line in lines:
            self.answered_s[int(line[_START : line.index(b",")])] = now_s
            if not line.endswith(_SUCCESS):
                self.refusals.append(line)
        if len(self.answered_s) == len(self._due_s):
            self.done.set()

    async def send(self, transports: Sequence[Any]) -> None:
        """Send every request when it is due, over the connections in turn; late ones at once."""
        self._started_s = time.perf_counter()
        number, total = 0, len(self._due_s)
        while number < total and not self.lost:
            now_s = time.perf_counter() - self._started_s
            if self._due_s[number] > now_s:
                await asyncio.sleep(self._due_s[number] - now_s)
                continue
            while number < total and self._due_s[number] <= now_s:
                body = self._bodies[number % len(self._bodies)]
                transports[number % len(transports)].write(traffic.request(number, body))
                self.sent_s.append(now_s)
                number += 1
            await asyncio.sleep(0)  # answers have to be read as well


async def run_open_loop(
    address: tuple[str, int], due_s: Sequence[float], bodies: Sequence[bytes], connections: int
) -> Outcome:
    """Ask at the times of ``due_s``; return when all is answered, or ``ANSWER_S`` after the last was asked.

    ``bodies`` are requests without their numbers (``traffic.bodies``). Raises OSError if it cannot connect.
    """
    run = _Run(due_s, bodies)
    loop = asyncio.get_running_loop()
    transports: list[Any] = []
    try:
        for _ in range(connections):
            transport, _ = await loop.create_connection(partial(_Connection, run), *address)
            transports.append(transport)
        await run.send(transports)
        async with asyncio.timeout(ANSWER_S):
            await run.done.wait()
    except TimeoutError:
        pass  # the figures tell how many answers are missing
    finally:
        for transport in transports:
            transport.abort()
    return outcome(due_s, run.sent_s, run.answered_s, run.refusals)


def text(found: Outcome) -> str:
    """Lay an outcome out as a table, and the first refusal below it."""
    latencies = found.latency_ms.items()
    names = (*(f"{name} ms" for name, _ in latencies), "late p99 ms")
    heading = ("asked", "answered", "refused", "asked/s", *names)
    counts = (found.asked, found.answered, found.refused)
    times_ms = (*(ms for _, ms in latencies), found.late_p99_ms)
    cells = (*(f"{n:,}" for n in counts), f"{found.rate:,.0f}", *(f"{ms:.2f}" for ms in times_ms))
    refusal = f"\nfirst refusal: {found.first_refusal}" if found.first_refusal else ""
    return table(heading, [cells]) + refusal


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program. The status is 0 when every request was answered, refusals included."""
    chosen = _arguments(arguments)
    due_s = due_times(chosen.rate, chosen.seconds, chosen.poisson, chosen.seed)
    bodies = traffic.bodies(chosen.kind, POOL, chosen.seed)
    with ExitStack() as stack:
        try:
            address = chosen.address
            if address is None:
                place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cgrates-py-openloop-")))
                address = ("127.0.0.1", stack.enter_context(served(place)).port)
            found = uvloop.run(run_open_loop(address, due_s, bodies, chosen.connections))
        except (OSError, ServingError) as error:
            sys.stderr.write(f"openloop: {error}\n")
            return 1
    sys.stdout.write((json.dumps(asdict(found)) if chosen.json else text(found)) + "\n")
    return 0 if found.asked == found.answered else 1


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m stress openloop",
        description="Ask at a fixed rate, and tell the percentiles of the time from due to answered.",
        epilog="Without --address it starts a server of its own, with the accounts that every kind needs; "
        "a server with the demo data can be asked for getcost.",
    )
    parser.add_argument("--address", type=Address.parse, help="a running server (HOST:PORT)")
    parser.add_argument("--kind", choices=list(Kind), default=Kind.GET_COST, help="what to ask (getcost)")
    parser.add_argument("--rate", type=float, default=1000.0, help="requests a second (default 1000)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long (default 10)")
    parser.add_argument("--poisson", action="store_true", help="exponential pauses rather than even ones")
    parser.add_argument("--seed", type=int, default=1, help="of the pauses and of the requests (default 1)")
    parser.add_argument("--connections", type=int, default=20, help="how many (default 20)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args(arguments)
    if not 1 <= chosen.rate * chosen.seconds <= REQUESTS_MAX or chosen.connections < 1:
        parser.error(f"--rate × --seconds has to be 1 to {REQUESTS_MAX}, --connections at least 1")
    return chosen
