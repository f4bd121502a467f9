"""Worlds that failed once, by name: the smallest plan that did (``--shrink`` finds it), and why it did.

A plan and not a seed: what a seed means changes with every draw that is added.
"""

from typing import NamedTuple

from rater.account import Account
from stress.simulate.plan import UNIT, Ask, Fault, Kind, Plan


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
        "exception: the CancelledError ended the task that keeps the link (balancer/link.py, _End.abort)",
    ),
    "a rater that was stopped for a minute did again what another had done": Regression(
        Plan(
            seed=74,
            raters=2,
            callers=1,
            accounts=(Account("c1", "s0", credit=1_000 * UNIT),),
            asks=(Ask(10, 10.5331, 0, "c1", "s0", Kind.DEBIT_BALANCE, 3 * UNIT + 10, ""),),
            faults=(Fault(8.5073, "freeze", "r0", 63.5527),),
            in_flight_max=20_000,
            connection_in_flight_max=4096,
            ends_at=90.0,
        ),
        "the request waited in the socket of the stopped rater, where a lost connection leaves it readable; "
        "the balancer sent it elsewhere after SILENCE_S; read after more than RETRY_TTL_S, its answer was "
        "forgotten and its deadline began anew (balancer/link.py, _End.data_received)",
    ),
}
