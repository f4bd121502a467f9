"""The callers' listener over real sockets: what it answers, what it refuses, whom it makes wait."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from balancer import connection as connection_module
from balancer import server as server_module
from balancer.server import JsonRpcServer, Times
from protocol.dispatch import Status
from tests.balancer.fakes import Desk

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Bench:
    """A listening server and its callers."""

    def __init__(self, desk: Desk, server: JsonRpcServer, port: int) -> None:
        self.desk = desk
        self.server = server
        self.port = port

    async def connect(self) -> Streams:
        return await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)

    async def talk(self, data: bytes, size: int = 1 << 20) -> bytes:
        """Send ``data`` in pieces of ``size``, say that no more follows, return all that is answered."""
        reader, writer = await self.connect()
        for at in range(0, len(data), size):
            writer.write(data[at : at + size])
            await writer.drain()
        writer.write_eof()
        answers = await reader.read(-1)
        writer.close()
        return answers


@asynccontextmanager
async def serving(desk: Desk | None = None, **limits: Any) -> AsyncIterator[Bench]:
    desk = desk or Desk()
    server = JsonRpcServer(desk, **limits)
    port = await server.listen("127.0.0.1", 0)
    try:
        yield Bench(desk, server, port)
    finally:
        desk.release()
        await server.stop()


def request(n: int, descriptor: str = '{"A":1}') -> bytes:
    return f'{{"id":{n},"method":"Responder.GetCost","params":[{descriptor}]}}'.encode()


def line(n: int, descriptor: str = '{"A":1}') -> bytes:
    return request(n, descriptor) + b"\n"


def answered(n: int, result: str = '{"A":1}') -> bytes:
    return f'{{"id":{n},"result":{result},"error":null}}\n'.encode()


def netstring(text: bytes) -> bytes:
    return b"%d:%b," % (len(text), text)


TALKS = [
    pytest.param(line(1), answered(1), id="a line"),
    pytest.param(request(1), answered(1), id="no newline"),
    pytest.param(b"\r\n " + request(1), answered(1), id="leading whitespace"),
    pytest.param(line(1) + line(2), answered(1) + answered(2), id="two lines"),
    pytest.param(request(1) + request(2) + b"\n", answered(1) + answered(2), id="two on a line"),
    pytest.param(request(1).replace(b",", b"\n,\n"), answered(1), id="over several lines"),
    pytest.param(line(1) + b"\n\n" + line(2), answered(1) + answered(2), id="empty lines"),
    pytest.param(line(1, '{"A":1.50}'), answered(1, '{"A":1.50}'), id="numbers keep their literal"),
    pytest.param(line(1, '{"ä":"€"}'), answered(1, '{"ä":"€"}'), id="UTF-8"),
    pytest.param(
        line(1, '{"Refuse":1}'),
        b'{"id":1,"result":null,"error":"RATE_NOT_FOUND: no rate for \\"9\\""}\n',
        id="a refusal",
    ),
    pytest.param(
        b'{"id":-1.50,"method":"Responder.GetCost","params":[{},2]}\n',
        b'{"id":-1.50,"result":{},"error":null}\n',
        id="an unusual id",
    ),
    pytest.param(
        b'{"jsonrpc":"2.0","id":"a","method":"Responder.GetCost","params":[{}]}\n',
        b'{"jsonrpc":"2.0","result":{},"id":"a"}\n',
        id="version 2",
    ),
    pytest.param(
        b'{"jsonrpc":"2.0","method":"Responder.GetCost","params":[{}]}\n' + line(2),
        answered(2),
        id="a notification",
    ),
    pytest.param(
        b'[{"jsonrpc":"2.0","id":1,"method":"Responder.GetCost","params":{"A":2}},'
        b'{"jsonrpc":"2.0","method":"Responder.GetCost"}]\n',
        b'[{"jsonrpc":"2.0","result":{"A":2},"id":1}]\n',
        id="a batch",
    ),
    pytest.param(
        netstring(request(1)) + netstring(request(2)),
        netstring(answered(1)[:-1]) + netstring(answered(2)[:-1]),
        id="netstrings",
    ),
]


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize(("data", "expected"), TALKS)
async def test_requests_are_answered_however_their_bytes_arrive(
    data: bytes, expected: bytes, size: int
) -> None:
    async with serving() as bench:
        assert expected == await bench.talk(data, size)


async def test_one_value_without_newline_is_answered_while_the_connection_stays_open() -> None:
    async with serving() as bench:
        reader, writer = await bench.connect()
        for n in range(3):
            writer.write(request(n))
            assert answered(n) == await reader.readline()
        writer.close()


async def test_thousands_in_one_packet_are_all_answered() -> None:
    async with serving() as bench:
        lines = await bench.talk(b"".join(line(n) for n in range(5000)))

    assert list(range(5000)) == sorted(json.loads(each)["id"] for each in lines.splitlines())


async def test_answers_come_in_the_order_they_are_ready() -> None:
    async with serving(Desk(hold=True)) as bench:
        reader, writer = await bench.connect()
        writer.write(line(1) + line(2) + b"{}\n")
        await reader.readline()  # {} is refused at once: the other two are held by now
        bench.desk.release()

        assert answered(2) + answered(1) == await reader.readline() + await reader.readline()
        writer.close()


PARSE_ERROR = b'{"id":null,"result":null,"error":"PARSE_ERROR: '

BROKEN = [
    pytest.param(b"hello\n", id="garbage"),
    pytest.param(b"GET / HTTP/1.0\r\n\r\n", id="HTTP"),
    pytest.param(b'{"id":1,"method":"Responder.GetCost",}\n', id="trailing comma"),
    pytest.param(line(1).replace(b"1}", b"NaN}"), id="NaN"),
    pytest.param(b'{"id":1e400,"method":"Responder.GetCost","params":[{}]}\n', id="1e400 as id"),
    pytest.param(request(1).replace(b'"A"', b'"\xff"') + b"\n", id="invalid UTF-8"),
    pytest.param(line(1, "[" * 10_000 + "]" * 10_000), id="depth 10,000"),
    pytest.param(line(1, '{"a":' * 64 + "1" + "}" * 64), id="depth 66"),
    pytest.param(b'{"id":1,"method":"' + b"x" * (1 << 20), id="a frame without end"),
    pytest.param(line(1, '{"a":"' + "x" * (1 << 20) + '"}'), id="a frame too long"),
    pytest.param(line(1, '{"Malformed":1e400}'), id="refused by the rater's number check"),
]


@pytest.mark.parametrize("good_first", [False, True])
@pytest.mark.parametrize("data", BROKEN)
async def test_a_broken_stream_gets_one_parse_error_and_is_closed(data: bytes, good_first: bool) -> None:
    async with serving() as bench:
        reader, writer = await bench.connect()
        writer.write((line(7) if good_first else b"") + data)
        lines = (await reader.read(-1)).splitlines()  # the server closes, the caller does not
        writer.close()

        assert ([answered(7)[:-1]] if good_first else []) == lines[:-1]
        assert lines[-1].startswith(PARSE_ERROR)
        assert answered(8) == await bench.talk(line(8)), "others are not affected"


async def test_a_fault_that_a_rater_finds_is_told_after_the_caller_closed_its_side_too() -> None:
    async with serving(Desk(hold=True)) as bench:
        reader, writer = await bench.connect()
        writer.write(line(1, '{"Malformed":1e400}'))
        writer.write_eof()
        other = await bench.connect()
        await barrier(*other)
        bench.desk.release()
        answer = await reader.read(-1)
        writer.close()
        other[1].close()

    assert answer.startswith(PARSE_ERROR)


async def test_a_gigabyte_announced_is_refused_as_a_netstring_and_not_waited_for() -> None:
    async with serving() as bench:
        reader, writer = await bench.connect()
        writer.write(b"%d:{" % (1 << 30))
        answer = await reader.read(-1)
        writer.close()

    length, _, rest = answer.partition(b":")
    assert (rest[-1:], int(length)) == (b",", len(rest) - 1)
    assert rest.startswith(PARSE_ERROR)


async def test_what_is_in_flight_is_answered_before_the_parse_error() -> None:
    async with serving(Desk(hold=True)) as bench:
        reader, writer = await bench.connect()
        other_reader, other_writer = await bench.connect()
        writer.write(line(1) + line(2) + b"oops" + line(3))
        await barrier(other_reader, other_writer)
        bench.desk.release()

        lines = (await reader.read(-1)).splitlines(keepends=True)
        assert ([answered(2), answered(1)], True) == (lines[:-1], lines[-1].startswith(PARSE_ERROR))
        writer.close()
        other_writer.close()


async def barrier(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Make sure that the server has read what was sent before: two refusals later it has."""
    for _ in range(3):
        writer.write(b"{}\n")
        await reader.readline()


