"""The proxy passes bytes on unchanged, and each fault does to them what it says and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import msgpack  # type: ignore[import-untyped]  # -- msgpack ships no types
import pytest

from stress.faults import proxy as subject
from stress.faults.proxy import CALM, Fault, Place, Proxy, Way

SOON_S = 5.0
UP, DOWN = frozenset({Way.UP}), frozenset({Way.DOWN})
SENT = [b"%d\n" % number for number in range(50)]

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Target:
    """A server that keeps what it hears: in ``heard`` the bytes, in ``arrived`` each connection."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.reads = 0
        self.ended = asyncio.Event()
        self.arrived: asyncio.Queue[Streams] = asyncio.Queue()
        self._news = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.arrived.put_nowait((reader, writer))
        self._writers.append(writer)
        try:
            while data := await reader.read(65536):
                self.heard += data
                self.reads += 1
                self._news.set()
        except ConnectionError:
            pass
        self.ended.set()

    async def close(self) -> None:
        """Close every connection, and wait until the loop is rid of it."""
        for writer in self._writers:
            await closed(writer)

    async def hears(self, count: int) -> bytes:
        async with asyncio.timeout(SOON_S):
            while len(self.heard) < count:
                self._news.clear()
                await self._news.wait()
        return bytes(self.heard)


@asynccontextmanager
async def through(
    fault: Fault = CALM, framer: subject.Framer = subject.lines, seed: int = 1
) -> AsyncIterator[tuple[Proxy, Target, Streams]]:
    target = Target()
    server = await asyncio.start_server(target.take, "127.0.0.1", 0)
    async with server, Proxy(server.sockets[0].getsockname()[:2], seed, framer) as proxy:
        proxy.fault = fault
        reader, writer = await connect(proxy.address)
        yield proxy, target, (reader, writer)
        await closed(writer)
        await target.close()


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def connect(place: Place) -> Streams:
    if isinstance(place, Path):
        return await asyncio.open_unix_connection(str(place))
    return await asyncio.open_connection(*place)


ORDERLY = [
    pytest.param(CALM, id="calm"),
    pytest.param(Fault(delay_s=0.001), id="delay"),
    pytest.param(Fault(dribble=True), id="dribble"),
    pytest.param(Fault(bytes_per_s=100_000), id="throttle"),
    pytest.param(Fault(delay_s=0.001, dribble=True, bytes_per_s=100_000), id="all of them"),
]


@pytest.mark.parametrize("fault", ORDERLY)
async def test_a_slow_network_changes_neither_bytes_nor_order(fault: Fault) -> None:
    async with through(fault) as (proxy, target, (reader, writer)):
        writer.write(b"".join(SENT))
        assert await target.hears(len(b"".join(SENT))) == b"".join(SENT)
        _, back = await target.arrived.get()
        back.write(b"".join(SENT))
        assert await asyncio.wait_for(reader.readexactly(len(b"".join(SENT))), SOON_S) == b"".join(SENT)
        assert bool(proxy.happened) is (fault is not CALM)


async def test_duplicates_are_whole_frames_one_after_the_other() -> None:
    async with through(Fault(duplicate=1.0)) as (_, target, (_, writer)):
        writer.write(b"a\nb\nhalf")
        assert await target.hears(8) == b"a\na\nb\nb\n"
        writer.write(b" done\n")
        assert (await target.hears(28))[8:] == b"half done\nhalf done\n"


async def test_overtaken_frames_all_arrive_in_another_order() -> None:
    async with through(Fault(overtake=0.5)) as (proxy, target, (_, writer)):
        writer.write(b"".join(SENT))
        heard = (await target.hears(len(b"".join(SENT)))).splitlines(keepends=True)
        assert (sorted(heard), heard != SENT) == (sorted(SENT), True)
        assert proxy.happened["overtake up"] > 0


async def test_a_reset_is_seen_by_both_ends_after_a_part_of_the_frame() -> None:
    async with through(Fault(reset=1.0)) as (proxy, target, (reader, writer)):
        writer.write(b"0123456789\n")
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), SOON_S)
        await asyncio.wait_for(target.ended.wait(), SOON_S)
        assert b"0123456789\n".startswith(bytes(target.heard))
        assert (len(target.heard) < 11, proxy.connections) == (True, set())


