"""Worlds of usage and prices as small tables: days are counted from 1 October 2013."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from rater.usage.costs import (
    BASE,
    REGULAR,
    CostService,
    CostSetup,
    Share,
    UsagePrice,
    UsageType,
)
from rater.usage.costs_prices import Pricing
from rater.usage.costs_services import Services
from rater.usage.costs_usage import WAREHOUSE, UsageTable, Window
from rater.usage.records import DAY_S, DayEntry, Row

DAY_NS = DAY_S * 1_000_000_000


class Used(NamedTuple):
    """So much of a metric, by one account on one day."""

    day: int
    account: str
    metric: str
    value: str
    warehouse: str = ""


def october(day: int, month: int = 10) -> int:
    """Number a day of October 2013, or of another month of that year."""
    return (date(2013, month, day) - date(1970, 1, 1)).days


def window(first: int, last: int) -> Window:
    """Make a window of October 2013."""
    return Window(october(first), october(last))


def table(setup: CostSetup, over: Window, used: Iterable[Used]) -> UsageTable:
    """Add up usage day by day."""
    days: dict[int, list[Row]] = {}
    for each in used:
        link = WAREHOUSE + each.warehouse if each.warehouse else ""
        at_ns = each.day * DAY_NS
        row = Row(each.account, each.metric, each.value, at_ns, at_ns + DAY_NS, link=link)
        days.setdefault(each.day, []).append(row)
    found = UsageTable(setup, over)
    for day in found.needed(sorted(days)):
        found.add_day(day, [(1, DayEntry(0, "test", tuple(days[day])))])
    return found


class Computed(NamedTuple):
    """What costs are asked of."""

    usage: UsageTable
    pricing: Pricing
    services: Services


def computed(setup: CostSetup, over: Window, used: Iterable[Used], *, forecast: bool = False) -> Computed:
    """Put all parts together."""
    usage = table(setup, over, used)
    pricing = Pricing(setup, usage, forecast)
    return Computed(usage, pricing, Services(setup, usage, pricing, forecast))


def accounts_1_to_4() -> list[Used]:
    """Tell the usage of the acceptance cases: from the 8th to the 22nd, the same every day."""
    return [
        Used(
            october(day),
            str(account),
            metric,
            str(each * account),
            str(2 - day % 2) if metric == "T2" else "",
        )
        for day in range(8, 23)
        for account in range(1, 5)
        for metric, each in (("T1", 10), ("T2", 20), ("T3", 30), ("T4", 40))
    ]


PERIODS = ((5, 12), (13, 17), (18, 25))


def prices(metric: str, *values: int, warehouse: str = "", cost: bool = False) -> tuple[UsagePrice, ...]:
    """Make prices (``cost``: costs) of the three periods of the acceptance cases."""
    return tuple(
        UsagePrice(
            metric,
            october(first),
            october(last),
            Decimal() if cost else Decimal(value),
            Decimal(value) if cost else Decimal(),
            warehouse=warehouse,
        )
        for (first, last), value in zip(PERIODS, values, strict=True)
    )


def priced_types(more: Iterable[UsagePrice] = ()) -> CostSetup:
    """Set up the four metrics of the acceptance cases."""
    return CostSetup(
        types=(
            UsageType("T1", "T1", BASE),
            UsageType("T2", "T2", BASE, by_cost=True, by_warehouse=True),
            UsageType("T3", "T3", BASE, by_cost=True),
            UsageType("T4", "T4", REGULAR, average=True),
            UsageType("S1", "S1"),
            UsageType("S2", "S2"),
        ),
        prices=(
            *prices("T1", 10, 20, 30),
            *prices("T2", 3600, 5400, 4800, warehouse="1", cost=True),
            *prices("T2", 3600, 3600, 7200, warehouse="2", cost=True),
            *prices("T4", 10, 20, 30),
            *more,
        ),
    )


def two_customers() -> tuple[CostSetup, list[Used]]:
    """Set up a service of accounts 1 and 2 that two customers use, by shares that change on the 16th."""
    shares = [
        Share("S", metric, october(first), october(last), Decimal(percent))
        for first, last, percents in ((1, 15, (30, 70)), (16, 30, (40, 60)))
        for metric, percent in zip(("S1", "S2"), percents, strict=True)
    ]
    setup = priced_types()._replace(
        services=(CostService("S", "S", ("1", "2"), ("T1", "T2")),), shares=tuple(shares)
    )
    used = [
        Used(october(day), f"c{customer}", metric, str(each * customer))
        for day in range(8, 23)
        for customer in (1, 2)
        for metric, each in (("S1", 10), ("S2", 20))
    ]
    return setup, [*accounts_1_to_4(), *used]


def plain(costs: Mapping[str, Fraction]) -> dict[str, str]:
    """Print costs."""
    return {account: str(cost) for account, cost in sorted(costs.items())}
