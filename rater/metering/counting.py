"""Counts transactions in an account's counters, and tells what that leads to."""

from collections.abc import Mapping
from typing import NamedTuple

from rater.instant import SECOND
from rater.metering.period import Period, bounds_s, cells_of, kind_of
from rater.metering.product import Limit, Subscription
from rater.metering.usage import Usage
from rater.metering.value import Amount, spread

KEPT_S = 86_400
"""A cell is kept so long after its period ended: a report may be as old."""
MINUTES_KEPT_S = 180
"""… and that of a minute so long, unless a price depends on what was used in it."""
ALERT_AGAIN_S = 86_400
"""An alert is raised for one utilisation of one application once in so long."""

_CODE_PERIODS = (Period.ETERNITY, Period.MONTH, Period.DAY)
_NAMED_CODES = frozenset({"200", "403", "404", "500", "503"})
_CODE_CLASSES = frozenset("245")


class Transaction(NamedTuple):
    """What one application used at one time. ``code`` is the status of the call, for statistics."""

    subscription: Subscription
    at_ns: int
    amounts: tuple[Amount, ...]
    code: str = ""
    flat: bool = False
    """Whether the amounts are meant as they stand, without the ancestors of their metrics."""


class LimitState(NamedTuple):
    """One limit, what is used of it, and whether that was beyond it before this call."""

    limit: Limit
    cell: int
    current: int
    exceeded: bool


class Raised(NamedTuple):
    """Something that a booking led to: a kind of event of an application.

    For an alert also the limit that is fullest, what part of it is used (``reached``, in percent), and the
    utilisation asked for that it came to.
    """

    kind: str
    subscription: Subscription
    utilization: int = 0
    reached: int = 0
    state: LimitState | None = None


def states_of(
    usage: Usage | None, subscription: Subscription, cells: tuple[int, ...]
) -> tuple[LimitState, ...]:
    """Tell what is used of each limit in the periods that hold an instant."""
    states = []
    for limit in subscription.limits:
        counted = usage.get(subscription.series[limit.metric_id]) if usage is not None else None
        cell = cells[limit.period]
        current = counted.get(cell, 0) if counted is not None else 0
        states.append(LimitState(limit, cell, current, current > limit.maximum))
    return tuple(states)


def touched_by(transaction: Transaction) -> dict[str, tuple[int, bool]]:
    """Tell what a transaction means for each metric: (number, replaces)."""
    lineage = None if transaction.flat else transaction.subscription.product.lineage
    return spread(transaction.amounts, lineage)


