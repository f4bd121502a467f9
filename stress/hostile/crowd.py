"""Hostile crowds: connections that idle, drip, do not take their answers, come and go, or send too much.

Each is an async context: while it is open the pressure is on, and at its end it tells what it saw.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from stress.hostile.target import HOST

DRIP_S = 1.0
"""Between two bytes of a slow client."""
_DRIP = b'{"id":1,"method":"Responder.GetCost","params":[{"Subject":"' + b"x" * 4000
_HTTP_DRIP = b"GET /getcost?cstmid=" + b"x" * 4000
_YEAR = (
    b'{"id":1,"method":"Responder.GetCost","params":[{"CstmId":"vdf","Subject":"rif","DestinationPrefix":"0256",'
    b'"TimeStart":"2026-01-01T00:00:00Z","TimeEnd":"2026-02-01T00:00:00Z"}]}\n'
)
_HTTP_PAGE = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"

Seen = dict[str, int]
Crowd = Callable[[int, bool, int, Seen], Awaitable[None]]


async def _hold(port: int, count: int, then: Callable[[socket.socket], Awaitable[None]], seen: Seen) -> None:
    loop = asyncio.get_running_loop()
    held: list[socket.socket] = []
    try:
        for _ in range(count):
            sock = socket.socket()
            sock.setblocking(False)
            held.append(sock)
            try:
                await asyncio.wait_for(loop.sock_connect(sock, (HOST, port)), 5)
                seen["connected"] = seen.get("connected", 0) + 1
            except OSError:
                seen["not connected"] = seen.get("not connected", 0) + 1
        await asyncio.gather(*(_one(sock, then, seen) for sock in held))
    finally:
        for sock in held:
            sock.close()


async def _one(sock: socket.socket, then: Callable[[socket.socket], Awaitable[None]], seen: Seen) -> None:
    try:
        await then(sock)
    except OSError:
        seen["closed by the server"] = seen.get("closed by the server", 0) + 1


async def _until_closed(sock: socket.socket) -> None:
    while await asyncio.get_running_loop().sock_recv(sock, 65536):
        pass
    raise ConnectionResetError


async def idle(port: int, http: bool, count: int, seen: Seen) -> None:
    """Connect and say nothing."""
    await _hold(port, count, _until_closed, seen)


async def drip(port: int, http: bool, count: int, seen: Seen) -> None:
    """Send one byte of a request a second."""

    async def dripping(sock: socket.socket) -> None:
        for letter in _HTTP_DRIP if http else _DRIP:
            await asyncio.get_running_loop().sock_sendall(sock, bytes([letter]))
            await asyncio.sleep(DRIP_S)

    await _hold(port, count, dripping, seen)


async def deaf(port: int, http: bool, count: int, seen: Seen) -> None:
    """Ask for a lot and take no answer."""

    async def asking(sock: socket.socket) -> None:
        request = _HTTP_PAGE if http else _YEAR
        while True:  # until the server no longer reads; then it waits here until it is dropped
            await asyncio.get_running_loop().sock_sendall(sock, request * 8)
            seen["requests sent"] = seen.get("requests sent", 0) + 8
            await asyncio.sleep(0.05)

    await _hold(port, count, asking, seen)


async def come_and_go(port: int, http: bool, count: int, seen: Seen) -> None:
    """Connect and close, one after the other, as fast as may be."""
    loop = asyncio.get_running_loop()
    for _ in range(count):
        with socket.socket() as sock, suppress(OSError):
            sock.setblocking(False)
            await loop.sock_connect(sock, (HOST, port))
            seen["connected"] = seen.get("connected", 0) + 1


async def oversize(port: int, http: bool, count: int, seen: Seen) -> None:
    """Send frames, heads and bodies beyond their limits, one after the other."""
    loop = asyncio.get_running_loop()
    if http:
        sent = b"GET /" + b"x" * (1 << 20) + b" HTTP/1.1\r\n\r\n"
    else:
        sent = b'{"id":1,"method":"' + b"x" * (2 << 20) + b'"}\n'
    for _ in range(count):
        with socket.socket() as sock, suppress(OSError):
            sock.setblocking(False)
            await loop.sock_connect(sock, (HOST, port))
            await loop.sock_sendall(sock, sent)
            await _one(sock, _until_closed, seen)


@asynccontextmanager
async def pressing(crowd: Crowd, port: int, http: bool, count: int) -> AsyncIterator[Seen]:
    """Keep the pressure on while the context lasts; the counts of what was seen are filled meanwhile."""
    seen: Seen = {}
    task = asyncio.ensure_future(crowd(port, http, count, seen))
    try:
        yield seen
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
