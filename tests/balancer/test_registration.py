"""Raters come, prove themselves, live, leave and die: both ends over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgpack  # type: ignore[import-untyped]  # -- msgpack ships no types
import pytest

from balancer import link as link_module
from balancer import registration as registration_module
from balancer.link import RaterLink
from balancer.service import Balancer, serve_balancer
from protocol import envelope
from protocol.envelope import BalancerHandshake, RaterHandshake
from protocol.limits import ANSWER_BYTES_MAX
from protocol.methods import Method
from tests.balancer.fakes import Desk, Recorder

SECRET = b"a shared secret"
LINE = b'{"id":%d,"method":"Responder.DebitBalance","params":[{"Subject":"s%d"}]}\n'


@asynccontextmanager
async def balancing(**limits: Any) -> AsyncIterator[Balancer]:
    balancer = await serve_balancer("127.0.0.1", 0, 0, SECRET, version="1.2.3", **limits)
    try:
        yield balancer
    finally:
        await balancer.stop(grace_s=0.1)


@asynccontextmanager
async def rating(
    balancer: Balancer, name: str, desk: Desk, secret: bytes = SECRET
) -> AsyncIterator[RaterLink]:
    link = RaterLink(desk, "127.0.0.1", balancer.rater_port, secret, name, lambda: {"rated": 7})
    link.start()
    try:
        yield link
    finally:
        desk.release()
        await link.leave()


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop turn until ``condition`` holds; pytest-timeout ends it if that never comes."""
    while not condition():  # noqa: ASYNC110 -- both ends go on by turns; there is no event to wait for
        await asyncio.sleep(0)


async def until_joined(balancer: Balancer, count: int) -> None:
    """Return when the balancer has so many raters."""
    await until(lambda: len(balancer.pool.raters) == count)


class Caller:
    """One connection of a caller."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, *numbers: int) -> None:
        self.writer.write(b"".join(LINE % (n, n) for n in numbers))

    async def receive(self, count: int) -> dict[int, Any]:
        """Receive so many answers: result or error by id."""
        answers = [json.loads(await self.reader.readline()) for _ in range(count)]
        return {answer["id"]: answer["error"] or answer["result"]["Subject"] for answer in answers}

    async def ask(self, method: str) -> Any:
        self.writer.write(b'{"id":1,"method":"%b","params":[{}]}\n' % method.encode())
        return json.loads(await self.reader.readline())["result"]


@asynccontextmanager
async def calling(balancer: Balancer) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_connection("127.0.0.1", balancer.rpc_port)
    yield Caller(reader, writer)
    writer.close()


async def test_a_call_goes_through_to_a_rater_and_back() -> None:
    async with balancing() as balancer, rating(balancer, "r1", Desk()), calling(balancer) as caller:
        caller.send(*range(100))

        assert {n: f"s{n}" for n in range(100)} == await caller.receive(100)


async def test_a_call_waits_for_the_first_rater() -> None:
    ready: list[int] = []
    async with balancing(on_ready=lambda: ready.append(1)) as balancer, calling(balancer) as caller:
        caller.send(1)
        assert ready == []
        async with rating(balancer, "r1", Desk()), rating(balancer, "r2", Desk()):
            assert await caller.receive(1) == {1: "s1"}
            await until_joined(balancer, 2)

    assert ready == [1]


async def test_the_calls_of_a_dead_rater_are_answered_by_another_under_the_same_name() -> None:
    dead, alive = Desk(hold=True), Desk(hold=True)
    async with (
        balancing() as balancer,
        rating(balancer, "r1", dead) as link,
        rating(balancer, "r2", alive),
        calling(balancer) as caller,
    ):
        await until_joined(balancer, 2)
        caller.send(*range(50))
        await until(lambda: len(dead.held) + len(alive.held) == 50)
        assert dead.held
        assert alive.held

        lost = list(dead.names)
        own = list(alive.names)
        assert link._end is not None
        link._end.abort()
        await until(lambda: len(alive.held) == 50)
        alive.hold = False
        alive.release()

        assert {n: f"s{n}" for n in range(50)} == await caller.receive(50)
        assert lost == alive.names[len(own) :]


async def test_a_rater_that_leaves_answers_what_it_has_and_gets_nothing_more() -> None:
    desk = Desk(hold=True)
    async with balancing() as balancer, calling(balancer) as caller:
        async with rating(balancer, "r1", desk) as link:
            caller.send(1, 2)
            await until(lambda: len(desk.held) == 2)
            leave = asyncio.create_task(link.leave())
            await until_joined(balancer, 0)
            caller.send(3)
            desk.release()
            assert await caller.receive(2) == {1: "s1", 2: "s2"}
            await leave
        async with rating(balancer, "r2", Desk()):
            assert await caller.receive(1) == {3: "s3"}
        assert balancer.pool.resent == 0


async def test_a_rater_finds_a_restarted_balancer() -> None:
    async with balancing() as first, rating(first, "r1", Desk()) as link:
        await link.wait_connected()
        await first.stop()
        await until(lambda: not link.connected)
        second = await serve_balancer("127.0.0.1", 0, first.rater_port, SECRET)
        await link.wait_connected()
        await until_joined(second, 1)
        await second.stop()


class Peer:
    """Speaks to the raters' port by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.unpacker = msgpack.Unpacker()

    async def receive(self) -> Any:
        for message in self.unpacker:
            return message
        while data := await self.reader.read(4096):
            self.unpacker.feed(data)
            for message in self.unpacker:
                return message
        return "closed"

    async def prove(self, secret: bytes = SECRET) -> tuple[RaterHandshake, bytes]:
        handshake = RaterHandshake(secret, "by hand", envelope.new_nonce())
        proof = handshake.answer(await self.receive())
        self.writer.write(proof)
        return handshake, proof


