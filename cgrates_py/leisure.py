"""Work that takes long and can wait: done one after the other, in half of the time at most.

What is usual takes its turn between any two slices of it, so a flood of the one is not felt by the other.
"""

import asyncio
from collections import deque
from collections.abc import Callable

SLICE_S = 0.005
"""How long it goes on at a time, but for the piece begun; then everything else has at least as long."""

PIECES_MAX = 5
"""Pieces in one go: one that only asks the store something takes its time later, in the account's lane."""


class Leisure:
    """A queue of long work: what waits weighs ``weight_max`` at most, in what unit its owner likes."""

    __slots__ = ("_loop", "_waiting", "_weight", "_weight_max", "_working")

    def __init__(self, weight_max: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()
        self._weight = 0
        self._weight_max = weight_max
        self._working = False

    def take(self, weight: int, work: Callable[[], None]) -> bool:
        """Have ``work`` done when there is time; False: too much waits already."""
        if self._weight + weight > self._weight_max:
            return False
        self._waiting.append((weight, work))
        self._weight += weight
        if not self._working:
            self._working = True
            self._loop.call_soon(self._go_on)
        return True

    def _go_on(self) -> None:
        began = now = self._loop.time()
        try:
            for _ in range(PIECES_MAX):
                if not self._waiting or now - began >= SLICE_S:
                    break
                weight, work = self._waiting.popleft()
                self._weight -= weight
                work()
                now = self._loop.time()
        finally:
            if self._waiting:
                self._loop.call_later(max(now - began, SLICE_S), self._go_on)
            else:
                self._working = False
