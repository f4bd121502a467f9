"""What a tariff is made of, as people write it: immutable values, nothing compiled.

Two ways to write one live side by side in a Tariff: activation periods and intervals per prefix (the
model of 2012), and rating plans of destinations, rates and timings (the CSV folder). ``rater.compiler``
compiles both into one form for look-up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Interval:
    """A price on the half-open clock ``[start_s, end_s)`` of the days that the lists allow.

    An empty list allows any day. Week days are 0 (Sunday) to 6. ``start_text`` and ``end_text`` are the
    clocks as written; an empty, ``23:59:59`` or ``24:00:00`` end is the end of the day (86 400 s).
    """

    price: Decimal
    billing_unit: Decimal = Decimal(1)
    connect_fee: Decimal = Decimal(0)
    weight: Decimal = Decimal(0)
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    week_days: tuple[int, ...] = ()
    start_s: int = 0
    end_s: int = DAY_SECONDS
    start_text: str = ""
    end_text: str = ""


@dataclass(frozen=True, slots=True)
class ActivationPeriod:
    """The intervals in force from ``activation_ns`` (nanoseconds since the epoch) on."""

    activation_ns: int
    intervals: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class PrefixRate:
    """The dated prices of one prefix. ``timezone`` (IANA) overrides the zone of the call.

    ``spanwise``: a running call is cut where another version of the tariff becomes active, and goes on at its
    prices; otherwise the version at its start prices all of it.
    """

    periods: tuple[ActivationPeriod, ...]
    timezone: str | None = None
    spanwise: bool = False


@dataclass(frozen=True, slots=True)
class BucketTemplate:
    """A minute bucket that a tariff plan gives: ``seconds_ns`` of talk at ``price`` a second."""

    destination_id: str
    seconds_ns: int
    priority: int = 0
    price: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bonus:
    """What an account gets each time its received calls reach the plan's limit (10⁻⁹ scale)."""

    credit: int = 0
    sms: int = 0
    traffic: int = 0
    bucket: BucketTemplate | None = None


@dataclass(frozen=True, slots=True)
class VolumeDiscount:
    """From ``volume_ns`` seconds of volume on, ``percent`` off the paid spans of a call."""

    volume_ns: int
    percent: Decimal


@dataclass(frozen=True, slots=True)
class TariffPlan:
    """What a subscriber's plan gives: quotas, a bonus for received calls, volume discounts.

    ``credit`` is None when the plan does not reset money.
    """

    plan_id: str
    sms: int = 0
    traffic: int = 0
    credit: int | None = None
    received_limit_ns: int = 0
    bonus: Bonus | None = None
    buckets: tuple[BucketTemplate, ...] = ()
    discounts: tuple[VolumeDiscount, ...] = ()


@dataclass(frozen=True, slots=True)
class Timing:
    """A day part of a CSV tariff: from ``start_s`` on the days that the lists allow (empty: any).

    ``timezone`` (IANA) overrides the zone of the call for the plans that use this timing.
    """

    timing_id: str
    years: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    week_days: tuple[int, ...] = ()
    start_s: int = 0
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class RateGroup:
    """One line of a rate: from ``group_start_ns`` of usage on, begun increments cost whole.

    An increment costs ``rate × increment_ns / unit_ns``.
    """

    connect_fee: Decimal
    rate: Decimal
    unit_ns: int
    increment_ns: int
    group_start_ns: int


class Rounding(StrEnum):
    """How the sum of the spans that one destination rate priced is rounded."""

    UP = "*up"
    MIDDLE = "*middle"
    DOWN = "*down"


class MaxCostStrategy(StrEnum):
    """What happens at the maximum cost: nothing more is charged, or the session has to end."""

    NONE = ""
    FREE = "*free"
    DISCONNECT = "*disconnect"


@dataclass(frozen=True, slots=True)
class DestinationRate:
    """A rate for a destination, and how its cost is rounded and capped (``max_cost`` None: no cap).

    ``destination_id`` ``*any`` matches every number, as the shortest prefix.
    """

    destination_id: str
    rates_id: str
    rounding: Rounding = Rounding.MIDDLE
    decimals: int = 9
    max_cost: Decimal | None = None
    max_cost_strategy: MaxCostStrategy = MaxCostStrategy.NONE


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One line of a rating plan: these destination rates, in this timing, with this weight.

    ``spanwise`` is as in PrefixRate, and the same in all lines of a plan.
    """

    destination_rates_id: str
    timing_id: str
    weight: Decimal = Decimal(0)
    spanwise: bool = False


@dataclass(frozen=True, slots=True)
class ProfileActivation:
    """The rating plan that a subject has from ``activation_ns`` on, and whom it falls back to."""

    activation_ns: int
    rating_plan_id: str
    fallback_subjects: tuple[str, ...] = ()


ANY = "*any"
"""Every destination, every timing or every subject, by the file's meaning."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """Everything that prices depend on. Accounts are not part of it.

    Keys: ``rates`` (CstmId, Subject) → prefix; ``profiles`` (tenant, category, subject); the rest by Id.
    Prefixes are as written; a leading ``+`` counts for nothing when matching.
    """

    rates: Mapping[tuple[str, str], Mapping[str, PrefixRate]] = field(default_factory=dict)
    destinations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plans: Mapping[str, TariffPlan] = field(default_factory=dict)
    timings: Mapping[str, Timing] = field(default_factory=dict)
    rate_groups: Mapping[str, tuple[RateGroup, ...]] = field(default_factory=dict)
    destination_rates: Mapping[str, tuple[DestinationRate, ...]] = field(default_factory=dict)
    rating_plans: Mapping[str, tuple[PlanLine, ...]] = field(default_factory=dict)
    profiles: Mapping[tuple[str, str, str], tuple[ProfileActivation, ...]] = field(default_factory=dict)
