"""Puts the balancer together: pool, both listeners, and the methods it answers itself."""

import asyncio
import resource
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from balancer.pool import Pool
from balancer.registration import RaterListener
from balancer.server import JsonRpcServer, Times
from protocol.access import Keyring
from protocol.dispatch import Dispatcher, Sink, Status
from protocol.envelope import new_incarnation
from protocol.limits import (
    CONNECTION_IN_FLIGHT_MAX,
    CONNECTIONS_MAX,
    FRAME_BYTES_MAX,
    IN_FLIGHT_MAX,
    STOP_S,
    TICK_S,
)
from protocol.methods import Method


def memory_line() -> str:
    """Say how much memory the process has now and had at its peak, in the words of 2012."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"memstats before GC: {pages * resource.getpagesize() // 1024}Kb footprint: {peak_kb}Kb"


class Balancer:
    """A running balancer. ``dispatcher`` is for other fronts in the same process."""

    def __init__(
        self,
        secret: bytes,
        version: str,
        in_flight_max: int,
        on_ready: Callable[[], None] | None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._on_ready = on_ready
        self._tick: asyncio.TimerHandle | None = None
        self.version = version
        self.pool = Pool(self, self._wake, in_flight_max)
        self.raters = RaterListener(self.pool, secret, new_incarnation(), self._joined, tls)
        self.server: JsonRpcServer
        self.rpc_port = 0
        self.rater_port = 0

    @property
    def dispatcher(self) -> Pool:
        """The Dispatcher that knows the raters."""
        return self.pool

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Answer a method of the host (Dispatcher; ``descriptor`` is not looked at)."""
        self.pool.tally.served[method] += 1
        body = self.status() if method == Method.STATUS else self.metrics()
        sink.answer(token, Status.OK, orjson.dumps(body))

    def status(self) -> str:
        """Tell who is connected, the version, the time since the start and the memory."""
        names = "".join(f"{rater.name}\n" for rater in self.pool.raters)
        uptime = int(self._loop.time() - self._started)
        return f"Connected raters:\n{names}version {self.version} uptime {uptime} s\n{memory_line()}"

    def metrics(self) -> dict[str, Any]:
        """Tell the counters. Times are in seconds."""
        pool = self.pool
        raters = [
            {"name": rater.name, "in_flight": rater.outstanding, "counters": rater.counters}
            for rater in pool.raters
        ]
        return {
            "version": self.version,
            "uptime_s": round(self._loop.time() - self._started, 3),
            "requests": pool.tally.requests(),
            "latency_s": pool.tally.latency(),
            "raters_up": len(raters),
            "raters": raters,
            "in_flight": pool.in_flight,
            "queue_depth": pool.waiting,
            "retries": pool.resent,
            "connections": len(self.server.connections),
            "connections_refused": self.server.refused,
        }

    async def stop(self, grace_s: float = STOP_S) -> None:
        """Accept no more, answer what is in flight (at most ``grace_s``), close everything."""
        await self.server.stop(grace_s)
        await self.raters.stop()
        if self._tick is not None:
            self._tick.cancel()

    async def listen(self, host: str, rpc_port: int, rater_port: int) -> None:
        """Bind both ports. Raises OSError."""
        self.rater_port = await self.raters.listen(host, rater_port)
        try:
            self.rpc_port = await self.server.listen(host, rpc_port)
        except OSError:
            await self.raters.stop()
            raise
        self._tick_later()

    def _wake(self) -> None:
        self._loop.call_soon(self.raters.flush)

    def _joined(self) -> None:
        on_ready, self._on_ready = self._on_ready, None
        if on_ready is not None:
            on_ready()

    def _tick_later(self) -> None:
        self._tick = self._loop.call_later(TICK_S, self._on_tick)

    def _on_tick(self) -> None:
        self._tick_later()
        self.pool.tick(self._loop.time())
        self.raters.drop_silent()


async def serve_balancer(
    host: str,
    rpc_port: int,
    rater_port: int,
    secret: bytes,
    *,
    version: str = "unknown",
    in_flight_max: int = IN_FLIGHT_MAX,
    connections_max: int = CONNECTIONS_MAX,
    connection_in_flight_max: int = CONNECTION_IN_FLIGHT_MAX,
    frame_bytes_max: int = FRAME_BYTES_MAX,
    times: Times | None = None,
    keyring: Keyring | None = None,
    absent: Dispatcher | None = None,
    tls: ssl.SSLContext | None = None,
    on_ready: Callable[[], None] | None = None,
) -> Balancer:
    """Start a balancer; both ports are bound when it returns (0 picks a free one).

    ``on_ready`` is called once, when the first rater has joined; ``tls`` is for both ports. Raises OSError
    if a port cannot be bound.
    """
    balancer = Balancer(secret, version, in_flight_max, on_ready, tls)
    balancer.server = JsonRpcServer(
        balancer.pool,
        frame_bytes_max=frame_bytes_max,
        connections_max=connections_max,
        in_flight_max=connection_in_flight_max,
        times=times,
        keyring=keyring,
        absent=absent,
        on_refusal=balancer.pool.tally.refused,
        tls=tls,
    )
    await balancer.listen(host, rpc_port, rater_port)
    return balancer
