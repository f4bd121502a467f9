"""What the oracle answers with: values, and the constants of the rules."""

from dataclasses import dataclass
from fractions import Fraction

from rater.account import MinuteBucket
from rater.tariff import ActivationPeriod, DestinationRate, Interval, PlanLine, RateGroup, Tariff, Timing

SECOND = 10**9
DAY = 86_400 * SECOND
FALLBACK_DEPTH = 4
AMOUNT_MAX = 9_000_000_000 * SECOND


class NoRate(Exception):  # noqa: N818 -- an answer of the oracle, not a fault
    """There is no price; ``args[0]`` is the code that the answer begins with."""


@dataclass(frozen=True)
class Ask:
    """The call to price: ``[start_ns, end_ns)``, in a zone ``offset_ns`` east of Greenwich."""

    customer: str
    subject: str
    category: str
    number: str
    start_ns: int
    end_ns: int
    offset_ns: int = 0


@dataclass(frozen=True)
class Version:
    """A version of the tariff, and from when on calls are to be priced by it."""

    from_ns: int
    number: int
    tariff: Tariff


@dataclass(frozen=True)
class Line:
    """What a rating plan says at one instant: which line, in which timing, at which rate group."""

    prefix: str
    plan_line: PlanLine
    rate: DestinationRate
    index: int
    timing: Timing
    group: RateGroup | None

    @property
    def identity(self) -> tuple[str, int]:
        """Name the destination rate: what it prices is capped and rounded together."""
        return self.plan_line.destination_rates_id, self.index


@dataclass(frozen=True)
class Ruling:
    """What rules at one instant, by which version. Neighbours of equal ``key`` and version are one span."""

    key: tuple[object, ...]
    period: ActivationPeriod | None = None
    interval: Interval | None = None
    line: Line | None = None
    version: int = 0


@dataclass(frozen=True)
class Stretch:
    """One span of the answer: on minutes, under a ruling, or (neither) in a hole."""

    start_ns: int
    end_ns: int
    bucket: MinuteBucket | None = None
    ruling: Ruling | None = None


@dataclass(frozen=True)
class Price:
    """The answer. ``lines`` holds the exact, discounted sum of each destination rate before any cap."""

    cost: int
    connect_fee: int
    prefix: str
    stretches: tuple[Stretch, ...]
    exact: Fraction
    lines: tuple[tuple[DestinationRate, Fraction], ...]
