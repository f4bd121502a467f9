"""JSON-RPC clients of our own server: one for asyncio that pipelines, one that blocks for the console.

Both keep the JSON text of a result as it came: no number is parsed on the way.
"""

import asyncio
import contextlib
import itertools
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from cgrates_py.address import Address
from protocol import limits
from protocol.errors import Code
from protocol.methods import NAMES, Method

MakeTls = Callable[[], ssl.SSLContext | None]
"""Makes the context of one connection. Raises OSError if it cannot be made now."""

DEADLINE_S = 6.0
"""The balancer answers within 5 s whatever happens; one more is for the way."""
IN_FLIGHT_MAX = 4096
"""Unanswered calls of one client: what a balancer works off in well under a second."""
LINE_BYTES_MAX = limits.ANSWER_BYTES_MAX + 4096
"""The longest answer line: the longest answer, and what is around it."""
SEND_BUFFER_BYTES_MAX = 4 << 20
"""Unsent bytes beyond which new calls are refused: the balancer has stopped reading."""
BACKOFF_S = (0.0, 0.02, 0.05, 0.1, 0.2)
"""Pauses before attempts to connect; the last repeats: a restarted balancer is found at once."""


_LOGIN = 0  # numbers no call
_log = logging.getLogger(__name__)


def plain() -> None:
    """Make no context: the connection is plain."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered: the JSON text of the result, or the error's text."""

    result: bytes = b""
    error: str | None = None


class RpcLostError(Exception):
    """The connection ended before the answer came: the call may or may not have been done."""


class _Answer(msgspec.Struct):
    id: int | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str | None = None


_decode = msgspec.json.Decoder(_Answer).decode


def request(number: int, method: str, descriptor: bytes, auth: str | None = None) -> bytes:
    """Print one JSON-RPC 1.0 request line; ``auth`` is the key that it shows."""
    if auth is not None:
        shown = msgspec.json.encode(auth)
        return b'{"id":%d,"method":"%s","auth":%s,"params":[%s]}\n' % (
            number,
            method.encode(),
            shown,
            descriptor,
        )
    return b'{"id":%d,"method":"%s","params":[%s]}\n' % (number, method.encode(), descriptor)


def parse_reply(line: bytes) -> tuple[int | None, Reply]:
    """Read one answer line. Raises RpcLostError if it is none."""
    try:
        answer = _decode(line)
    except msgspec.DecodeError as error:
        raise RpcLostError(f"the server sent no JSON-RPC answer: {error}") from None
    if answer.error is not None:
        return answer.id, Reply(error=answer.error)
    return answer.id, Reply(result=bytes(answer.result))


class RpcClient:
    """Calls a server over one connection that it keeps up; ``close`` it at the end.

    Every connection logs in with ``key``, if there is one; ``tls`` makes its context, None: it is plain.
    """

    def __init__(
        self, address: Address, deadline_s: float = DEADLINE_S, key: str = "", tls: MakeTls = plain
    ) -> None:
        self._address = address
        self._key = key
        self._tls = tls
        self._deadline_s = deadline_s
        self._link: _Link | None = None
        self._connected = asyncio.Event()
        self._keeper = asyncio.get_running_loop().create_task(self._keep_connected())
        self._in_flight = 0

    @property
    def in_flight(self) -> int:
        """Calls not answered yet."""
        return self._in_flight

    async def call(self, method: str, descriptor: bytes, auth: str | None = None) -> Reply:
        """Ask the server; a machine's failure comes back as a Reply with an error of ours, never raised.

        ``auth`` is a key for this call alone.

        A call whose connection broke is sent again over the next one until the deadline: whoever asks for a
        change puts a RequestId into the descriptor, and then a repeat cannot change twice.
        """
        if self._in_flight >= IN_FLIGHT_MAX:
            return Reply(error=f"{Code.OVERLOADED}: {IN_FLIGHT_MAX} requests are in flight here already")
        self._in_flight += 1
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._call(method, descriptor, auth)
        except TimeoutError:
            return Reply(error=f"{Code.NO_RATER}: no answer within {self._deadline_s:g} s")
        finally:
            self._in_flight -= 1

    async def _call(self, method: str, descriptor: bytes, auth: str | None) -> Reply:
        while True:
            await self._connected.wait()
            link = self._link
            if link is not None:
                try:
                    return await link.call(method, descriptor, auth)
                except RpcLostError:
                    self._forget(link)

    def _forget(self, link: "_Link") -> None:
        if self._link is link:
            self._link = None
            self._connected.clear()

    async def _keep_connected(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
            try:
                async with asyncio.timeout(2):
                    _, link = await loop.create_connection(
                        lambda: _Link(self._key), *self._address, ssl=self._tls()
                    )
            except OSError:  # TimeoutError is one too
                failures += 1
                continue
            failures = 1
            self._link = link
            self._connected.set()
            await link.lost
            self._forget(link)

    async def close(self) -> None:
        """Close the connection; calls under way end as lost."""
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        if self._link is not None:
            self._link.close()


class _Link(asyncio.Protocol):
    """One connection: numbers the calls, pairs the answers, writes once per turn of the event loop."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._outgoing: list[bytes] = []
        self._incoming = bytearray()
        self._transport: asyncio.Transport | None = None
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._key:
            shown = b'{"auth":%b}' % msgspec.json.encode(self._key)
            self._transport.write(request(_LOGIN, NAMES[Method.LOGIN], shown))

    async def call(self, method: str, descriptor: bytes, auth: str | None) -> Reply:
        transport = self._transport
        if transport is None or self.lost.done():
            raise RpcLostError
        if transport.get_write_buffer_size() > SEND_BUFFER_BYTES_MAX:
            return Reply(error=f"{Code.OVERLOADED}: the server does not read its requests")
        number = next(self._numbers)
        future: asyncio.Future[Reply] = self._loop.create_future()
        self._waiting[number] = future
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(request(number, method, descriptor, auth))
        try:
            return await future
        finally:
            self._waiting.pop(number, None)

    def _flush(self) -> None:
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        self._incoming += data
        if b"\n" not in data:
            if len(self._incoming) > LINE_BYTES_MAX:
                self.close()
            return
        *lines, rest = bytes(self._incoming).split(b"\n")
        self._incoming = bytearray(rest)
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            number, reply = parse_reply(line)
        except RpcLostError:
            self.close()
            return
        if number == _LOGIN and reply.error is not None:
            _log.warning("the server does not know this process; is the secret the same? %s", reply.error)
        future = self._waiting.get(number) if number is not None else None
        if future is not None and not future.done():
            future.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(RpcLostError())
        if not self.lost.done():
            self.lost.set_result(None)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def call_once(
    address: Address,
    method: str,
    descriptor: bytes,
    deadline_s: float = DEADLINE_S,
    auth: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> Reply:
    """Ask once over a connection of its own, blocking.

    Raises OSError if the server cannot be reached or is silent, RpcLostError if it hangs up.
    """
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(socket.create_connection(address, timeout=deadline_s))
        if tls is not None:
            connection = stack.enter_context(tls.wrap_socket(connection, server_hostname=address.host))
        connection.sendall(request(1, method, descriptor, auth))
        with connection.makefile("rb") as lines:
            line = lines.readline(LINE_BYTES_MAX)
    if not line.endswith(b"\n"):
        raise RpcLostError("the server closed the connection without an answer")
    return parse_reply(line)[1]


def plain_json(text: bytes) -> Any:
    """Read JSON for showing: every number stays the text it was."""
    import json  # noqa: PLC0415 -- the console alone needs it

    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
