"""What ``serve``, ``balancer``, ``rater`` and ``http`` do: settings, logs, then the process itself."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cgrates_py import process
from cgrates_py.access import AccessError
from cgrates_py.address import Address, is_loopback
from cgrates_py.cli import USAGE, CommandError
from cgrates_py.cli.settings import load_settings
from cgrates_py.client import RpcLostError, call_once
from cgrates_py.clock import open_clock
from cgrates_py.logs import configure
from cgrates_py.secret import SecretError, known_secret, shared_secret
from cgrates_py.settings import Settings
from cgrates_py.tls import TlsError, client_tls, server_tls
from cgrates_py.version import product_version
from protocol.access import Keyring
from protocol.dispatch import Dispatcher
from protocol.methods import NAMES, Method

if TYPE_CHECKING:
    from balancer.server import JsonRpcServer


def _prepare(name: str, config: Path | None, given: dict[str, Any]) -> Settings:
    process.die_with_supervisor()
    process.allow_open_files()
    settings = load_settings(config, **given)
    configure(settings, settings.name or name)
    if settings.store_replicas and name in ("serve", "rater") and not settings.redis_url:
        raise CommandError("setting store_replicas: the embedded store has none; see redis_url", USAGE)
    return settings


def _secret(settings: Settings) -> str:
    try:
        return shared_secret(settings)
    except SecretError as error:
        raise CommandError(str(error)) from None


def serve(config: Path | None, demo: bool, **given: Any) -> None:
    """Run the whole server."""
    from cgrates_py import serve as supervisor  # noqa: PLC0415 -- the store is needed here alone
    from storage.store import StoreError  # noqa: PLC0415 -- likewise

    settings = _prepare("serve", config, given)
    try:
        asyncio.run(supervisor.serve(settings, demo))
    except (
        supervisor.ServeError,
        process.ListenError,
        SecretError,
        AccessError,
        StoreError,
        OSError,
    ) as error:
        raise CommandError(str(error)) from None


def balancer(config: Path | None, **given: Any) -> None:
    """Run the balancer."""
    settings = _prepare("balancer", config, given)
    stop = asyncio.Event()
    try:
        process.run_until_signal(_balance(settings, _secret(settings), stop), stop)
    except (AccessError, TlsError) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"cannot listen: {error}") from None


async def _balance(settings: Settings, secret: str, stop: asyncio.Event) -> None:
    from balancer.service import serve_balancer  # noqa: PLC0415 -- each process imports its own part
    from cgrates_py.access.absent import absent_responder  # noqa: PLC0415 -- likewise

    async with AsyncExitStack() as stack:
        tls = await stack.enter_async_context(server_tls(settings))
        keyring = await stack.enter_async_context(_keys(settings, settings.host, secret))
        running = await serve_balancer(
            settings.host,
            settings.rpc_port,
            settings.rater_port,
            secret.encode(),
            version=product_version(),
            in_flight_max=settings.in_flight_max,
            connections_max=settings.connections_max,
            frame_bytes_max=settings.frame_bytes_max,
            keyring=keyring,
            absent=absent_responder(settings.unknown_account),
            tls=tls,
        )
        process.settle_memory()
        rpc, raters = (Address(settings.host, port) for port in (running.rpc_port, running.rater_port))
        _announce(rpc=rpc, raters=raters)
        await stop.wait()
        await running.stop()


@asynccontextmanager
async def _keys(settings: Settings, host: str, secret: str) -> AsyncIterator[Keyring]:
    """Follow the keys in force for a listener on ``host``. Raises AccessError if nobody can have one."""
    from cgrates_py.access import keys  # noqa: PLC0415 -- each process imports its own part

    keyring = keys.make_keyring(settings, host, secret)
    async with keys.following(settings, keyring):
        keys.check_reachable(settings, host, keyring)
        yield keyring


def rater(config: Path | None, **given: Any) -> None:
    """Run one rater, for a balancer or with --listen by itself."""
    from storage.store import StoreError  # noqa: PLC0415 -- each process imports its own part

    settings = _prepare("rater", config, given)
    secret = "" if settings.listen_address else _secret(settings)
    try:
        process.run_until_signal(_rate(settings, secret))
    except (AccessError, TlsError) as error:
        raise CommandError(str(error)) from None
    except StoreError as error:
        raise CommandError(f"store: {error}") from None
    except OSError as error:
        raise CommandError(f"cannot listen: {error}") from None


async def _rate(settings: Settings, secret: str) -> None:
    from cgrates_py.embedded import run_embedded  # noqa: PLC0415 -- each process imports its own part
    from cgrates_py.rater_process import run_rater  # noqa: PLC0415 -- likewise
    from cgrates_py.usage.cyclops.options import CyclopsOptions  # noqa: PLC0415 -- likewise
    from storage.embedded import url_if_running  # noqa: PLC0415 -- likewise

    listen = Address.parse(settings.listen_address) if settings.listen_address else None
    async with AsyncExitStack() as stack:
        url = settings.redis_url or url_if_running(settings.data_dir)
        if not url:
            url = await stack.enter_async_context(run_embedded(settings.data_dir))
        gate = await stack.enter_async_context(_own_gate(settings, url, listen)) if listen else None
        await run_rater(
            store_url=url,
            clock=open_clock(settings.clock_file),
            balancer=None if listen else Address.parse(settings.register_address),
            listen=listen,
            secret=secret.encode(),
            name=settings.name,
            unknown_account=settings.unknown_account,
            request_id_ttl_s=settings.request_id_ttl_hours * 3600,
            store_replicas=settings.store_replicas,
            archive=settings.archive,
            archive_after_days=settings.archives_after_days,
            tables=settings.data_dir / "tables",
            on_ready=(lambda port: _announce(rpc=Address(listen.host, port))) if listen else None,
            open_server=gate,
            tls=client_tls(settings),
            cyclops=CyclopsOptions(
                settings.cyclops_frequency_s,
                settings.cyclops_udr_url,
                settings.cyclops_rule,
                settings.cyclops_rule_engine_url,
            ),
        )


@asynccontextmanager
async def _own_gate(
    settings: Settings, url: str, listen: Address
) -> AsyncIterator[Callable[[Dispatcher], "JsonRpcServer"]]:
    """Tell how a rater that listens itself makes its listener: with keys, TLS and bounds, as a balancer."""
    from balancer.gate import Bounded  # noqa: PLC0415 -- each process imports its own part
    from balancer.server import JsonRpcServer  # noqa: PLC0415 -- likewise
    from cgrates_py.access.absent import absent_responder  # noqa: PLC0415 -- likewise

    reachable = settings.model_copy(update={"redis_url": url})
    async with (
        server_tls(settings) as tls,
        _keys(reachable, listen.host, known_secret(settings)) as keyring,
    ):
        yield lambda dispatcher: JsonRpcServer(
            Bounded(dispatcher, settings.in_flight_max),
            connections_max=settings.connections_max,
            frame_bytes_max=settings.frame_bytes_max,
            keyring=keyring,
            absent=absent_responder(settings.unknown_account),
            tls=tls,
        )


def http(config: Path | None, **given: Any) -> None:
    """Run the HTTP front."""
    from cgrates_py.http.server import run_http  # noqa: PLC0415 -- each process imports its own part

    settings = _prepare("http", config, given)
    listeners = {"http": _listen(Address(settings.host, settings.http_port))}
    if settings.admin_port >= 0:
        listeners["admin"] = _listen(Address(settings.host, settings.admin_port))
    stop = asyncio.Event()
    try:
        _check_gate(settings)
        _announce(**{role: process.bound(listener) for role, listener in listeners.items()})
        serving = run_http(settings, listeners["http"], stop, listeners.get("admin"))
        process.run_until_signal(serving, stop)
    except (AccessError, SecretError, TlsError) as error:
        raise CommandError(str(error)) from None


def _check_gate(settings: Settings) -> None:
    """Raise AccessError if HTTP is to be reached from elsewhere and the balancer asks for no keys.

    A balancer that does not answer now is not waited for: a front that is reached from elsewhere passes on
    no request without a key, and no balancer takes a key that it does not know.
    """
    if is_loopback(settings.host):
        return
    try:
        balancer, tls = Address.parse(settings.rpc_address), client_tls(settings)()
        reply = call_once(balancer, NAMES[Method.STATUS], b"{}", 2.0, tls=tls)
    except (OSError, RpcLostError):
        return
    if reply.error is None:
        raise AccessError(
            f"{settings.host} can be reached from other machines, and the balancer at {balancer} asks for no "
            "API keys: see require_keys, or listen on 127.0.0.1"
        )


def _announce(**addresses: Address) -> None:
    """Tell on stdout where this process listens: it accepts connections from here on."""
    sys.stdout.write(
        "listening " + " ".join(f"{role}={address}" for role, address in addresses.items()) + "\n"
    )
    sys.stdout.flush()


def _listen(address: Address) -> socket.socket:
    try:
        return process.listen(*address)
    except process.ListenError as error:
        raise CommandError(str(error)) from None
