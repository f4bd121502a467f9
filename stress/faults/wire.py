"""The harness's own clients: one JSON-RPC connection that pipelines, and an HTTP one that asks one by one.

A request that got no answer is lost here, visibly: whether to send it again is for the load to decide.
"""

import asyncio
import json
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import urlencode

from cgrates_py.address import Address
from stress.faults.model import ONE, Answer, Kind

ANSWER_S = 8.0
"""Longer than the server takes for anything."""
RECONNECT_S = 0.02
TRY_AGAIN = frozenset({"STORE_UNAVAILABLE", "NO_RATER", "OVERLOADED", "INTERNAL"})
"""Codes after which the API promises that the same request may be sent again."""


class LostError(Exception):
    """No answer for good: the connection broke, nobody answered, or the server asked for another attempt."""


class SilentError(LostError):
    """The connection stands, and no answer came within ANSWER_S: the server promised one in 5 s."""


class RefusedError(Exception):
    """The server refused for good; the text is the code."""


class Wire(Protocol):
    """Asks the server. ``descriptor`` is the call descriptor; its Amount is the text of the number."""

    async def ask(self, kind: Kind, descriptor: dict[str, Any]) -> Answer:
        """Ask once. Raises LostError."""

    def close(self) -> None:
        """Hang up."""


def amount_text(amount: int) -> str:
    """Print an amount of 10⁻⁹ as a JSON number, exactly."""
    sign, whole, part = "-" if amount < 0 else "", *divmod(abs(amount), ONE)
    return f"{sign}{whole}.{part:09d}"


def read_amount(value: object) -> int:
    """Read a JSON number (an int or a Decimal) as an integer of 10⁻⁹. Raises ValueError."""
    if not isinstance(value, (int, Decimal)):
        raise ValueError(f"expected a number, got {value!r}")  # noqa: TRY004 -- it came from a socket
    exact = Decimal(value) * ONE
    if exact != int(exact):
        raise ValueError(f"more than nine decimals: {value}")
    return int(exact)


def read_result(kind: Kind, result: Any) -> Answer:
    """Read a good answer's result. Raises ValueError or KeyError if it is none of that kind."""
    if kind is Kind.CALL:
        return read_amount(result["Cost"]), read_amount(result["ConnectFee"])
    return (read_amount(result),)


def read_refusal(text: str) -> str:
    """Tell the code of a refusal. Raises LostError where the API promises that another attempt is safe."""
    code = text.partition(":")[0]
    if code in TRY_AGAIN:
        raise LostError(text)
    return code


class RpcWire:
    """A JSON-RPC connection; opened at the first request, and again after it broke."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._numbers = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()

    async def ask(self, kind: Kind, descriptor: dict[str, Any]) -> Answer:
        """Ask once. Raises LostError."""
        try:
            return read_result(kind, await self.call(f"Responder.{kind.value}", descriptor))
        except RefusedError as refused:
            return str(refused)

    async def call(self, method: str, descriptor: dict[str, Any]) -> Any:
        """Ask once and give the result. Raises RefusedError with the code, or LostError."""
        writer = await self._open()
        self._numbers += 1
        number = self._numbers
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        writer.write(_line(number, method, descriptor))
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await future
        except TimeoutError:
            raise SilentError(f"no answer within {ANSWER_S:g} s") from None
        finally:
            self._waiting.pop(number, None)
        if answer.get("error") is not None:
            raise RefusedError(read_refusal(answer["error"]))
        return answer["result"]

    def close(self) -> None:
        """Hang up."""
        if self._reading is not None:
            self._reading.cancel()
        self._lose("closed")

    async def _open(self) -> asyncio.StreamWriter:
        async with self._opening:
            if self._writer is not None:
                return self._writer
            try:
                async with asyncio.timeout(ANSWER_S):
                    reader, writer = await asyncio.open_connection(*self.address, limit=4 << 20)
            except OSError as error:  # TimeoutError is one
                await asyncio.sleep(RECONNECT_S)
                raise LostError(f"cannot connect: {error}") from None
            self._writer = writer
            self._reading = asyncio.create_task(self._read(reader))
            return writer

    async def _read(self, reader: asyncio.StreamReader) -> None:
        reason = "the server hung up"
        try:
            while line := await reader.readline():
                answer = json.loads(line, parse_float=Decimal)
                future = self._waiting.get(answer["id"])
                if future is not None and not future.done():
                    future.set_result(answer)
        except (OSError, ValueError) as error:
            reason = f"connection broken: {error}"
        self._lose(reason)

    def _lose(self, reason: str) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(LostError(reason))


def _line(number: int, method: str, descriptor: dict[str, Any]) -> bytes:
    amount = descriptor.get("Amount")
    text = json.dumps(descriptor)
    if amount is not None:  # the exact literal, which no float passes through
        text = text.replace(json.dumps(amount), amount)
    return f'{{"id":{number},"method":"{method}","params":[{text}]}}\n'.encode()


class HttpWire:
    """An HTTP connection that is kept alive; one request at a time, the others wait."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()

    async def ask(self, kind: Kind, descriptor: dict[str, Any]) -> Answer:
        """Ask once by a form. Raises LostError."""
        form = {
            "cstmid": descriptor["CstmId"],
            "subj": descriptor["Subject"],
            "dest": descriptor.get("DestinationPrefix", ""),
            "amount": descriptor["Amount"],
            "requestid": descriptor["RequestId"],
        }
        async with self._turn:
            try:
                async with asyncio.timeout(ANSWER_S):
                    status, body = await self._post(f"/{kind.value.lower()}", urlencode(form).encode())
            except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                self.close()
                await asyncio.sleep(RECONNECT_S)
                raise LostError(f"http: {error!r}") from None
            except asyncio.CancelledError:
                self.close()
                raise
        if status == 200:
            return read_result(kind, body)
        text = body.get("Reason" if status == 400 else "Error", "") if isinstance(body, dict) else ""
        if status >= 500:
            raise LostError(f"http {status}: {text}")
        return read_refusal(text)

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _post(self, path: str, form: bytes) -> tuple[int, Any]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self.address)
        reader, writer = self._streams
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self.address}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n"
        )
        writer.write(head.encode() + form)
        status_line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in fields)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return int(status_line.split()[1]), json.loads(body, parse_float=Decimal)
