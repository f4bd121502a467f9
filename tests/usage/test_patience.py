"""Work that outlives who asked for it."""

import asyncio

import pytest

from cgrates_py.usage.patience import Patience


class Work:
    """Counts how often it was begun, and ends when told."""

    def __init__(self) -> None:
        self.begun = 0
        self.started = asyncio.Event()
        self.may_end = asyncio.Event()

    async def run(self) -> int:
        self.begun += 1
        self.started.set()
        number = self.begun
        await self.may_end.wait()
        return number

    async def fail(self) -> int:
        raise ValueError("it failed")


async def test_who_asks_again_gets_what_goes_on_and_then_something_new() -> None:
    work = Work()
    patience: Patience[int] = Patience(wait_s=0)
    assert [await patience.ask("a", work.run()) for _ in range(3)] == [None, None, None]
    assert work.begun == 1
    work.may_end.set()

    assert [await patience.ask("a", work.run()) for _ in range(2)] == [1, 2]


async def test_all_who_wait_are_told_the_same() -> None:
    patience: Patience[int] = Patience(wait_s=30)
    work = Work()
    asked = [asyncio.create_task(patience.ask("a", work.run())) for _ in range(3)]
    other = asyncio.create_task(patience.ask("b", work.run()))
    await asyncio.sleep(0)
    work.may_end.set()

    assert sorted(await asyncio.gather(*asked, other)) == [1, 1, 1, 2]  # type: ignore[type-var]  # -- all are numbers


async def test_work_goes_on_when_who_asked_is_gone() -> None:
    patience: Patience[int] = Patience(wait_s=30)
    work = Work()
    asked = asyncio.create_task(patience.ask("a", work.run()))
    await work.started.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    work.may_end.set()

    assert await patience.ask("a", work.run()) == 1


async def test_only_so_much_goes_on_at_once() -> None:
    patience: Patience[int] = Patience(wait_s=0, tasks_max=2)
    work = Work()
    for key in "abc":
        assert await patience.ask(key, work.run()) is None
    await asyncio.sleep(0)
    assert work.begun == 2
    work.may_end.set()


async def test_a_failure_is_raised_to_who_asks() -> None:
    patience: Patience[int] = Patience(wait_s=30)
    for _ in range(2):
        with pytest.raises(ValueError, match="it failed"):
            await patience.ask("a", Work().fail())


async def test_what_nobody_fetches_is_forgotten() -> None:
    patience: Patience[int] = Patience(wait_s=0, kept_s=0)
    work = Work()
    assert await patience.ask("a", work.run()) is None
    work.may_end.set()
    for _ in range(5):  # turns of the loop: the work ends, and is forgotten at once
        await asyncio.sleep(0)

    assert await patience.ask("a", work.run()) == 2
