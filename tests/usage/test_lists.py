"""GET /usages and GET /charges: which rows they tell, how, and page by page."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from cgrates_py.usage import lists, records
from cgrates_py.usage.records import Records
from protocol.usage import DialectAnswer, DialectRequest
from rater.instant import DAY, SECOND
from rater.usage.records import DayEntry, Drop, Row
from storage.memory import MemoryStore

MARCH_2 = 16_131
"""2014-03-02, in days since 1970."""


def usage(account: str, metric: str, value: str, day: int = MARCH_2, **more: str) -> Row:
    return Row(account, metric, value, day * DAY, (day + 1) * DAY, **more)


async def push(store: MemoryStore, *rows: Row, book: str = "scrooge", drops: tuple[Drop, ...] = ()) -> None:
    for row in rows:
        await store.append(book, [(row.at_ns // DAY, DayEntry(1, "push", (row,), drops))])


async def ask(store: MemoryStore | Records, path: str, verb: str = "GET", root: str = "") -> DialectAnswer:
    asked = urlsplit(path)
    query = parse_qsl(asked.query, keep_blank_values=True)
    dialect = store if isinstance(store, Records) else Records(store)
    return await dialect.answer(DialectRequest(verb, asked.path, "records", Root=root, Query=query))


async def rows_of(store: MemoryStore, path: str) -> list[dict[str, Any]]:
    answer = await ask(store, path)
    assert (answer.Status, answer.Type, answer.Headers) == (200, "application/json", {}), answer
    rows: list[dict[str, Any]] = orjson.loads(answer.Body)
    return rows


async def test_usages_are_listed_in_the_order_in_which_they_were_pushed() -> None:
    store = MemoryStore()
    rows = [usage("shop", "gb", "12.5"), usage("alpha", "requests", "900"), usage("shop", "gb", "-1")]
    await push(store, *rows)
    assert await rows_of(store, "/usages?namespace=scrooge") == [
        {"date": "2014-03-02", "account": "shop", "metric": "gb", "value": 12.5, "seq": 1},
        {"date": "2014-03-02", "account": "alpha", "metric": "requests", "value": 900, "seq": 2},
        {"date": "2014-03-02", "account": "shop", "metric": "gb", "value": -1, "seq": 3},
    ]


async def test_rows_that_were_dropped_are_not_listed() -> None:
    store = MemoryStore()
    await push(store, usage("shop", "gb", "1"), usage("search", "gb", "2"))
    await push(store, usage("shop", "gb", "3"), drops=(Drop("gb", ("shop",)),))
    assert [each["value"] for each in await rows_of(store, "/usages?namespace=scrooge")] == [2, 3]


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("12.50", "12.50"),
        ("0.0000000000001", "0.0000000000001"),
        ("177576860000000", "177576860000000"),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        ("1E-400", "1E-400"),
        (".5", "0.5"),
        ("+7", "7"),
        ("007", "7"),
        ("many", '"many"'),
        ("NaN", '"NaN"'),
        ("", '""'),
    ],
)
async def test_a_value_is_told_with_the_digits_that_it_came_with(kept: str, told: str) -> None:
    store = MemoryStore()
    await push(store, usage("shop", "gb", kept))
    answer = await ask(store, "/usages?namespace=scrooge")
    assert f'"value":{told},' in answer.Body


async def test_what_is_about_no_whole_day_tells_its_time_and_notes_are_told_where_there_are_some() -> None:
    store = MemoryStore()
    at_ns = MARCH_2 * DAY + 5 * SECOND
    await push(store, Row("u1", "cpu", "1", at_ns, at_ns + SECOND, "", "meter A", "host-1"), book="cyclops")
    (row,) = await rows_of(store, "/usages?namespace=cyclops")
    assert row == {
        "date": "2014-03-02",
        "account": "u1",
        "metric": "cpu",
        "value": 1,
        "from": "2014-03-02T00:00:05Z",
        "to": "2014-03-02T00:00:06Z",
        "remarks": "meter A",
        "link": "host-1",
        "seq": 1,
    }


async def test_charges_of_all_sources_are_listed_with_their_amounts() -> None:
    store = MemoryStore()
    at_ns = MARCH_2 * DAY
    await push(
        store,
        Row("u1", "cpu", "177576860000000", at_ns, at_ns + SECOND, "364077180301507.56", "", "cyclops:7"),
        Row("u1", "gb", "2", at_ns, at_ns, "", "", ""),
        book="charges",
    )
    times = {"from": "2014-03-02T00:00:00Z", "to": "2014-03-02T00:00:01Z"}
    answer = await ask(store, "/charges")
    assert '"amount":364077180301507.56,' in answer.Body
    assert orjson.loads(answer.Body) == [
        {
            "account": "u1",
            "metric": "cpu",
            "quantity": 177576860000000,
            "amount": 364077180301507.56,
            **times,
            "source": "cyclops",
            "link": "cyclops:7",
            "seq": 1,
        },
        {"account": "u1", "metric": "gb", "quantity": 2, "amount": None}
        | {"from": times["from"], "to": times["from"], "source": "", "seq": 2},
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "abcd"),
        ("&date=&account=&metric=&from=&to=&cursor=", "abcd"),
        ("&date=2014-03-02", "bc"),
        ("&date=2014-03-05", ""),
        ("&from=2014-03-02", "bcd"),
        ("&to=2014-03-02", "abc"),
        ("&from=2014-03-02&to=2014-03-02", "bc"),
        ("&from=2014-03-01T00:00:00Z&to=2014-03-02T00:00:00Z", "a"),
        ("&from=2014-03-02T00:00:00.000000001Z", "d"),
        ("&from=2014-03-02T01:00:00%2B01:00&to=2014-03-02T01:00:01%2b01:00", "bc"),
        ("&account=shop", "ac"),
        ("&metric=gb", "bc"),
        ("&account=shop&metric=gb&date=2014-03-02", "c"),
        ("&account=sho", ""),
    ],
)
@pytest.mark.parametrize("page", ["/usages?namespace=scrooge", "/charges?limit=10"])
async def test_rows_are_chosen_by_time_account_and_metric(page: str, query: str, expected: str) -> None:
    store = MemoryStore()
    rows = [
        usage("shop", "requests", "1", MARCH_2 - 1, link="a"),
        usage("search", "gb", "1", link="b"),
        usage("shop", "gb", "1", link="c"),
        usage("search", "requests", "1", MARCH_2 + 1, link="d"),
    ]
    await push(store, *rows)
    await push(store, *rows, book="charges")
    found = await rows_of(store, page + query)
    assert "".join(each["link"] for each in found) == expected


async def test_what_came_in_after_its_day_is_found_by_its_own_time() -> None:
    store = MemoryStore()
    late = DayEntry(1, "pull", (usage("u1", "cpu", "1"),))
    await store.append("cyclops", [(MARCH_2 + 9, late)])
    assert len(await rows_of(store, "/usages?namespace=cyclops&date=2014-03-02")) == 1
    assert await rows_of(store, "/usages?namespace=cyclops&date=2014-03-11") == []


@pytest.mark.parametrize(
    ("path", "because"),
    [
        ("/usages", "namespace: expected one of scrooge, cyclops, got ''"),
        ("/usages?namespace=charges", "namespace: "),
        ("/usages?namespace=scrooge&date=2014-02-30", "date: expected a date YYYY-MM-DD, got '2014-02-30'"),
        ("/usages?namespace=scrooge&date=20140302", "date: "),
        ("/usages?namespace=scrooge&date=2014-W09-7", "date: "),
        ("/usages?namespace=scrooge&date=2014-03-02&to=2014-03-02", "date: expected this, or from and to"),
        ("/charges?from=yesterday", "from: "),
        ("/charges?from=2014-03-02T00:00:00", "from: expected an RFC 3339 time with a zone"),
        ("/charges?to=0001-01-01", "to: "),
        ("/charges?from=2014-03-03&to=2014-03-01", "to: expected a time that is not before from"),
        ("/charges?namespace=scrooge", "namespace: expected one of account, "),
        ("/charges?account=a&account=b", "account: given more than once"),
        ("/charges?cursor=1", "cursor: "),
        ("/charges?cursor=1.2.3", "cursor: "),
        ("/charges?cursor=%D9%A1.1", "cursor: "),
        ("/charges?limit=0", "limit: expected 1 to 5000, got '0'"),
        ("/charges?limit=5001", "limit: "),
        ("/charges?limit=%D9%A1", "limit: "),
        ("/charges?limit=-1", "limit: "),
    ],
)
async def test_a_bad_parameter_is_named(path: str, because: str) -> None:
    answer = await ask(MemoryStore(), path)
    assert answer.Status == 400
    assert orjson.loads(answer.Body)["Error"].startswith(because)


async def test_there_are_two_pages_and_one_verb() -> None:
    store = MemoryStore()
    assert (await ask(store, "/usages/7")).Status == 404
    refused = await ask(store, "/charges", "POST")
    assert (refused.Status, refused.Headers) == (405, {"Allow": "GET, HEAD"})
    assert (await ask(store, "/charges/", "HEAD")).Body == "[]"


async def all_pages(dialect: Records, path: str) -> list[list[int]]:
    """Follow the links; each page as the numbers of its rows."""
    pages = []
    while path:
        answer = await ask(dialect, path, root="http://h:1")
        pages.append([each["seq"] for each in orjson.loads(answer.Body)])
        link = answer.Headers.get("Link", "")
        match = re.fullmatch(r'<http://h:1(.*cursor=(.*))>; rel="next"', link)
        assert bool(match) == bool(link)
        assert answer.Headers.get("X-Next-Cursor") == (match[2] if match else None)
        path = match[1] if match else ""
    return pages


@pytest.mark.parametrize("kept", [0, 100])
async def test_pages_have_every_row_once_and_in_order(monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    monkeypatch.setattr(lists, "KEPT_ROWS_MAX", kept)
    store = MemoryStore()
    for day in range(3):
        await push(store, *(usage(f"v{n % 2}", "gb", "1", MARCH_2 + day) for n in range(5)))
    listing = Records(store)
    base = "/usages?namespace=scrooge"
    everything = list(range(1, 16))
    assert await all_pages(listing, base) == [everything]
    for limit in (1, 2, 4, 5, 7, 14, 15):
        pages = await all_pages(listing, f"{base}&limit={limit}")
        assert pages == [everything[start : start + limit] for start in range(0, 15, limit)]
    assert await all_pages(listing, f"{base}&limit=3&account=v1") == [[2, 4, 7], [9, 12, 14]]


async def test_what_is_pushed_and_dropped_between_pages_shows_in_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    listing = Records(store)
    await push(store, *(usage(account, "gb", "1") for account in "abc"))
    answer = await ask(listing, "/usages?namespace=scrooge&limit=1")
    path = f"/usages?namespace=scrooge&cursor={answer.Headers['X-Next-Cursor']}"
    await push(store, usage("d", "gb", "1"))
    assert [each["account"] for each in orjson.loads((await ask(listing, path)).Body)] == ["b", "c", "d"]
    await push(store, usage("e", "gb", "1"), drops=(Drop("gb", ("b", "d")),))
    assert [each["account"] for each in orjson.loads((await ask(listing, path)).Body)] == ["c", "e"]


async def test_a_page_ends_where_enough_rows_were_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "LOOKED_AT_MAX", 10)
    store = MemoryStore()
    for day in range(5):
        await push(store, *(usage(f"v{n}", "gb", "1", MARCH_2 + day) for n in range(5)))
    assert await all_pages(Records(store), "/usages?namespace=scrooge&account=v4") == [
        [5, 10],
        [15, 20],
        [25],
    ]
    assert await all_pages(Records(store), "/usages?namespace=scrooge&account=no") == [[], [], []]


async def test_a_page_ends_where_its_body_is_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BODY_BYTES_MAX", 250)
    store = MemoryStore()
    await push(store, *(usage("v", "gb", "1") for _ in range(5)), usage("long" * 100, "gb", "1"))
    assert await all_pages(Records(store), "/usages?namespace=scrooge") == [[1, 2, 3], [4, 5], [6]]


async def test_a_long_day_is_listed_whole() -> None:
    store = MemoryStore()
    rows = tuple(usage(f"v{n % 50}", "gb", str(n)) for n in range(3000))
    await store.append("scrooge", [(MARCH_2, DayEntry(1, "push", rows))])
    found = await rows_of(store, "/usages?namespace=scrooge&limit=3000")
    assert [each["value"] for each in found] == list(range(3000))
