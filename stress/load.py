"""A lean closed-loop load client: so many connections, each with so many requests in flight, all the time.

It shares the machine with what it measures, so it only counts lines and looks at how each of them ends.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

SUCCESS: Final = b',"error":null}\n'
"""How the line of a good answer ends. Inside a JSON text its quotes would be escaped."""
CONNECTIONS = 20
WARM_UP_S = 0.3
DRAIN_S = 10.0
"""After a run everything in flight must be answered within this."""

_NEWLINE: Final = 10


class LoadError(Exception):
    """A request was refused, not answered, or the connection was lost: nothing was measured."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run came to. ``answered`` counts the warm-up, too; ``latencies_s`` is filled at depth 1."""

    per_second: float
    answered: int
    latencies_s: list[float]


@dataclass(slots=True)
class Run:
    """What the connections of a run share."""

    lines: Sequence[bytes]
    """The pool of requests twice over, so that no slice of it has to wrap around."""
    timed: bool
    stopping: bool = False
    unanswered: int = 0
    answered: int = 0
    latencies_s: list[float] = field(default_factory=list)
    drained: asyncio.Event = field(default_factory=asyncio.Event)
    fault: str = ""

    def fail(self, fault: str) -> None:
        """End the run, for a reason that is told."""
        self.fault = self.fault or fault
        self.stopping = True
        self.drained.set()


class Caller(asyncio.Protocol):
    """One connection: asks again as often as it is answered."""

    def __init__(self, run: Run, place: int) -> None:
        self.run = run
        self._place = place
        self._tail = b""
        self._asked_s = 0.0
        self._greeted: asyncio.Future[None] | None = None
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to the server."""
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the run up: nothing may be left unanswered."""
        self.run.fail(f"a connection was lost: {exc or 'closed by the server'}")
        if self._greeted is not None and not self._greeted.done():
            self._greeted.set_exception(LoadError(self.run.fault))

    async def greet(self, line: bytes) -> None:
        """Send a line that is no request of the pool; return when it was answered. Raises LoadError."""
        self._greeted = asyncio.get_running_loop().create_future()
        self.transport.write(line)
        await self._greeted
        self._greeted = None

    def ask(self, count: int) -> None:
        """Send the next ``count`` requests of the pool."""
        run, place = self.run, self._place
        self.transport.write(b"".join(run.lines[place : place + count]))
        self._place = (place + count) % (len(run.lines) // 2)
        run.unanswered += count
        if run.timed:
            self._asked_s = time.perf_counter()

    def data_received(self, data: bytes) -> None:
        """Count the answers and ask as often again."""
        if self._greeted is not None:
            if data.endswith(SUCCESS):
                self._greeted.set_result(None)
            else:
                self._greeted.set_exception(LoadError(f"not let in: {data[:300]!r}"))
            return
        if self._tail:
            data = self._tail + data
            self._tail = b""
        answers = data.count(b"\n")
        if data[-1] != _NEWLINE:
            self._tail = data[data.rfind(b"\n") + 1 :][-len(SUCCESS) :]
        if not answers:
            return
        run = self.run
        if data.count(SUCCESS) != answers:
            refused = next(line for line in data.split(b"\n") if not line.endswith(SUCCESS[:-1]))
            run.fail(f"an answer is no success: {refused[:300]!r}")
            return
        self.answered(answers)

    def answered(self, answers: int) -> None:
        """Count answers, and ask as often again unless the run is over."""
        run = self.run
        run.answered += answers
        run.unanswered -= answers
        if run.timed:
            run.latencies_s.append(time.perf_counter() - self._asked_s)
        if not run.stopping:
            self.ask(answers)
        elif not run.unanswered:
            run.drained.set()


async def run_load(
    port: int,
    lines: Sequence[bytes],
    depth: int,
    seconds: float,
    connections: int = CONNECTIONS,
    greeting: bytes = b"",
    speak: type[Caller] = Caller,
) -> Measured:
    """Load a server on this machine for ``seconds`` after a short warm-up; return when all is answered.

    ``lines`` are whole requests as ``speak`` sends them, each with its newline; every connection begins
    elsewhere among them, after it was answered its ``greeting``. Raises LoadError.
    """
    loop = asyncio.get_running_loop()
    run = Run([*lines, *lines], timed=depth == 1)
    callers: list[Caller] = []
    try:
        for number in range(connections):
            make = partial(speak, run, number * len(lines) // connections)
            _, caller = await loop.create_connection(make, "127.0.0.1", port)
            callers.append(caller)
            if greeting:
                await caller.greet(greeting)
        for caller in callers:
            caller.ask(depth)
        await _pass(run, WARM_UP_S)
        run.latencies_s.clear()
        before, started_s = run.answered, time.perf_counter()
        await _pass(run, seconds)
        answered, lasted_s = run.answered - before, time.perf_counter() - started_s
        latencies_s = run.latencies_s.copy()
        await _drain(run)
    except OSError as error:
        raise LoadError(f"cannot connect: {error}") from None
    finally:
        for caller in callers:
            caller.transport.abort()
    return Measured(answered / lasted_s, run.answered, latencies_s)


async def _pass(run: Run, seconds: float) -> None:
    """Let the run go on for so long. Raises LoadError as soon as it has failed."""
    try:
        async with asyncio.timeout(seconds):
            await run.drained.wait()
    except TimeoutError:
        return
    raise LoadError(run.fault)


async def _drain(run: Run) -> None:
    run.stopping = True
    try:
        async with asyncio.timeout(DRAIN_S):
            await run.drained.wait()
    except TimeoutError:
        raise LoadError(f"{run.unanswered} requests are unanswered after {DRAIN_S:g} s") from None
    if run.fault:
        raise LoadError(run.fault)
