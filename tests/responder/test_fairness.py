"""Calls of a year hold nobody up: they wait for each other, are bounded, and others come in between.

The loop's clock moves by a step at each glance, so work seems to take time, and the same time in every run.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cgrates_py.leisure import Leisure
from cgrates_py.responder import LONG_QUOTES_NS_MAX
from protocol.dispatch import Status
from rater import instant
from rater.account import Account
from storage.memory import MemoryStore
from storage.store import Commit, Outcome
from tests.responder.desk import Desk, office, units

WHO = {"CstmId": "acme", "Subject": "office", "DestinationPrefix": "44"}
DAYS = 365
YEAR = {**WHO, "TimeStart": "2013-01-01T00:00:00Z", "TimeEnd": "2014-01-01T00:00:00Z"}
HOUR = {**WHO, "TimeStart": "2013-01-01T00:00:00Z", "TimeEnd": "2013-01-01T01:00:00Z"}


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Make every glance at the loop's clock find it so many seconds further."""

    def set_step(seconds: float) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()

        def time() -> float:
            nonlocal now
            now += seconds
            return now

        monkeypatch.setattr(loop, "time", time)

    return set_step


def post(desk: Desk, method: str, members: dict[str, Any], count: int) -> list[asyncio.Future[Any]]:
    text = ",".join(f'"{name}":"{value}"' for name, value in members.items())
    return [desk.post(method, f"{{{text}}}".encode()) for _ in range(count)]


def statuses(answers: list[asyncio.Future[Any]]) -> set[int]:
    return {answer.result()[0] for answer in answers}


async def opened(**fields: Any) -> Desk:
    """A rater that knows acme:office and acme:shop."""
    desk = Desk()
    await desk.open_account(office(**fields))
    await desk.open_account(Account("acme", "shop", credit=units(100)))
    for subject in ("office", "shop"):
        await desk.ask("DebitBalance", **{**WHO, "Subject": subject}, Amount=0)
    return desk


async def test_what_is_asked_after_a_flood_of_long_quotes_is_answered_before_its_end(
    step: Callable[[float], None],
) -> None:
    step(0.001)
    desk = await opened()
    flood = post(desk, "GetCost", YEAR, 200)
    (quote,) = post(desk, "GetCost", HOUR, 1)
    assert quote.done()
    assert not any(answer.done() for answer in flood)
    assert await desk.ask("DebitBalance", **{**WHO, "Subject": "shop"}, Amount=1) == 99
    assert not all(answer.done() for answer in flood)
    await asyncio.wait(flood)
    assert statuses(flood) == {Status.OK}


async def test_long_quotes_beyond_the_bound_are_refused_at_once_and_welcome_again_later(
    step: Callable[[float], None],
) -> None:
    step(0.001)
    desk = await opened()
    fit = LONG_QUOTES_NS_MAX // (DAYS * instant.DAY)
    flood = post(desk, "GetCost", YEAR, fit + 5)
    taken, refused = flood[:fit], flood[fit:]
    assert not any(answer.done() for answer in taken)
    assert [answer.result()[1].partition(b":")[0] for answer in refused] == [b"OVERLOADED"] * 5
    await asyncio.wait(taken)
    assert statuses(taken) == {Status.OK}
    (again,) = post(desk, "GetCost", YEAR, 1)
    assert (await again)[0] == Status.OK


async def test_a_long_quote_whose_turn_comes_after_its_deadline_is_refused(
    step: Callable[[float], None],
) -> None:
    desk = await opened()
    step(0.01)
    flood = post(desk, "GetCost", YEAR, 250)
    await asyncio.wait(flood)
    assert flood[0].result()[0] == Status.OK
    assert flood[-1].result()[1].startswith(b"OVERLOADED: ")


async def test_long_debits_of_one_account_let_other_accounts_in_between_and_are_all_charged(
    step: Callable[[float], None],
) -> None:
    step(0.001)
    desk = await opened(allow_negative=True)
    flood = post(desk, "Debit", YEAR, 300)
    assert await desk.ask("DebitBalance", **{**WHO, "Subject": "shop"}, Amount=1) == 99
    assert not all(answer.done() for answer in flood)
    await asyncio.wait(flood)
    assert statuses(flood) == {Status.OK}
    cost = (await desk.ask("GetCost", **YEAR))["Cost"]
    assert (await desk.ask("GetAccount", **WHO))["Credit"] == -300 * cost
    assert desk.counters.commits > 10


class CountingStore(MemoryStore):
    """A store that counts commits posted."""

    posted = 0

    def post(self, commit: Commit, done: Callable[[Outcome], None]) -> None:
        self.posted += 1
        super().post(commit, done)


async def test_quotes_of_an_account_that_others_keep_changing_need_no_commit_that_could_fail() -> None:
    store = CountingStore()
    desk = Desk(store)
    await desk.open_account(office(credit=units(100)))
    await desk.ask("DebitBalance", **WHO, Amount=0)
    posted = store.posted
    other = desk.other()
    for number in range(10):
        await other.ask("DebitBalance", **WHO, Amount=1)
        await asyncio.sleep(0)  # the rater is told in the next turn
        quotes = post(desk, "GetCost", (HOUR, YEAR)[number % 2], 3)
        assert not any(quote.done() for quote in quotes)
        await asyncio.wait(quotes)
        assert statuses(quotes) == {Status.OK}
    assert store.posted == posted


async def test_the_loop_has_its_turn_between_accounts_that_take_long(step: Callable[[float], None]) -> None:
    step(0.001)
    store = CountingStore()
    desk = Desk(store)
    keys = [{**WHO, "Subject": f"s{number}"} for number in range(50)]
    for key in keys:
        await desk.open_account(Account("acme", key["Subject"], credit=units(100)))
        await desk.ask("DebitBalance", **key, Amount=0)
    before = store.posted
    answers = [post(desk, "DebitBalance", key, 1)[0] for key in keys]
    await asyncio.sleep(0)
    assert 0 < store.posted - before < len(keys)
    await asyncio.wait(answers)
    assert statuses(answers) == {Status.OK}


def fail() -> None:
    raise ValueError("on purpose")


async def test_work_that_fails_does_not_stop_what_waits_behind_it() -> None:
    loop = asyncio.get_running_loop()
    failures: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: failures.append(context))
    leisure = Leisure(10)
    done = asyncio.Event()
    assert leisure.take(1, fail)
    assert leisure.take(9, done.set)
    assert not leisure.take(1, done.set)
    await done.wait()
    assert leisure.take(10, done.clear)
    assert len(failures) == 1
