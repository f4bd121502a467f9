"""Explain calls of random tariffs, and count the explanations that agree with GetCost and with the oracle.

Run as ``python -m tests.oracle.explained --calls 100000 --seed 1``; the exit status is 1 if any differs.
"""

import argparse
import sys
import time
from collections import Counter
from itertools import islice

from cgrates_py.explain.document import described, printed
from cgrates_py.explain.opinion import recomputed
from cgrates_py.oracle.values import Version
from rater.account import Account
from rater.charging import Operation, Request, decide
from rater.explain.nearest import completed
from rater.explain.pricing import explain
from rater.explain.values import Explanation
from rater.rating import Call, CallCost, price_call
from rater.refusal import Refusal
from tests.oracle.__main__ import questions
from tests.oracle.compare import World, call_of
from tests.strategies.dice import seeded


def disagreement(world: World, call: Call, holder: Account | None, told: Explanation) -> str:
    """What an explanation gets wrong; empty: nothing."""
    answer = price_call(world.book, call, holder)
    if isinstance(answer, CallCost):
        same = (told.cost, told.connect_fee, told.prefix) == (answer.cost, answer.connect_fee, answer.prefix)
        if not same or told.refusal is not None or round(told.exact) != answer.cost:
            return f"GetCost says {answer.cost}, the explanation {told.cost}"
        if not all(each.holds for each in told.conditions):
            return f"it has a price, and yet {told.conditions[-1]}"
    elif told.refusal != answer or told.conditions[-1].holds:
        return f"GetCost says {answer}, the explanation {told.refusal} for {told.conditions[-1:]}"
    if holder is not None:
        decision = decide(world.book, holder, Request(Operation.DEBIT, call))
        refused = isinstance(decision.answer, Refusal)
        (debit,) = told.charges
        if debit.after != decision.account or refused == all(each.holds for each in debit.conditions):
            return f"Debit says {decision.answer}, the explanation {debit}"
    opinion = recomputed([Version(call.start_ns, 0, world.tariff)], told)
    return "" if opinion.agrees or opinion.agrees is None else opinion.note


def main() -> int:
    """Print how many explanations agree, and how long they took; show the first that do not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    kinds: Counter[str] = Counter()
    wrong, spent, described_s = 0, 0.0, 0.0
    for world, ask, holder in islice(questions(seeded(wanted.seed)), wanted.calls):
        call = call_of(ask)
        began = time.perf_counter()
        told = explain(world.book, call, holder)
        explained = time.perf_counter()
        told = completed(world.book, told)
        printed(described(told))
        spent += explained - began
        described_s += time.perf_counter() - explained
        kinds[told.refusal.code if told.refusal is not None else "priced"] += 1
        if problem := disagreement(world, call, holder, told):
            wrong += 1
            if wrong <= 5:
                print(f"--- {ask}\n{holder}\n{problem}")
    for name, count in sorted(kinds.items()):
        print(f"{count:>9} {name}")
    print(f"{wanted.calls - wrong} of {wanted.calls} explanations agree (seed {wanted.seed})")
    per_call = 1e6 / wanted.calls
    print(
        f"{spent * per_call:.0f} µs to explain, {described_s * per_call:.0f} µs to describe and print, mean"
    )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
