"""A server of which the test writes the answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

Answer = Callable[[dict[str, Any]], bytes | None]
"""Given a request, the bytes to send back; None closes the connection."""


def good(request: dict[str, Any]) -> bytes:
    return b'{"id":%d,"result":0,"error":null}\n' % request["id"]


def refused(request: dict[str, Any]) -> bytes:
    return b'{"id":%d,"result":null,"error":"NO: not today"}\n' % request["id"]


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[tuple[int, list[dict[str, Any]]]]:
    """Serve on a free port: (port, what was asked so far)."""
    asked: list[dict[str, Any]] = []
    writers = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            while line := await reader.readline():
                asked.append(json.loads(line))
                data = answer(asked[-1])
                if data is None:
                    break
                writer.write(data)
        except ConnectionError:
            pass  # the client has what it wanted
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()
