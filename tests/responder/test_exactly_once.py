"""A request id is charged once, whatever repeats it; raters on one account lose no update."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from protocol.dispatch import StaleRequestError, Status
from rater import instant
from storage.journal import Called
from storage.memory import MemoryStore
from storage.store import AccountKey, Commit, Outcome, Stored, StoreUnavailableError
from tests.responder.desk import SECOND, Desk, bucket, office, units

WHO = {"CstmId": "acme", "Subject": "office", "DestinationPrefix": "4420"}
CALL = WHO | {"TimeStart": "2012-02-02T17:30:00Z", "TimeEnd": "2012-02-02T18:30:00Z"}


async def test_a_repeat_gets_the_first_answer_byte_for_byte() -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(100)))
    first = await desk.raw("DebitBalance", **WHO, Amount=1.5, RequestId="a")
    await desk.ask("DebitBalance", **WHO, Amount=1)
    for rater in (desk, desk.other()):
        assert await rater.raw("DebitBalance", **WHO, Amount=1.5, RequestId="a") == first
    assert await desk.ask("DebitBalance", **WHO, Amount=0) == pytest.approx(97.5)


async def test_a_request_without_an_id_that_waited_for_long_is_not_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(100)))

    def stale(token: object) -> str:
        raise StaleRequestError

    monkeypatch.setattr(desk, "request_id", stale)
    assert await desk.ask("DebitBalance", **WHO, Amount=1) == "STORE_UNAVAILABLE"
    assert await desk.ask("DebitBalance", **WHO, Amount=1, RequestId="a") == 99


async def test_the_same_content_spelt_otherwise_is_the_same_request() -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(100)))
    first = await desk.post(
        "DebitBalance", b'{"CstmId":"acme","Subject":"office","Amount":10,"RequestId":"a"}'
    )
    again = await desk.post(
        "DebitBalance", b'{"requestid":"a","AMOUNT":1e1,"subject":"office","cstmid":"acme","x":[1]}'
    )
    assert again == first == (Status.OK, b"90")


@pytest.mark.parametrize(
    ("method", "members"),
    [
        ("DebitBalance", {"Amount": 2}),
        ("DebitSMS", {"Amount": 1}),
        ("DebitBalance", {"Amount": 1, "DestinationPrefix": "33"}),
    ],
)
async def test_a_request_id_with_other_content_is_refused(method: str, members: dict[str, object]) -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(100), sms=units(100)))
    await desk.ask("DebitBalance", **WHO, Amount=1, RequestId="a")
    assert await desk.ask(method, **{**WHO, **members}, RequestId="a") == "REQUEST_ID_REUSED"
    assert await desk.ask("DebitBalance", **WHO, Amount=0) == 99


async def test_a_refusal_is_a_first_answer_too() -> None:
    desk = Desk()
    await desk.open_account(office(sms=units(1)))
    assert await desk.ask("DebitSMS", **WHO, Amount=2, RequestId="a") == "INSUFFICIENT_CREDIT"
    await desk.ask("DebitSMS", **WHO, Amount=-10)
    assert await desk.ask("DebitSMS", **WHO, Amount=2, RequestId="a") == "INSUFFICIENT_CREDIT"
    assert await desk.ask("DebitSMS", **WHO, Amount=2, RequestId="b") == 9


async def test_repeats_within_one_batch_are_charged_once() -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(100)))
    body = json.dumps({**WHO, "Amount": 1, "RequestId": "a"}).encode()
    other = json.dumps({**WHO, "Amount": 2, "RequestId": "a"}).encode()
    answers = await asyncio.gather(
        desk.post("DebitBalance", body), desk.post("DebitBalance", body), desk.post("DebitBalance", other)
    )
    assert [status for status, _ in answers] == [Status.OK, Status.OK, Status.REFUSED]
    assert [text.partition(b":")[0] for _, text in answers] == [b"99", b"99", b"REQUEST_ID_REUSED"]


async def test_a_request_sent_again_without_an_id_of_its_own_is_charged_once() -> None:
    desk, other = Desk(), None
    await desk.open_account(office(credit=units(100)))
    other = desk.other()
    other.request_id = desk.request_id  # type: ignore[method-assign]  # the balancer sends the same seq
    assert await desk.ask("DebitBalance", **WHO, Amount=1) == 99
    assert await other.ask("DebitBalance", **WHO, Amount=1) == 99
    assert await other.ask("DebitBalance", **WHO, Amount=1) == 98


async def test_a_request_sent_again_while_the_first_waits_is_charged_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(100)))
    monkeypatch.setattr(desk, "request_id", lambda _token: "#same")  # a link came back with what it owed
    answers = await asyncio.gather(*(desk.ask("DebitBalance", **WHO, Amount=1) for _ in range(3)))
    assert answers == [99, 99, 99]


LAST_OF_IT = [
    # method, members, account with just enough for one
    ("DebitSMS", {"Amount": 1}, {"sms": units(1)}),
    ("DebitSeconds", {"Amount": 60}, {"buckets": (bucket("UK", 60),)}),
    (
        "Debit",
        {"TimeStart": "2012-02-02T10:00:00Z", "TimeEnd": "2012-02-02T10:00:10Z"},
        {"credit": units(2)},
    ),
]


@pytest.mark.parametrize(("method", "members", "fields"), LAST_OF_IT, ids=[row[0] for row in LAST_OF_IT])
async def test_what_took_the_last_is_not_refused_when_it_is_sent_again(
    method: str, members: dict[str, object], fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk()
    await desk.open_account(office(**fields))
    other = desk.other()
    monkeypatch.setattr(other, "request_id", desk.request_id)  # the balancer sends the same seq
    first = await desk.raw(method, **WHO, **members)
    assert first[0] == Status.OK
    assert await other.raw(method, **WHO, **members) == first
    assert (await other.raw(method, **WHO, **members))[0] == Status.REFUSED


@pytest.mark.parametrize(("method", "members", "fields"), LAST_OF_IT, ids=[row[0] for row in LAST_OF_IT])
async def test_what_took_the_last_is_answered_when_the_commit_was_not_heard(
    method: str, members: dict[str, object], fields: dict[str, Any]
) -> None:
    desk = Desk()
    await desk.open_account(office(**fields))
    desk.store = _Flaky(desk, failures=1)  # type: ignore[assignment]  # has what a rater uses
    desk.__post_init__()
    assert (await desk.raw(method, **WHO, **members))[0] == Status.OK
    assert (await desk.raw(method, **WHO, **members))[0] == Status.REFUSED


async def test_raters_on_one_account_lose_no_update() -> None:
    desks = [Desk()]
    await desks[0].open_account(office(credit=units(1000), buckets=(bucket("UK", 100),)))
    desks += [desks[0].other() for _ in range(3)]
    answers = await asyncio.gather(
        *(desk.ask("DebitBalance", **WHO, Amount=1) for _ in range(100) for desk in desks)
    )
    assert sorted(answers) == list(range(600, 1000))
    account = await desks[0].ask("GetAccount", **WHO)
    assert (account["Credit"], account["MinuteBuckets"][0]["Seconds"]) == (600, 100)


async def test_the_journal_tells_the_call_and_the_tariff_of_a_charge() -> None:
    desk = Desk()
    desk.counters.tariff_version = 3
    await desk.open_account(office(credit=units(10), buckets=(bucket("UK", 5000),)))
    await desk.ask("Debit", **CALL)
    await desk.ask("DebitSeconds", **WHO, Amount=5)
    await desk.ask("DebitBalance", CstmId="acme", Subject="office", Amount=1)
    start = instant.parse(CALL["TimeStart"])[0]
    called = Called("call", CALL["DestinationPrefix"], start, start + 3600 * SECOND, 0)
    seconds = called._replace(start_ns=0, end_ns=0)
    lines = await desk.store.journal(("acme", "office"))
    assert [(each.call, each.tariff_version) for each in lines[1:]] == [(called, 3), (seconds, 3), (None, 0)]


async def test_the_journal_tells_every_change() -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(10)))
    await desk.ask("DebitBalance", **WHO, Amount=4, RequestId="one")
    await desk.ask("DebitSMS", **WHO, Amount=4)
    await desk.ask("DebitBalance", **WHO, Amount=-1, RequestId="two")
    lines = await desk.store.journal(("acme", "office"))
    assert [(line.method, line.request_id, line.amount) for line in lines[1:]] == [
        ("DebitBalance", "one", units(4)),
        ("DebitBalance", "two", units(-1)),
    ]
    stored = await desk.store.verify(("acme", "office"))
    assert stored is not None
    assert stored.account.credit == units(7)


class _Flaky:
    """A store that loses answers: it commits, then says it did not hear."""

    def __init__(self, desk: Desk, failures: int) -> None:
        self._store = desk.store
        self.failures = failures
        self.commits = 0

    def post(self, commit: Commit, done: Callable[[Outcome], None]) -> None:
        self.commits += 1
        lost = self.failures > 0
        self.failures -= lost

        def heard(outcome: Outcome) -> None:
            done(StoreUnavailableError("connection lost") if lost else outcome)

        self._store.post(commit, heard)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


async def test_a_commit_whose_answer_was_lost_is_not_done_twice() -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(10)))
    flaky = _Flaky(desk, failures=3)
    desk.store = flaky  # type: ignore[assignment]  # has what a rater uses
    desk.__post_init__()
    answers = await asyncio.gather(*(desk.ask("DebitBalance", **WHO, Amount=1) for _ in range(4)))
    assert sorted(answers) == [6, 7, 8, 9]
    assert flaky.commits > 1
    assert await desk.ask("DebitBalance", **WHO, Amount=0) == 6


async def test_a_store_that_stays_away_is_told_within_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cgrates_py.lane.STORE_RETRY_S", 0)
    desk = Desk()
    await desk.open_account(office(credit=units(10)))
    await desk.ask("GetAccount", **WHO)
    loop = asyncio.get_running_loop()
    ahead = [0.0]
    real = loop.time

    async def fail(_key: object) -> None:
        ahead[0] += 1.0
        raise StoreUnavailableError("connection refused")

    monkeypatch.setattr(desk.store, "read", fail)
    monkeypatch.setattr(loop, "time", lambda: real() + ahead[0])
    for listener in desk.store._account_listeners:
        listener(("acme", "office"))
    assert await desk.ask("DebitBalance", **WHO, Amount=1) == "STORE_UNAVAILABLE"
    assert 4 <= ahead[0] <= 6


async def test_a_fault_of_ours_is_an_answer_and_the_next_request_is_served() -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(10)))
    await desk.ask("GetAccount", **WHO)
    clock, desk.clock.now_ns = desk.clock.now_ns, None  # type: ignore[method-assign,assignment]  # a fault
    assert await desk.ask("DebitBalance", **WHO, Amount=1) == "INTERNAL"
    desk.clock.now_ns = clock  # type: ignore[method-assign]  # mended
    assert await desk.ask("DebitBalance", **WHO, Amount=1) == 9


class FaultyStore(MemoryStore):
    """Meets a fault of ours in one read."""

    faulty = False

    async def read(self, key: AccountKey) -> Stored | None:
        if self.faulty:
            self.faulty = False
            raise RuntimeError("a fault of ours")
        return await super().read(key)


async def test_a_fault_while_a_record_is_read_again_is_answered_and_passes() -> None:
    store = FaultyStore()
    desk = Desk(store)
    await desk.open_account(office(credit=units(100)))
    assert await desk.ask("DebitBalance", **WHO, Amount=1) == 99
    await Desk(store.connect()).ask("DebitBalance", **WHO, Amount=1)
    await asyncio.sleep(0)  # the store tells of the change, so the record has to be read again
    store.faulty = True
    assert await desk.ask("DebitBalance", **WHO, Amount=1, RequestId="a") == "INTERNAL"
    assert await desk.ask("DebitBalance", **WHO, Amount=1, RequestId="a") == 97
