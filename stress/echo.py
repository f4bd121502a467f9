"""The yardstick: a bare uvloop server that writes back every chunk it reads.

What a server of ours can reach is bounded by what one event loop can carry; figures are told as shares of it.
"""

import asyncio
import sys
from typing import Any

import uvloop

from cgrates_py.process import die_with_supervisor
from stress.load import SUCCESS

MESSAGES = 256
"""Different messages; together they are longer than the buffer of a read."""


class Echo(asyncio.Protocol):
    """One connection of the echo."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Write back what came."""
        self._transport.write(data)


def messages(size: int, count: int = MESSAGES) -> list[bytes]:
    """Make different lines of ``size`` bytes; they end as a good answer does, to be counted alike."""
    lines = []
    for number in range(count):
        head = b'{"id":%d,"result":"' % number
        lines.append(head.ljust(size - len(SUCCESS) - 1, b"x") + b'"' + SUCCESS)
    return lines


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0)
    sys.stdout.write(f"ready rpc=127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    die_with_supervisor()
    uvloop.run(_serve())
