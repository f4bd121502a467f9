"""Reports of costs: reads the books of usage page by page, adds up while reading, and has the rest computed.

No more than one day's rows are held at a time. Whoever answers others meanwhile is not kept waiting: what
takes long is done in a thread, one report after the other.
"""

import asyncio
import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from cgrates_py.usage.scrooge import values
from cgrates_py.usage.scrooge.push import BOOK
from rater.usage.costs import CostAccount, CostService, CostSetup
from rater.usage.costs_environments import CostNode, EnvironmentCosts
from rater.usage.costs_report import Report, ventures_report
from rater.usage.costs_usage import UsageTable, Window
from rater.usage.scrooge_setup import ScroogeSetup
from storage.daybook import Daybook

DAYS_MAX = 3_700
"""Days of one report: ten years."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class ReportError(ValueError):
    """A report is asked for in a way that there is none: the text names what and tells why."""


class Wanted(NamedTuple):
    """Which report of ventures: its days; at forecast prices or real; of active ventures or all."""

    window: Window
    forecast: bool = False
    active_only: bool = False


def read_window(start: str, end: str, names: tuple[str, str] = ("start", "end")) -> Window:
    """Read two dates ``YYYY-MM-DD``, both included. Raises ReportError."""
    days = []
    for name, text in zip(names, (start, end), strict=True):
        day = values.iso_day(text) if _DATE.fullmatch(text) else None
        if day is None or not 0 <= day < values.DAYS_MAX:
            raise ReportError(f"{name}: expected a date YYYY-MM-DD from 1970 on, got {text[:40]!r}")
        days.append(day)
    window = Window(*days)
    if not 1 <= window.days <= DAYS_MAX:
        raise ReportError(f"{names[1]}: expected a day from {names[0]} on, within {DAYS_MAX} days")
    return window


async def read_usage(
    store: Daybook,
    setup: CostSetup,
    window: Window,
    parts: Iterable[Window] = (),
) -> UsageTable:
    """Add up what was used in a window, and what its prices need besides. Raises StoreError."""
    usage = UsageTable(setup, window, parts)
    for day in usage.needed(await store.days(BOOK)):
        (entries,) = await store.read_days(BOOK, [day])
        await asyncio.to_thread(usage.add_day, day, entries)
    return usage


class Reports:
    """Makes reports, one at a time: each may take seconds and memory."""

    def __init__(self, store: Daybook) -> None:
        self._store = store
        self._turn = asyncio.Lock()

    async def ventures(self, setup: ScroogeSetup, wanted: Wanted) -> Report:
        """Make the report of ventures, and of environments that used anything.

        Raises StoreError and CostSetupError.
        """
        costs = setup.costs
        async with self._turn:
            usage = await read_usage(self._store, costs, wanted.window)
            costs = costs._replace(accounts=(*costs.accounts, *_environments(setup, usage)))
            return await asyncio.to_thread(
                ventures_report,
                costs,
                usage,
                forecast=wanted.forecast,
                active_only=wanted.active_only,
                currency=setup.currency,
            )

    async def environments(
        self, setup: ScroogeSetup, accounts: Collection[str], parts: Sequence[Window], *, forecast: bool
    ) -> list[dict[str, CostNode]]:
        """Tell what environments bear in each part of a window. Raises StoreError and CostSetupError."""
        costs = environment_costs(setup)
        window = Window(parts[0].start, parts[-1].end)
        async with self._turn:
            usage = await read_usage(self._store, costs, window, parts)
            model = EnvironmentCosts(costs, usage, forecast)
            return await asyncio.to_thread(lambda: [model.of(accounts, part) for part in parts])


def _environments(setup: ScroogeSetup, usage: UsageTable) -> list[CostAccount]:
    """List the environments that are charged beside ventures."""
    used = usage.accounts() - {each.symbol for each in setup.ventures}
    return [
        CostAccount(each.account, each.account, segment=each.business_line, profit_center=each.profit_center)
        for each in setup.environments
        if each.account in used
    ]


def environment_costs(setup: ScroogeSetup) -> CostSetup:
    """Give the part that costs of environments are computed from."""
    services = tuple(
        CostService(each.symbol or each.name, each.name, fixed_price=each.fixed_price)
        for each in setup.pricing_services
    )
    shares = tuple(
        share._replace(service=each.symbol or each.name)
        for each in setup.pricing_services
        for share in each.shares
    )
    return CostSetup(setup.types, setup.prices, services, shares)
