"""The HTTP process: uvicorn around the app, with limits that uvicorn leaves to us."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from cgrates_py.http.app import build_app
from cgrates_py.http.bounds import BoundedHttpProtocol
from cgrates_py.http.services import open_services
from cgrates_py.http.threescale.internal import build_admin_app
from cgrates_py.process import settle_memory
from cgrates_py.settings import Settings
from cgrates_py.tls import server_tls
from protocol.limits import HTTP_KEEP_ALIVE_S

GRACE_S = 7
"""Requests under way at the stop get this long: the deadline of a call and a second."""
SWEEP_TICKS = 10
"""How often deadlines are looked at, in uvicorn's ticks of 0.1 s."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process, which stops more than this server."""
        yield

    async def on_tick(self, counter: int) -> bool:
        if counter % SWEEP_TICKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, BoundedHttpProtocol):
                    connection.sweep(now)
        return await super().on_tick(counter)


async def run_http(
    settings: Settings, listener: socket.socket, stop: asyncio.Event, admin: socket.socket | None = None
) -> None:
    """Serve HTTP on ``listener`` until ``stop`` is set; requests under way are answered first.

    With ``admin`` the administration is served there, and there alone.
    """
    services = open_services(settings)
    for library in ("uvicorn.error", "python_multipart"):
        logging.getLogger(library).setLevel(logging.ERROR)  # a line for each bad request fills disks
    async with server_tls(settings) as tls:
        serving = [serve_app(settings, build_app(services, administration=admin is None), listener, tls)]
        if admin is not None:
            serving.append(serve_app(settings, build_admin_app(services), admin, tls))
        settle_memory()
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({stopping, *(task for _, task in serving)}, return_when=asyncio.FIRST_COMPLETED)
        for server, _ in serving:
            server.should_exit = True
        stopping.cancel()
        await asyncio.gather(*(task for _, task in serving))
        await services.rpc.close()


def serve_app(
    settings: Settings, app: ASGIApp, listener: socket.socket, tls: ssl.SSLContext | None = None
) -> tuple[uvicorn.Server, asyncio.Task[None]]:
    """Begin to serve an application on ``listener``; return the server, to be told to stop, and its task."""
    server = _Server(
        uvicorn.Config(
            app,
            ssl_context_factory=None if tls is None else lambda config, default: tls,
            http=BoundedHttpProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nothing here depends on who asks
            timeout_keep_alive=HTTP_KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            limit_concurrency=settings.connections_max,
        )
    )
    return server, asyncio.create_task(server.serve(sockets=[listener]))
