"""Requests about usage that are not begun: each is answered, and nothing else waits for them."""

import pytest

from cgrates_py.counters import RaterCounters
from cgrates_py.lane import LaneSettings, Shop
from cgrates_py.usage.responder import UsageResponder
from protocol.dispatch import StaleRequestError
from protocol.methods import Method
from rater.compiler import compile_tariff
from rater.tariff import Tariff
from storage.memory import MemoryStore
from tests.cyclops.desk import Desk, StandingClock

ASKED = b'{"Verb":"POST","Path":"/usage","Dialect":"cyclops"'


class OldSink:
    """Takes answers of requests that came long ago."""

    def __init__(self) -> None:
        self.told: list[bytes] = []

    def answer(self, token: object, status: int, body: bytes) -> None:
        self.told.append(body)

    def request_id(self, token: object) -> str:
        raise StaleRequestError


@pytest.mark.parametrize(
    ("descriptor", "code"),
    [
        (ASKED + b"}", b"STORE_UNAVAILABLE"),
        (ASKED + b',"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b"INVALID_PARAMS"),
        (ASKED.replace(b"cyclops", b"records") + b"}", b"INVALID_PARAMS"),
        (b"{", b"INVALID_PARAMS"),
    ],
)
async def test_a_request_that_cannot_be_begun_is_refused_at_once(descriptor: bytes, code: bytes) -> None:
    clock, sink = StandingClock(), OldSink()
    shop = Shop(
        MemoryStore(clock.now_ns),
        compile_tariff(Tariff()),
        clock,
        RaterCounters(),
        LaneSettings(86_400, 60),
    )
    UsageResponder(shop, {"cyclops": Desk().cyclops}, 1.0).submit(sink, 1, Method.USAGE_ASK, descriptor)
    assert [each.partition(b":")[0] for each in sink.told] == [code]
