"""What is kept of a key, and how one is recognised."""

import hmac
from typing import Any

import msgspec
import pytest

from protocol import access
from protocol.access import Bucket, Keyring, Right, new_key, read_record


def test_of_a_key_only_the_digest_of_its_secret_is_kept() -> None:
    text, grant = new_key(tenant="vdf", right=Right.CHARGE, rate=5, in_flight=6, label="x")
    secret = text.split("_")[2]

    assert len(bytes.fromhex(secret)) * 8 >= 160
    assert secret not in grant.record().decode() + repr(grant)
    assert grant.digest.hex() not in repr(grant)
    assert read_record(grant.record()) == grant
    assert text.split("_")[1] == grant.key_id


def test_no_two_keys_are_alike() -> None:
    assert len({new_key(right=Right.READ)[0] for _ in range(1000)}) == 1000


@pytest.mark.parametrize("shown", ["known", "wrong secret", "unknown id", "garbage", "revoked"])
def test_every_attempt_costs_one_digest_and_one_comparison_in_constant_time(
    shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, grant = new_key(right=Right.READ)
    gone, revoked = new_key(right=Right.READ)
    ring = Keyring()
    ring.update({grant.key_id: grant.record(), revoked.key_id: revoked.revoke().record()})
    compared: list[tuple[int, int]] = []
    same = hmac.compare_digest

    def watched(one: Any, two: Any) -> bool:
        compared.append((len(one), len(two)))
        return same(one, two)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    texts = {
        "known": text,
        "wrong secret": text[:-1] + "x",
        "unknown id": "cgr_000000000000_" + "0" * 40,
        "garbage": "x",
        "revoked": gone,
    }
    found = ring.find(texts[shown])

    assert (found == grant) == (shown == "known")
    assert compared == [(32, 32)]


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"{}",
        b"x",
        b'{"key_id":"a"}',
        b'{"key_id":"a","digest":"","unknown":1}',
        b'{"key_id":"a","digest":"","label":"\xff"}',
    ],
)
def test_a_record_that_cannot_be_read_opens_nothing_and_closes_the_gate(record: bytes) -> None:
    ring = Keyring()
    before = ring.open
    assert ring.update({"a": record}) == ["a"]
    assert (before, ring.open) == (True, False)
    assert ring.find("cgr_a_") == access.WRONG_KEY


def test_a_record_under_another_id_opens_nothing() -> None:
    text, grant = new_key(right=Right.ADMIN)
    ring = Keyring()
    ring.update({"other": grant.record()})
    assert ring.find(text) == access.WRONG_KEY
    assert ring.find(text.replace(grant.key_id, "other")) == access.WRONG_KEY


def test_a_key_in_the_store_does_not_replace_a_derived_one() -> None:
    ring = Keyring("secret")
    text, grant = new_key(right=Right.ADMIN)
    stolen = msgspec.structs.replace(grant, key_id=access.PROBE_ID)
    ring.update({access.PROBE_ID: stolen.record()})
    assert ring.find(f"cgr_{access.PROBE_ID}_{text.split('_')[2]}") == access.WRONG_KEY


def test_whoever_listens_hears_of_changes_and_of_nothing_else() -> None:
    heard: list[str] = []
    ring = Keyring(known=False)
    ring.on_change(lambda: heard.append("change"))
    _, grant = new_key(right=Right.READ)
    for records in ({}, {}, {grant.key_id: grant.record()}, {grant.key_id: grant.record()}, {}):
        ring.update(records)
    assert heard == ["change"] * 3


def test_a_bucket_is_filled_with_time_and_never_beyond_a_second() -> None:
    now = 0.0
    bucket = Bucket(10, lambda: now)
    assert [bucket.take() for _ in range(11)] == [True] * 10 + [False]
    now = 0.05
    assert not bucket.take()
    now = 0.11
    assert [bucket.take(), bucket.take()] == [True, False]
    now = 1e9
    assert sum(bucket.take() for _ in range(50)) == 10
