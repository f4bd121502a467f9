"""Reports for several accounts that a rater left, and whose request ids they are under."""

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from cgrates_py.metering.reports import LEFT_S
from protocol.dispatch import Status
from protocol.metering import MeteringAnswer, Transaction
from storage.documents import DocumentKey, Replacement, key_of
from storage.memory import MemoryStore
from tests.metering.desk import AUTHREP, CATALOGUE, NOW_NS, REPORT, SERVICE, Desk, application, request

DAY = 86_400 * 10**9
MEMBERS = [Transaction(AppId=each, Usage=[("hits", "1")]) for each in ("a1", "a2")]


@pytest.fixture
async def desk() -> Desk:
    return await Desk().fill()


async def left(desk: Desk, **members: Any) -> None:
    """Leave a report of which the first account is booked and the second is not."""
    batches, taken = desk.responder._batches, []
    resolve = batches._resolve

    def first_alone(operation: Any) -> None:
        taken.append(operation)
        if len(taken) == 1:
            resolve(operation)

    batches._resolve = first_alone
    desk.post(REPORT, request(Transactions=MEMBERS, **members))
    while await desk.counted("a1", "m1") == 0:  # noqa: ASYNC110 -- a commit takes some turns of the loop
        await asyncio.sleep(0)


async def sweep(desk: Desk) -> dict[str, float]:
    """Have a rater go on with all that is kept, as if it were left for long."""
    long_ago = asyncio.get_running_loop().time() - LEFT_S
    kept = {batch_id: long_ago for batch_id, _ in await desk.store.open_batches()}
    return await desk.responder._batches.sweep(kept)


async def counted(desk: Desk) -> tuple[int, int]:
    return await desk.counted("a1", "m1"), await desk.counted("a2", "m1")


async def test_a_report_that_cannot_be_read_keeps_no_other_from_being_finished(desk: Desk) -> None:
    await left(desk, RequestId="r")
    await desk.store.open_batch("0 first", b"no batch")
    other = desk.other()
    await sweep(other)
    assert await counted(desk) == (1, 1)
    assert [batch_id for batch_id, _ in await desk.store.open_batches()] == ["0 first"]


async def test_a_report_left_for_so_long_that_its_booked_parts_are_forgotten_is_booked_no_more(
    desk: Desk,
) -> None:
    await left(desk, RequestId="r")
    desk.store._data.answers.clear()
    other = desk.other()
    other.clock.held_ns = NOW_NS + DAY
    again = await sweep(other)
    status, body = await other.post(REPORT, request(Transactions=MEMBERS, RequestId="r"))
    assert (status, body.partition(b":")[0]) == (Status.REFUSED, b"INTERNAL")
    await other.responder._batches.sweep(again)
    assert await counted(desk) == (1, 0)
    assert len(await desk.store.open_batches()) == 1


async def test_what_is_left_of_a_report_is_not_that_of_an_application_made_anew(desk: Desk) -> None:
    await left(desk, RequestId="r")
    former, anew = application("a2"), replace(application("a2"), generation="00000000b2")
    assert await desk.store.replace([Replacement(key_of(former), former, anew)])
    await sweep(desk.other())
    stored = await desk.store.read(("1001", "a2"))
    assert stored is not None
    assert stored.account.usage is None
    assert await desk.store.open_batches() == []


class _Restless(MemoryStore):
    """A store in which an application changes while it is read for the first time."""

    restless = False

    async def documents(self, keys: Any) -> Any:
        found = await super().documents(keys)
        if self.restless and any(key[0] == "application" for key in keys):
            self.restless = False
            await self._rewrite()
        return found

    async def _rewrite(self) -> None:
        before = application("a2")
        key: DocumentKey = key_of(before)
        assert await self.connect().replace([Replacement(key, before, replace(before, plan_name="Other"))])
        await asyncio.sleep(0)


async def test_an_application_that_changes_while_a_report_is_finished_is_read_again() -> None:
    store = _Restless()
    desk = await Desk(store).fill()
    await left(desk)
    other = Desk(store)
    store.restless = True
    await sweep(other)
    assert await counted(desk) == (1, 1)


async def test_events_of_all_parts_of_a_report_are_kept_in_one_step(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    add_events = desk.store.add_events

    async def counting(events: Any) -> None:
        kept.append(len(events))
        await add_events(events)

    monkeypatch.setattr(desk.store, "add_events", counting)
    await desk.ask(REPORT, Transactions=MEMBERS)
    assert kept == [4]


async def test_a_part_that_costs_more_than_any_account_holds_refuses_all_of_the_report(desk: Desk) -> None:
    members = [MEMBERS[0], Transaction(AppId="payer", Usage=[("bytes", str(2**63 - 1))])]
    status, body = await desk.post(REPORT, request(Transactions=members))
    assert (status, body.partition(b":")[0]) == (Status.REFUSED, b"AMOUNT_OUT_OF_RANGE")
    assert await desk.counted("a1", "m1") == 0
    assert await desk.store.open_batches() == []


@pytest.mark.parametrize("members", [MEMBERS, MEMBERS[:1]])
async def test_a_repeat_is_known_though_its_timestamp_was_the_time_of_the_first(
    desk: Desk, members: list[Transaction]
) -> None:
    desk.clock.held_ns = NOW_NS
    timed = [msgspec.structs.replace(each, Timestamp=str(NOW_NS // 10**9)) for each in members]
    for _ in range(2):
        assert (await desk.ask(REPORT, Transactions=timed, RequestId="r")).Error == ""
        desk.clock.held_ns += 10**9
    assert await desk.counted("a1", "m1") == 1


async def test_applications_that_one_account_pays_for_have_request_ids_of_their_own() -> None:
    second = replace(SERVICE, service_id="1002")
    values = [
        *CATALOGUE,
        second,
        application("same", account=("", "rif")),
        application("other", account=("", "rif")),
        application("same", second, account=("", "rif")),
    ]
    desk = await Desk().fill(values)
    for service_id, app_id in (("1001", "same"), ("1002", "same"), ("1001", "other")):
        answer = await desk.ask(
            AUTHREP, ServiceId=service_id, AppId=app_id, Usage=[("hits", "3")], RequestId="1"
        )
        assert [each.current for each in answer.Reports] == ["3", "3", "0"]


async def test_each_error_is_kept_before_its_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.ask(AUTHREP, AppId="a1", Usage=[("hits", "1")])
    may_keep, add_error = asyncio.Event(), desk.store.add_error

    async def slow(*given: Any) -> None:
        await may_keep.wait()
        await add_error(*given)

    monkeypatch.setattr(desk.store, "add_error", slow)
    waiting = [desk.post(AUTHREP, request(AppId="a1", Usage=[(name, "1")])) for name in ("no", "none")]
    for _ in range(10):
        await asyncio.sleep(0)
    assert not any(each.done() for each in waiting)
    may_keep.set()
    bodies = [body for _, body in await asyncio.gather(*waiting)]
    assert {msgspec.json.decode(body, type=MeteringAnswer).Error for body in bodies} == {"metric_invalid"}
    assert (await desk.store.errors("1001", 0, 5))[0] == 2
