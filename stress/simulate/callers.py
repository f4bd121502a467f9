"""Callers: they send what the plan says, over connections that break, and repeat under the same RequestId."""

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any

import msgspec

from rater import quantity
from stress.simulate.clockwork import Loop
from stress.simulate.plan import NUMBER, Ask, Kind

PORT = 2001
PATIENCE_S = 8.0
"""A caller gives a connection up that has not answered for so long; the promise is 5 s."""

_AGAIN = ("STORE_UNAVAILABLE", "NO_RATER", "OVERLOADED")
_FAREWELLS = ("OVERLOADED",)
_LOST_RATERS = "raters were lost over this request"
_UNTRIED = "nothing was tried"
_START = "2026-03-02T10:00:00Z"


class _Answer(msgspec.Struct):
    id: int | None
    result: msgspec.Raw
    error: str | None


_decode = msgspec.json.Decoder(_Answer).decode


@dataclass(slots=True)
class Attempt:
    """One sending of a request."""

    sent_at: float
    ended_at: float = float("inf")
    result: bytes | None = None
    error: str | None = None

    @property
    def final(self) -> bool:
        """Tell whether this settles the request: an answer that a repeat cannot change."""
        return self.result is not None or (self.error is not None and not self._again)

    @property
    def untried(self) -> bool:
        """Tell whether the answer says that nothing was done."""
        return self.error is not None and self.error.endswith(_UNTRIED)

    @property
    def _again(self) -> bool:
        return self.error is not None and (self.error.startswith(_AGAIN) or _LOST_RATERS in self.error)


@dataclass(slots=True)
class Record:
    """Everything a caller knows of one request."""

    ask: Ask
    attempts: list[Attempt] = field(default_factory=list)
    settled: bool = False
    """It was answered, or the caller has given up on one that it cannot repeat."""

    @property
    def answer(self) -> Attempt | None:
        """The first answer that settled it."""
        finals = [attempt for attempt in self.attempts if attempt.final]
        return min(finals, key=lambda attempt: attempt.ended_at) if finals else None

    @property
    def first_sent(self) -> float:
        """When it was sent for the first time."""
        return self.attempts[0].sent_at if self.attempts else float("inf")


class Caller:
    """One caller with two connections, made when they are needed."""

    def __init__(self, loop: Loop, records: list[Record], since: float) -> None:
        self.loop = loop
        self._lines: list[_Line | None] = [None, None]
        self._locks = [asyncio.Lock(), asyncio.Lock()]
        self._numbers = itertools.count(1)
        for record in records:
            self.loop.call_at(since + record.ask.at, self.begin, record)

    def begin(self, record: Record) -> None:
        """Send a request, and again until it is settled."""
        self.loop.create_task(self._settle(record))

    async def repeat(self, record: Record) -> None:
        """Send a request once more that was answered before, as a switch does that lost its memory."""
        await self._try(record, 0)

    async def _settle(self, record: Record) -> None:
        place = record.ask.number % 2
        pause = 0.02
        while not record.settled:
            places = (0, 1) if record.ask.twice else (place,)
            await asyncio.gather(*[self._try(record, each) for each in places])
            repeatable = record.ask.request_id or not record.ask.kind.changes
            record.settled = record.answer is not None or not repeatable
            if not record.settled:
                place = 1 - place
                await asyncio.sleep(self.loop.clockwork.random.uniform(pause / 2, pause))
                pause = min(2 * pause, 0.5)

    async def _try(self, record: Record, place: int) -> None:
        try:
            line = await self._line(place)
        except OSError:
            return
        number = next(self._numbers)
        attempt = Attempt(self.loop.time())
        record.attempts.append(attempt)
        self.loop.clockwork.note(f"{self.loop.name} asks {describe(record.ask)}")
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await line.ask(number, request(number, record.ask))
        except (OSError, TimeoutError) as error:
            attempt.ended_at = self.loop.time()
            self.loop.clockwork.note(f"{self.loop.name} lost {record.ask.number}: {error!r}")
            if isinstance(error, TimeoutError):
                line.transport.abort()
            return
        attempt.ended_at = self.loop.time()
        attempt.error = answer.error
        attempt.result = bytes(answer.result) if answer.error is None else None
        said = attempt.error or (attempt.result or b"").decode()[:120]
        self.loop.clockwork.note(f"{self.loop.name} got {record.ask.number}: {said}")

    async def _line(self, place: int) -> "_Line":
        async with self._locks[place]:
            line = self._lines[place]
            if line is None or line.lost:
                async with asyncio.timeout(PATIENCE_S):
                    _, line = await self.loop.create_connection(_Line, "balancer", PORT)
                self._lines[place] = line
            return line


class _Line(asyncio.Protocol):
    """One connection of a caller."""

    def __init__(self) -> None:
        self.lost = False
        self.transport: Any = None
        self._waiting: dict[int, asyncio.Future[_Answer]] = {}
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what waits."""
        self.lost = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError("the connection was lost"))
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        """Hand out the answers."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            answer = _decode(line)
            if answer.id is None:
                self._last_words(answer)
                continue
            waiting = self._waiting.pop(answer.id)
            if not waiting.done():
                waiting.set_result(answer)

    def _last_words(self, answer: _Answer) -> None:
        """Take an error of the connection as a whole, which is about to close."""
        if not (answer.error or "").startswith(_FAREWELLS):
            raise ValueError(f"an answer to nothing: {answer}")

    async def ask(self, number: int, text: bytes) -> _Answer:
        """Send a request and wait for its answer. Raises ConnectionResetError."""
        if self.lost:
            raise ConnectionResetError("the connection was lost")
        waiting: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        self.transport.write(text)
        return await waiting


def request(number: int, ask: Ask) -> bytes:
    """Print a request as a switch sends it."""
    members = [f'"CstmId":"{ask.customer}","Subject":"{ask.subject}","DestinationPrefix":"{NUMBER}"']
    if ask.kind in {Kind.DEBIT, Kind.GET_COST}:
        seconds = ask.amount // quantity.SCALE
        members.append(f'"TimeStart":"{_START}","TimeEnd":"2026-03-02T10:00:{seconds:02d}Z"')
    else:
        members.append(f'"TimeStart":"{_START}","Amount":{quantity.text(ask.amount)}')
    if ask.request_id:
        members.append(f'"RequestId":"{ask.request_id}"')
    descriptor = ",".join(members)
    return f'{{"method":"Responder.{ask.kind}","params":[{{{descriptor}}}],"id":{number}}}\n'.encode()


def describe(ask: Ask) -> str:
    """Print a request for a reader of a trace."""
    name = ask.request_id or "without an id"
    return f"{ask.number}: {ask.kind} {quantity.text(ask.amount)} of {ask.customer}:{ask.subject}, {name}"
