"""The memory of the running check: what it reads, what it calls a difference, and when that is over."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from storage import journal, records
from storage.ledger import Ledger
from storage.proof import Snapshot
from storage.store import StoreCorruptError
from tests.storage.accounts import KEY, TEN
from tests.storage.test_proof import written

Written = tuple[bytes, list[bytes]]


def snapshot_of(account: Written) -> Snapshot:
    record, elements = account
    return Snapshot(record, len(elements), elements[-1])


def check(ledger: Ledger, account: Written, at_once: int = 100) -> int:
    """Check an account to its end; tell how many elements were read."""
    read = 0
    snapshot = snapshot_of(account)
    replay = ledger.look(KEY, snapshot)
    while replay is not None:
        page = account[1][replay.version : replay.version + at_once]
        read += len(page)
        if not ledger.follow(replay, page, snapshot):
            break
    return read


def test_what_was_proven_is_not_read_again() -> None:
    ledger = Ledger()
    assert check(ledger, written(9, 8, 7)) == 3
    assert check(ledger, written(9, 8, 7)) == 0
    assert check(ledger, written(9, 8, 7, 6)) == 1
    assert (ledger.checked, ledger.differing) == (3, {})


def test_a_long_journal_is_followed_in_steps_and_goes_on_where_it_was() -> None:
    ledger, account = Ledger(), written(5, 4, 3, 2, 1)
    for read in (0, 2, 4):
        replay = ledger.look(KEY, snapshot_of(account))
        assert replay is not None
        assert read == replay.version
        assert ledger.follow(replay, account[1][read : read + 2], snapshot_of(account)) is (read < 4)
    assert (ledger.checked, ledger.differing) == (1, {})


def _richer(account: Written) -> Written:
    record, elements = account
    return record[: records.HEAD_BYTES] + records.encode_account(replace(TEN, credit=11)), elements


def _forked(_: Written) -> Written:
    return written(9, 5, 7, 6)


def _set_back(_: Written) -> Written:
    return written(9, 8)


def _cut(account: Written) -> Written:
    return account[0], account[1][:-1]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_richer, "credit: 0.000000007 by the journal, 0.000000011 in the record"),
        (_cut, "record of version 3 with 2 journal elements"),
        (_forked, "the journal is broken before version 4"),
        (_set_back, "version 3 was proven, and another account of 2 is there"),
    ],
)
def test_a_difference_stays_until_what_was_proven_is_back(
    damage: Callable[[Written], Written], reason: str
) -> None:
    """Another history that is whole in itself (a restored backup) is not the one that was proven."""
    ledger, account = Ledger(), written(9, 8, 7)
    check(ledger, account)
    damaged = damage(account)
    check(ledger, damaged)
    assert reason in ledger.differing[KEY]
    check(ledger, damaged)
    assert reason in ledger.differing[KEY]
    assert ledger.proven() == set()
    check(ledger, account)
    assert (ledger.differing, ledger.findings, ledger.proven()) == ({}, 1, {KEY})
    check(ledger, damaged)
    assert ledger.findings == 2


def test_a_history_that_was_set_back_is_not_believed_when_it_grows_beyond_what_was_proven() -> None:
    ledger = Ledger(proven_max=1)
    check(ledger, written(9, 8, 7))
    for history in ((9, 8), (9, 8, 5), (9, 8, 5, 4), (9, 8, 5, 4, 3)):
        check(ledger, written(*history))
        ledger._remember(("", "other"), b"of an account that takes the place")
        assert KEY in ledger.differing
    assert ledger.findings == 1
    check(ledger, written(9, 8, 7, 6))
    assert ledger.differing == {}


def test_a_change_of_a_field_that_the_last_entry_left_alone_is_found_by_the_replay() -> None:
    """The look at the end cannot see it; the account was never proven, so its journal is followed."""
    ledger = Ledger()
    record, elements = written(9, 8)
    richer = records.encode_account(replace(records.decode_record(record).account, sms=1))
    check(ledger, (record[: records.HEAD_BYTES] + richer, elements))
    assert "sms: 0 by the journal, 0.000000001 in the record" in ledger.differing[KEY]


def test_an_account_that_vanished_is_a_difference_and_one_that_never_was_is_none() -> None:
    ledger = Ledger()
    nothing = Snapshot(None, 0, None)
    assert (ledger.look(KEY, nothing), {}) == (None, ledger.differing)
    check(ledger, written(9))
    for _ in range(3):
        ledger.look(KEY, nothing)
        assert ledger.differing == {KEY: "version 1 was proven, and nothing is there"}
    ledger.look(KEY, StoreCorruptError("a key holds another type"))
    assert ledger.differing == {KEY: "a key holds another type"}


def test_what_is_remembered_is_bounded() -> None:
    ledger = Ledger(proven_max=2)
    for subject in "abc":
        key = ("", subject)
        record, elements = written(1, key=key)
        replay = ledger.look(key, Snapshot(record, 1, elements[0]))
        assert isinstance(replay, journal.Replay)
        ledger.follow(replay, elements, Snapshot(record, 1, elements[0]))
    assert len(ledger._proven) == 2
