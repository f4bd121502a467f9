"""Simulated time and simulated processes: one clock and one order of events, an asyncio loop per process.

Product code runs on these loops unmodified. What asyncio promises holds (callbacks in the order in which they
were scheduled, sockets before timers, time standing still only as long as nobody waits); everything that it
does not promise is drawn from the seed: how long a turn takes, which process comes first, how late it is.
"""

import asyncio
import contextlib
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from random import Random
from typing import Any, TypeVarTuple

TURN_S = (2e-5, 2e-4)
"""How long a turn of a loop takes: the least and the most."""

_Ts = TypeVarTuple("_Ts")


class Clockwork:
    """The one clock, the one heap of events, and everything that was worth noting."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = 0.0
        self.findings: list[str] = []
        self.trace: list[tuple[float, str]] = []
        self.events = 0
        self._heap: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []
        self._count = itertools.count()

    def at(self, when: float, call: Callable[[*_Ts], object], *arguments: *_Ts) -> None:
        """Call something at a moment; two of one moment go in the order in which they were scheduled."""
        heapq.heappush(self._heap, (max(when, self.now), next(self._count), call, arguments))

    def after(self, delay: float, call: Callable[[*_Ts], object], *arguments: *_Ts) -> None:
        """Call something after ``delay`` seconds."""
        self.at(self.now + delay, call, *arguments)

    def note(self, event: str) -> None:
        """Write an event into the trace."""
        self.trace.append((self.now, event))

    def find(self, finding: str) -> None:
        """Write down that a promise was broken."""
        self.note(f"FINDING {finding}")
        self.findings.append(finding)

    def run(self, until: float, done: Callable[[], bool]) -> bool:
        """Let time pass until ``done`` or ``until`` comes; tell whether it was ``done``."""
        heap = self._heap
        while not done():
            if not heap or heap[0][0] > until:
                self.now = until
                return done()
            self.now, _, call, arguments = heapq.heappop(heap)
            self.events += 1
            call(*arguments)
        return True


class Loop(asyncio.AbstractEventLoop):
    """The event loop of one simulated process, which can be frozen, slowed and killed."""

    def __init__(self, clockwork: Clockwork, name: str, network: Any) -> None:
        self.clockwork = clockwork
        self.name = name
        self.network = network
        self.dead = False
        self.frozen = False
        self.after_turn: Callable[[], None] | None = None
        self.doomed_in = 0
        """Callbacks until it dies, if greater than zero: between two of them, as a kill would have it."""
        self.on_doom: Callable[[], None] = self.kill
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._inbox: deque[asyncio.Handle] = deque()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._count = itertools.count()
        self._turn_at: float | None = None
        self._free_at = 0.0
        self._running = False

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start the process's work from outside."""
        task: asyncio.Task[Any] = self._inside(lambda: self.create_task(work))
        return task

    def post(self, call: Callable[..., object], *arguments: Any) -> None:
        """Have the loop call something as it calls what a socket brought."""
        if self.dead:
            return
        self._inbox.append(asyncio.Handle(call, arguments, self))
        self._plan()

    @property
    def is_busy(self) -> bool:
        """Tell whether anything is about to run."""
        return bool(self._ready or self._inbox)

    def freeze(self) -> None:
        """Stop it as SIGSTOP does: the kernel still takes what comes."""
        self.frozen = True

    def thaw(self) -> None:
        """Let it go on: what came meanwhile, and every timer that is due, runs now."""
        self.frozen = False
        self._plan()

    def stall(self, seconds: float) -> None:
        """Keep it from its next turn for so long: it waits for a disk or a processor."""
        self._free_at = max(self._free_at, self.clockwork.now + seconds)

    def kill(self) -> None:
        """End it as SIGKILL does: nothing of it runs again."""
        self.dead = True

    def discard(self) -> None:
        """Take apart what a process left, so that nothing of it runs in another's turn."""
        self.dead = True

        def close() -> None:
            for task in list(self._tasks):
                task._log_destroy_pending = False  # type: ignore[attr-defined]  # -- killed is pending
                coroutine = task.get_coro()
                if isinstance(coroutine, Coroutine) and not task.done():
                    _close(coroutine)
            self._tasks.clear()
            self._ready.clear()
            self._inbox.clear()
            self._timers.clear()

        self._inside(close)

    def _inside(self, call: Callable[[], Any]) -> Any:
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            return call()
        finally:
            asyncio._set_running_loop(outer)

    def _plan(self) -> None:
        if self.dead or self.frozen or self._running:
            return
        clockwork = self.clockwork
        if self._ready or self._inbox:
            when = max(clockwork.now, self._free_at)
        elif self._timers:
            when = max(self._timers[0][0], clockwork.now, self._free_at)
        else:
            return
        if self._turn_at is None or when < self._turn_at:
            self._turn_at = when
            clockwork.at(when, self._turn, when)

    def _turn(self, planned: float) -> None:
        if self._turn_at != planned:
            return  # another turn was planned earlier
        self._turn_at = None
        now = self.clockwork.now
        if self.dead or self.frozen:
            return
        if self._free_at > now:
            self._plan()
            return
        ready, timers = self._ready, self._timers
        ready.extend(self._inbox)
        self._inbox.clear()
        while timers and timers[0][0] <= now:
            timer = heapq.heappop(timers)[2]
            if not timer.cancelled():
                ready.append(timer)
        self._free_at = now + self.clockwork.random.uniform(*TURN_S)
        self._running = True
        asyncio._set_running_loop(self)  # and left so: between turns nothing asks
        self._run_ready()
        self._running = False
        if self.after_turn is not None and not self.dead:
            self.after_turn()
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        self._plan()

    def _run_ready(self) -> None:
        ready = self._ready
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle.cancelled():
                continue
            handle._run()
            if self.doomed_in:
                self.doomed_in -= 1
                if not self.doomed_in:
                    self.on_doom()
                    return

    # What asyncio and the product ask of a loop.

    def time(self) -> float:
        """Tell the simulated seconds since the world began."""
        return self.clockwork.now

    def get_debug(self) -> bool:
        """Tell that it is not in debug mode."""
        return False

    def is_running(self) -> bool:
        """Tell whether a turn is under way."""
        return self._running

    def is_closed(self) -> bool:
        """Tell that it never closes; it dies."""
        return False

    def call_soon(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Schedule a callback for the next turn."""
        handle = asyncio.Handle(callback, args, self, context)
        if not self.dead:
            self._ready.append(handle)
            self._plan()
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Schedule a callback after ``delay`` seconds."""
        return self.call_at(self.clockwork.now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Schedule a callback for a moment."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        if not self.dead:
            heapq.heappush(self._timers, (when, next(self._count), timer))
            self._plan()
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Be told that a timer was cancelled (asyncio); it is thrown away when its time comes."""

    def create_future(self) -> asyncio.Future[Any]:
        """Make a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]  # -- the stub's generic return
        self,
        coro: Coroutine[Any, Any, Any],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[Any]:
        """Start a task."""
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def run_in_executor(  # type: ignore[override]  # -- the stub's generic return
        self, executor: object, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run work of a thread: a moment later, at once."""
        future = self.create_future()

        def work() -> None:
            if future.done():
                return
            try:
                future.set_result(func(*args))
            except Exception as error:
                future.set_exception(error)

        self.clockwork.after(self.clockwork.random.uniform(0.001, 0.05), self.post, work)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Take an exception that nobody caught for a finding."""
        if not self.dead:
            self.clockwork.find(f"{self.name}: {context.get('message')}: {context.get('exception')!r}")

    async def create_connection(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any
    ) -> Any:
        """Connect over the simulated network."""
        return await self.network.connect(self, protocol_factory, port)

    async def create_server(self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any) -> Any:
        """Listen on the simulated network."""
        return self.network.listen(self, protocol_factory, port)


def _close(coroutine: Coroutine[Any, Any, Any]) -> None:
    for _ in range(3):  # one that waits for something while it is closed has to be closed again
        with contextlib.suppress(RuntimeError):
            coroutine.close()
            return
