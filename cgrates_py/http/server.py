"""The HTTP process: uvicorn around the app, with limits that uvicorn leaves to us."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cgrates_py.address import Address
from cgrates_py.client import RpcClient
from cgrates_py.clock import open_clock
from cgrates_py.http.app import build_app
from cgrates_py.http.services import Services
from cgrates_py.settings import Settings

HEAD_BYTES_MAX = 64 << 10
"""Request line and headers of one request; beyond it the connection closes."""
KEEP_ALIVE_S = 75
"""An idle connection is closed after this: a minute's polling keeps its connection."""
GRACE_S = 7
"""Requests under way at the stop get this long: the deadline of a call and a second."""


class _BoundedHttpProtocol(HttpToolsProtocol):
    """Closes a connection whose request head does not end within ``HEAD_BYTES_MAX``.

    The parser itself collects a header of any length.
    """

    _head_bytes = 0
    _in_head = True
    _moved = False

    def on_headers_complete(self) -> None:
        self._in_head, self._moved = False, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head, self._moved = True, True
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        self._moved = False
        super().data_received(data)
        if self._moved or not self._in_head or self.transport.is_closing():
            self._head_bytes = 0
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES_MAX:
            self.send_400_response("The head of the request is too long.")


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process, which stops more than this server."""
        yield


async def run_http(settings: Settings, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve HTTP on ``listener`` until ``stop`` is set; requests under way are answered first."""
    rpc = RpcClient(Address.parse(settings.rpc_address))
    services = Services(rpc=rpc, clock=open_clock(settings.clock_file))
    server = _Server(
        uvicorn.Config(
            build_app(services),
            http=_BoundedHttpProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            limit_concurrency=settings.connections_max,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    await serving
    await rpc.close()
