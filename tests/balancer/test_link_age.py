"""A rater's end of the link does nothing that it got too long ago: another may have done it since."""

import asyncio
from typing import Any

import pytest

from balancer.link import RaterLink, _End
from protocol import envelope
from protocol.dispatch import Sink, StaleRequestError
from protocol.envelope import BalancerHandshake
from protocol.limits import SILENCE_S
from protocol.methods import Method

SECRET = b"a shared secret"
DEBIT = envelope.pack([7, int(Method.DEBIT_BALANCE), b"{}"])


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False
        self.written = b""

    def write(self, data: Any) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted


class Namer:
    """A dispatcher that asks each request for its name."""

    def __init__(self) -> None:
        self.named: list[str] = []

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        try:
            self.named.append(sink.request_id(token))
        except StaleRequestError:
            self.named.append("stale")


def joined(namer: Namer) -> tuple[_End, Transport]:
    """Shake hands."""
    end = _End(RaterLink(namer, "127.0.0.1", 1, SECRET, "r1", dict))
    transport = Transport()
    end.connection_made(transport)
    balancer = BalancerHandshake(SECRET, "i", envelope.new_nonce())
    end.data_received(balancer.hello)
    unpacker = envelope.handshake_unpacker()
    unpacker.feed(transport.written)
    end.data_received(balancer.check(unpacker.unpack()))
    assert end.joined.done()
    return end, transport


async def test_a_request_that_comes_in_time_is_named() -> None:
    namer = Namer()
    end, transport = joined(namer)
    end.data_received(DEBIT)
    assert namer.named == ["#i-7"]
    assert not transport.aborted
    end.connection_lost(None)


async def test_what_waited_for_a_process_that_was_stopped_is_not_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    namer = Namer()
    end, transport = joined(namer)
    monkeypatch.setattr(end, "_heard_at", end._heard_at - SILENCE_S - 1)
    end.data_received(DEBIT)
    assert namer.named == []
    assert transport.aborted
    end.connection_lost(None)


async def test_what_was_read_before_the_stop_has_no_name_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    namer = Namer()
    end, _ = joined(namer)
    end._enqueue([7, int(Method.DEBIT_BALANCE), b"{}"])
    arrived_at, items = end._queue.pop()
    end._queue.append((arrived_at - SILENCE_S - 1, items))
    end._work()
    assert namer.named == ["stale"]
    end.connection_lost(None)
