"""Work that may take longer than an answer: it goes on when who asked is gone, and who asks again gets it."""

import asyncio
from collections.abc import Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

WAIT_S = 3.0
"""How long an ask waits: an answer has 3.9 s, of which the store may take some before."""
KEPT_S = 60.0
"""How long a result waits to be asked for again, hence how old it may be; then it is forgotten."""
TASKS_MAX = 8
"""Pieces of work that go on or wait to be fetched."""


class Patience(Generic[T]):
    """Pieces of work by key: of one key there is one at a time."""

    def __init__(self, wait_s: float = WAIT_S, kept_s: float = KEPT_S, tasks_max: int = TASKS_MAX) -> None:
        self._wait_s = wait_s
        self._kept_s = kept_s
        self._tasks_max = tasks_max
        self._tasks: dict[Hashable, asyncio.Task[T]] = {}

    async def ask(self, key: Hashable, work: Coroutine[Any, Any, T]) -> T | None:
        """Tell what ``work`` makes, or what goes on under its key; None: ask again later.

        A result is told once it is there, to all who wait, and then no more: the next one is made anew.
        Raises what the work raises.
        """
        task = self._tasks.get(key)
        if task is not None or len(self._tasks) >= self._tasks_max:
            work.close()
        else:
            task = self._tasks[key] = asyncio.create_task(work)
            task.add_done_callback(lambda done: self._forget_later(key, done))
        if task is None:
            return None
        done, _ = await asyncio.wait([task], timeout=self._wait_s)
        if not done:
            return None
        self._forget(key, task)
        return task.result()

    def _forget_later(self, key: Hashable, task: asyncio.Task[T]) -> None:
        asyncio.get_running_loop().call_later(self._kept_s, self._forget, key, task)

    def _forget(self, key: Hashable, task: asyncio.Task[T]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
            if not task.cancelled():
                task.exception()  # looked at: nobody may come for it
