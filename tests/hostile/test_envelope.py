"""Both ends of the link between balancer and rater, told nonsense by a peer that knows the secret."""

import random
from contextlib import suppress
from typing import Any

import msgpack  # type: ignore[import-untyped]  # -- msgpack ships no types
import pytest

from balancer.pool import Pool
from protocol import envelope, jsonrpc
from protocol.envelope import BalancerHandshake, EnvelopeError, RaterHandshake
from protocol.methods import Method
from stress.hostile import corpus, mutate

SECRET = b"shared by both"
MUTATIONS = 1000


class Ends:
    """A caller whose request is in flight, and a host that is never asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.pool = Pool(self, lambda: None)
        self.rater = self.pool.join("hostile")
        self.pool.submit(self, b"1", Method.GET_ACCOUNT, b"{}")
        self.honest = self.pool.join("honest")

    def submit(self, sink: object, token: object, method: int, descriptor: bytes) -> None:
        raise AssertionError("no method of the host was asked for")

    def answer(self, token: object, status: int, body: bytes) -> None:
        assert jsonrpc.encode(b"1", status, body) is not None
        self.answers.append((status, body))

    def request_id(self, token: object) -> str:
        return "1"


@pytest.mark.parametrize(
    "items",
    [
        [[1], 0, b"1"],
        [{}, 0, b"1"],
        [1.0, 0, b"1"],
        [True, 0, b"1"],
        ["1", 0, b"1"],
        [None, 0, b"1"],
        [1, 0, "1"],
        [1, 0, 1],
        [1, 0, None],
        [1, 0, b"1", 2],
        [[], 0, b"1", 1, 0, b"1"],
    ],
)
def test_items_that_are_no_answers_answer_nobody(items: list[Any]) -> None:
    """The link closes, and then another rater gets what is in flight: nothing of it may be gone by then."""
    ends = Ends()

    with pytest.raises(EnvelopeError):
        ends.pool.answered(ends.rater, items, 0.0)

    assert (ends.answers, ends.pool.in_flight) == ([], 1)


def test_a_refusal_that_is_no_text_reaches_its_caller_all_the_same() -> None:
    ends = Ends()

    ends.pool.answered(ends.rater, [1, 1, b"\xff"], 0.0)

    assert ends.answers == [(1, b"\xff")]
    assert jsonrpc.encode(jsonrpc.Reply(b"1", None), 1, b"\xff") is not None


def heard(unpacker: msgpack.Unpacker, data: bytes) -> list[Any]:
    """What a link takes from bytes, up to the fault for which it closes."""
    messages: list[Any] = []
    try:
        unpacker.feed(data)
        messages.extend(unpacker)
    except (ValueError, msgpack.UnpackException):
        pass
    return messages


def test_whatever_an_unproved_peer_sends_either_end_refuses_it_as_broken() -> None:
    made = corpus.Source("registration", seed=1)
    refused = 0
    for _ in range(MUTATIONS):
        data = made.made()
        for message in heard(envelope.handshake_unpacker(), data):
            rater = RaterHandshake(SECRET, "r", bytes(32))
            with suppress(EnvelopeError):
                rater.answer(message)  # anybody can say hello
            for check in (BalancerHandshake(SECRET, "i", bytes(32)).check, rater.check):
                with pytest.raises(EnvelopeError):
                    check(message)
                refused += 1

    assert refused > MUTATIONS


def test_whatever_a_proved_rater_sends_is_taken_or_refused_as_broken() -> None:
    made = corpus.Source("envelope", seed=1)
    chance = random.Random(1)
    taken = refused = 0
    for _ in range(MUTATIONS):
        messages = heard(envelope.stream_unpacker(), made.made())
        messages.append(mutate.mutate_value([1, 0, b"1", 2, 1, b"INTERNAL: x"], chance))
        for message in messages:
            ends = Ends()
            try:
                if isinstance(message, list):
                    ends.pool.answered(ends.rater, message, 0.0)
                elif isinstance(message, dict):
                    envelope.counters_of(message)
                taken += 1
            except EnvelopeError:
                refused += 1
            assert ends.pool.in_flight == 1 - len(ends.answers)

    assert min(taken, refused) > MUTATIONS / 10
