"""Sends one hostile input over a connection of its own and tells what came back."""

import asyncio
import socket
from collections.abc import Sequence

import msgpack  # type: ignore[import-untyped]  # -- msgpack ships no types

from protocol import envelope
from stress.hostile import judge
from stress.hostile.target import HOST, Target

ANSWER_S = 8.0
"""Every request is answered within 5 s, and the connection closed then: later is never."""
QUIET_S = 0.15
"""An HTTP connection that says nothing for so long waits for more."""
RATER = "hostile"


class HungError(Exception):
    """The server neither answered nor closed in time."""


async def problems_of(target: Target, protocol: str, pieces: Sequence[bytes]) -> list[str]:
    """Send an input and judge the answers."""
    try:
        received, clean = await exchange(target, protocol, pieces)
    except HungError:
        return [f"neither an answer nor an end within {ANSWER_S:g} s"]
    except OSError as error:
        return [f"no connection: {error!r}"]
    sent = b"".join(pieces)
    match protocol:
        case "jsonrpc" | "netstring":
            return judge.stream(sent, received) + (judge.silence(sent, received) if clean else [])
        case "http":
            return judge.http(sent, received)
        case "registration":
            return judge.closed(received)
        case _:
            return judge.leaks(sent, received)


async def exchange(target: Target, protocol: str, pieces: Sequence[bytes]) -> tuple[bytes, bool]:
    """Send an input, say that nothing more comes, and read to the end.

    Tells what was read, and whether the end came in order: a server that hangs up while more is sent
    resets the connection, which can take its last words with it. Raises HungError, OSError.
    """
    port = {"http": target.http, "registration": target.rater, "envelope": target.rater}.get(
        protocol, target.rpc
    )
    reader, writer = await asyncio.open_connection(HOST, port, limit=1 << 22)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        async with asyncio.timeout(ANSWER_S):
            if protocol == "envelope":
                await _prove(reader, writer, target.secret)
            reading = asyncio.create_task(_read(reader))
            try:
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                if protocol == "http":
                    await asyncio.wait({reading}, timeout=QUIET_S)
                writer.write_eof()
                sent = True
            except OSError:  # it may hang up in the middle
                sent = False
            received, ended = await reading
            return received, sent and ended
    except TimeoutError:
        raise HungError from None
    finally:
        writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    received = bytearray()
    try:
        while data := await reader.read(1 << 16):
            received += data
    except ConnectionError:
        return bytes(received), False
    return bytes(received), True


async def _prove(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: bytes) -> None:
    """Do a rater's half of the handshake, rightly. Raises EnvelopeError if the balancer does not."""
    handshake = envelope.RaterHandshake(secret, RATER, envelope.new_nonce())
    unpacker = msgpack.Unpacker()
    writer.write(handshake.answer(await _message(reader, unpacker)))
    handshake.check(await _message(reader, unpacker))


async def _message(reader: asyncio.StreamReader, unpacker: msgpack.Unpacker) -> object:
    while True:
        for message in unpacker:
            return message
        data = await reader.read(4096)
        if not data:
            raise ConnectionError("the balancer hung up in the handshake")
        unpacker.feed(data)
