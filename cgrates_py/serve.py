"""``serve``: the whole server under one roof. Starts every part, watches it, stops it in order."""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import structlog
from pydantic import SecretStr

from cgrates_py.access.keys import check_reachable, following, make_keyring
from cgrates_py.address import Address
from cgrates_py.child import Child
from cgrates_py.client import MakeTls, RpcClient
from cgrates_py.clock import HeldClock
from cgrates_py.embedded import run_embedded
from cgrates_py.figures import ask_figures, raters_of
from cgrates_py.loading import load
from cgrates_py.process import bound, reserve
from cgrates_py.secret import shared_secret
from cgrates_py.settings import Settings
from cgrates_py.tls import client_tls
from protocol.access import PROBE_ID, derived_key
from storage.valkey import ValkeyStore

READY_S = 60.0
"""All parts are up by then, or the start has failed; usually it takes one or two seconds."""
DEATHS_BEFORE_READY_MAX = 4
"""A part that dies so often before all are up will not come up."""
STOP_S = 8.0
"""A part asked to stop may answer what it holds: the deadline of a call, and two seconds."""
PROBE_PAUSE_S = 0.02
"""Between two looks at whether a part is up."""
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- not bound here, translated
"""Hosts that can be listened on but not connected to."""

_log = structlog.get_logger(__name__)


class ServeError(Exception):
    """The server could not start. The text says which part and why; nothing is left running."""


async def serve(settings: Settings, demo: bool) -> None:
    """Run the server until SIGINT or SIGTERM; a second signal kills it.

    Raises ServeError, AccessError, TlsError, ListenError or StoreUnavailableError when it cannot start.
    """
    stop = asyncio.Event()
    children: list[Child] = []
    _stop_on_signals(stop, children)
    async with AsyncExitStack() as stack:
        ports = {"rpc": settings.rpc_port, "rater": settings.rater_port, "http": settings.http_port}
        if settings.admin_port >= 0:
            ports["admin"] = settings.admin_port
        addresses = {
            role: bound(stack.enter_context(reserve(settings.host, port))) for role, port in ports.items()
        }
        client_tls(settings)
        url = settings.redis_url or await stack.enter_async_context(run_embedded(settings.data_dir))
        clock_file = stack.enter_context(_clock_directory()) if settings.test_clock else ""
        shared = await _with_keys(_shared(settings, url, addresses, clock_file))
        children += _children(shared)
        starting = asyncio.create_task(_start(shared, demo, children, addresses["http"]))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                _announce(addresses)
                await stopped
        finally:
            _log.info("stopping")
            starting.cancel()
            await asyncio.wait({starting})
            await _stop(children)


@contextmanager
def _clock_directory() -> Iterator[str]:
    """Make the file by which the parts share the time that a test holds."""
    with tempfile.TemporaryDirectory(prefix="cgrates-py-") as directory:
        path = Path(directory) / "clock"
        HeldClock.create(path)
        _log.warning("the time can be set by POST /test/clock")
        yield str(path)


def _shared(settings: Settings, url: str, addresses: dict[str, Address], clock_file: str) -> Settings:
    """Tell the settings that the parts share."""
    return settings.model_copy(
        update={
            "redis_url": url,
            "archive_after_days": settings.archives_after_days,
            "rpc_port": addresses["rpc"].port,
            "rater_port": addresses["rater"].port,
            "http_port": addresses["http"].port,
            "admin_port": addresses["admin"].port if "admin" in addresses else -1,
            "register_address": str(_reachable(addresses["rater"])),
            "rpc_address": str(_reachable(addresses["rpc"])),
            "listen_address": "",
            "secret": SecretStr(shared_secret(settings)),
            "clock_file": clock_file,
            "tls_ca": "",  # parts on one machine know each other by the certificate itself
        }
    )


async def _with_keys(shared: Settings) -> Settings:
    """Look whether keys are asked for, so that all parts agree from the start. Raises AccessError."""
    keyring = make_keyring(shared, shared.host, "")
    async with following(shared, keyring):
        check_reachable(shared, shared.host, keyring)
        return shared.model_copy(update={"require_keys": not keyring.open})