@asynccontextmanager
async def peering(balancer: Balancer) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", balancer.rater_port)
    yield Peer(reader, writer)
    writer.close()


async def test_a_wrong_secret_is_not_let_in() -> None:
    async with balancing() as balancer, peering(balancer) as peer:
        await peer.prove(b"guess")

        assert (await peer.receive(), balancer.pool.raters) == ("closed", [])


async def test_a_replayed_proof_is_not_let_in() -> None:
    async with balancing() as balancer, peering(balancer) as peer, peering(balancer) as thief:
        handshake, proof = await peer.prove()
        handshake.check(await peer.receive())
        await thief.receive()
        thief.writer.write(proof)

        assert await thief.receive() == "closed"


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(b"\xc1", id="no msgpack"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", id="HTTP"),
        pytest.param(b"\x91" * 5000, id="too long, too deep"),
        pytest.param(envelope.pack({"rated": 1}), id="a heartbeat before the proof"),
        pytest.param(envelope.pack([1, 0, b"x"]), id="an answer before the proof"),
    ],
)
async def test_what_comes_before_the_proof_is_not_taken(junk: bytes) -> None:
    async with balancing() as balancer, peering(balancer) as peer:
        await peer.receive()
        peer.writer.write(junk)

        assert (await peer.receive(), balancer.pool.raters) == ("closed", [])


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(b"\xc1", id="no msgpack"),
        pytest.param(envelope.pack([1, 0]), id="answers not in threes"),
        pytest.param(envelope.pack("hello"), id="an unknown message"),
        pytest.param(envelope.pack({"rated": "many"}), id="counters that are no numbers"),
        pytest.param(b"\xdd\xff\xff\xff\xff", id="four billion answers announced"),
    ],
)
async def test_a_proved_rater_that_breaks_the_protocol_is_dropped(junk: bytes) -> None:
    async with balancing() as balancer, peering(balancer) as peer:
        handshake, _ = await peer.prove()
        handshake.check(await peer.receive())
        peer.writer.write(envelope.pack({"rated": 1}))
        assert (await peer.receive(), len(balancer.pool.raters)) == ([], 1)

        peer.writer.write(junk)

        assert (await peer.receive(), balancer.pool.raters) == ("closed", [])


@pytest.mark.parametrize("joined", [False, True])
async def test_a_silent_peer_is_dropped(monkeypatch: pytest.MonkeyPatch, joined: bool) -> None:
    monkeypatch.setattr(registration_module, "SILENCE_S", 0.01 if joined else 3600)
    monkeypatch.setattr(registration_module, "HANDSHAKE_S", 0.01 if not joined else 3600)
    async with balancing() as balancer, peering(balancer) as peer:
        handshake, _ = await peer.prove()
        handshake.check(await peer.receive())
        if joined:
            peer.writer.write(envelope.pack({}))
            assert await peer.receive() == []

        assert (await peer.receive(), balancer.pool.raters) == ("closed", [])


async def test_a_rater_leaves_a_silent_balancer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "SILENCE_S", 0.01)
    monkeypatch.setattr(link_module, "HEARTBEAT_S", 0.02)
    monkeypatch.setattr(envelope, "ALIVE", b"")
    async with balancing() as balancer, rating(balancer, "r1", Desk()) as link:
        await link.wait_connected()
        await until(lambda: not link.connected)


async def test_a_rater_tries_again_after_a_balancer_that_said_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link_module, "HANDSHAKE_S", 0.01)
    monkeypatch.setattr(link_module, "RECONNECT_S_MIN", 0.0)
    came = asyncio.Semaphore(0)

    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.release()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(stay_silent, "127.0.0.1", 0)
    link = RaterLink(Desk(), "127.0.0.1", server.sockets[0].getsockname()[1], SECRET, "r1", lambda: {})
    link.start()
    for _ in range(3):
        await came.acquire()
    await link.leave()
    server.close()
    await server.wait_closed()