class Counting:
    """An account's counters while transactions are added: what is touched is copied once."""

    __slots__ = ("_before", "_events", "_now_ns", "_now_s", "_seen", "_touched")

    def __init__(self, usage: Usage | None, now_ns: int) -> None:
        self._before: Usage = usage or {}
        self._touched: dict[str, dict[int, int]] = {}
        self._now_ns = now_ns
        self._now_s = now_ns // SECOND
        self._events: list[Raised] = []
        self._seen: dict[str, Subscription] = {}

    @property
    def changed(self) -> bool:
        """Whether anything was counted."""
        return bool(self._touched)

    def usage(self) -> Usage | None:
        """Tell the counters afterwards."""
        after = {**self._before, **self._touched}
        for series, cells in self._touched.items():
            if not cells:
                del after[series]
        return after or None

    def counted(self, subscription: Subscription, metric_id: str, cell: int) -> int:
        """Tell what is counted in a cell so far."""
        return self._cells(subscription.series[metric_id]).get(cell, 0)

    def count(self, transaction: Transaction) -> None:
        """Count one transaction, if there is anything in it."""
        amounts = tuple(each for each in transaction.amounts if each.number or each.replaces)
        if not amounts:
            return
        subscription = transaction.subscription
        cells = every = cells_of(transaction.at_ns)
        if self._now_s - transaction.at_ns // SECOND >= MINUTES_KEPT_S + 60:
            cells = cells[: Period.MINUTE]
        priced = subscription.product.priced_by_minute
        for metric_id, (number, replaces) in touched_by(transaction._replace(amounts=amounts)).items():
            series = subscription.series[metric_id]
            if metric_id in priced:
                self._add(series, every, number, replaces, KEPT_S)
            else:
                self._add(series, cells, number, replaces)
        if len(transaction.code) == 3 and transaction.code.isascii() and transaction.code.isdecimal():
            self._count_code(subscription, cells, transaction.code)
        self._count_traffic(subscription)

    def raised(self) -> tuple[Raised, ...]:
        """Tell what the bookings led to: first traffic, and alerts of limits."""
        usage = self.usage()
        for subscription in self._seen.values():
            self._alert(usage, subscription)
        return tuple(self._events)

    def _add(
        self,
        series: str,
        cells: tuple[int, ...],
        number: int,
        replaces: bool = False,
        minutes_kept_s: int = MINUTES_KEPT_S,
    ) -> None:
        counted = self._writable(series)
        added = False
        for cell in cells:
            known = counted.get(cell)
            after = number if replaces or known is None else known + number
            added = added or known is None
            if after:
                counted[cell] = after
            else:
                counted.pop(cell, None)
        if added:
            self._forget_old(counted, minutes_kept_s)

    def _cells(self, series: str) -> Mapping[int, int]:
        cells = self._touched.get(series)
        return self._before.get(series, {}) if cells is None else cells

    def _writable(self, series: str) -> dict[int, int]:
        cells = self._touched.get(series)
        if cells is None:
            cells = self._touched[series] = dict(self._before.get(series) or {})
        return cells

    def _forget_old(self, counted: dict[int, int], minutes_kept_s: int) -> None:
        """Drop the cells whose periods ended long ago."""
        for cell in list(counted):
            bounds = bounds_s(cell)
            if bounds is not None:
                kept_s = minutes_kept_s if kind_of(cell) is Period.MINUTE else KEPT_S
                if bounds[1] + kept_s <= self._now_s:
                    del counted[cell]

    def _count_code(self, subscription: Subscription, cells: tuple[int, ...], code: str) -> None:
        kept = tuple(cells[period] for period in _CODE_PERIODS)
        if code[0] in _CODE_CLASSES:
            self._add(f"{subscription.codes}{code[0]}XX", kept, 1)
        if code in _NAMED_CODES:
            self._add(subscription.codes + code, kept, 1)

    def _count_traffic(self, subscription: Subscription) -> None:
        """Count the transaction itself by its day of receipt; the first, ever and of a day, is news."""
        now = cells_of(self._now_ns)
        ever, day = now[Period.ETERNITY], now[Period.DAY]
        counted = self._cells(subscription.traffic)
        if ever not in counted:
            self._events.append(Raised("first_traffic", subscription))
            self._forget_former(subscription)
        if day not in counted:
            self._events.append(Raised("first_daily_traffic", subscription))
        self._add(subscription.traffic, (ever, day), 1)
        self._seen[subscription.traffic] = subscription

    def _forget_former(self, subscription: Subscription) -> None:
        """Drop the counters of a deleted application of the same id."""
        own = subscription.traffic[:-1]
        named = own[: own.rindex("~") + 1]
        for series in self._before:
            if series.startswith(named) and not series.startswith(own):
                self._touched[series] = {}

    def _alert(self, usage: Usage | None, subscription: Subscription) -> None:
        """Raise an alert if the fullest limit reached a bin that the service asks for: each once a day."""
        bins = subscription.product.service.alert_bins
        if not bins:
            return
        fullest: tuple[int, LimitState] | None = None
        for state in states_of(usage, subscription, cells_of(self._now_ns)):
            maximum = state.limit.maximum
            percent = state.current * 100 // maximum if maximum else 0
            if fullest is None or percent > fullest[0]:
                fullest = (percent, state)
        reached = [each for each in bins if fullest is not None and each <= fullest[0]]
        if fullest is None or not reached:
            return
        series = f"{subscription.alerted}{max(reached)}"
        minute = cells_of(self._now_ns)[Period.MINUTE]
        for earlier in self._before.get(series, ()):
            bounds = bounds_s(earlier)
            if bounds is not None and abs(self._now_s - bounds[0]) < ALERT_AGAIN_S:
                return
        self._touched[series] = {minute: 1}
        self._events.append(Raised("alert", subscription, max(reached), *fullest))
