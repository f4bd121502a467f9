"""One source of chance with two engines, so that a world is described once.

Everything random is made of ``roll(low, high)``. Hypothesis shrinks towards the low ends, hence the plain
choices stand first in every sequence; a seeded ``random.Random`` serves the long run without Hypothesis.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from hypothesis import strategies as st

Thing = TypeVar("Thing")


class Dice:
    """Chance: ``roll(low, high)`` gives an integer between the two, both included."""

    def __init__(self, roll: Callable[[int, int], int]) -> None:
        self.roll = roll

    def among(self, things: Sequence[Thing]) -> Thing:
        return things[self.roll(0, len(things) - 1)]

    def one_in(self, n: int) -> bool:
        return self.roll(0, n - 1) == n - 1

    def some(self, things: Sequence[Thing], most: int) -> tuple[Thing, ...]:
        """Between none and ``most`` different things, in an order of chance."""
        left = list(things)
        return tuple(left.pop(self.roll(0, len(left) - 1)) for _ in range(self.roll(0, min(most, len(left)))))

    def times(self, low: int, high: int) -> range:
        return range(self.roll(low, high))


def seeded(seed: int) -> Dice:
    return Dice(Random(seed).randint)


def drawn(world: Callable[[Dice], Thing]) -> st.SearchStrategy[Thing]:
    """A Hypothesis strategy of worlds that are described with dice."""

    @st.composite
    def build(draw: st.DrawFn) -> Thing:
        return world(Dice(lambda low, high: draw(st.integers(low, high))))

    return build()
