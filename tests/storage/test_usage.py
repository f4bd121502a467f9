"""Counters of usage in records, in journals, and in what is told of them."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rater.account import Account
from rater.metering.period import Period, cell_of
from rater.metering.usage import Usage
from storage import counters, journal, records
from storage.changes import Change
from storage.difference import counter, differences
from storage.ledger import Ledger
from storage.proof import Snapshot, check_tip
from storage.store import Commit, Committed, Entry, StoreCorruptError, Stored
from tests.storage.accounts import KEY, TEN, create
from tests.storage.conftest import Connect

asynced = pytest.mark.asyncio(loop_scope="session")

NOW_NS = 1_772_600_767_000_000_000
"""2026-03-04T05:06:07Z"""
ETERNITY, DAY, MINUTE = (cell_of(period, NOW_NS) for period in (Period.ETERNITY, Period.DAY, Period.MINUTE))
HITS, BYTES = "a1~0123456789:m1", "a1~0123456789:m2"

NUMBERS = st.one_of(st.integers(-3, 3), st.integers(-(2**200), 2**200), st.sampled_from([2**64 - 1, 2**64]))
SERIES = st.one_of(
    st.sampled_from([HITS, BYTES]), st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
)
CELLS = st.one_of(st.sampled_from([ETERNITY, DAY, MINUTE]), st.integers(-(2**63), 2**64 - 1))
USAGES = st.one_of(
    st.none(), st.dictionaries(SERIES, st.dictionaries(CELLS, NUMBERS, max_size=5), max_size=4)
)


def account(usage: Usage | None, credit: int = 0) -> Account:
    return Account(*KEY, credit=credit, usage=usage)


def kept(usage: Usage | None) -> Usage | None:
    """What a usage reads back as: nothing that holds nothing."""
    return {series: cells for series, cells in (usage or {}).items() if cells} or None


def entry(before: Account, after: Account) -> Entry:
    return Entry(NOW_NS, "Metering.AuthRep", "", 1, before, after)


def written(states: Sequence[Account]) -> tuple[bytes, list[bytes]]:
    """The record and the journal of an account that went through these states, from the first one on."""
    chain, elements = records.NO_CHAIN, list[bytes]()
    for version, (before, after) in enumerate(pairwise(states)):
        elements.append(journal.encode_element(chain, version, after, [entry(before, after)]))
        chain = journal.chain_of(elements[-1])
    return records.head(len(elements), chain) + records.encode_account(states[-1]), elements


def test_lines_that_tell_no_call_are_the_five_members_that_they_always_were() -> None:
    element = journal.encode_element(b"", 1, TEN, [entry(TEN, replace(TEN, credit=1))])
    line = [NOW_NS, "Metering.AuthRep", "", 1, [[0, TEN.credit, 1]]]
    assert element == msgspec.msgpack.encode([records.FORMAT, None, [line]])


def test_times_of_a_call_that_are_no_numbers_are_damage() -> None:
    line = [NOW_NS, "Debit", "", 0, [], ["call", "49", "soon", 1, 0], 1]
    element = msgspec.msgpack.encode([records.FORMAT, None, [line]])
    with pytest.raises(StoreCorruptError, match="times of a call"):
        list(journal.lines([records.NO_CHAIN + element]))


@given(USAGES)
def test_a_record_reads_back_with_every_counter(usage: Usage | None) -> None:
    read = records.decode_account(records.encode_account(account(usage)))
    assert read == account(kept(usage))


def test_a_record_without_usage_is_the_twelve_fields_that_it_always_was() -> None:
    fields = [*KEY, 10_000_000_000, 0, 0, 0, 0, 0, "", [], False, False]
    usages: list[Usage | None] = [None, {}, {HITS: {}}]
    for usage in usages:
        assert records.encode_account(replace(TEN, usage=usage)) == msgspec.msgpack.encode(fields)
    assert records.decode_account(msgspec.msgpack.encode(fields)) == TEN


@pytest.mark.parametrize(
    "usage",
    [{HITS: {DAY: "1"}}, {HITS: {DAY: "x"}}, {HITS: {DAY: "9" * 5000}}, {HITS: {DAY: None}}, {HITS: 1}, None],
)
def test_counters_that_nothing_of_ours_writes_are_corrupt(usage: object) -> None:
    fields = [*KEY, 0, 0, 0, 0, 0, 0, "", [], False, False, usage]
    with pytest.raises(StoreCorruptError):
        records.decode_account(msgspec.msgpack.encode(fields))


@given(st.lists(st.tuples(USAGES, st.integers(-1, 1)), min_size=2, max_size=5))
def test_replay_leads_through_every_state_to_the_record(states: list[tuple[Usage | None, int]]) -> None:
    accounts = [account(usage, credit) for usage, credit in states]
    record, elements = written(accounts)
    replay = journal.Replay(KEY)
    assert [step.account for step in replay.steps(elements)] == [
        replace(each, usage=kept(each.usage)) for each in accounts[1:]
    ]
    last = replace(accounts[-1], usage=kept(accounts[-1].usage))
    assert replay.agree(record) == Stored(len(elements), last)
    snapshot = Snapshot(record, len(elements), elements[-1])
    check_tip(KEY, snapshot)
    ledger = Ledger()
    for _ in range(2):
        wanting = ledger.look(KEY, snapshot)
        if wanting is not None:
            ledger.follow(wanting, elements, snapshot)
    assert (ledger.differing, ledger.checked) == ({}, 2)


@given(USAGES, USAGES)
def test_a_change_tells_just_the_counters_that_differ(before: Usage | None, after: Usage | None) -> None:
    _, elements = written([account(before), account(after)])
    (line,) = journal.lines(elements)
    leaves = {change.leaf: (change.before, change.after) for change in line.changes}
    was, now = dict(counters.leaves_of(before)), dict(counters.leaves_of(after))
    assert len(leaves) == len(line.changes)
    assert leaves == {
        leaf: (was.get(leaf), now.get(leaf)) for leaf in was | now if was.get(leaf) != now.get(leaf)
    }


def test_a_counted_call_writes_its_own_metric_and_not_the_others() -> None:
    before = {HITS: {DAY: 1, MINUTE: 1}, BYTES: {DAY: 7}}
    after = {**before, HITS: {DAY: 2}}
    element = journal.encode_element(
        b"c" * 16, 1, account(after, 1), [entry(account(before, 2), account(after, 1))]
    )
    *_, changes = msgspec.msgpack.decode(element[16:])[2][0]
    assert changes == [[0, 2, 1], [10, [[HITS, [[DAY, 1, 2], [MINUTE, 1, None]]]], None]]


def test_an_account_made_with_usage_opens_its_journal_with_every_counter() -> None:
    usage = {BYTES: {DAY: 1}, HITS: {DAY: 2**64, ETERNITY: 3}}
    element = journal.encode_element(records.NO_CHAIN, 0, account(usage), ())
    (line,) = journal.lines([element])
    assert line.changes == (
        Change("usage", None, 3, (HITS, ETERNITY)),
        Change("usage", None, 2**64, (HITS, DAY)),
        Change("usage", None, 1, (BYTES, DAY)),
    )


def test_a_journal_that_counts_from_another_number_names_the_counter() -> None:
    first = account({HITS: {DAY: 3}})
    _, elements = written([account(None), first])
    wrong = entry(account({HITS: {DAY: 4}}), account({HITS: {DAY: 5}}))
    chain = journal.chain_of(elements[-1])
    elements.append(journal.encode_element(chain, 1, wrong.after, [wrong]))
    because = f"version 2: usage of {HITS}, day from 2026-03-04T00:00:00Z was 3, not 4"
    with pytest.raises(StoreCorruptError, match=because):
        journal.Replay(KEY).follow(elements)


@pytest.mark.parametrize(
    "change",
    [
        [10, None, None],
        [10, [[HITS, [[DAY, 1]]]], None],
        [10, [[HITS, [[DAY, "1", 2]]]], None],
        [10, [[HITS, [["day", 1, 2]]]], None],
        [11, 1, 2],
        [-1, 1, 2],
    ],
)
def test_changes_that_nothing_of_ours_writes_are_corrupt(change: object) -> None:
    element = records.NO_CHAIN + msgspec.msgpack.encode([1, None, [[1, "", "", 0, [change]]]])
    with pytest.raises(StoreCorruptError, match="journal change: "):
        list(journal.lines([element]))


def test_a_verdict_names_the_counters_that_differ() -> None:
    first = account({HITS: {DAY: 3, ETERNITY: 9}, BYTES: {DAY: 1}})
    other = account({HITS: {DAY: 4, ETERNITY: 9}})
    assert differences(first, other).split("; ") == [
        f"usage of {HITS}, day from 2026-03-04T00:00:00Z: 3 by the journal, 4 in the record",
        f"usage of {BYTES}, day from 2026-03-04T00:00:00Z: 1 by the journal, none in the record",
    ]
    many = account({HITS: dict.fromkeys(range(25), 1)})
    assert differences(account(None), many).split("; ")[10:] == ["15 counters more"]


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (ETERNITY, "usage of s, eternity"),
        (MINUTE, "usage of s, minute from 2026-03-04T05:06:00Z"),
        (7, "usage of s, cell 7"),
        (2**62 + 6, f"usage of s, cell {2**62 + 6}"),
    ],
)
def test_a_counter_is_named_by_its_period(cell: int, name: str) -> None:
    assert counter(("s", cell)) == name


@asynced
async def test_usage_is_committed_read_and_proven_like_money(connect: Connect) -> None:
    store, other = await connect(), await connect()
    states = [
        TEN,
        replace(TEN, usage={HITS: {DAY: 1, ETERNITY: 2**70}}),
        replace(TEN, credit=1, usage={HITS: {DAY: 2, ETERNITY: 2**70 + 1}, BYTES: {DAY: 1}}),
        replace(TEN, credit=1, usage=None),
    ]
    await store.commit(create())
    for version, (before, after) in enumerate(pairwise(states), 1):
        assert await store.commit(Commit(KEY, version, after, [entry(before, after)])) == Committed(
            version + 1
        )
        assert await other.read(KEY) == Stored(version + 1, after)
        assert await other.verify(KEY) == Stored(version + 1, after)
    assert [line.changes for line in await other.journal(KEY, 3)] == [
        (
            Change("usage", 2, None, (HITS, DAY)),
            Change("usage", 2**70 + 1, None, (HITS, ETERNITY)),
            Change("usage", 1, None, (BYTES, DAY)),
        )
    ]


@asynced
async def test_a_cell_beyond_64_bits_is_refused_before_anything_is_done(
    connect: Connect,
) -> None:
    store = await connect()
    await store.commit(create())
    with pytest.raises(ValueError, match="vdf/49151123456"):
        await store.commit(Commit(KEY, 1, replace(TEN, usage={HITS: {2**64: 1}})))
    assert await store.read(KEY) == Stored(1, TEN)
