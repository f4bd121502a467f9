"""What is sold by usage: services with metrics, limits and prices; applications that use them.

Immutable values. The names are those of the API that brings them in: a provider owns services, an
application uses one service under a plan, a metric counts, a limit bounds a metric over a period.
"""

from dataclasses import dataclass
from decimal import Decimal

from rater.metering.period import Period

ACTIVE = "active"

USER_KEY, APP_ID, OAUTH = "1", "2", "oauth"
"""How the applications of a service say who they are."""

_ESCAPES = str.maketrans({char: f"%{ord(char):02X}" for char in "%/~:"})

GENERATION_DIGITS = 10
"""Hexadecimal digits of a generation: 40 bits, so that two of one id are never the same."""

ALERT_BINS = (0, 50, 80, 90, 100, 120, 150, 200, 300)
"""Utilisations in percent that an alert can be asked for."""


@dataclass(frozen=True, slots=True)
class Metric:
    """Something counted. What is counted on it counts on its parent too."""

    metric_id: str
    name: str
    parent_id: str = ""


@dataclass(frozen=True, slots=True)
class UsageLimit:
    """At most ``maximum`` of a metric in each period of a kind, for the applications of a plan."""

    plan_id: str
    metric_id: str
    period: Period
    maximum: int


@dataclass(frozen=True, slots=True)
class Tier:
    """What the units after the first ``start`` of them cost: ``price`` for ``MetricRate.per`` units."""

    start: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class MetricRate:
    """What units of a metric cost from an instant on, until the next rate of the same metric and plan.

    Units are sold in packages of ``package``: one that is begun is paid. The tier is found by the units of
    one call, or with ``over`` by all units of that period so far. Each unit costs what its own tier says, or
    with ``whole`` what the tier says that the last one reached. Tiers ascend by their start; what lies before
    the first is free. ``rater.metering.pricing.cost`` is the arithmetic, with examples.
    """

    metric_id: str
    tiers: tuple[Tier, ...]
    plan_id: str = ""
    """Empty: for every plan that has no rate of its own."""
    from_ns: int = 0
    package: int = 1
    per: int | None = None
    """The price is for so many units: 1,000,000 for a price per million. None: for one package."""
    over: Period | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """One product of a provider."""

    service_id: str
    provider_key: str
    generation: str
    """Tells it from one of the same id that was deleted: what belonged to that is not its own."""
    mode: str = APP_ID
    state: str = ACTIVE
    referrer_filters_required: bool = False
    metrics: tuple[Metric, ...] = ()
    limits: tuple[UsageLimit, ...] = ()
    rates: tuple[MetricRate, ...] = ()
    alert_bins: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Application:
    """One user of a service. ``account`` is who pays (customer, subject); None: it is not charged."""

    service_id: str
    app_id: str
    generation: str
    service_generation: str
    state: str = ACTIVE
    plan_id: str = ""
    plan_name: str = ""
    redirect_url: str = ""
    keys: tuple[str, ...] = ()
    user_keys: tuple[str, ...] = ()
    referrer_filters: tuple[str, ...] = ()
    account: tuple[str, str] | None = None

    @property
    def account_key(self) -> tuple[str, str]:
        """The account that its usage is kept in: the one that pays, else one of its own."""
        return self.account or (self.service_id, self.app_id)

    @property
    def series(self) -> str:
        """What the names of its counters begin with: unlike any other's, whoever pays for both."""
        service_id, app_id = self.service_id.translate(_ESCAPES), self.app_id.translate(_ESCAPES)
        return f"{service_id}/{app_id}~{self.generation}:"


@dataclass(frozen=True, slots=True)
class Provider:
    """Whose key opens its services; the first one made is the default until another is said to be."""

    key: str
    service_ids: tuple[str, ...] = ()
    default_id: str = ""


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """A credential for one service, which need not exist yet."""

    token: str
    service_id: str


@dataclass(frozen=True, slots=True)
class UserKey:
    """Which application of a service a user key names."""

    service_id: str
    user_key: str
    app_id: str


CatalogueValue = Provider | Service | Application | UserKey | ServiceToken
