"""What every store promises of books of records."""

import asyncio
from itertools import count

import pytest

from rater.usage.records import DayEntry, Drop, Row
from storage.daybook import Appended, KnownReceipt, Mark, MarkMoved, Receipt
from storage.memory import MemoryStore
from tests.storage.conftest import Connect

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAY = 16_131
BOOK = "scrooge"
SECOND = 1_000_000_000


def row(account: str, metric: str, value: str, link: str = "") -> Row:
    return Row(account, metric, value, DAY, DAY + 1, link=link)


ONE = DayEntry(7, "push", (row("shop", "gb", "12.5"), row("shop", "requests", "900")))
TWO = DayEntry(8, "push", (row("search", "gb", "3"),), (Drop("gb"), Drop("requests", ("shop", "ü"))))
FULL = DayEntry(
    2**63 - 1,
    "ü\n",
    (
        Row("a", "m", "0.00000000000000000000001", -1, 2**63 - 1, "1E-400", "meter A", "cyclops:1"),
        Row("b", "m", "-1e+400", 0, 0, "", "", ""),
        Row("a", "", "", 5, 6, "2", "", "link"),
    ),
    (Drop("m", ("a",), ("x", "y")), Drop("", (), ()), Drop("m", None, ("z",))),
)
DROPS = DayEntry(9, "", (), (Drop("gb", ("search",)),))
RECEIPT = Receipt("id ü", b"digest", b"body", 60)


async def test_a_book_that_nobody_wrote_has_no_days_and_no_entries(connect: Connect) -> None:
    store = await connect()
    assert await store.days(BOOK) == []
    assert await store.read_days(BOOK, [DAY, DAY + 1]) == [[], []]
    assert await store.read_days(BOOK, []) == []
    assert await store.marks(["a", "b"]) == [None, None]
    assert await store.marks([]) == []


async def test_rows_are_counted_over_all_books_and_read_back_by_others(connect: Connect) -> None:
    store, other = await connect(), await connect()
    assert await store.append(BOOK, [(DAY, ONE)]) == Appended(1)
    assert await other.append("cyclops.rates", [(DAY, FULL)]) == Appended(3)
    assert await store.append(BOOK, [(DAY, TWO)]) == Appended(6)
    assert await other.append(BOOK, [(DAY, DROPS)]) == Appended(7)
    assert await other.append(BOOK, [(DAY, ONE)]) == Appended(7)
    assert await other.read_days(BOOK, [DAY]) == [[(1, ONE), (6, TWO), (7, DROPS), (7, ONE)]]
    ((found,),) = await store.read_days("cyclops.rates", [DAY])
    assert found == (3, FULL)
    assert {type(each) for each in (*found[1].rows, *found[1].drops)} == {Row, Drop}


async def test_entries_of_one_append_are_numbered_in_their_order_whatever_their_days(
    connect: Connect,
) -> None:
    store = await connect()
    entries = [(DAY + 1, ONE), (DAY, TWO), (DAY + 1, DROPS), (DAY, ONE), (-5, ONE)]
    assert await store.append(BOOK, entries) == Appended(1)
    assert await store.days(BOOK) == [-5, DAY, DAY + 1]
    assert await store.read_days(BOOK, [DAY + 1, -5, DAY, DAY]) == [
        [(1, ONE), (4, DROPS)],
        [(6, ONE)],
        [(3, TWO), (4, ONE)],
        [(3, TWO), (4, ONE)],
    ]
    assert await store.days("cyclops") == []


async def test_a_thousand_rows_of_any_spread_of_names_are_read_back(connect: Connect) -> None:
    store = await connect()
    entries = [
        DayEntry(1, "s", tuple(row(f"v{n % accounts}", f"m{n % 7}", str(n)) for n in range(1000)))
        for accounts in (1, 2, 128, 129, 499, 500, 501, 1000)
    ]
    for _ in range(4):  # many, so that they are read in a thread
        await store.append(BOOK, [(DAY, entry) for entry in entries])
    (found,) = await store.read_days(BOOK, [DAY])
    assert [entry for _, entry in found] == 4 * entries
    assert [first for first, _ in found] == [1 + 1000 * n for n in range(32)]


