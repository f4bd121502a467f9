"""Requests about usage that are not begun, or fail: each is answered, and nothing else waits for them."""

import asyncio

import pytest

from cgrates_py.counters import RaterCounters
from cgrates_py.lane import LaneSettings, Shop
from cgrates_py.usage.responder import UsageResponder
from protocol.dispatch import StaleRequestError
from protocol.methods import Method
from protocol.usage import DialectAnswer, DialectRequest
from rater.compiler import compile_tariff
from rater.tariff import Tariff
from storage.memory import MemoryStore
from storage.store import StoreCorruptError, StoreUnavailableError
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
    sink = OldSink()
    UsageResponder(_shop(), {"cyclops": Desk().cyclops}, 1.0).submit(sink, 1, Method.USAGE_ASK, descriptor)
    assert [each.partition(b":")[0] for each in sink.told] == [code]


class _Failing:
    """A dialect that meets a failure."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    async def answer(self, request: DialectRequest) -> DialectAnswer:
        raise self._failure


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (StoreUnavailableError("away"), b"STORE_UNAVAILABLE: away"),
        (TimeoutError(), b"STORE_UNAVAILABLE: the store did not answer in time"),
        (StoreCorruptError("damaged"), b"INTERNAL: the request failed; the log has the details"),
        (ZeroDivisionError(), b"INTERNAL: the request failed; the log has the details"),
    ],
)
async def test_who_asks_is_told_to_ask_again_only_if_that_may_help(failure: Exception, told: bytes) -> None:
    sink = OldSink()
    asked = ASKED + b',"RetryId":"x"}'
    UsageResponder(_shop(), {"cyclops": _Failing(failure)}, 1.0).submit(sink, 1, Method.USAGE_ASK, asked)
    await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})
    assert sink.told == [told]


def _shop() -> Shop:
    clock = StandingClock()
    store = MemoryStore(clock.now_ns)
    return Shop(store, compile_tariff(Tariff()), clock, RaterCounters(), LaneSettings(86_400, 60))
