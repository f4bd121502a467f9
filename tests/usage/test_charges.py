"""The charges of an account in one list: those of the books, and what its journal says was taken."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import pytest

from cgrates_py import accounts
from cgrates_py.usage import charges, journals, lists, records
from cgrates_py.usage.charges import Charges
from cgrates_py.usage.lists import CHARGES, Lists, Selection
from cgrates_py.usage.records import Records
from cgrates_py.usage.rows import charge_members
from protocol.metering import Transaction
from protocol.usage import DialectAnswer, DialectRequest
from rater import instant
from rater.account import Account
from rater.instant import DAY
from rater.metering.period import Period, cell_of
from rater.quantity import text
from rater.usage.records import DayEntry, Row
from storage.memory import MemoryStore
from storage.store import AccountKey, Commit, Committed, Entry
from tests.metering import desk as metering
from tests.responder.desk import NOW_NS, Desk, bucket, office, units

NOW = "2012-02-02T12:00:00Z"
TIMES = {"from": NOW, "to": NOW}
SERIES = metering.application("payer").series


async def ask(store: MemoryStore | Records, path: str) -> DialectAnswer:
    asked = urlsplit(path)
    dialect = store if isinstance(store, Records) else Records(store)
    query = parse_qsl(asked.query, keep_blank_values=True)
    return await dialect.answer(DialectRequest("GET", asked.path, "records", Query=query))


def read(answer: DialectAnswer) -> list[dict[str, Any]]:
    assert answer.Status == 200, answer
    rows: list[dict[str, Any]] = msgspec.json.decode(answer.Body.encode())
    return rows


async def rows_of(store: MemoryStore, path: str) -> list[dict[str, Any]]:
    answer = await ask(store, path)
    assert answer.Headers == {}
    return read(answer)


async def write(store: MemoryStore, key: AccountKey, *commits: list[tuple[int, str, int]]) -> None:
    """Write a journal: each commit as entries (time, method, what the credit loses)."""
    account = Account(*key)
    for version, lines in enumerate(commits):
        entries = []
        for at_ns, method, lost in lines:
            after = replace(account, credit=account.credit - units(lost))
            entries.append(Entry(at_ns, method, "", units(lost), account, after))
            account = after
        assert await store.commit(Commit(key, version, account, entries)) == Committed(version + 1)


CALL = {"CstmId": "acme", "Subject": "office", "DestinationPrefix": "4420"}
OF_CALLS: list[tuple[str, dict[str, Any], tuple[str, Any, Any] | None]] = [
    (
        "Debit",
        {"TimeStart": NOW, "TimeEnd": "2012-02-02T12:01:00Z", "Amount": 7},
        ("call", 60, 12.1),
    ),
    ("DebitBalance", {"Amount": "0.1"}, ("balance", 0.1, 0.1)),
    ("DebitBalance", {"Amount": -3}, ("balance", -3, -3)),
    ("DebitBalance", {"Amount": "0.000000001"}, ("balance", 1e-9, 1e-9)),
    ("DebitSeconds", {"Amount": 2}, ("seconds", 2, 0.5)),
    ("DebitSeconds", {"Amount": -2}, ("seconds", -2, -0.5)),
    ("AddRecievedCallSeconds", {"Amount": 200}, ("bonus", 200, -6)),
    ("DebitBalance", {"Amount": 0}, None),
    ("DebitSMS", {"Amount": 1}, None),
    ("AddVolumeDiscountSeconds", {"Amount": 9}, None),
    ("ResetUserBudget", {}, None),
    ("GetCost", {"TimeStart": NOW, "TimeEnd": "2012-02-02T12:01:00Z"}, None),
]


@pytest.mark.parametrize(("method", "members", "told"), OF_CALLS)
async def test_what_a_method_takes_is_one_charge_and_what_takes_nothing_is_none(
    method: str, members: dict[str, Any], told: tuple[str, Any, Any] | None
) -> None:
    desk = Desk()
    buckets = (bucket("LONDON", 2, price="0.25"),)
    await desk.open_account(
        office(credit=units(100), sms=units(5), traffic=1, plan_id="basic", buckets=buckets)
    )
    status, body = await desk.post(method, msgspec.json.encode(CALL | numbers(members)))
    assert status == 0, body
    found = await rows_of(desk.store, "/charges?account=acme:office")
    if told is None:
        assert found == []
        return
    metric, number, amount = told
    start = {"start": NOW} if method == "Debit" else {}
    assert found == [
        {"account": "acme:office", "metric": metric, "quantity": number, "amount": amount}
        | TIMES
        | {"destination": "4420"}
        | start
        | {"source": "calls:2"}
    ]


def numbers(members: dict[str, Any]) -> dict[str, Any]:
    """A text that is a number goes as one, with its digits."""
    amount = members.get("Amount")
    return members | {"Amount": msgspec.Raw(amount.encode())} if isinstance(amount, str) else members


async def test_a_call_is_told_by_its_seconds_its_destination_and_its_start_as_it_was_written() -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(100)))
    times = {"TimeStart": "2012-02-02T12:00:00.5+01:00", "TimeEnd": "2012-02-02T12:00:31+01:00"}
    await desk.ask("Debit", **CALL, **times)
    (row,) = await rows_of(desk.store, "/charges?account=acme:office")
    assert (row["quantity"], row["destination"], row["start"]) == (30.5, "4420", times["TimeStart"])
    assert (row["from"], row["to"]) == (NOW, NOW), "when it was charged"


async def test_calls_of_a_journal_that_did_not_tell_them_are_charges_without_a_quantity() -> None:
    store = MemoryStore()
    await write(store, ("", "x"), [(NOW_NS, "Debit", 2)])
    (row,) = await rows_of(store, "/charges?account=x")
    assert row == {"account": "x", "metric": "call", "quantity": None, "amount": 2} | TIMES | {
        "source": "calls:1"
    }


async def test_a_plan_that_names_a_credit_takes_or_gives_what_the_account_had_beyond_it() -> None:
    store = MemoryStore()
    await write(store, ("", "x"), [(NOW_NS, "Create", -5)], [(NOW_NS, "ResetUserBudget", 2)])
    (row,) = await rows_of(store, "/charges?account=x")
    assert (row["metric"], row["quantity"], row["amount"]) == ("budget", None, 2)


AT = instant.text(metering.NOW_NS)
METERED: dict[str, Any] = {"account": "rif", "from": AT, "to": AT}


async def test_metered_usage_is_charged_under_the_series_that_were_counted() -> None:
    desk = await metering.Desk().fill()
    await desk.ask(metering.AUTHREP, AppId="payer", Usage=[("bytes", "3")])
    await desk.ask(metering.AUTHREP, AppId="payer", Usage=[("hits", "1")])
    await desk.ask(
        metering.REPORT,
        Transactions=[
            Transaction(AppId="payer", Usage=[("bytes", "1"), ("searches", "2")], Code="200"),
            Transaction(AppId="payer", Usage=[("bytes", "1")]),
        ],
    )
    every = f"{SERIES}m1,{SERIES}m2,{SERIES}m3"
    alone: dict[str, Any] = {"metric": f"{SERIES}m3", "quantity": 3, "amount": 1.5, "source": "usage:2"}
    joint: dict[str, Any] = {"metric": every, "quantity": None, "amount": 1, "source": "usage:4"}
    joint["remarks"] = f"{SERIES}m1 2, {SERIES}m2 2, {SERIES}m3 2"
    assert await rows_of(desk.store, "/charges?account=rif") == [METERED | alone, METERED | joint]
    for metric, found in ((f"{SERIES}m3", [alone, joint]), (f"{SERIES}m2", [joint]), (every, [joint])):
        query = urlencode({"account": "rif", "metric": metric})
        assert await rows_of(desk.store, f"/charges?{query}") == [METERED | each for each in found]


async def test_counters_of_a_former_application_that_go_are_no_usage() -> None:
    store = MemoryStore()
    ever, day = cell_of(Period.ETERNITY, 0), cell_of(Period.DAY, NOW_NS)
    before = Account("", "x", usage={"a~0123456789:m1": {ever: 7}, "a~0123456789:": {ever: 2}})
    usage = {"a~ffffffffff:m1": {ever: 2, day: 5}, "a~ffffffffff:": {ever: 1}, "a~ffffffffff:#2XX": {ever: 1}}
    after = replace(before, credit=-4, usage=usage)
    for version, (method, was, now) in enumerate(
        [("Create", Account("", "x"), before), ("Report", before, after)]
    ):
        entry = Entry(NOW_NS, method, "", 0, was, now)
        assert isinstance(await store.commit(Commit(("", "x"), version, now, [entry])), Committed)
    (row,) = await rows_of(store, "/charges?account=x")
    assert (row["metric"], row["quantity"]) == ("a~ffffffffff:m1", 2)


async def test_the_amounts_sum_to_what_is_proven_to_be_gone() -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(50), plan_id="basic", allow_negative=True))
    gift = Account("acme", "office", credit=units("7.5"))
    for step in range(40):
        amount = msgspec.Raw(f"{step % 7 - 2}.{step:03d}".encode())
        await desk.post("DebitBalance", msgspec.json.encode(CALL | {"Amount": amount}))
        end = instant.text(NOW_NS + step * 10**9)
        await desk.ask("Debit", **CALL, TimeStart=NOW, TimeEnd=end)
        await desk.ask("AddRecievedCallSeconds", **CALL, Amount=step * 5)
        if step % 10 == 0:
            await accounts.topup(desk.store.connect(), ("acme", "office"), gift, NOW_NS, None, 60)
    proven = await desk.store.verify(("acme", "office"))
    assert proven is not None
    given = units(50) + 4 * gift.credit
    asked = Selection(CHARGES, account="acme:office")
    parts = Charges(desk.store, Lists(desk.store)).all("acme:office", asked)
    rows = [row async for part in parts for row in part]
    amounts = [Decimal(str(charge_members(row)["amount"])) for row in rows]
    assert len(amounts) > 70
    assert sum(amounts) == Decimal(text(given - proven.account.credit))


@pytest.fixture
async def merged() -> AsyncIterator[MemoryStore]:
    """Rows of the books and of the journal of one name, over four days."""
    store = MemoryStore()
    for day in (1, 1, 3, 3):
        row = Row("x", "cpu", "1", day * DAY, day * DAY, "1", link="cyclops:1")
        other = row._replace(account="y")
        await store.append("charges", [(day, DayEntry(1, "run", (row, other)))])
    await write(
        store,
        ("", "x"),
        [(0, "Load", -10)],
        [(0, "Debit", 1), (DAY, "Debit", 1), (DAY, "DebitBalance", 1)],
        [(DAY, "Topup", -4)],
        [(2 * DAY, "Debit", 1)],
        [(3 * DAY, "Debit", 0), (3 * DAY, "Debit", 2)],
        [(2 * DAY, "Debit", 1)],
    )
    yield store


def place_of(row: dict[str, Any]) -> str:
    return f"{row['from'][8:10]} {row.get('seq', row['source'])}"


ALL = (
    *("01 calls:2", "02 1", "02 3", "02 calls:2", "02 calls:2", "03 calls:4"),
    *("04 5", "04 7", "04 calls:5", "03 calls:6"),
)
"""In days since 1970; the last line is one that a clock wrote that was set back."""


async def test_rows_come_day_by_day_and_those_of_the_books_first(merged: MemoryStore) -> None:
    assert tuple(place_of(row) for row in await rows_of(merged, "/charges?account=x")) == ALL


async def test_of_an_account_without_a_journal_the_books_alone_are_listed(merged: MemoryStore) -> None:
    assert [row["seq"] for row in await rows_of(merged, "/charges?account=y")] == [2, 4, 6, 8]
    assert await rows_of(merged, "/charges?account=z:x") == []


@pytest.mark.parametrize("limit", range(1, 12))
@pytest.mark.parametrize(
    ("elements", "looked_at", "rows", "body"),
    [(25, 99, 99, 400_000), (1, 1, 1, 400_000), (2, 3, 3, 200), (25, 99, 3, 400_000)],
)
async def test_pages_have_every_row_once_and_in_order(
    merged: MemoryStore,
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
    elements: int,
    looked_at: int,
    rows: int,
    body: int,
) -> None:
    monkeypatch.setattr(journals, "PAGE_ELEMENTS", elements)
    monkeypatch.setattr(journals, "LOOKED_AT_MAX", looked_at)
    monkeypatch.setattr(lists, "LOOKED_AT_MAX", rows)
    monkeypatch.setattr(records, "BODY_BYTES_MAX", body)
    listing = Records(merged)
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = await ask(listing, f"/charges?account=x&limit={limit}&cursor={cursor}")
        page = [place_of(each) for each in read(answer)]
        assert len(page) <= limit
        found += page
        cursor = answer.Headers.get("X-Next-Cursor")
    assert tuple(found) == ALL


async def test_an_export_goes_through_all_of_an_account_in_parts(
    merged: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charges, "EXPORTED_AT_ONCE", 3)
    parts = Charges(merged, Lists(merged)).all("x", Selection(CHARGES, account="x"))
    assert [len(part) async for part in parts] == [3, 3, 3, 1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("&date=1970-01-02", ALL[1:5]),
        ("&from=1970-01-04", ALL[6:9]),
        ("&to=1970-01-01", ALL[:1]),
        ("&from=1970-01-03T00:00:00Z&to=1970-01-04T00:00:00Z", (ALL[5], ALL[9])),
        ("&metric=balance", (ALL[4],)),
        ("&metric=cpu", (*ALL[1:3], *ALL[6:8])),
        ("&metric=call&date=1970-01-02", (ALL[3],)),
        ("&metric=calls", ()),
    ],
)
async def test_rows_of_both_kinds_are_chosen_by_time_and_metric(
    merged: MemoryStore, query: str, expected: tuple[str, ...]
) -> None:
    assert tuple(place_of(row) for row in await rows_of(merged, f"/charges?account=x{query}")) == expected


@pytest.mark.parametrize(
    "query",
    ["account=x&cursor=1.2", "account=x&cursor=1.2.3", "cursor=1.2.3.4", "cursor=1.2.W10", "cursor=1.2._"],
)
async def test_a_cursor_of_another_list_is_refused(query: str) -> None:
    answer = await ask(MemoryStore(), f"/charges?{query}")
    assert (answer.Status, msgspec.json.decode(answer.Body)["Error"][:7]) == (400, "cursor:")