async def test_a_day_is_read_whole_however_many_pages_it_has(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.valkey_daybook._PAGE_ENTRIES", 3)
    monkeypatch.setattr("storage.valkey_daybook._PAGE_DAYS", 2)
    store = await connect()
    lengths = dict(enumerate([0, 1, 2, 3, 4, 6, 7, 10], DAY))
    numbers = count(1, len(ONE.rows))
    expected = {day: [(next(numbers), ONE) for _ in range(length)] for day, length in lengths.items()}
    for day, length in lengths.items():
        await store.append(BOOK, [(day, ONE)] * length)
    assert await store.read_days(BOOK, list(lengths)) == list(expected.values())
    for start in (1, 3, 10, 11):
        later = [entries[start:] for entries in expected.values()]
        assert await store.read_days(BOOK, list(lengths), start) == later
        for most in (1, 2, 10):
            assert await store.read_days(BOOK, list(lengths), start, most) == [day[:most] for day in later]


async def test_a_receipt_that_is_known_is_told_and_nothing_is_appended(connect: Connect) -> None:
    store, other = await connect(), await connect()
    assert await store.append(BOOK, [(DAY, ONE)], RECEIPT) == Appended(1)
    known = KnownReceipt(RECEIPT.digest, RECEIPT.body)
    mark = Mark("m", None, b"1")
    for again in (RECEIPT, Receipt(RECEIPT.request_id, b"another", b"", 1)):
        assert await other.append("cyclops", [(DAY, ONE)], again, [mark]) == known
    assert await store.append(BOOK, [(DAY, TWO)], Receipt("other", b"", b"", 60)) == Appended(3)
    assert await store.append(BOOK, [], Receipt("other", b"", b"", 60)) == KnownReceipt(b"", b"")
    assert await store.days("cyclops") == []
    assert await store.read_days(BOOK, [DAY]) == [[(1, ONE), (3, TWO)]]
    assert await store.marks(["m"]) == [None]


async def test_marks_change_with_an_append_if_they_are_what_was_said(connect: Connect) -> None:
    store, other = await connect(), await connect()
    blob = bytes(range(256))
    first = [Mark("a", None, b""), Mark("ü", None, blob), Mark("none", None, None)]
    assert await store.append(BOOK, [(DAY, ONE)], None, first) == Appended(1)
    assert await other.marks(["ü", "none", "a"]) == [blob, None, b""]
    second = [Mark("a", b"", None), Mark("ü", blob, blob), Mark("none", None, b"x")]
    assert await other.append(BOOK, [], None, second) == Appended(3)
    assert await store.marks(["a", "ü", "none"]) == [None, blob, b"x"]


@pytest.mark.parametrize(
    "wrong",
    [Mark("a", None, b"2"), Mark("a", b"", b"2"), Mark("b", b"", b"2"), Mark("a", b"=1", b"2")],
)
async def test_a_mark_that_moved_keeps_everything_as_it_was(connect: Connect, wrong: Mark) -> None:
    store = await connect()
    await store.append(BOOK, [], None, [Mark("a", None, b"1"), Mark("c", None, b"=")])
    marks = [Mark("c", b"=", None), wrong]
    there = {"c": b"=", wrong.name: {"a": b"1"}.get(wrong.name)}
    assert await store.append(BOOK, [(DAY, ONE)], RECEIPT, marks) == MarkMoved(there)
    assert await store.marks(["a", "b", "c"]) == [b"1", None, b"="]
    assert await store.days(BOOK) == []
    assert await store.append(BOOK, [(DAY, ONE)], RECEIPT) == Appended(1)


async def test_of_many_that_move_a_mark_each_wins_once_and_every_row_is_there_once(
    connect: Connect,
) -> None:
    store, other = await connect(), await connect()

    async def bill(number: int) -> None:
        on = store if number % 2 else other
        before: bytes | None = None
        entry = DayEntry(number, "run", (row("u", "m", str(number)),))
        while isinstance(
            moved := await on.append(BOOK, [(DAY, entry)], None, [Mark("upto", before, b"%d" % number)]),
            MarkMoved,
        ):
            before = moved.marks["upto"]

    await asyncio.gather(*map(bill, range(20)))
    (entries,) = await store.read_days(BOOK, [DAY])
    assert [first for first, _ in entries] == list(range(1, 21))
    assert sorted(entry.written_ns for _, entry in entries) == list(range(20))
    assert await store.marks(["upto"]) == [b"%d" % entries[-1][1].written_ns]


@pytest.mark.parametrize(
    ("book", "receipt", "marks", "because"),
    [
        (BOOK, Receipt("id", b"", b"", 0), [], "at least a second"),
        (BOOK, None, [Mark("a", None, b"1"), Mark("a", b"1", None)], "one mark twice"),
        ("", None, [], "no name of a book"),
        ("a:1", None, [], "no name of a book"),
        ("Ü", None, [], "no name of a book"),
        ("a\n", None, [], "no name of a book"),
    ],
)
async def test_an_append_that_contradicts_itself_is_refused_before_anything_is_done(
    connect: Connect, book: str, receipt: Receipt | None, marks: list[Mark], because: str
) -> None:
    store = await connect()
    with pytest.raises(ValueError, match=because):
        await store.append(book, [(DAY, ONE)], receipt, marks)
    assert await store.days(BOOK) == []
    assert await store.append(BOOK, [(DAY, ONE)]) == Appended(1)


@pytest.mark.parametrize("bad", [row("\ud800", "m", "1"), Row("a", "m", "1", 0, 2**64)])
async def test_a_row_that_cannot_be_written_keeps_the_whole_append_from_being_done(
    connect: Connect, bad: Row
) -> None:
    store = await connect()
    with pytest.raises(ValueError):
        await store.append(BOOK, [(DAY, ONE), (DAY, DayEntry(1, "", (bad,)))], RECEIPT)
    assert await store.read_days(BOOK, [DAY]) == [[]]
    assert await store.append(BOOK, [(DAY, ONE)], RECEIPT) == Appended(1)


async def test_a_receipt_in_memory_is_forgotten_when_its_time_is_over() -> None:
    now = [0]
    store = MemoryStore(lambda: now[0])
    assert await store.append(BOOK, [(DAY, ONE)], RECEIPT) == Appended(1)
    now[0] = 60 * SECOND - 1
    assert isinstance(await store.append(BOOK, [(DAY, ONE)], RECEIPT), KnownReceipt)
    now[0] = 60 * SECOND
    assert await store.append(BOOK, [(DAY, ONE)], RECEIPT) == Appended(3)
