"""Accounts proven from their journals: in pages, from the middle, and everything that can differ."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import fields, replace
from decimal import Decimal

import pytest
import redis

from rater.account import Account, MinuteBucket
from storage import journal, keys, records, valkey_journals
from storage.difference import _COUNTED, _PLAIN, differences
from storage.proof import Finding, Snapshot, check_tip
from storage.store import Entry, StoreCorruptError
from storage.valkey import ValkeyStore
from tests.storage.accounts import KEY, TEN, create, debit

asynced = pytest.mark.asyncio(loop_scope="session")
ONE = 1_000_000_000


def written(*amounts: int, key: tuple[str, str] = KEY) -> tuple[bytes, list[bytes]]:
    """The record and the journal of an account that went through these credits, at seconds 1, 2, …."""
    account, chain, elements = Account(*key), records.NO_CHAIN, list[bytes]()
    for version, credit in enumerate(amounts):
        after = replace(account, credit=credit)
        entry = Entry((version + 1) * ONE, "DebitBalance", f"id-{version}", 0, account, after)
        elements.append(journal.encode_element(chain, version, after, [entry]))
        account, chain = after, journal.chain_of(elements[-1])
    return records.head(len(elements), chain) + records.encode_account(account), elements


def test_pages_of_any_size_lead_to_the_record() -> None:
    record, elements = written(9, 8, 7, 6, 5)
    for size in (1, 2, 5):
        replay = journal.Replay(KEY)
        for start in range(0, 5, size):
            replay.follow(elements[start : start + size])
        assert (record, 5) == (replay.record(), replay.entries)
        assert records.decode_record(record) == replay.agree(record)


def test_a_replay_goes_on_from_a_record_that_was_proven() -> None:
    early, _ = written(9, 8)
    record, elements = written(9, 8, 7, 6)
    replay = journal.Replay(KEY, early)
    replay.follow(elements[2:])
    assert (record, 2) == (replay.record(), replay.entries)


def test_a_replay_does_not_go_on_from_another_history() -> None:
    other, _ = written(9, 7)
    _, elements = written(9, 8, 7)
    with pytest.raises(StoreCorruptError, match="broken before version 3"):
        journal.Replay(KEY, other).follow(elements[2:])


def test_the_journal_of_another_account_proves_nothing() -> None:
    _, elements = written(9, key=("vdf", "other"))
    with pytest.raises(StoreCorruptError, match="the journal is that of vdf/other"):
        journal.Replay(KEY).follow(elements)


def test_money_does_not_come_from_a_journal_that_opens_anew_on_its_way() -> None:
    _, elements = written(9, 8)
    rich = Account(*KEY, credit=100)
    entry = Entry(ONE, "DebitBalance", "", 0, rich, replace(rich, credit=99))
    elements.append(journal.encode_element(journal.chain_of(elements[-1]), 0, entry.after, [entry]))
    with pytest.raises(StoreCorruptError, match="version 3: the journal opens anew with another account"):
        journal.Replay(KEY).follow(elements)


RECORD, ELEMENTS = written(9, 8, 7)
HEAD = RECORD[: records.HEAD_BYTES]


@pytest.mark.parametrize(
    ("snapshot", "problem"),
    [
        (Snapshot(RECORD, 3, ELEMENTS[-1]), None),
        (Snapshot(None, 3, ELEMENTS[-1]), "journal of 3 elements without a record"),
        (Snapshot(RECORD, 0, None), "record of version 3 without a journal"),
        (Snapshot(RECORD, 4, ELEMENTS[-1]), "record of version 3 with 4 journal elements"),
        (Snapshot(RECORD, 3, ELEMENTS[1]), "last element is not the one that the record names"),
        (Snapshot(HEAD + records.encode_account(TEN), 3, ELEMENTS[-1]), "0.000000007 by the journal, 10 in"),
        (Snapshot(HEAD + records.encode_account(Account("x", "y")), 3, ELEMENTS[-1]), "record is that of x"),
        (Snapshot(HEAD, 3, ELEMENTS[-1]), "account record"),
    ],
)  # fmt: skip
def test_the_quick_look_at_the_end_of_an_account(snapshot: Snapshot, problem: str | None) -> None:
    if problem is None:
        check_tip(KEY, snapshot)
        return
    with pytest.raises(StoreCorruptError, match=problem):
        check_tip(KEY, snapshot)


async def steps(*times: int) -> AsyncIterator[journal.Step]:
    for number, at_ns in enumerate(times, 1):
        yield journal.Step(number, at_ns, "Debit", "", Account(*KEY, credit=-number))


@pytest.mark.parametrize(
    ("times", "at", "version"),
    [
        ((10, 20, 30), 9, None),
        ((10, 20, 30), 10, 1),
        ((10, 20, 30), 29, 2),
        ((10, 20, 30), 99, 3),
        ((10, 30, 20), 20, 3),
        ((10, 30, 20), 19, 1),
        ((0, 20), 1, 1),
        ((), 1, None),
    ],
)
def test_the_state_at_an_instant_is_that_of_the_last_step_in_the_journals_order(
    times: Sequence[int], at: int, version: int | None
) -> None:
    first, found = asyncio.run(journal.state_at(steps(*times), at))
    assert (version, 1 if times else None) == (found and found.version, first and first.version)


@asynced
async def test_a_journal_of_many_pages_is_examined_while_the_account_changes(
    valkey: ValkeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey_journals, "PAGE_ELEMENTS", 3)
    account = TEN
    await valkey.commit(create())
    for version in range(1, 11):
        commit = debit(version, account, ONE, str(version))
        await valkey.commit(commit)
        assert commit.account is not None
        account = commit.account
    pages = list[int]()
    change = asyncio.create_task(valkey.commit(debit(11, account, ONE, "meanwhile")))
    whole = Finding(KEY, 11, 11, 0, 0, "")
    finding = await valkey.examine(KEY, pages.append)
    await change
    assert finding in (
        whole,
        replace(whole, version=12, entries=12, credit_by_journal=-ONE, credit_by_record=-ONE),
    )
    assert pages == ([3, 3, 3, 2] if finding == whole else [3, 3, 3, 3])


def _no_record(admin: redis.Redis, names: keys.AccountNames) -> None:
    admin.delete(names.account)


def _no_journal(admin: redis.Redis, names: keys.AccountNames) -> None:
    admin.delete(names.journal)


def _richer(admin: redis.Redis, names: keys.AccountNames) -> None:
    record = admin.get(names.account)
    assert isinstance(record, bytes)
    admin.set(
        names.account, record[: records.HEAD_BYTES] + records.encode_account(replace(TEN, credit=11 * ONE))
    )


def _other_type(admin: redis.Redis, names: keys.AccountNames) -> None:
    admin.delete(names.journal)
    admin.set(names.journal, b"text")


def _broken(admin: redis.Redis, names: keys.AccountNames) -> None:
    admin.lset(names.journal, 0, "nonsense")


@asynced
@pytest.mark.parametrize(
    ("damage", "version", "by_journal", "by_record", "difference", "problem"),
    [
        (_no_record, 0, 10 * ONE, None, None, "journal of 1 elements without a record"),
        (_no_journal, 1, None, 10 * ONE, None, "record of version 1 without a journal"),
        (_richer, 1, 10 * ONE, 11 * ONE, ONE, "credit: 10 by the journal, 11 in the record"),
        (_other_type, 0, None, None, None, "a key holds another type"),
        (_broken, 1, None, 10 * ONE, None, "the journal is broken before version 1"),
    ],
)  # fmt: skip
async def test_what_was_tampered_with_is_a_finding_and_found_among_all(
    valkey: ValkeyStore,
    admin: redis.Redis,
    damage: Callable[[redis.Redis, keys.AccountNames], None],
    version: int,
    by_journal: int | None,
    by_record: int | None,
    difference: int | None,
    problem: str,
) -> None:
    other = ("vdf", "{whole}")
    await valkey.commit(create())
    await valkey.commit(create(Account(*other)))
    damage(admin, keys.of_account(KEY))

    found = await valkey.examine(KEY)

    assert found is not None
    assert problem in found.problem
    seen = (found.version, found.credit_by_journal, found.credit_by_record, found.difference)
    assert (version, by_journal, by_record, difference) == seen
    assert {KEY, other} == set().union(*[page async for page in valkey.traces()])
    assert await valkey.examine(other) == Finding(other, 1, 1, 0, 0, "")
    assert await valkey.examine(("vdf", "nobody")) is None


def test_a_verdict_names_just_the_members_that_differ_in_decimals() -> None:
    first = replace(
        TEN, credit=25_500_000_000, buckets=(MinuteBucket("NAT", 90 * ONE, 10, Decimal("0.010")),)
    )
    other = replace(first, credit=25_600_000_000, received_ns=ONE, plan_id="gold", disabled=True, buckets=())
    assert differences(first, other).split("; ") == [
        "credit: 25.5 by the journal, 25.6 in the record",
        "received: 0 by the journal, 1 in the record",
        "plan_id: none by the journal, gold in the record",
        "disabled: no by the journal, yes in the record",
        "buckets: [90 s to NAT, priority 10, at 0.01] by the journal, [] in the record",
    ]
    assert differences(first, first) == ""
    assert {field.name for field in fields(Account)} == {*_COUNTED, *_PLAIN, "buckets", "usage"}
