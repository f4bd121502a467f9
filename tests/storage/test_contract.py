"""What every store promises, checked on memory and on a real Valkey server."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest
from msgspec import structs

from rater.account import Account, MinuteBucket
from rater.rating import Call
from rater.tariff import Tariff
from storage.changes import Change
from storage.journal import Called, JournalLine
from storage.store import Commit, Committed, Conflict, KnownAnswer, Stored
from tests.storage.accounts import BLANK, KEY, TEN, answer, create, debit
from tests.storage.conftest import Connect, Heard

pytestmark = pytest.mark.asyncio(loop_scope="session")

NINE = replace(TEN, credit=9_000_000_000)
EIGHT = replace(TEN, credit=8_000_000_000)
ONE = 1_000_000_000


async def test_an_account_that_nobody_made_reads_as_none(connect: Connect) -> None:
    store = await connect()
    assert await store.read(KEY) is None


async def test_commits_count_versions_from_one_and_are_read_back(connect: Connect) -> None:
    store, other = await connect(), await connect()
    assert await store.commit(create()) == Committed(1)
    assert await store.commit(debit(1, TEN, ONE, "a")) == Committed(2)
    assert await store.read(KEY) == await other.read(KEY) == Stored(2, NINE)


async def test_every_field_of_an_account_survives(connect: Connect) -> None:
    store, other = await connect(), await connect()
    buckets = (
        MinuteBucket("NAT", 3_600_000_000_001, -3, Decimal("0.000000000000000000001")),
        MinuteBucket("Ümläut", 0),
    )
    limit = 9_000_000_000 * ONE
    account = Account("c", "s", -limit, limit, 3, 4, 5, 31, "plan", buckets, True, True)
    await store.commit(create(account))
    assert await other.read(("c", "s")) == Stored(1, account)


@pytest.mark.parametrize("stale", [0, 1, 3])
async def test_another_version_is_a_conflict_with_what_is_there(connect: Connect, stale: int) -> None:
    store = await connect()
    await store.commit(create())
    await store.commit(debit(1, TEN, ONE, "a"))
    assert await store.commit(debit(stale, TEN, ONE, "b")) == Conflict(Stored(2, NINE))
    assert await store.read(KEY) == Stored(2, NINE)


async def test_a_commit_on_an_account_that_nobody_made_is_a_conflict_with_none(connect: Connect) -> None:
    store = await connect()
    assert await store.commit(debit(1, TEN, ONE, "a")) == Conflict(None)


async def test_a_known_request_id_is_a_conflict_with_its_answer_byte_for_byte(connect: Connect) -> None:
    store, other = await connect(), await connect()
    body = bytes(range(256)) + b'\r\n{"Cost":0.30}'
    await store.commit(create())
    await store.commit(Commit(KEY, 1, NINE, answers=[answer("a", body)]))
    known = {"a": KnownAnswer(b"digest of a", body)}
    assert await store.commit(debit(2, NINE, ONE, "a")) == Conflict(Stored(2, NINE), known)
    assert await other.commit(debit(2, NINE, ONE, "new", "a")) == Conflict(Stored(2, NINE), known)
    assert await other.commit(debit(1, TEN, ONE, "a")) == Conflict(Stored(2, NINE), known)


async def test_a_refused_commit_leaves_nothing_behind(connect: Connect) -> None:
    """The new id of a refused batch stays unknown."""
    store = await connect()
    await store.commit(create())
    await store.commit(debit(1, TEN, ONE, "a"))
    await store.commit(debit(2, NINE, ONE, "new", "a"))
    assert await store.commit(debit(2, NINE, ONE, "new")) == Committed(3)
    assert [line.request_id for line in await store.journal(KEY)] == ["", "a", "new"]


async def test_the_same_request_id_twice_in_one_turn_is_done_once(connect: Connect) -> None:
    store = await connect()
    await store.commit(create())
    first, second = await asyncio.gather(*[store.commit(debit(1, TEN, ONE, "a")) for _ in range(2)])
    assert first == Committed(2)
    assert second == Conflict(Stored(2, NINE), {"a": KnownAnswer(b"digest of a", b"9000000000")})


async def test_an_answer_is_known_for_its_own_account_alone(connect: Connect) -> None:
    store = await connect()
    mine, yours = Account("a", "1", credit=ONE), Account("a", "2", credit=ONE)
    await store.commit(create(mine))
    await store.commit(create(yours))
    assert await store.commit(debit(1, mine, 1, "same")) == Committed(2)
    assert await store.commit(debit(1, yours, 1, "same")) == Committed(2)


async def test_answers_alone_are_stored_and_make_no_version(connect: Connect) -> None:
    store = await connect()
    await store.commit(create())
    refusal = answer("a", b"INSUFFICIENT_CREDIT")
    assert await store.commit(Commit(KEY, 1, answers=[refusal])) == Committed(1)
    known = {"a": KnownAnswer(refusal.digest, refusal.body)}
    assert await store.commit(Commit(KEY, 1, answers=[refusal])) == Conflict(Stored(1, TEN), known)
    missing = ("vdf", "nobody")
    assert await store.commit(Commit(missing, 0, answers=[refusal])) == Committed(0)
    assert await store.commit(Commit(missing, 0, answers=[refusal])) == Conflict(None, known)


async def test_a_version_check_tells_whether_memory_is_fresh(connect: Connect) -> None:
    store = await connect()
    assert await store.commit(Commit(KEY, 0)) == Committed(0)
    await store.commit(create())
    assert await store.commit(Commit(KEY, 1)) == Committed(1)
    assert await store.commit(Commit(KEY, 0)) == Conflict(Stored(1, TEN))


@pytest.mark.parametrize(
    ("contradiction", "because"),
    [
        (Commit(KEY, 1, TEN, answers=[answer("a"), answer("a")]), "one request id twice"),
        (Commit(KEY, 1, TEN, answers=[answer("a", ttl_s=0)]), "at least a second"),
        (structs.replace(debit(1, TEN, 1, "a"), account=None), "without an account"),
        (Commit(KEY, 1, replace(TEN, credit=1 << 64)), "vdf/49151123456"),
        (debit(1, replace(TEN, credit=-(1 << 63)), 1), "vdf/49151123456"),
    ],
)
async def test_a_commit_that_contradicts_itself_is_refused_before_anything_is_done(
    connect: Connect, contradiction: Commit, because: str
) -> None:
    store = await connect()
    await store.commit(create())
    with pytest.raises(ValueError, match=because):
        await store.commit(contradiction)
    assert await store.read(KEY) == Stored(1, TEN)


async def test_a_connection_that_never_read_an_account_can_commit_on_its_version(connect: Connect) -> None:
    store, other = await connect(), await connect()
    await store.commit(create())
    assert await other.commit(debit(1, TEN, ONE, "a")) == Committed(2)
    assert await store.commit(debit(2, NINE, ONE, "b")) == Committed(3)
    assert await store.verify(KEY) == Stored(3, EIGHT)


async def test_names_of_accounts_may_hold_any_character(connect: Connect) -> None:
    store = await connect()
    names = [
        ("", "a"),
        ("a", ""),
        ("a/", "b"),
        ("a", "/b"),
        ("{a}", "b"),
        ("%7Ba}", "b"),
        ("ä\n", " "),
        ("", ""),
    ]
    for credit, (customer, subject) in enumerate(names):
        assert await store.commit(create(Account(customer, subject, credit=credit))) == Committed(1)
    found = [(await store.read(key)) for key in names]
    assert [each.account.credit for each in found if each] == list(range(len(names)))
    assert sorted([key async for key in store.accounts()]) == sorted(names)


async def test_a_change_by_another_connection_is_heard_also_of_an_account_that_was_absent(
    connect: Connect,
) -> None:
    store, other = await connect(), await connect()
    heard = Heard()
    store.on_change(heard)
    await store.read(KEY)
    await other.commit(create())
    assert await heard.next() == KEY
    await store.read(KEY)
    await other.commit(debit(1, TEN, ONE))
    assert await heard.next() == KEY


async def test_own_changes_are_not_heard_and_do_not_end_the_listening(connect: Connect) -> None:
    store, other = await connect(), await connect()
    marker = ("vdf", "marker")
    heard = Heard()
    store.on_change(heard)
    await store.read(marker)
    await store.commit(create())
    await store.commit(debit(1, TEN, ONE, "a"))
    await store.commit(debit(2, NINE, ONE, "b"))
    await other.commit(create(Account(*marker)))
    assert await heard.next() == marker
    await other.commit(debit(3, EIGHT, ONE, "c"))
    assert await heard.next() == KEY


async def test_a_conflict_keeps_listening(connect: Connect) -> None:
    store, other = await connect(), await connect()
    heard = Heard()
    store.on_change(heard)
    await other.commit(create())
    assert await store.commit(create()) == Conflict(Stored(1, TEN))
    await other.commit(debit(1, TEN, ONE))
    assert await heard.next() == KEY


async def test_the_journal_tells_who_changed_what_when(connect: Connect) -> None:
    store = await connect()
    full = replace(TEN, sms=ONE, buckets=(MinuteBucket("NAT", ONE),))
    await store.commit(create(full))
    await store.commit(debit(1, full, ONE, "a", "b"))
    emptied = replace(full, credit=8 * ONE, buckets=())
    reset = structs.replace(debit(2, full, 0, "c"), account=emptied)
    entry = structs.replace(
        reset.entries[0], method="ResetUserBudget", before=replace(full, credit=8 * ONE), after=emptied
    )
    await store.commit(structs.replace(reset, entries=[entry]))

    def credit(before: int, after: int) -> tuple[Change, ...]:
        return (Change("credit", before * ONE, after * ONE),)

    created = (Change("credit", 0, 10 * ONE), Change("sms", 0, ONE), Change("buckets", (), full.buckets))
    expected = [
        JournalLine(1, 1, "create", "", 10 * ONE, created),
        JournalLine(2, 2, "DebitBalance", "a", ONE, credit(10, 9)),
        JournalLine(2, 2, "DebitBalance", "b", ONE, credit(9, 8)),
        JournalLine(3, 3, "ResetUserBudget", "c", 0, (Change("buckets", full.buckets, ()),)),
    ]
    assert await store.journal(KEY) == expected
    assert await store.journal(KEY, 1, 1) == expected[1:3]
    assert await store.journal(KEY, -1) == expected[3:]
    assert await store.verify(KEY) == Stored(3, emptied)


async def test_an_account_made_without_a_line_opens_its_journal_with_what_it_held(connect: Connect) -> None:
    store = await connect()
    await store.commit(Commit(KEY, 0, TEN))
    await store.commit(Commit(KEY, 1, NINE))
    opened = [JournalLine(1, 0, "opening", "", 0, (Change("credit", 0, 10 * ONE),))]
    assert await store.journal(KEY, 0, 0) == opened
    assert await store.verify(KEY) == Stored(2, NINE)
    assert BLANK.credit == 0


@pytest.mark.parametrize("year_ns", [1_328_203_800 * ONE, 250_000_000_000 * ONE, -60_000_000_000 * ONE])
async def test_the_journal_tells_which_call_was_charged_by_which_tariff(
    connect: Connect, year_ns: int
) -> None:
    store = await connect()
    await store.commit(create())
    call = Call(*KEY, "call", "4915", year_ns, year_ns + 60 * ONE, 3_600 * ONE)
    given = debit(1, TEN, ONE, "a", "b")
    entries = [
        structs.replace(given.entries[0], call=call, tariff_version=7),
        structs.replace(given.entries[1], tariff_version=7),
    ]
    assert isinstance(await store.commit(structs.replace(given, entries=entries)), Committed)
    called = Called("call", "4915", year_ns, year_ns + 60 * ONE, 3_600 * ONE)
    lines = await store.journal(KEY)
    assert [(each.call, each.tariff_version) for each in lines] == [(None, 0), (called, 7), (None, 7)]
    assert await store.verify(KEY) == Stored(2, EIGHT)


async def test_nobody_has_no_journal(connect: Connect) -> None:
    store = await connect()
    assert await store.journal(KEY) == []
    assert await store.verify(KEY) is None


async def test_there_is_an_empty_tariff_before_the_first(connect: Connect) -> None:
    store = await connect()
    assert await store.read_tariff() == (0, Tariff())


async def test_of_two_that_publish_on_one_version_one_wins(connect: Connect) -> None:
    store, other = await connect(), await connect()
    mine, yours = Tariff(destinations={"NAT": ("49",)}), Tariff(destinations={"NAT": ("43",)})
    results = await asyncio.gather(store.publish_tariff(mine, 0), other.publish_tariff(yours, 0))
    assert sorted(results, key=str) == [1, None]
    assert await store.read_tariff() == (1, mine if results[0] else yours)
    assert await other.publish_tariff(yours, 0) is None
    assert await other.publish_tariff(yours, 1) == 2
    assert await store.read_tariff() == (2, yours)


async def test_every_connection_hears_of_every_new_tariff(connect: Connect) -> None:
    store, other = await connect(), await connect()
    heard, others = Heard(), Heard()
    store.on_tariff(heard)
    other.on_tariff(others)
    for version in range(1, 8):
        await other.publish_tariff(Tariff(destinations={"NAT": (str(version),)}), version - 1)
        assert await heard.next() == "news"
        assert await others.next() == "news"
        assert (await store.read_tariff())[0] == version
