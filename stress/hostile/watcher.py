"""A well-behaved client that asks all the while: are the answers right, and how long do they take?"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Self

from stress.hostile.target import HOST, Target

PAUSE_S = 0.004
"""Between two rounds: some 200 rounds a second, which no server notices."""
ANSWER_S = 8.0
ROUND = (
    b'{"id":1,"method":"Responder.GetCost","params":[{"CstmId":"vdf","Subject":"rif","DestinationPrefix":'
    b'"0256","TimeStart":"2012-02-02T17:30:00Z","TimeEnd":"2012-02-02T18:30:00Z"}]}\n'
    b'{"id":2,"method":"Responder.DebitSMS","params":[{"CstmId":"vdf","Subject":"many999","Amount":0}]}\n'
)
PAGE = (
    b"GET /getcost?cstmid=vdf&subj=rif&dest=0256&ts=2012-02-02T17:30:00Z&te=2012-02-02T18:30:00Z HTTP/1.1\r\n"
    b"Host: a\r\n\r\n"
)

Rounds = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Watcher(threading.Thread):
    """Asks over one JSON-RPC and one HTTP connection until the context ends."""

    def __init__(self, target: Target) -> None:
        super().__init__(daemon=True)
        self._target = target
        self._over = threading.Event()
        self.problems: list[str] = []
        self.seconds: list[float] = []
        """How long each round of JSON-RPC took."""
        self.http_seconds: list[float] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def taken(self) -> tuple[list[float], list[float]]:
        """Take the times since the last call: those of JSON-RPC and those of HTTP."""
        taken = self.seconds, self.http_seconds
        self.seconds, self.http_seconds = [], []
        return taken

    def run(self) -> None:
        """Ask (Thread)."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        await asyncio.gather(
            self._ask(self._target.rpc, self._lines), self._ask(self._target.http, self._page)
        )

    async def _ask(self, port: int, rounds: Rounds) -> None:
        while not self._over.is_set():
            try:
                async with asyncio.timeout(ANSWER_S):
                    reader, writer = await asyncio.open_connection(HOST, port)
                try:
                    await rounds(reader, writer)
                finally:
                    writer.close()
            except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
                self.problems.append(f"the watcher of port {port}: {error!r}")
                await asyncio.sleep(0.1)

    async def _lines(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first: list[bytes] = []
        while not self._over.is_set():
            started = time.perf_counter()
            writer.write(ROUND)
            async with asyncio.timeout(ANSWER_S):
                answers = sorted([await reader.readline(), await reader.readline()])
            self.seconds.append(time.perf_counter() - started)
            first = first or answers
            if answers != first or not answers[0].endswith(b'"error":null}\n'):
                raise ValueError(f"answers changed to {answers!r:.500}")
            await asyncio.sleep(PAUSE_S)

    async def _page(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = b""
        while not self._over.is_set():
            started = time.perf_counter()
            writer.write(PAGE)
            async with asyncio.timeout(ANSWER_S):
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                body = await reader.readexactly(length)
            self.http_seconds.append(time.perf_counter() - started)
            first = first or body
            if body != first or not head.startswith(b"HTTP/1.1 200"):
                raise ValueError(f"a page changed to {head + body!r:.500}")
            await asyncio.sleep(PAUSE_S * 4)