def _reachable(address: Address) -> Address:
    return Address(ANYWHERE.get(address.host, address.host), address.port)


def _children(shared: Settings) -> list[Child]:
    """Make the parts, in the order in which they stop."""
    balancer = Child("balancer", "balancer", shared.environment())
    others = shared.model_copy(update={"admin_key": SecretStr("")})  # none of their business
    http = Child("http", "http", others.environment())
    raters = [
        Child(name, "rater", others.model_copy(update={"name": name}).environment())
        for name in (f"rater-{number}" for number in range(1, shared.raters + 1))
    ]
    return [http, balancer, *raters]


async def _start(shared: Settings, demo: bool, children: list[Child], http: Address) -> None:
    """Start every part and return when the next request will be answered."""
    started_s = time.monotonic()
    front, raters = children[:2], children[2:]
    async with ValkeyStore(shared.redis_url) as store:  # a store that cannot be reached ends the start here
        for child in front:
            child.start()
        if demo:
            await _load_demo(store)
    for child in raters:  # after the demo data: a rater that is up has the tariff
        child.start()
    try:
        async with asyncio.timeout(READY_S):
            await _raters_up(shared, children)
            await _http_up(http, children, client_tls(shared))
    except TimeoutError:
        raise ServeError(f"not all parts are up after {READY_S:g} s; the log above tells why") from None
    _log.info("ready", seconds=round(time.monotonic() - started_s, 2))


async def _raters_up(shared: Settings, children: list[Child]) -> None:
    key = derived_key(shared.secret.get_secret_value(), PROBE_ID)
    rpc = RpcClient(Address.parse(shared.rpc_address), key=key, tls=client_tls(shared))
    try:
        while True:
            figures, _ = await ask_figures(rpc)
            if len(raters_of(figures)) >= shared.raters:
                return
            await _pause(children)
    finally:
        await rpc.close()


async def _http_up(address: Address, children: list[Child], tls: MakeTls) -> None:
    while True:
        try:
            reader, writer = await asyncio.open_connection(*_reachable(address), ssl=tls())
            writer.write(b"GET /readyz HTTP/1.0\r\n\r\n")
            status = await reader.readline()
            writer.close()
            if status.split()[1:2] == [b"200"]:
                return
        except OSError as error:
            _log.debug("http is not up", error=str(error))
        await _pause(children)


async def _pause(children: list[Child]) -> None:
    """Wait a little for parts to come up. Raises ServeError if one died too often."""
    for child in children:
        if child.backoff.deaths > DEATHS_BEFORE_READY_MAX:
            raise ServeError(f"{child.name} does not come up; the log above tells why")
    await asyncio.sleep(PROBE_PAUSE_S)


def _announce(addresses: dict[str, Address]) -> None:
    roles = " ".join(f"{role}={addresses[role]}" for role in ("rpc", "http", "admin") if role in addresses)
    sys.stdout.write(f"ready {roles}\n")
    sys.stdout.flush()


async def _stop(children: list[Child]) -> None:
    """Stop what takes requests first, so that nothing accepted goes unanswered; raters last, together."""
    http, balancer, *raters = children
    await http.stop(STOP_S)
    await balancer.stop(STOP_S)
    await asyncio.gather(*(rater.stop(STOP_S) for rater in raters))


def _stop_on_signals(stop: asyncio.Event, children: list[Child]) -> None:
    def on_signal() -> None:
        if not stop.is_set():
            stop.set()
            return
        for child in children:
            child.kill()
        os._exit(1)  # the kernel ends the store with us, and what it answered is on disk

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)


async def _load_demo(store: ValkeyStore) -> None:
    """Load the demo data unless a tariff was ever loaded."""
    from cgrates_py.demo import FOLDERS  # noqa: PLC0415 -- only a demo needs it

    if (await store.timeline()).last:
        return
    for folder in FOLDERS:
        outcome = await load(store, folder, time.time_ns())
        if outcome.version is None:
            raise ServeError(f"the demo data in {folder} has problems: {outcome.loaded.problems}")
        _log.info("demo data loaded", folder=folder.name, accounts=outcome.accounts_changed)
