"""How long a caller may take, over real sockets: the limits are set short, so nobody waits for them."""

import asyncio
import contextlib

import pytest

from balancer.server import Times
from protocol.access import Keyring, Right
from tests.access.gates import SECRET, gated

BEGUN = [b'{"id":1,', b"[", b'7:{"id"', b"12", b'{"id":"' + b"x" * 2000]


@pytest.mark.parametrize("beginning", BEGUN)
async def test_a_request_that_does_not_end_in_time_is_told_so_and_its_connection_closed(
    beginning: bytes,
) -> None:
    async with gated(Times(frame_s=0.1)) as world:
        caller = await world.connect()
        caller.writer.write(beginning)
        answer = await caller.reader.read()

        assert b"PARSE_ERROR: the request did not end within" in answer
        assert await (await world.connect()).ask() == "served"


async def test_a_byte_now_and_then_does_not_count_as_an_end() -> None:
    async with gated(Times(frame_s=0.1)) as world:
        caller = await world.connect()

        async def drip() -> None:
            caller.writer.write(b'{"id":"')
            while True:
                caller.writer.write(b"x")
                await asyncio.sleep(0.005)

        dripping = asyncio.create_task(drip())
        with contextlib.suppress(ConnectionResetError):  # it was still sending when it was closed
            assert b"PARSE_ERROR: the request did not end within" in await caller.reader.read()
        dripping.cancel()
        assert await (await world.connect()).ask() == "served"


async def test_a_caller_that_ends_each_request_and_always_begins_another_stays() -> None:
    async with gated(Times(frame_s=0.1)) as world:
        caller, watcher = await world.connect(), await world.connect()
        watcher.writer.write(b'{"id":1,')
        late = asyncio.create_task(watcher.reader.read())
        request = b'{"id":1,"method":"Responder.GetCost","params":[{}]}\n'
        caller.writer.write(request[:20])
        while not late.done():  # so long that one request would have been too late
            answer = await caller.say(request[20:] + request[:20])
            assert answer["result"] == "served"
        assert (await caller.say(request[20:]))["result"] == "served"


async def test_where_keys_are_asked_for_a_connection_that_shows_none_is_closed() -> None:
    async with gated(Times(login_s=0.1)) as world:
        key = world.key(right=Right.READ)
        silent, by_login, by_request = [await world.connect() for _ in range(3)]
        await by_login.login(key)
        await by_request.ask(auth=key)

        assert b"UNAUTHENTICATED" in await silent.reader.read()
        assert await by_login.ask() == "served"
        assert await by_request.ask(auth=key) == "served"


async def test_where_none_are_asked_for_an_idle_connection_stays_while_there_is_room() -> None:
    times = Times(login_s=0.01, idle_s=0.01, frame_s=0.1)
    async with gated(times, connections_max=3) as world:
        idle, late = await world.connect(), await world.connect()
        late.writer.write(b"[")
        await late.reader.read()
        assert await idle.ask() == "served"


async def test_a_full_listener_closes_the_connection_that_is_idle_for_longest() -> None:
    async with gated(Times(idle_s=0.05), connections_max=2) as world:
        first, second = await world.connect(), await world.connect()
        assert await first.ask() == "served"
        assert await second.ask() == "served"
        third = await world.connect()
        while await third.ask() == "OVERLOADED":  # until one of the others was idle for long enough
            await second.ask()
            third = await world.connect()
        assert await third.ask() == "served"
        assert b"OVERLOADED: idle for" in await first.reader.read()
        assert await second.ask() == "served"


async def test_where_keys_are_asked_for_those_who_show_none_make_room_first() -> None:
    async with gated(Times(idle_s=60, frame_s=0.1), connections_max=3) as world:
        key = world.key(right=Right.READ)
        known, stranger, late = [await world.connect() for _ in range(3)]
        assert await known.login(key)
        late.writer.write(b"[")
        await late.reader.read()  # so that a sweep has passed
        fourth, fifth = [await world.connect() for _ in range(2)]
        assert b"OVERLOADED: idle for" in await stranger.reader.read()
        assert await fifth.login(key)
        assert await known.ask() == "served"
        assert await fourth.ask() == "UNAUTHENTICATED"


async def test_failed_logins_are_told_once_however_many_they_are(caplog: pytest.LogCaptureFixture) -> None:
    async with gated() as world:
        for _ in range(3):
            caller = await world.connect()
            for _ in range(3):
                assert await caller.ask(auth="cgr_abc_nobodysecret") == "UNAUTHENTICATED"
    assert caplog.messages == ["a request without a right key"]


async def test_one_that_waits_for_its_answer_is_not_idle() -> None:
    async with gated(Times(idle_s=0.02, frame_s=0.2), connections_max=2) as world:
        world.served.hold = True
        waiting, late = await world.connect(), await world.connect()
        waiting.writer.write(b'{"id":1,"method":"Responder.GetCost","params":[{}]}\n')
        late.writer.write(b"[")
        await late.reader.read()
        callers = [await world.connect() for _ in range(2)]
        assert await callers[1].hear() is not None, "refused: nobody makes room"
        world.served.release()
        assert (await waiting.hear())["result"] == "served"


async def test_hundreds_that_never_end_their_requests_do_not_keep_others_out() -> None:
    keyring = Keyring(SECRET)
    async with gated(Times(frame_s=0.3), keyring) as world:
        slow = [await world.connect() for _ in range(200)]
        for caller in slow:
            caller.writer.write(b'{"id":1,"method":"Resp')
        honest = await world.connect()
        assert [await honest.ask() for _ in range(100)] == ["served"] * 100
        ends = await asyncio.gather(*(caller.reader.read() for caller in slow))
        assert all(b"PARSE_ERROR" in end for end in ends)
        assert await honest.ask() == "served"
        assert world.server.pending_bytes == 0
