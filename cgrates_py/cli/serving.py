"""What ``serve``, ``balancer``, ``rater`` and ``http`` do: settings, logs, then the process itself."""

import asyncio
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from cgrates_py import process
from cgrates_py.address import Address
from cgrates_py.cli import CommandError
from cgrates_py.cli.options import load_settings
from cgrates_py.clock import open_clock
from cgrates_py.logs import configure
from cgrates_py.secret import SecretError, shared_secret
from cgrates_py.settings import Settings
from cgrates_py.version import product_version


def _prepare(name: str, config: Path | None, given: dict[str, Any]) -> Settings:
    process.die_with_supervisor()
    process.allow_open_files()
    settings = load_settings(config, **given)
    configure(settings, settings.name or name)
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
    except (supervisor.ServeError, process.ListenError, SecretError, StoreError, OSError) as error:
        raise CommandError(str(error)) from None


def balancer(config: Path | None, **given: Any) -> None:
    """Run the balancer."""
    settings = _prepare("balancer", config, given)
    stop = asyncio.Event()
    try:
        process.run_until_signal(_balance(settings, _secret(settings), stop), stop)
    except OSError as error:
        raise CommandError(f"cannot listen: {error}") from None


async def _balance(settings: Settings, secret: str, stop: asyncio.Event) -> None:
    from balancer.service import serve_balancer  # noqa: PLC0415 -- each process imports its own part

    running = await serve_balancer(
        settings.host,
        settings.rpc_port,
        settings.rater_port,
        secret.encode(),
        version=product_version(),
        in_flight_max=settings.in_flight_max,
        connections_max=settings.connections_max,
        frame_bytes_max=settings.frame_bytes_max,
    )
    process.settle_memory()
    rpc, raters = (Address(settings.host, port) for port in (running.rpc_port, running.rater_port))
    _announce(rpc=rpc, raters=raters)
    await stop.wait()
    await running.stop()


def rater(config: Path | None, **given: Any) -> None:
    """Run one rater, for a balancer or with --listen by itself."""
    from storage.store import StoreError  # noqa: PLC0415 -- each process imports its own part

    settings = _prepare("rater", config, given)
    secret = "" if settings.listen_address else _secret(settings)
    try:
        process.run_until_signal(_rate(settings, secret))
    except StoreError as error:
        raise CommandError(f"store: {error}") from None
    except OSError as error:
        raise CommandError(f"cannot listen: {error}") from None


async def _rate(settings: Settings, secret: str) -> None:
    from cgrates_py.embedded import run_embedded  # noqa: PLC0415 -- each process imports its own part
    from cgrates_py.rater_process import run_rater  # noqa: PLC0415 -- likewise
    from storage.embedded import url_if_running  # noqa: PLC0415 -- likewise

    listen = Address.parse(settings.listen_address) if settings.listen_address else None
    async with AsyncExitStack() as stack:
        url = settings.redis_url or url_if_running(settings.data_dir)
        if not url:
            url = await stack.enter_async_context(run_embedded(settings.data_dir))
        await run_rater(
            store_url=url,
            clock=open_clock(settings.clock_file),
            balancer=None if listen else Address.parse(settings.register_address),
            listen=listen,
            secret=secret.encode(),
            name=settings.name,
            unknown_account=settings.unknown_account,
            request_id_ttl_s=settings.request_id_ttl_hours * 3600,
            on_ready=(lambda port: _announce(rpc=Address(listen.host, port))) if listen else None,
        )


def http(config: Path | None, **given: Any) -> None:
    """Run the HTTP front."""
    from cgrates_py.http.server import run_http  # noqa: PLC0415 -- each process imports its own part

    settings = _prepare("http", config, given)
    listener = _listen(Address(settings.host, settings.http_port))
    stop = asyncio.Event()
    _announce(http=process.bound(listener))
    process.run_until_signal(run_http(settings, listener, stop), stop)


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
