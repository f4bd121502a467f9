"""Counters of several applications in one account: none touches another's."""

from dataclasses import replace
from decimal import Decimal

import pytest

from rater.account import Account
from rater.metering.catalogue import Application, Metric, MetricRate, Service, Tier
from rater.metering.counting import Transaction
from rater.metering.metering import Metering, Mode, meter
from rater.metering.period import Period, cell_of
from rater.metering.product import Product, Subscription
from rater.metering.value import Amount
from tests.metering.desk import NOW_NS

GENERATION = "0123456789"
ETERNITY = cell_of(Period.ETERNITY, NOW_NS)


def subscription(
    service_id: str, app_id: str, generation: str = GENERATION, *metric_ids: str
) -> Subscription:
    metrics = tuple(Metric(each, f"name of {each}") for each in metric_ids or ("m1",))
    service = Service(service_id, "pk", GENERATION, metrics=metrics)
    found = Application(service_id, app_id, generation, GENERATION, account=("", "rif"))
    return Subscription(found, Product(service))


def used(account: Account, whose: Subscription, number: int, code: str = "") -> Account:
    transaction = Transaction(whose, NOW_NS, (Amount("m1", number),), code)
    return meter(account, Metering(Mode.REPORT, NOW_NS, (transaction,)))[0]


def counted(account: Account, whose: Subscription, metric_id: str = "m1") -> int:
    return (account.usage or {}).get(whose.series[metric_id], {}).get(ETERNITY, 0)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("1001", "a1"), ("2002", "a1")),
        (("1001", "a1~0123456789:m1"), ("1001", "a1")),
        (("1001", "a1~x"), ("1001", "a1")),
        (("10/01", "a1"), ("10", "01/a1")),
        (("10%2F01", "a1"), ("10/01", "a1")),
    ],
)
def test_applications_that_one_account_pays_for_keep_their_own_counters(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    one, other = subscription(*first, "00000000a1"), subscription(*second, "00000000b2")
    account = used(used(used(Account("", "rif"), one, 7), other, 5), one, 1)
    assert (counted(account, one), counted(account, other)) == (8, 5)


def test_a_service_made_anew_leaves_nothing_of_the_application_of_the_same_id() -> None:
    former, anew = subscription("10/01", "a~1"), subscription("10/01", "a~1", "00000000b2")
    account = used(used(Account("", "rif"), former, 7, "200"), anew, 5)
    assert all(anew.application.generation in series for series in account.usage or ())
    assert counted(account, anew) == 5


def test_a_metric_that_is_called_like_a_code_is_not_counted_with_it() -> None:
    odd = subscription("1001", "a1", GENERATION, "m1", "#200", "#2XX", "!80")
    account = used(Account("", "rif"), odd, 1, "200")
    assert [counted(account, odd, each) for each in ("m1", "#200", "#2XX", "!80")] == [1, 0, 0, 0]


def test_a_circle_of_metrics_ends_at_its_first() -> None:
    service = Service("1001", "pk", GENERATION, metrics=(Metric("a", "a", "b"), Metric("b", "b", "a")))
    assert Product(service).lineage == {"a": ("a", "b"), "b": ("b", "a")}
    assert Product(replace(service, metrics=service.metrics[:1])).lineage == {"a": ("a",)}


@pytest.mark.parametrize("period", Period)
def test_late_usage_costs_what_it_would_have_cost_in_time(period: Period) -> None:
    """Packages of ten for 1.00: one unit begins a package, nine more fill it."""
    rate = MetricRate("m1", (Tier(0, Decimal(1)),), package=10, over=period)
    service = Service("1001", "pk", GENERATION, metrics=(Metric("m1", "hits"),), rates=(rate,))
    payer = Application("1001", "a1", GENERATION, GENERATION, account=("", "rif"))
    whose = Subscription(payer, Product(service))
    account = Account("", "rif")
    for number in (1, 9):
        late = Transaction(whose, NOW_NS - 86_400 * 10**9, (Amount("m1", number),))
        account, _ = meter(account, Metering(Mode.REPORT, NOW_NS, (late,)))
    assert account.credit == -(10**9)