async def test_a_connection_with_too_much_in_flight_is_not_read_until_it_is_less() -> None:
    async with serving(Desk(hold=True), in_flight_max=10) as bench:
        reader, writer = await bench.connect()
        other = await bench.connect()
        writer.write(b"".join(line(n) for n in range(10)))
        await barrier(*other)
        writer.write(b"".join(line(n) for n in range(10, 20)))
        await barrier(*other)
        assert len(bench.desk.held) == 10

        bench.desk.hold = False
        bench.desk.release()

        ids = sorted([json.loads(await reader.readline())["id"] for _ in range(20)])
        assert list(range(20)) == ids
        writer.close()
        other[1].close()


async def test_a_connection_with_too_many_bytes_in_flight_is_not_read_until_they_are_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_module, "CONNECTION_BYTES_MAX", 100)
    async with serving(Desk(hold=True)) as bench:
        reader, writer = await bench.connect()
        other = await bench.connect()
        writer.write(line(1) + line(2))
        await barrier(*other)
        writer.write(line(3))
        await barrier(*other)
        assert len(bench.desk.held) == 2

        bench.desk.hold = False
        bench.desk.release()

        assert [json.loads(await reader.readline())["id"] for _ in range(3)] == [2, 1, 3]
        writer.close()
        other[1].close()


