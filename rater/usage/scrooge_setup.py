"""What Scrooge is set up with: who may push, for which services, accounts and metrics, at which prices.

All of it is one value, changed as a whole. Days are ``int``, days since 1970-01-01 in UTC; periods include
both their ends, as in ``rater.usage.costs``, whose values these are where costs follow from them.
"""

from typing import NamedTuple

from rater.usage.costs import CostAccount, CostService, CostSetup, ExtraCost, Share, UsagePrice, UsageType


class PasswordHash(NamedTuple):
    """What is kept of a password: scrypt of it, under a salt of its own."""

    salt: bytes
    digest: bytes


class User(NamedTuple):
    """Who may push and read, with a key; with a password, the key can be asked for."""

    name: str
    key: str
    active: bool = True
    superuser: bool = False
    password: PasswordHash | None = None


class PricingService(NamedTuple):
    """A service as usage is pushed for since 2014: ``shares`` tells its metrics and the days of each."""

    number: int
    name: str
    symbol: str = ""
    active: bool = True
    fixed_price: bool = False
    shares: tuple[Share, ...] = ()


class ServiceEnvironment(NamedTuple):
    """Whom usage is charged to since 2014: a service in an environment, and the objects that are its own."""

    service: str
    number: int
    uid: str
    environment: str
    objects: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    """Names of the users who may read its costs."""
    profit_center: str = ""
    business_line: str = ""

    @property
    def account(self) -> str:
        """Name it as the account of records."""
        return f"{self.service}/{self.environment}"


class ScroogeSetup(NamedTuple):
    """Everything, each part in the order in which it was made known."""

    users: tuple[User, ...] = ()
    types: tuple[UsageType, ...] = ()
    prices: tuple[UsagePrice, ...] = ()
    services: tuple[CostService, ...] = ()
    shares: tuple[Share, ...] = ()
    ventures: tuple[CostAccount, ...] = ()
    extra_costs: tuple[ExtraCost, ...] = ()
    pricing_services: tuple[PricingService, ...] = ()
    environments: tuple[ServiceEnvironment, ...] = ()
    currency: str = "PLN"

    @property
    def costs(self) -> CostSetup:
        """Give the part that costs of ventures are computed from."""
        return CostSetup(self.types, self.prices, self.services, self.shares, self.ventures, self.extra_costs)
