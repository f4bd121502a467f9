"""Balancer and rater prove to each other that they know the secret, and nothing else is let in."""

from typing import Any

import msgpack  # type: ignore[import-untyped]  # -- msgpack ships no types
import pytest

from protocol import envelope
from protocol.envelope import BalancerHandshake, EnvelopeError, RaterHandshake
from protocol.limits import ENVELOPE_ITEMS_MAX

SECRET = b"a shared secret"


def nonce(fill: int) -> bytes:
    return bytes([fill]) * envelope.NONCE_BYTES


def unpack(packed: bytes) -> Any:
    return msgpack.unpackb(packed)


def ends(
    balancer_secret: bytes = SECRET, rater_secret: bytes = SECRET
) -> tuple[BalancerHandshake, RaterHandshake]:
    return (
        BalancerHandshake(balancer_secret, "run-1", nonce(1)),
        RaterHandshake(rater_secret, "rater-7", nonce(2)),
    )


def test_ends_with_the_same_secret_accept_each_other() -> None:
    balancer, rater = ends()

    rater.check(unpack(balancer.check(unpack(rater.answer(unpack(balancer.hello))))))

    assert (balancer.name, rater.incarnation) == ("rater-7", "run-1")


def test_the_secret_is_never_sent() -> None:
    balancer, rater = ends()

    proof = rater.answer(unpack(balancer.hello))
    spoken = balancer.hello + proof + balancer.check(unpack(proof))

    assert SECRET not in spoken


def test_a_rater_with_another_secret_is_refused() -> None:
    balancer, rater = ends(rater_secret=b"guess")

    with pytest.raises(EnvelopeError, match="rater 'rater-7' does not know the secret"):
        balancer.check(unpack(rater.answer(unpack(balancer.hello))))


def test_a_balancer_with_another_secret_is_refused() -> None:
    _, rater = ends()
    impostor, believer = ends(balancer_secret=b"guess", rater_secret=b"guess")
    rater.answer(unpack(impostor.hello))

    with pytest.raises(EnvelopeError, match="the balancer does not know the secret"):
        rater.check(unpack(impostor.check(unpack(believer.answer(unpack(impostor.hello))))))


def test_a_recorded_proof_is_worth_nothing_for_another_nonce() -> None:
    balancer, rater = ends()
    recorded = unpack(rater.answer(unpack(balancer.hello)))
    balancer.check(recorded)

    with pytest.raises(EnvelopeError, match="does not know the secret"):
        BalancerHandshake(SECRET, "run-1", nonce(3)).check(recorded)


def test_a_proof_cannot_be_reflected() -> None:
    balancer, rater = ends()
    proof = unpack(rater.answer(unpack(balancer.hello)))[4]

    with pytest.raises(EnvelopeError, match="the balancer does not know the secret"):
        rater.check(["welcome", proof])


def test_a_proof_holds_for_one_name_only() -> None:
    balancer, rater = ends()
    message = unpack(rater.answer(unpack(balancer.hello)))
    message[2] = "rater-8"

    with pytest.raises(EnvelopeError, match="rater 'rater-8' does not know the secret"):
        balancer.check(message)


PROOF = bytes(32)


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        {"a": 1},
        ["hello", 1, nonce(2), "x", PROOF],
        ["rater", 2, "rater-7", nonce(2), PROOF],
        ["rater", 1, "", nonce(2), PROOF],
        ["rater", 1, "x" * 65, nonce(2), PROOF],
        ["rater", 1, "two\nlines", nonce(2), PROOF],
        ["rater", 1, 7, nonce(2), PROOF],
        ["rater", 1, "rater-7", b"short", PROOF],
        ["rater", 1, "rater-7", nonce(2), "text"],
        ["rater", 1, "rater-7", nonce(2)],
    ],
)
def test_a_message_out_of_form_is_refused(message: object) -> None:
    balancer, _ = ends()

    with pytest.raises(EnvelopeError):
        balancer.check(message)


def test_an_unproved_peer_cannot_fill_the_memory() -> None:
    unpacker = envelope.handshake_unpacker()

    with pytest.raises(msgpack.BufferFull):
        unpacker.feed(bytes(2000))


def test_many_items_leave_as_several_envelopes_in_order() -> None:
    items = [1, 0, b"body"] * (ENVELOPE_ITEMS_MAX // 3 + 5)
    unpacker = envelope.stream_unpacker()

    unpacker.feed(envelope.pack_items(items))
    envelopes = list(unpacker)

    assert [len(each) for each in envelopes] == [ENVELOPE_ITEMS_MAX, 15]
    assert items == [item for each in envelopes for item in each]


def test_a_request_has_one_name_for_ever() -> None:
    names = [envelope.identity(run, seq) for run in ("a1", "a2") for seq in (1, 2, 1)]

    assert names == ["#a1-1", "#a1-2", "#a1-1", "#a2-1", "#a2-2", "#a2-1"]
    assert envelope.new_incarnation() != envelope.new_incarnation()


def test_counters_are_numbers_by_name() -> None:
    assert envelope.counters_of({"a": 1}) == {"a": 1}
    for bad in ({1: 1}, {"a": "1"}):
        with pytest.raises(EnvelopeError):
            envelope.counters_of(bad)
