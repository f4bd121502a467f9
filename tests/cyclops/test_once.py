"""Every usage is charged once, whoever runs, how often, and whatever happens in between."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from cgrates_py.usage.cyclops import CyclopsOptions
from cgrates_py.usage.cyclops.books import CHARGES, USAGE
from storage.daybook import Appended
from storage.store import StoreUnavailableError
from tests.cyclops.desk import NOON_NS, SECOND, Desk


def total(rows: list[Any]) -> Decimal:
    return sum((Decimal(each.row.value) for each in rows), Decimal(0))


async def test_a_run_that_is_repeated_charges_nothing_more() -> None:
    desk = Desk()
    await desk.static('{"cpu": 2}')
    await desk.use("cpu", "u1", "10")

    said = [await desk.get("/generate/cdr") for _ in range(3)]

    assert said == ["The cdr generation was successful", "Operation Failed", "Operation Failed"]
    assert [point[3:] for point in await desk.charged("u1")] == [[10, 20.0, "cpu"]]


async def test_runs_of_several_raters_at_a_time_charge_every_usage_once() -> None:
    desks = [Desk()]
    desks += [desks[0].beside() for _ in range(3)]
    await desks[0].static('{"cpu": 2, "disk": 1}')

    async def push(number: int) -> None:
        await desks[number % 4].use(("cpu", "disk")[number % 2], f"u{number % 5}", str(number))

    for _ in range(5):
        await asyncio.gather(
            *(push(number) for number in range(20)), *(desk.get("/generate/cdr") for desk in desks)
        )
    await desks[0].get("/generate/cdr")

    assert total(await desks[0].charges()) == total(await desks[0].usages()) == 5 * sum(range(20))


async def test_a_run_whose_answer_was_lost_is_not_done_again() -> None:
    desk = Desk()
    await desk.static('{"cpu": 2}')
    await desk.use("cpu", "u1", "10")
    append, lost = desk.store.append, list[object]()

    async def losing(book: str, *rest: Any, **more: Any) -> Any:
        outcome = await append(book, *rest, **more)
        if book == CHARGES and not lost:
            lost.append(outcome)
            raise StoreUnavailableError("the answer was lost")
        return outcome

    desk.store.append = losing  # type: ignore[method-assign]  # -- the store's answer gets lost
    with pytest.raises(StoreUnavailableError):
        await desk.ask("GET", "/generate/cdr", retry="one")

    assert isinstance(lost[0], Appended)
    assert (await desk.ask("GET", "/generate/cdr", retry="one")).Body.endswith("successful")
    assert [point[3:] for point in await desk.charged("u1")] == [[10, 20.0, "cpu"]]


async def test_usage_without_a_rate_is_charged_when_there_is_one() -> None:
    desk = Desk()
    await desk.static('{"cpu": 2}')
    await desk.use("cpu", "u1", "1")
    await desk.use("disk", "u1", "7")
    await desk.get("/generate/cdr")
    assert [point[3:] for point in await desk.charged("u1")] == [[1, 2.0, "cpu"]]

    desk.clock.at_ns += 86_400 * SECOND
    await desk.static('{"disk": 3}')
    await desk.get("/generate/cdr")

    assert [point[3:] for point in await desk.charged("u1")] == [[1, 2.0, "cpu"], [7, 21.0, "disk"]]


async def test_a_rate_before_the_window_counts_where_there_is_none_in_it() -> None:
    desk = Desk()
    await desk.static('{"cpu": 2}')
    await desk.static('{"cpu": 5}')
    desk.clock.at_ns += 20 * 86_400 * SECOND
    await desk.ask("POST", "/rate", '{"rate_policy": "dynamic"}')
    await desk.use("cpu", "u1", "1")
    await desk.get("/generate/cdr")

    assert [each.row.price for each in await desk.charges()] == ["5"]


async def test_a_static_rate_counts_however_old_it_is() -> None:
    desk = Desk()
    await desk.static('{"cpu": "2"}')
    desk.clock.at_ns += 100 * 86_400 * SECOND
    await desk.use("cpu", "u1", "1")
    await desk.get("/generate/cdr")

    assert [each.row.price for each in await desk.charges()] == ["2"]


async def test_usage_that_came_in_while_the_clock_was_set_back_is_charged() -> None:
    desk = Desk()
    await desk.static('{"cpu": 2}')
    await desk.use("cpu", "u1", "1")
    desk.clock.at_ns += 40 * 86_400 * SECOND
    await desk.get("/generate/cdr")
    desk.clock.at_ns -= 30 * 86_400 * SECOND
    await desk.use("cpu", "u1", "2")
    desk.clock.at_ns -= 30 * 86_400 * SECOND
    await desk.use("cpu", "u1", "4")
    desk.clock.at_ns += 10 * 86_400 * SECOND
    await desk.get("/generate/cdr")

    assert total(await desk.charges()) == 7


async def test_a_window_is_run_once_by_two_schedulers() -> None:
    desk = Desk()
    other = desk.beside()
    await desk.static('{"cpu": 2}')
    for _ in range(4):
        await desk.use("cpu", "u1", "10")
        await asyncio.gather(desk.scheduler.tick(), other.scheduler.tick())
        desk.clock.at_ns += 300 * SECOND

    assert desk.scheduler.runs + other.scheduler.runs == 4
    assert total(await desk.charges()) == 40
    assert len(await desk.rates()) == 1 + 4


async def test_missed_windows_are_run_with_rates_of_their_own() -> None:
    desk = Desk(CyclopsOptions(rule="2 if hour < 13 else 3"))
    await desk.use("cpu", "u1", "1")
    assert await desk.scheduler.tick() == 1
    await desk.use("cpu", "u1", "10", "2015-06-10 12:02")
    await desk.use("cpu", "u1", "100", "2015-06-10 13:58")
    desk.clock.at_ns = NOON_NS + 2 * 3_600 * SECOND + 7 * SECOND

    assert await desk.beside().scheduler.tick() == 24
    assert await desk.scheduler.tick() == 0
    assert [(each.row.value, each.row.price) for each in await desk.charges()] == [
        ("1", "2"),
        ("10", "20"),
        ("100", "300"),
    ]
    assert len(await desk.rates()) == 1 + 24


async def test_a_rater_that_died_between_rating_and_charging_is_followed_by_one_that_only_charges() -> None:
    desk = Desk()
    await desk.static('{"cpu": 2}')
    await desk.use("cpu", "u1", "10")
    append = desk.store.append

    async def dying(book: str, *rest: Any, **more: Any) -> Any:
        if book == CHARGES:
            raise StoreUnavailableError("gone")
        return await append(book, *rest, **more)

    desk.store.append = dying  # type: ignore[method-assign]  # -- the rater dies here
    with pytest.raises(StoreUnavailableError):
        await desk.scheduler.tick()

    assert await desk.beside().scheduler.tick() == 1
    assert len(await desk.rates()) == 2
    assert total(await desk.charges()) == 10


async def test_a_scheduler_that_is_stopped_runs_nothing_and_windows_of_that_time_are_nobodys() -> None:
    desk = Desk()
    await desk.static('{"cpu": 2}')
    await desk.scheduler.tick()
    await desk.get("/scheduler/stop")
    desk.clock.at_ns += 3_600 * SECOND
    assert await desk.scheduler.tick() == 0
    await desk.get("/scheduler/start")

    assert await desk.scheduler.tick() == 1
    assert await desk.scheduler.tick() == 0


async def test_a_push_that_is_repeated_is_stored_once() -> None:
    desk = Desk()
    body = '[{"meter": "cpu", "userid": "u1", "usage": 1}]'
    first = await desk.ask("POST", "/usage", body, key="k1")
    desk.clock.at_ns += SECOND
    again = await desk.ask("POST", "/usage", body, key="k1")
    other = await desk.ask("POST", "/usage", body.replace("1}", "2}"), key="k1")

    assert (first.Status, again.Status, again.Body, other.Status) == (201, 201, first.Body, 409)
    assert total(await desk.usages()) == 1


async def test_rates_that_the_front_sends_again_are_stored_once() -> None:
    desk = Desk()
    for _ in range(2):
        answer = await desk.ask("POST", "/rate", '{"rate_policy": "static", "rate": {"cpu": 1}}', retry="one")
        assert answer.Status == 204

    assert len(await desk.rates()) == 1


async def test_a_forced_run_is_done_while_the_scheduler_is_stopped() -> None:
    desk = Desk()
    await desk.get("/scheduler/stop")
    await desk.static('{"cpu": 2}')
    await desk.use("cpu", "u1", "10")
    assert await desk.get("/scheduler/Force") == "Records pulled manually"
    tasks = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
    await asyncio.wait(tasks)

    assert total(await desk.charges()) == 10
    assert await desk.get("/scheduler/status") == "stopped"


async def test_a_run_goes_on_when_nobody_waits_for_it_any_more() -> None:
    desk = Desk()
    await desk.static('{"cpu": 2}')
    await desk.use("cpu", "u1", "10")
    append, reached, held = desk.store.append, asyncio.Event(), asyncio.Event()

    async def slow(book: str, *rest: Any, **more: Any) -> Any:
        if book == CHARGES:
            reached.set()
            await held.wait()
        return await append(book, *rest, **more)

    desk.store.append = slow  # type: ignore[method-assign]  # -- the store takes its time
    asked = asyncio.create_task(desk.get("/generate/cdr"))
    await reached.wait()
    asked.cancel()
    await asyncio.wait([asked])
    held.set()
    await asyncio.wait([each for each in asyncio.all_tasks() if each is not asyncio.current_task()])

    assert total(await desk.charges()) == 10


async def test_what_was_charged_is_not_looked_through_again() -> None:
    desk = Desk()
    await desk.static('{"cpu": 2, "idle": 1}')
    await desk.ask("POST", "/meters", '{"metername": "idle"}')
    looked: list[int] = []
    read_days = desk.store.read_days

    async def counting(book: str, *rest: Any, **more: Any) -> Any:
        days = await read_days(book, *rest, **more)
        if book == USAGE:
            looked.append(sum(map(len, days)))
        return days

    desk.store.read_days = counting  # type: ignore[method-assign]  # -- what is read is counted
    for pushes in (3, 1, 0, 2):
        for _ in range(pushes):
            await desk.use("cpu", "u1", "10")
        await desk.get("/generate/cdr")

    assert [count for count in looked if count] == [3, 1, 2]
    assert total(await desk.charges()) == 60


async def test_a_run_that_is_sent_again_is_told_what_the_first_did() -> None:
    desk = Desk()
    await desk.static('{"cpu": 2}')
    await desk.use("cpu", "u1", "10")
    for path in ("/generate/cdr", "/generate/rate"):
        first = await desk.ask("GET", path, retry=path)
        assert first.Body.endswith("successful")
        assert await desk.beside().ask("GET", path, retry=path) == first
    assert len(await desk.charges()) == 1

    nothing = await desk.ask("GET", "/generate/cdr", retry="2")
    await desk.use("cpu", "u1", "10")

    assert nothing.Body == "Operation Failed"
    assert await desk.ask("GET", "/generate/cdr", retry="2") == nothing


async def test_a_key_of_something_else_is_a_conflict_and_changes_nothing() -> None:
    desk = Desk()
    await desk.static('{"cpu": 2}')
    push = '[{"meter": "cpu", "userid": "u1", "usage": 1}]'
    assert (await desk.ask("POST", "/usage", push, key="k")).Status == 201

    for path in ("/generate/cdr", "/generate/rate"):
        assert (await desk.ask("GET", path, key="k")).Status == 409
    rate = '{"rate_policy": "static", "rate": {"cpu": 3}}'
    assert (await desk.ask("POST", "/rate", rate, key="k")).Status == 409

    assert '"cpu":2' in await desk.get("/rate/status")
    assert await desk.charges() == []
    assert len(await desk.rates()) == 1


async def test_for_a_new_meter_no_old_days_are_looked_through() -> None:
    desk = Desk()
    await desk.static('{"cpu": 2, "disk": 1}')
    for _ in range(5):
        await desk.use("cpu", "u1", "1")
        await desk.get("/generate/cdr")
        desk.clock.at_ns += 86_400 * SECOND
    read: list[int] = []
    read_days = desk.store.read_days

    async def noting(book: str, days: Any, *rest: Any) -> Any:
        read.extend(days if book == USAGE else ())
        return await read_days(book, days, *rest)

    desk.store.read_days = noting  # type: ignore[assignment, method-assign]  # -- notes what is read
    await desk.use("disk", "u2", "7")
    await desk.get("/generate/cdr")

    today = desk.clock.at_ns // (86_400 * SECOND)
    assert set(read) == {today - 1, today}  # the other meter was charged up to a row of yesterday
    assert [each.row.value for each in await desk.charges()] == ["1"] * 5 + ["7"]


async def test_a_run_between_a_new_meter_and_its_first_usage_loses_nothing() -> None:
    desk = Desk()
    await desk.static('{"cpu": 2}')
    append = desk.store.append

    async def after_a_run(book: str, *rest: Any, **more: Any) -> Any:
        if book == USAGE and rest[0]:
            desk.store.append = append  # type: ignore[method-assign]  # -- once is enough
            assert await desk.get("/generate/cdr") == "Operation Failed"
        return await append(book, *rest, **more)

    desk.store.append = after_a_run  # type: ignore[method-assign]  # -- a run comes between
    await desk.use("cpu", "u1", "3")
    await desk.get("/generate/cdr")

    assert [each.row.value for each in await desk.charges()] == ["3"]


async def test_a_key_that_is_too_long_is_refused_and_not_cut_to_one_of_another_request() -> None:
    desk = Desk()
    for length, status in ((255, 201), (256, 400)):
        answer = await desk.ask(
            "POST", "/usage", '[{"meter": "cpu", "userid": "u", "usage": 1}]', key="k" * length
        )
        assert answer.Status == status, answer