async def test_a_caller_that_does_not_take_its_answers_is_dropped_and_its_requests_are_bounded() -> None:
    async with serving(times=Times(drain_s=0.2)) as bench:
        reader, writer = await bench.connect()
        await barrier(reader, writer)
        (victim,) = bench.server.connections
        other = await bench.connect()
        descriptor = '{"A":"' + "x" * 10_000 + '"}'
        lines = b"".join(line(n, descriptor) for n in range(10_000))
        writer.transport.set_write_buffer_limits(high=len(lines) + 1)
        reader._transport.pause_reading()  # type: ignore[attr-defined]  # -- the only way not to read
        writer.write(lines)
        while victim in bench.server.connections:
            await barrier(*other)
        other[1].close()
        writer.transport.abort()

        assert len(bench.desk.names) < 5_000


async def test_a_caller_that_goes_on_sending_hears_the_last_words_all_the_same() -> None:
    async with serving() as bench:
        for _ in range(20):
            reader, writer = await bench.connect()
            writer.write(b"oops" + b"x" * (4 << 20))
            assert (await reader.read()).startswith(PARSE_ERROR)
            writer.close()


async def test_a_caller_that_is_heard_out_is_so_for_a_while_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_module, "LINGER_BYTES_MAX", 1 << 20)
    async with serving(times=Times(frame_s=0.01)) as bench:
        reader, writer = await bench.connect()
        writer.write(b"oops")
        assert (await reader.read()).startswith(PARSE_ERROR)
        with pytest.raises(ConnectionError):
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()

        monkeypatch.setattr(connection_module, "LINGER_S", 0.01)
        reader, silent = await bench.connect()
        silent.write(b"oops")
        assert (await reader.read()).startswith(PARSE_ERROR)
        writer.close()
        other = await bench.connect()
        while len(bench.server.connections) > 1:
            await barrier(*other)
        silent.close()
        other[1].close()


