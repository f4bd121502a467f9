"""Catalogue values to test with."""

from decimal import Decimal

from rater.metering.catalogue import (
    Application,
    Metric,
    MetricRate,
    Provider,
    Service,
    ServiceToken,
    Tier,
    UsageLimit,
    UserKey,
)
from rater.metering.period import Period
from rater.usage.costs import FOREVER, CostAccount, CostService, ExtraCost, Share, UsagePrice, UsageType
from rater.usage.scrooge_setup import (
    PasswordHash,
    PricingService,
    ScroogeSetup,
    ServiceEnvironment,
    User,
)

PROVIDER = Provider("pk", ("1001", "1002"), "1001")
SERVICE = Service(
    "1001",
    "pk",
    "0123456789",
    mode="oauth",
    state="suspended",
    referrer_filters_required=True,
    metrics=(Metric("m1", "hits"), Metric("m2", "searches", "m1")),
    limits=(UsageLimit("p1", "m1", Period.DAY, 2**63), UsageLimit("p1", "m2", Period.ETERNITY, 0)),
    rates=(
        MetricRate("m1", (Tier(0, Decimal("0.10")), Tier(1000, Decimal("1E-21")))),
        MetricRate("m2", (), "p1", -1, 100, 1_000_000, Period.MONTH, True),
    ),
    alert_bins=(50, 300),
)
APPLICATION = Application(
    "1001", "a1", "abcdef0123", "0123456789",
    plan_id="p1", plan_name="Gold & more", redirect_url="https://example.org/", keys=("k1", "k2"),
    user_keys=("u1",), referrer_filters=("*.example.org",), account=("vdf", "49151123456"),
)  # fmt: skip
KEY_OF_USER = UserKey("1001", "u1", "a1")
TOKEN = ServiceToken("t" * 512, "1001")
SCROOGE = ScroogeSetup(
    users=(User("u", "k", password=PasswordHash(b"salt", b"digest")),),
    types=(UsageType("gb", "Gigabytes", order=-1),),
    prices=(UsagePrice("gb", 0, FOREVER, Decimal("0.10"), Decimal("1E-21")),),
    services=(CostService("s", "Service", ("v",), ("gb",), difference_to="s"),),
    shares=(Share("s", "gb", 0, 1, Decimal("33.33")),),
    ventures=(CostAccount("v", "Venture", active=False),),
    extra_costs=(ExtraCost("x", "v", 0, 1, Decimal(1), monthly=True),),
    pricing_services=(PricingService(1, "Store", "st", shares=(Share("st", "gb", 0, 1),)),),
    environments=(ServiceEnvironment("Shop", 11, "sc-11", "prod", ("host",), ("u",)),),
)
EVERY_KIND = (PROVIDER, SERVICE, APPLICATION, KEY_OF_USER, TOKEN, SCROOGE)
