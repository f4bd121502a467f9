"""Draw tariffs and calls from a seed, price each twice, and count the answers that agree to the last digit.

Run as ``python -m tests.oracle --answers 100000 --seed 1``; the exit status is 1 if any answer differs.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice

from cgrates_py.oracle.values import Ask
from rater.account import Account
from tests.oracle.compare import World, both
from tests.strategies.accounts import account
from tests.strategies.calls import ANCHORS, call
from tests.strategies.dice import Dice, seeded
from tests.strategies.tariffs import interval_tariff, plan_tariff

CALLS_PER_TARIFF = 25
SHOWN_MAX = 5


def questions(dice: Dice) -> Iterator[tuple[World, Ask, Account | None]]:
    """Endless tariffs, calls and accounts, of both kinds of tariff in turn."""
    for kind in cycle((interval_tariff, plan_tariff)):
        near = dice.among(ANCHORS)
        world = World.of(kind(dice, near))
        for _ in range(CALLS_PER_TARIFF):
            ask = call(dice, near, world.tariff)
            yield world, ask, account(dice, ask.subject) if dice.one_in(2) else None


@dataclass
class Tally:
    """How many answers of each kind there were, and the ones that differ."""

    kinds: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    @property
    def agreed(self) -> int:
        return self.kinds.total() - len(self.differences)


def compared(answers: int, seed: int) -> Tally:
    """Ask both sides ``answers`` questions."""
    tally = Tally()
    for n, (world, ask, holder) in enumerate(islice(questions(seeded(seed)), answers)):
        expected, actual = both(world, ask, holder)
        kind = "intervals" if world.tariff.rates else "rating plans"
        tally.kinds[expected if expected.isupper() else f"priced by {kind}"] += 1
        if expected != actual:
            tally.differences.append(f"answer {n}: {ask}\n{holder}\noracle: {expected}\nproduct: {actual}")
    return tally


def main() -> int:
    """Print how many answers agree; show the first that do not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    tally = compared(wanted.answers, wanted.seed)
    for difference in tally.differences[:SHOWN_MAX]:
        print(f"--- {difference}")
    for name, count in sorted(tally.kinds.items()):
        print(f"{count:>9} {name}")
    print(f"{tally.agreed} of {wanted.answers} answers agree (seed {wanted.seed})")
    return int(bool(tally.differences))


if __name__ == "__main__":
    sys.exit(main())