async def test_a_caller_that_is_heard_out_makes_room_and_does_not_hold_up_a_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_module, "LINGER_S", 3600)
    writers = []
    async with serving(connections_max=1, times=Times(frame_s=0.01)) as bench:
        for _ in range(2):
            while not bench.server.room():  # noqa: ASYNC110 -- until a sweep has seen who may go
                await asyncio.sleep(0)
            reader, writer = await bench.connect()
            writer.write(b"oops")
            assert (await reader.read()).startswith(PARSE_ERROR)
            writers.append(writer)
        (last,) = bench.server.connections
        await last.finish()
    for writer in writers:
        writer.close()


async def test_of_callers_that_do_not_take_their_answers_the_one_with_the_most_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_module, "ALL_UNSENT_BYTES_MAX", 30 << 20)
    async with serving(Desk(hold=True), times=Times(frame_s=0.01)) as bench:
        modest, greedy, other = [await bench.connect() for _ in range(3)]
        for n, (reader, writer) in enumerate((modest, greedy)):
            reader._transport.pause_reading()  # type: ignore[attr-defined]  # -- the only way not to read
            writer.write(line(n))
        while len(bench.desk.held) < 2:
            await barrier(*other)
        sinks = {token: sink for sink, token, _, _ in bench.desk.held}
        sinks[b"0"].answer(b"0", Status.OK, b"1" * (16 << 20))
        sinks[b"1"].answer(b"1", Status.OK, b"1" * (32 << 20))
        while sinks[b"1"] in bench.server.connections:
            await barrier(*other)

        assert sinks[b"0"] in bench.server.connections
        bench.desk.held.clear()
        for _, writer in (modest, greedy, other):
            writer.transport.abort()


async def test_one_connection_too_many_is_told_so() -> None:
    async with serving(connections_max=1) as bench:
        _, first = await bench.connect()
        first.write(line(1))
        reader, second = await bench.connect()

        assert (
            await reader.read() == b'{"id":null,"result":null,"error":"OVERLOADED: too many connections"}\n'
        )
        assert bench.server.refused == 1
        first.close()
        second.close()


async def test_too_many_bytes_of_unfinished_requests_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "PENDING_BYTES_MAX", 100)
    async with serving() as bench:
        reader, writer = await bench.connect()
        writer.write(b'{"id":"' + b"x" * 200)

        assert (await reader.read()).startswith(b'{"id":null,"result":null,"error":"OVERLOADED: ')
        writer.close()
        assert answered(8) == await bench.talk(line(8))
        assert bench.server.pending_bytes == 0


async def test_a_caller_that_hangs_up_costs_nothing_and_its_answers_go_nowhere() -> None:
    async with serving(Desk(hold=True)) as bench:
        _, writer = await bench.connect()
        other = await bench.connect()
        writer.write(line(1))
        await barrier(*other)
        writer.transport.abort()
        bench.desk.release()
        while len(bench.server.connections) > 1:
            await barrier(*other)

        assert len(bench.desk.names) == 1
        other[1].close()


async def test_a_stopping_server_answers_what_is_in_flight_and_takes_no_more() -> None:
    async with serving(Desk(hold=True)) as bench:
        reader, writer = await bench.connect()
        idle_reader, idle_writer = await bench.connect()
        await barrier(idle_reader, idle_writer)
        writer.write(line(1))
        await barrier(idle_reader, idle_writer)

        stop = asyncio.create_task(bench.server.stop())
        assert await idle_reader.read() == b""
        with pytest.raises(OSError, match=r".*"):
            await bench.connect()
        bench.desk.release()

        assert answered(1) == await reader.read()
        await stop
        for each in (writer, idle_writer):
            each.close()


async def test_a_stop_does_not_wait_for_ever() -> None:
    async with serving(Desk(hold=True)) as bench:
        reader, writer = await bench.connect()
        writer.write(line(1) + b"{}\n")
        await reader.readline()

        await bench.server.stop(grace_s=0.01)

        assert await reader.read() == b""
        writer.close()


async def test_requests_have_names_that_no_other_has() -> None:
    async with serving() as bench:
        await bench.talk(line(1) * 3)
        await bench.talk(line(1) * 3)

    assert len(set(bench.desk.names)) == 6
