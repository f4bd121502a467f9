"""What one HTTP connection may take: time, bytes, requests ahead, and places."""

import asyncio
from typing import Any

import httpx
import pytest

from cgrates_py.http import bounds
from protocol.limits import DRAIN_S, HTTP_BODY_S, HTTP_HEAD_S, HTTP_PIPELINE_MAX
from tests.shell.conftest import ScriptedBalancer, http_front

GET = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK"
POST = b"POST /debitsms HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
TOO_LATE = b'{"Error":"INVALID_REQUEST: the request did not come whole in time"}'
NO_HTTP = b'{"Error":"INVALID_REQUEST: the bytes are no HTTP request that is taken here"}'


async def opened(http: httpx.AsyncClient) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(http.base_url.host, http.base_url.port)


async def said(http: httpx.AsyncClient, sent: bytes) -> bytes:
    """Everything that the server says until it closes."""
    reader, writer = await opened(http)
    writer.write(sent)
    received = await reader.read()
    writer.close()
    return received


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_HEAD_S", "HTTP_BODY_S"):
        monkeypatch.setattr(bounds, name, 0.0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "sent",
    [b"", b"G", b"\r\n", b"GET /healthz HTTP/1.1\r\nHost: a\r\n", POST, POST + b"cstmid"],
    ids=["nothing", "a letter", "a blank line", "a head without end", "no body", "half a body"],
)
async def test_a_request_that_does_not_come_whole_in_time_is_told_so_and_closed(
    sent: bytes, http: httpx.AsyncClient
) -> None:
    received = await said(http, sent)

    assert received.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert received.endswith(TOO_LATE)


@pytest.mark.usefixtures("impatient")
async def test_a_refused_request_whose_body_does_not_come_gets_one_answer(http: httpx.AsyncClient) -> None:
    """The path is unknown, which is answered before the body is there; nothing is said after that."""
    received = await said(http, POST.replace(b"/debitsms", b"/nowhere"))

    assert received.startswith(b"HTTP/1.1 404")
    assert received.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\r\n\r\n",
        b"GET nonsense\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused_in_json_after_the_answers_to_what_was(
    garbage: bytes, http: httpx.AsyncClient
) -> None:
    received = await said(http, GET + GET + garbage)

    assert (received.count(ANSWER), received.count(b"HTTP/1.1 400 Bad Request")) == (2, 1)
    assert received.endswith(NO_HTTP)


async def test_more_requests_ahead_of_their_answers_than_are_kept_close_the_connection(
    http: httpx.AsyncClient,
) -> None:
    assert await said(http, GET * (HTTP_PIPELINE_MAX + 3)) == b""


async def test_as_many_as_are_kept_are_answered(http: httpx.AsyncClient) -> None:
    last = GET.replace(b"Host: a", b"Connection: close")

    assert (await said(http, GET * (HTTP_PIPELINE_MAX - 1) + last)).count(ANSWER) == HTTP_PIPELINE_MAX


@pytest.mark.parametrize(
    "flood",
    [
        POST.replace(b"Content-Length: 9", b"Transfer-Encoding: chunked") + b"0\r\n" + b"X: y\r\n" * 40_000,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 40_000,
        b"\r\n" * 100_000,
    ],
    ids=["trailers", "headers", "blank lines"],
)
async def test_a_head_or_trailers_without_end_are_refused(flood: bytes, http: httpx.AsyncClient) -> None:
    reader, writer = await opened(http)
    writer.write(flood)
    try:
        received = await reader.read()
    except ConnectionError:  # it closed with bytes of ours unread
        received = b"HTTP/1.1 400"
    writer.transport.abort()

    assert received.startswith(b"HTTP/1.1 400")


async def test_a_connection_too_many_is_refused_and_those_that_are_in_are_served(
    balancer: ScriptedBalancer,
) -> None:
    async with http_front(balancer.port, connections_max=2) as http:
        first, second = await opened(http), await opened(http)
        for _, writer in (first, second):
            writer.write(GET)
        answers = [await reader.readline() for reader, _ in (first, second)]
        third = await said(http, b"")
        first[1].write(GET)
        again = await first[0].readuntil(b"ok\n")
        for _, writer in (first, second):
            writer.close()

    assert answers == [ANSWER + b"\r\n"] * 2
    assert third.startswith(b"HTTP/1.1 503 Service Unavailable")
    assert third.endswith(b'{"Error":"OVERLOADED: too many connections"}')
    assert again.endswith(b"ok\n")


class Transport(asyncio.Transport):
    """Holds what was written; the test says how much of it is unsent."""

    def __init__(self) -> None:
        super().__init__()
        self.unsent = 0
        self.calls: list[str] = []

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.calls.append("abort")


@pytest.mark.parametrize(
    ("sweeps", "expected"),
    [
        ([(0.0, 10), (DRAIN_S, 10)], []),
        ([(0.0, 10), (DRAIN_S + 1, 5)], ["abort"]),
        ([(0.0, 10), (DRAIN_S - 1, 0), (DRAIN_S + 1, 10)], []),
        ([(0.0, 0), (DRAIN_S + 1, 10)], []),
    ],
)
def test_a_client_that_does_not_take_its_answers_is_dropped(
    sweeps: list[tuple[float, int]], expected: list[str]
) -> None:
    connection: Any = object.__new__(bounds.BoundedHttpProtocol)
    connection.transport = transport = Transport()
    connection.pipeline = ()
    connection.cycle = None
    connection._in_head, connection._due, connection._unsent_since = True, float("inf"), float("inf")
    for now, unsent in sweeps:
        transport.unsent = unsent
        connection.sweep(now)

    assert expected == transport.calls


def test_deadlines_are_beyond_what_an_honest_request_takes() -> None:
    assert min(HTTP_HEAD_S, HTTP_BODY_S) > 6
