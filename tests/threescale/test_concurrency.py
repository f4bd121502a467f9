"""Many clients at once while raters are killed: limits are never passed, and everything counts once."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.shell.servers import Server, run_here, serving, until
from tests.threescale.conftest import ADMIN_KEY
from tests.threescale.vectors_runner import Runner

pytestmark = pytest.mark.slow

LIMIT = 1000
CLIENTS = 50
TRIES = 60
"""How often a request is sent at most; the server waits for a rater before it refuses one."""
APPLICATIONS = tuple(f"a{number}" for number in range(5))
SETUP = {
    "services": [{"id": "1001", "provider_key": "pk"}],
    "metrics": [{"service": "1001", "id": "m1", "name": "hits"}],
    "limits": [{"service": "1001", "plan": "p1", "metric": "m1", "eternity": LIMIT}],
    "applications": [
        {"service": "1001", "id": name, "state": "active", "plan_id": "p1"} for name in APPLICATIONS
    ],
}


@dataclass
class Shop:
    """The server under load: who is killed after how many answers, and what was answered."""

    server: Server
    runner: Runner
    kill_every: int
    answered: list[int] = field(default_factory=list)
    kills: int = 0

    def take(self, status: int) -> None:
        """Note an answer; after so many of them, a rater is killed, and after a few kills all raters are."""
        self.answered.append(status)
        if len(self.answered) % self.kill_every == 0:
            raters = [pid for name, pid in self.server.children().items() if name.startswith("rater")]
            self.kills += 1
            for pid in raters if self.kills % 3 == 0 else raters[:1]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def counters(self) -> list[int]:
        """Tell what every application has used."""
        place = "services/1001/applications/{}/stats?metric=m1&period=eternity"
        return [
            int(self.runner.admin.do("GET", place.format(name))["stats"]["value"]) for name in APPLICATIONS
        ]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with serving(tmp_path / "data", CGRATES_ADMIN_KEY=ADMIN_KEY) as server:
        runner = Runner(server.http, ADMIN_KEY)
        runner.set_up(SETUP)
        yield Shop(server, runner, 150)
        runner.wire.close()


class Caller:
    """One keep-alive connection of a client."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> int | None:
        """Send a request; tell the status, None if the connection was lost over it."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            await self.close()
            return None
        return int(head[9:12])

    async def insist(self, request: bytes) -> int:
        """Send a request that names itself until it is answered in earnest."""
        for _ in range(TRIES):
            status = await self.ask(request)
            if status is not None and status < 500:
                return status
        raise AssertionError(f"no answer after {TRIES} tries")

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


@asynccontextmanager
async def calling(port: int) -> AsyncIterator[Caller]:
    caller = Caller(port)
    try:
        yield caller
    finally:
        await caller.close()


async def crowd(port: int, clients: int, work: Callable[[int, Caller], Awaitable[None]]) -> None:
    """Have so many clients work at once."""

    async def one(number: int) -> None:
        async with calling(port) as caller:
            await work(number, caller)

    async with asyncio.TaskGroup() as tasks:
        for number in range(clients):
            tasks.create_task(one(number))


def authrep(request_id: str) -> bytes:
    query = "provider_key=pk&app_id=a0&usage[hits]=1"
    head = (
        f"GET /transactions/authrep.xml?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nIdempotency-Key: {request_id}"
    )
    return f"{head}\r\n\r\n".encode()


def report(request_id: str = "") -> bytes:
    """Make a report of one hit of every application."""
    pieces = [
        f"transactions[{n}][app_id]={name}&transactions[{n}][usage][hits]=1"
        for n, name in enumerate(APPLICATIONS)
    ]
    body = "&".join(["provider_key=pk", *pieces])
    named = f"Idempotency-Key: {request_id}\r\n" if request_id else ""
    head = f"POST /transactions.xml HTTP/1.1\r\nHost: 127.0.0.1\r\n{named}Content-Length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


def proven(server: Server) -> bool:
    """Whether every account is what its journal says."""
    return run_here("verify", "--data-dir", server.data_dir).returncode == 0


async def test_exactly_as_many_are_let_through_as_the_limit_says_while_raters_die(shop: Shop) -> None:
    """50 clients at a limit of 1,000: 1,000 accepted, 250 refused; each insists under one request id."""
    each = (LIMIT + 250) // CLIENTS

    async def work(number: int, caller: Caller) -> None:
        for turn in range(each):
            shop.take(await caller.insist(authrep(f"{number}-{turn}")))

    await crowd(shop.server.http_port, CLIENTS, work)

    counts = {status: shop.answered.count(status) for status in set(shop.answered)}
    assert counts == {200: LIMIT, 409: 250}
    assert shop.kills == 8
    assert shop.counters() == [LIMIT, 0, 0, 0, 0]
    assert proven(shop.server)


async def test_a_report_counts_once_on_all_of_its_applications_while_raters_die(shop: Shop) -> None:
    """Each client insists under one id for each report."""
    shop.kill_every = 40

    async def work(number: int, caller: Caller) -> None:
        for turn in range(25):
            shop.take(await caller.insist(report(f"{number}-{turn}")))

    await crowd(shop.server.http_port, 8, work)

    assert (set(shop.answered), shop.kills) == ({202}, 5)
    assert shop.counters() == [200] * len(APPLICATIONS)
    assert proven(shop.server)


async def test_a_report_without_a_name_counts_on_all_of_its_applications_or_on_none(shop: Shop) -> None:
    """Nobody sends anything again. What was accepted counts; what was not, everywhere or nowhere."""
    shop.kill_every = 40

    async def work(number: int, caller: Caller) -> None:
        for _ in range(25):
            shop.take(await caller.ask(report()) or 0)

    await crowd(shop.server.http_port, 8, work)

    accepted = shop.answered.count(202)
    await asyncio.to_thread(until, lambda: len(set(shop.counters())) == 1, "every report to count everywhere")
    (counted,) = set(shop.counters())
    assert accepted <= counted <= len(shop.answered) == 200
    assert proven(shop.server)
