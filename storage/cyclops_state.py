"""What Cyclops RC remembers besides its records: policy, meters, and whether its scheduler runs."""

from dataclasses import dataclass
from typing import Literal

MeterType = Literal["gauge", "cumulative", "external"]


@dataclass(frozen=True, slots=True)
class Meter:
    """Something measured. ``type`` tells how values become one usage (``rater.usage.cyclops``).

    A meter that is not enabled is neither rated dynamically nor charged; what comes in for it is kept.
    """

    name: str
    type: MeterType = "cumulative"
    enabled: bool = True
    source: str = ""
    changed_ns: int = 0
    """When it was last set."""


@dataclass(frozen=True, slots=True)
class CyclopsState:
    """One document. ``rates`` are the static ones: JSON literals by resource, as they were posted, in order.

    They stay remembered while the policy is dynamic. ``source`` and ``time`` are what the last post of a
    static policy said about itself.
    """

    static: bool = False
    rates: tuple[tuple[str, str], ...] = ()
    source: str | None = None
    time: str | None = None
    meters: tuple[Meter, ...] = ()
    running: bool = True
    """Whether the scheduler runs: it does from the first start of a server on."""
    started_ns: int = 0
    """Since when; windows before it are nobody's."""

    def meter(self, name: str) -> Meter | None:
        """Find a meter."""
        return next((each for each in self.meters if each.name == name), None)
