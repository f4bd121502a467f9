"""Worlds that failed once, by name: the smallest plan that did (``--shrink`` finds it), and why it did.

A plan and not a seed: what a seed means changes with every draw that is added.
"""

from typing import NamedTuple

from stress.simulate.plan import Fault, Plan


class Regression(NamedTuple):
    """A world that failed, and the cause."""

    plan: Plan
    why: str


REGRESSIONS: dict[str, Regression] = {
    "a rater that was started while the balancer was stopped never came back": Regression(
        Plan(
            seed=57,
            raters=2,
            callers=1,
            accounts=(),
            asks=(),
            faults=(
                Fault(4.5132, "freeze", "balancer", 5.9492),
                Fault(4.5843, "kill", "r1", 1.3676, count=10),
            ),
            in_flight_max=20_000,
            connection_in_flight_max=4096,
            ends_at=12.0,
        ),
        "the handshake's time-out cancels the future `joined`, and abort() asked a cancelled future for its "
        "exception: the CancelledError ended the task that keeps the link",
    ),
}
