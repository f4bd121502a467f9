"""The port where raters register: who does not know the secret stays out, with recorded words, too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import msgpack  # type: ignore[import-untyped]  # -- msgpack ships no types
import pytest

from balancer import registration
from balancer.service import Balancer, serve_balancer
from protocol import envelope
from protocol.envelope import BalancerHandshake, EnvelopeError, RaterHandshake
from protocol.limits import HANDSHAKE_BYTES_MAX, RATERS_MAX

SECRET = b"a shared secret"


@asynccontextmanager
async def balancing() -> AsyncIterator[Balancer]:
    balancer = await serve_balancer("127.0.0.1", 0, 0, SECRET)
    try:
        yield balancer
    finally:
        for peer in Peer.all:
            peer.writer.transport.abort()
        Peer.all.clear()
        await balancer.stop(grace_s=0.1)


class Peer:
    """A connection to the registration port."""

    all: ClassVar[list["Peer"]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.unpacker = msgpack.Unpacker()

    @classmethod
    async def connect(cls, balancer: Balancer) -> "Peer":
        peer = cls(*await asyncio.open_connection("127.0.0.1", balancer.rater_port))
        cls.all.append(peer)
        return peer

    async def hear(self) -> Any:
        """The next message; None when the balancer hung up."""
        while True:
            for message in self.unpacker:
                return message
            try:
                data = await self.reader.read(1 << 16)
            except ConnectionError:
                return None
            if not data:
                return None
            self.unpacker.feed(data)


async def test_a_recorded_handshake_is_worth_nothing_on_another_connection() -> None:
    """Every message of a rater that got in, byte for byte."""
    async with balancing() as balancer:
        honest = await Peer.connect(balancer)
        rater = RaterHandshake(SECRET, "rater-1", envelope.new_nonce())
        proof = rater.answer(await honest.hear())
        honest.writer.write(proof)
        rater.check(await honest.hear())
        beat = envelope.pack({"requests": 0})
        honest.writer.write(beat)
        assert await honest.hear() == []
        assert [each.name for each in balancer.pool.raters] == ["rater-1"]

        thief = await Peer.connect(balancer)
        await thief.hear()
        thief.writer.write(proof + beat)
        assert await thief.hear() is None
        assert [each.name for each in balancer.pool.raters] == ["rater-1"]


async def test_what_the_balancer_says_cannot_be_said_back_to_it() -> None:
    async with balancing() as balancer:
        thief, other = await Peer.connect(balancer), await Peer.connect(balancer)
        hello = await thief.hear()
        other_hello = await other.hear()
        for said in (hello, other_hello, ["rater", envelope.VERSION, "x", other_hello[2], other_hello[2]]):
            peer = await Peer.connect(balancer)
            await peer.hear()
            peer.writer.write(envelope.pack(said))
            assert await peer.hear() is None
        assert balancer.pool.raters == []


def test_one_ends_proof_never_serves_for_the_other() -> None:
    """A thief between two balancers, or two raters, cannot have one prove for the other."""
    nonce = envelope.new_nonce()
    balancer = BalancerHandshake(SECRET, "incarnation", nonce)
    rater = RaterHandshake(SECRET, "rater-1", nonce)
    answer = msgpack.unpackb(rater.answer(msgpack.unpackb(balancer.hello)))
    welcome = msgpack.unpackb(balancer.check(answer))
    assert welcome[1] != answer[4]
    with pytest.raises(EnvelopeError, match="secret"):
        rater.check(["welcome", answer[4]])
    with pytest.raises(EnvelopeError, match="secret"):
        balancer.check([*answer[:4], welcome[1]])


@pytest.mark.parametrize("name", ["rater-2", "rater-1 ", ""])
def test_a_proof_is_for_one_name(name: str) -> None:
    balancer = BalancerHandshake(SECRET, "incarnation", envelope.new_nonce())
    rater = RaterHandshake(SECRET, "rater-1", envelope.new_nonce())
    message = msgpack.unpackb(rater.answer(msgpack.unpackb(balancer.hello)))
    message[2] = name
    with pytest.raises(EnvelopeError):
        balancer.check(message)


def test_no_two_handshakes_share_a_nonce() -> None:
    assert len({envelope.new_nonce() for _ in range(10_000)}) == 10_000


async def test_a_peer_that_proved_nothing_is_heard_for_a_kilobyte_and_no_more() -> None:
    async with balancing() as balancer:
        peer = await Peer.connect(balancer)
        await peer.hear()
        peer.writer.write(b"\xc6\x7f\xff\xff\xff" + b"x" * (2 * HANDSHAKE_BYTES_MAX))  # a binary of 2 GiB
        assert await peer.hear() is None


async def test_peers_that_proved_nothing_are_bounded_and_keep_no_rater_out() -> None:
    async with balancing() as balancer:
        strangers = [await Peer.connect(balancer) for _ in range(RATERS_MAX)]
        for stranger in strangers:
            assert (await stranger.hear())[0] == "hello"

        rater = await Peer.connect(balancer)
        handshake = RaterHandshake(SECRET, "rater-1", envelope.new_nonce())
        rater.writer.write(handshake.answer(await rater.hear()))
        handshake.check(await rater.hear())
        assert await strangers[0].hear() is None
        assert len(balancer.raters.links) == RATERS_MAX

        for _ in range(RATERS_MAX):
            assert (await (await Peer.connect(balancer)).hear())[0] == "hello"
        rater.writer.write(envelope.pack({}))
        assert await rater.hear() == []


async def test_where_all_are_raters_one_more_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "RATERS_MAX", 1)
    async with balancing() as balancer:
        rater = await Peer.connect(balancer)
        handshake = RaterHandshake(SECRET, "rater-1", envelope.new_nonce())
        rater.writer.write(handshake.answer(await rater.hear()))
        handshake.check(await rater.hear())

        assert await (await Peer.connect(balancer)).hear() is None
        rater.writer.write(envelope.pack({}))
        assert await rater.hear() == []


async def test_however_many_strangers_there_are_the_log_stays_short(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with balancing() as balancer:
        for junk in (b"\xc1", b"GET / HTTP/1.0\r\n\r\n", b"\x91" * 5000) * 5:
            peer = await Peer.connect(balancer)
            await peer.hear()
            peer.writer.write(junk)
            assert await peer.hear() is None
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("rater (unproved) broke the protocol")


async def test_the_secret_is_on_no_wire() -> None:
    balancer = BalancerHandshake(SECRET, "incarnation", envelope.new_nonce())
    rater = RaterHandshake(SECRET, "rater-1", envelope.new_nonce())
    answer = rater.answer(msgpack.unpackb(balancer.hello))
    welcome = balancer.check(msgpack.unpackb(answer))
    assert not any(SECRET in said for said in (balancer.hello, answer, welcome))