async def test_a_swallowed_direction_is_silent_and_the_other_goes_on() -> None:
    async with through(Fault(swallow=1.0, ways=UP)) as (proxy, target, (reader, writer)):
        _, back = await asyncio.wait_for(target.arrived.get(), SOON_S)
        writer.write(b"lost\n")
        async with asyncio.timeout(SOON_S):
            while not proxy.happened["swallow up"]:  # noqa: ASYNC110 -- the proxy tells nobody
                await asyncio.sleep(0)
        proxy.fault = CALM
        writer.write(b"lost too\n")
        back.write(b"heard\n")
        assert await asyncio.wait_for(reader.readline(), SOON_S) == b"heard\n"
        assert (bytes(target.heard), target.ended.is_set()) == (b"", False)
        proxy.reset_all()
        await asyncio.wait_for(target.ended.wait(), SOON_S)


async def test_an_end_that_vanishes_leaves_the_other_open_and_in_silence() -> None:
    async with through(Fault(vanish=1.0, ways=UP)) as (_, target, (reader, writer)):
        _, back = await asyncio.wait_for(target.arrived.get(), SOON_S)
        writer.write(b"last\n")
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), SOON_S)
        back.write(b"to nobody\n")
        await back.drain()
        assert (bytes(target.heard), target.ended.is_set()) == (b"", False)


async def test_an_end_in_order_is_passed_on_after_what_is_under_way() -> None:
    async with through(Fault(delay_s=0.01)) as (proxy, target, (_, writer)):
        writer.write(b"one\ntwo\nunfinished")
        writer.close()
        await asyncio.wait_for(target.ended.wait(), SOON_S)
        assert (bytes(target.heard), len(proxy.connections)) == (b"one\ntwo\nunfinished", 0)


async def test_nobody_behind_the_proxy_is_a_reset() -> None:
    async with through() as (proxy, _, _):
        free = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        proxy.target = free.sockets[0].getsockname()[:2]
        free.close()
        await free.wait_closed()
        reader, writer = await connect(proxy.address)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), SOON_S)
        await closed(writer)


async def test_a_fault_of_one_way_spares_the_other() -> None:
    async with through(Fault(duplicate=1.0, ways=DOWN)) as (_, target, (reader, writer)):
        writer.write(b"once\n")
        assert await target.hears(5) == b"once\n"
        _, back = await target.arrived.get()
        back.write(b"twice\n")
        assert await asyncio.wait_for(reader.readexactly(12), SOON_S) == b"twice\ntwice\n"


@pytest.mark.parametrize(("seeds", "same"), [((7, 7), True), ((7, 8), False)])
async def test_a_seed_and_the_same_traffic_give_the_same_faults(seeds: tuple[int, int], same: bool) -> None:
    heard = []
    for seed in seeds:
        async with through(Fault(duplicate=0.3), seed=seed) as (proxy, target, (_, writer)):
            writer.write(b"".join(SENT) + b"end\n")
            writer.close()
            await asyncio.wait_for(target.ended.wait(), SOON_S)
            assert proxy.happened["duplicate up"] > 0
            heard.append(bytes(target.heard))
    assert (heard[0] == heard[1]) is same


async def test_unix_sockets_on_both_sides(tmp_path: Path) -> None:
    target = Target()
    server = await asyncio.start_unix_server(target.take, tmp_path / "target")
    async with server, Proxy(tmp_path / "target", listen=tmp_path / "near") as proxy:
        proxy.fault = replace(CALM, dribble=True)
        _, writer = await connect(proxy.address)
        writer.write(b"hello")
        assert await target.hears(5) == b"hello"
        await closed(writer)
        await target.close()


@pytest.mark.parametrize("cut", range(12))
def test_msgpack_objects_are_cut_wherever_the_reads_end(cut: int) -> None:
    objects = [msgpack.packb([1, b"ab"]), msgpack.packb({"x": 1}), msgpack.packb("left")]
    stream = b"".join(objects)
    buffer = bytearray(stream[:cut])
    found = subject.messages(buffer)
    buffer += stream[cut:]
    assert found + subject.messages(buffer) == objects
    assert not buffer
