"""A balancer of which the test writes the answers, and the HTTP front before it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import structlog

from cgrates_py.http.server import run_http
from cgrates_py.process import listen
from cgrates_py.settings import load

Answer = Callable[[str, dict[str, Any]], str]
"""Given method and descriptor, the JSON text of the result, or ``!CODE: text`` for an error."""


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handler: Handler, port: int = 0) -> AsyncIterator[int]:
    """Serve connections with ``handler``, tell the port, and leave nothing open at the end."""
    connections: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(one(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()


@dataclass
class ScriptedBalancer:
    """Answers JSON-RPC lines; remembers what it was asked, numbers as the texts they came as."""

    answer: Answer = lambda method, descriptor: "0"
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    port: int = 0
    deaf: bool = False

    _over: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        self.port = await self._over.enter_async_context(listening(self._serve, self.port))

    async def stop(self) -> None:
        await self._over.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            request = json.loads(line, parse_float=str, parse_int=str)
            if request["method"] == "Auth.Login":  # the front's, when there is a secret where the tests run
                continue
            self.asked.append((request["method"], request["params"][0]))
            if self.deaf:
                self.deaf = False
                return
            text = self.answer(*self.asked[-1])
            error = json.dumps(text[1:]) if text.startswith("!") else "null"
            result = "null" if text.startswith("!") else text
            writer.write(f'{{"id":{request["id"]},"result":{result},"error":{error}}}\n'.encode())


@asynccontextmanager
async def http_front(balancer_port: int, **given: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Run the HTTP process's server in this loop, and talk to it by a real socket."""
    listener: socket.socket = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    settings = load(rpc_address=f"127.0.0.1:{balancer_port}", **given)
    stop = asyncio.Event()
    running = asyncio.create_task(run_http(settings, listener, stop))
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield client
    finally:
        stop.set()
        await running
        listener.close()


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """Undo what a command within the test set up: it would log to the stderr of that test for ever."""
    yield
    structlog.reset_defaults()


@pytest.fixture
async def balancer() -> AsyncIterator[ScriptedBalancer]:
    scripted = ScriptedBalancer()
    await scripted.start()
    yield scripted
    await scripted.stop()


@pytest.fixture
async def http(balancer: ScriptedBalancer) -> AsyncIterator[httpx.AsyncClient]:
    async with http_front(balancer.port) as client:
        yield client
