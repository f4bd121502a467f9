"""A rater as a process: the store, the tariff in force, and its callers, through a balancer or directly."""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Literal

import orjson

from balancer.gate import Bounded
from balancer.link import RaterLink
from balancer.server import JsonRpcServer
from balancer.service import memory_line
from cgrates_py import failpoints
from cgrates_py.auditor import Auditor
from cgrates_py.client import MakeTls, plain
from cgrates_py.clock import Clock
from cgrates_py.counters import RaterCounters
from cgrates_py.explain.responder import Explainer
from cgrates_py.lane import LaneSettings, Shop
from cgrates_py.metering.responder import MeteringResponder
from cgrates_py.responder import DEADLINE_S, Responder
from cgrates_py.tariff_keeper import TariffKeeper
from cgrates_py.usage import report_places
from cgrates_py.usage.administration import Administration
from cgrates_py.usage.archivist import Archivist
from cgrates_py.usage.cyclops import CyclopsOptions, make_cyclops
from cgrates_py.usage.cyclops.scheduler import Scheduler
from cgrates_py.usage.records import Records
from cgrates_py.usage.responder import Dialect, UsageResponder
from cgrates_py.usage.scrooge import Scrooge
from cgrates_py.version import product_version
from protocol.dispatch import Dispatcher, Sink, Status
from protocol.limits import IN_FLIGHT_MAX
from protocol.methods import METERING, USAGE, Method
from rater.compiler import compile_tariff
from rater.tariff import Tariff
from storage.limits import StoreLimits
from storage.valkey import ValkeyStore

RETRY_TTL_S = 60
"""How long the answer to a request without a RequestId is kept, for the balancer's own retries.

Far longer than any retry can take (REQUEST_S of ``protocol.limits``), far shorter than a day: there are as
many as requests.
"""

_BESIDE_CALLS = METERING | USAGE | {Method.EXPLAIN}


class Desks:
    """The dispatcher of a rater: calls go to one responder, the rest to others."""

    def __init__(
        self, calls: Dispatcher, metering: Dispatcher, usage: Dispatcher, explanations: Dispatcher
    ) -> None:
        self._explanations = explanations.submit
        self._calls = calls.submit
        self._metering = metering.submit
        self._usage = usage.submit

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Take one request; see ``protocol.dispatch``."""
        if method not in _BESIDE_CALLS:
            self._calls(sink, token, method, descriptor)
        elif method in METERING:
            self._metering(sink, token, method, descriptor)
        elif method in USAGE:
            self._usage(sink, token, method, descriptor)
        else:
            self._explanations(sink, token, method, descriptor)


class DirectHost:
    """The dispatcher of a rater that listens itself: answers Status and Metrics, passes on the rest."""

    def __init__(self, responder: Dispatcher, stats: Callable[[], dict[str, int]], name: str) -> None:
        self._responder = responder
        self._stats = stats
        self._name = name
        self._started_s = time.monotonic()

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Take one request; see ``protocol.dispatch``."""
        if method == Method.STATUS:
            uptime = int(time.monotonic() - self._started_s)
            text = f"version {product_version()} uptime {uptime} s\n{memory_line()}"
            sink.answer(token, Status.OK, orjson.dumps(text))
        elif method == Method.METRICS:
            sink.answer(token, Status.OK, orjson.dumps(self._metrics()))
        else:
            self._responder.submit(sink, token, method, descriptor)

    def _metrics(self) -> dict[str, object]:
        return {
            "version": product_version(),
            "uptime_s": round(time.monotonic() - self._started_s, 3),
            "raters_up": 1,
            "raters": [{"name": self._name, "counters": self._stats()}],
        }


def _open_server(dispatcher: Dispatcher) -> JsonRpcServer:
    return JsonRpcServer(Bounded(dispatcher, IN_FLIGHT_MAX))


