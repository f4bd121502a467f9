"""What costs of usage are computed from: prices and shares with their days, services, accounts, extra costs.

A day is an ``int``, days since 1970-01-01 in UTC, as in books of records. Periods include both their ends.
Money and usage are exact; nothing is rounded before it is shown.
"""

from decimal import Decimal
from typing import NamedTuple

FOREVER = 2_932_896
"""The last day of the year 9999: a period that is open."""

_ZERO = Decimal(0)
_HUNDRED = Decimal(100)

BASE = "BU"
"""Kind of a metric that makes up what services cost."""
REGULAR = "RU"
"""Kind of a metric that is charged as it is."""
SERVICE = "SU"
"""Kind of a metric by which a service's cost is handed on."""


class UsageType(NamedTuple):
    """A metric as reports show it; ``order``: the highest comes first."""

    symbol: str
    name: str
    kind: str = SERVICE
    by_cost: bool = False
    """Its price follows from what it cost in all and how much was used."""
    by_warehouse: bool = False
    average: bool = False
    """Its count is shown per day."""
    order: int = 0
    shown: bool = True


class UsagePrice(NamedTuple):
    """What a unit of a metric is sold for on these days, or (``by_cost``) what all of it cost in them.

    Several rows for the same days add up where the price follows from the cost.
    """

    metric: str
    start: int
    end: int
    price: Decimal = _ZERO
    cost: Decimal = _ZERO
    forecast_price: Decimal = _ZERO
    forecast_cost: Decimal = _ZERO
    warehouse: str = ""


class Share(NamedTuple):
    """So many percent of a service's cost are handed on by the usage of a metric on these days."""

    service: str
    metric: str
    start: int
    end: int
    percent: Decimal = _HUNDRED


class CostService(NamedTuple):
    """A service: the accounts that provide it, what makes up its cost, the services it depends on."""

    symbol: str
    name: str
    providers: tuple[str, ...] = ()
    base: tuple[str, ...] = ()
    """Metrics of which the providers' costs are its own."""
    depends_on: tuple[str, ...] = ()
    fixed_price: bool = False
    """Its metrics have prices of their own, shares do not count."""
    difference_to: str = ""
    """The service that bears what a fixed price brings less than it costs."""


class ExtraCost(NamedTuple):
    """A cost of an account that no usage explains: of each month (``monthly``), or of its days in all."""

    name: str
    account: str
    start: int
    end: int
    cost: Decimal
    forecast_cost: Decimal = _ZERO
    monthly: bool = False


class CostAccount(NamedTuple):
    """Whom costs are charged to, with what reports tell of it; ``parent``: a symbol."""

    symbol: str
    name: str
    parent: str = ""
    department: str = ""
    segment: str = ""
    profit_center: str = ""
    active: bool = True


class CostSetup(NamedTuple):
    """All that costs are computed from besides the usage itself."""

    types: tuple[UsageType, ...] = ()
    prices: tuple[UsagePrice, ...] = ()
    services: tuple[CostService, ...] = ()
    shares: tuple[Share, ...] = ()
    accounts: tuple[CostAccount, ...] = ()
    extra_costs: tuple[ExtraCost, ...] = ()
