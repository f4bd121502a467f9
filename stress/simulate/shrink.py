"""Makes a failing plan smaller: leaves out faults, requests and machines for as long as it still fails."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from stress.simulate.mutants import Mutant
from stress.simulate.plan import Plan
from stress.simulate.world import simulate


def shrink(plan: Plan, mutant: type[Mutant], said: Callable[[str], None]) -> Plan:
    """Give the smallest failing plan that single steps reach from a failing one."""
    smaller: Plan | None = plan
    while smaller is not None:
        plan = smaller
        said(f"{len(plan.faults)} faults, {len(plan.asks)} requests, {plan.raters} raters")
        smaller = next((each for each in _smaller(plan) if simulate(each, mutant).findings), None)
    return plan


def _smaller(plan: Plan) -> Iterator[Plan]:
    for size in (16, 4, 1):
        for start in range(0, len(plan.asks), size):
            yield replace(plan, asks=plan.asks[:start] + plan.asks[start + size :])
            if size > len(plan.asks):
                break
    for place in range(len(plan.faults)):
        yield replace(plan, faults=plan.faults[:place] + plan.faults[place + 1 :])
    used = {(ask.customer, ask.subject) for ask in plan.asks}
    kept = tuple(
        account for account in plan.accounts if any(subject == account.subject for _, subject in used)
    )
    if len(kept) < len(plan.accounts):
        yield replace(plan, accounts=kept)
    last = f"r{plan.raters - 1}"
    if plan.raters > 1 and not any(last in (fault.target, fault.other) for fault in plan.faults):
        yield replace(plan, raters=plan.raters - 1)