def _usage_responder(shop: Shop, store: ValkeyStore, cyclops: Dialect) -> UsageResponder:
    """Make what answers about records of usage, with every dialect."""
    scrooge = Scrooge(store, shop)
    scrooge.places += report_places.places(store)
    dialects: dict[str, Dialect] = {
        "cyclops": cyclops,
        "scrooge": scrooge,
        "records": Records(store),
        "administration": Administration(store, shop.clock, scrooge.setups.forget),
    }
    return UsageResponder(shop, dialects, DEADLINE_S)


def _stats(
    shop: Shop, store: ValkeyStore, responder: Responder, auditor: Auditor, scheduler: Scheduler
) -> Callable[[], dict[str, int]]:
    """Make what tells all figures of a rater, for the metrics of its pool."""

    def stats() -> dict[str, int]:
        traffic = store.counters
        return shop.counters.snapshot(
            accounts=responder.accounts_remembered,
            tariff_version=shop.book.at(shop.clock.now_ns()).version,
            store_up=int(store.connected),
            store_round_trips=traffic.round_trips,
            store_commands=traffic.commands,
            store_reconnects=traffic.reconnects,
            conservation_difference=auditor.difference,
            conservation_checked=auditor.checked,
            conservation_findings=auditor.findings,
            cyclops_windows=scheduler.runs,
            cyclops_unrated=scheduler.unrated,
        )

    return stats


async def run_rater(
    *,
    store_url: str,
    clock: Clock,
    balancer: tuple[str, int] | None = None,
    listen: tuple[str, int] | None = None,
    secret: bytes = b"",
    name: str = "",
    unknown_account: Literal["refuse", "postpaid"] = "refuse",
    request_id_ttl_s: int = 86_400,
    store_replicas: int = 0,
    archive: Path | str | None = None,
    archive_after_days: int = 0,
    tables: Path | None = None,
    on_ready: Callable[[int], None] | None = None,
    open_server: Callable[[Dispatcher], JsonRpcServer] | None = None,
    tls: MakeTls = plain,
    cyclops: CyclopsOptions = CyclopsOptions(),  # noqa: B008 -- it is immutable
) -> None:
    """Serve until cancelled, for a balancer's pool or as a listener.

    Raises StoreError or OSError at the start. ``on_ready`` gets the port
    listened on (0 without one) once the store and the tariff are there.
    ``open_server`` makes the listener, if there is one; ``tls`` the context
    of each connection to the balancer.

    Cancelling leaves in order: nothing new is taken, what was taken is answered.
    """
    name = name or f"{socket.gethostname()}:{os.getpid()}"
    counters = RaterCounters()
    limits = StoreLimits(replicas=store_replicas)
    async with AsyncExitStack() as stack:
        store = failpoints.store_of(await stack.enter_async_context(ValkeyStore(store_url, limits, archive)))
        settings = LaneSettings(request_id_ttl_s, RETRY_TTL_S)
        shop = Shop(store, compile_tariff(Tariff()), clock, counters, settings)
        responder = Responder(shop, unknown_account)
        metering = MeteringResponder(shop, store, responder.resolve, DEADLINE_S)
        cyclops_rc, scheduler = make_cyclops(shop, store, cyclops, partial(store.be_scheduler, name))
        usage = _usage_responder(shop, store, cyclops_rc)
        explainer = Explainer(shop, responder.resolve, store, store)
        dispatcher = failpoints.dispatcher_of(Desks(responder, metering, usage, explainer))
        keeper = TariffKeeper(store, name, responder, counters, tables)
        await keeper.announce()
        await keeper.load()
        auditor = Auditor(store, name)
        archivist = Archivist(store, clock, name, archive_after_days)

        stats = _stats(shop, store, responder, auditor, scheduler)
        port = 0
        if listen is not None:
            server = (open_server or _open_server)(DirectHost(dispatcher, stats, name))
            port = await server.listen(*listen)
            stack.push_async_callback(server.stop)
        if balancer is not None:
            link = RaterLink(dispatcher, *balancer, secret=secret, name=name, stats=stats, tls=tls)
            link.start()
            stack.push_async_callback(link.leave)
        if on_ready is not None:
            on_ready(port)
        await asyncio.gather(keeper.follow(), auditor.run(), metering.run(), scheduler.run(), archivist.run())