async def test_a_rater_does_not_serve_a_balancer_with_another_secret() -> None:
    class Impostor(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport: Any = transport  # uvloop's are no asyncio.Transport
            self.transport.write(envelope.pack(["hello", 1, envelope.new_nonce(), "run"]))

        def data_received(self, data: bytes) -> None:
            self.transport.write(envelope.pack(["welcome", bytes(32)]) + envelope.pack([1, 1, b"{}"]))

        def connection_lost(self, exc: Exception | None) -> None:
            lost.set()

    lost = asyncio.Event()
    server = await asyncio.get_running_loop().create_server(Impostor, "127.0.0.1", 0)
    desk = Desk()
    link = RaterLink(desk, "127.0.0.1", server.sockets[0].getsockname()[1], SECRET, "r1", lambda: {})
    link.start()
    await lost.wait()

    assert (link.connected, desk.names) == (False, [])
    await link.leave()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("sliced", [False, True])
@pytest.mark.parametrize(
    "junk",
    [
        pytest.param([1, [], b"{}"], id="a method that is a list"),
        pytest.param([1, True, b"{}"], id="a method that is true"),
        pytest.param([1, 0, b"{}"], id="an unknown method"),
        pytest.param([1, int(Method.STATUS), b"{}"], id="a method of the balancer"),
        pytest.param([[], 1, b"{}"], id="a seq that is a list"),
        pytest.param([1, 1, "{}"], id="a descriptor that is text"),
        pytest.param([1, 1, b"{}", 2], id="not in threes"),
    ],
)
async def test_a_rater_leaves_a_balancer_that_breaks_the_protocol_and_comes_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, junk: list[Any], sliced: bool
) -> None:
    monkeypatch.setattr(link_module, "WORK_S", -1.0 if sliced else 60.0)
    monkeypatch.setattr(link_module, "RECONNECT_S_MIN", 0.0)
    heard: list[Any] = []
    done = asyncio.Event()

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        handshake = BalancerHandshake(SECRET, "run", envelope.new_nonce())
        writer.write(handshake.hello)
        writer.write(handshake.check(await peer.receive()))
        assert await peer.receive() == {}
        good = [7, int(Method.GET_COST), b'{"Subject":"s"}']
        writer.write(envelope.pack([*good, *good, *junk] if not heard else good))
        heard.append(await peer.receive())
        while heard[0] != "closed":
            heard[0] = await peer.receive()
        if len(heard) == 2:
            done.set()
        writer.close()

    server = await asyncio.start_server(ask, "127.0.0.1", 0)
    link = RaterLink(Desk(), "127.0.0.1", server.sockets[0].getsockname()[1], SECRET, "r1", lambda: {})
    link.start()
    await done.wait()

    assert heard == ["closed", [7, 0, b'{"Subject":"s"}']]
    assert "the balancer broke the protocol" in caplog.text
    assert "Traceback" not in caplog.text
    await link.leave()
    server.close()
    await server.wait_closed()


async def test_a_port_in_use_is_an_error_and_leaves_nothing_bound() -> None:
    async with balancing() as first:
        with pytest.raises(OSError, match="in use"):
            await serve_balancer("127.0.0.1", first.rpc_port, 0, SECRET)


async def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="empty secret"):
        await serve_balancer("127.0.0.1", 0, 0, b"")
    with pytest.raises(ValueError, match="empty secret"):
        RaterLink(Desk(), "127.0.0.1", 1, b"", "r1", lambda: {})


async def test_an_answer_too_long_is_refused_and_the_link_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "ANSWER_BYTES_MAX", 10)
    async with balancing() as balancer, rating(balancer, "r1", Desk()), calling(balancer) as caller:
        caller.send(1)

        assert await caller.receive(1) == {1: f"INTERNAL: the answer is longer than {ANSWER_BYTES_MAX} bytes"}


async def test_status_tells_raters_version_uptime_and_memory() -> None:
    async with (
        balancing() as balancer,
        rating(balancer, "r1", Desk()),
        rating(balancer, "r2", Desk()),
        calling(balancer) as caller,
    ):
        await until_joined(balancer, 2)
        first, *names, version, memory = (await caller.ask("Responder.Status")).splitlines()

    assert (first, sorted(names)) == ("Connected raters:", ["r1", "r2"])
    assert version == "version 1.2.3 uptime 0 s"
    assert memory.startswith("memstats before GC: ")
    assert memory.endswith("Kb")


async def test_metrics_tell_what_was_done() -> None:
    async with balancing() as balancer, rating(balancer, "r1", Desk()), calling(balancer) as caller:
        caller.send(1, 2, 3)
        await caller.receive(3)
        metrics = await caller.ask("Responder.Metrics")

    assert metrics["requests"] == {"DebitBalance": {"OK": 3}, "Metrics": {"OK": 1}}
    assert metrics["raters"] == [{"name": "r1", "in_flight": 0, "counters": {"rated": 7}}]
    assert (
        metrics["raters_up"],
        metrics["in_flight"],
        metrics["queue_depth"],
        metrics["retries"],
        metrics["connections"],
        metrics["latency_s"]["count"],
    ) == (1, 0, 0, 0, 1, 3)


async def test_other_fronts_use_the_same_dispatch() -> None:
    async with balancing() as balancer, rating(balancer, "r1", Desk()):
        await until_joined(balancer, 1)
        sink = Recorder()
        balancer.dispatcher.submit(sink, "t", 1, b'{"Subject":"s"}')
        await until(lambda: bool(sink.answers))

    assert sink.answers == [("t", 0, b'{"Subject":"s"}')]
