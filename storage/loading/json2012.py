"""The four JSON files of the 2012 original: prices per prefix, destinations, tariff plans, budgets.

Names of members match in any case and unknown members are ignored. Numbers are read exactly.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from rater.account import Account, MinuteBucket
from rater.tariff import (
    DAY_SECONDS,
    ActivationPeriod,
    Bonus,
    BucketTemplate,
    Interval,
    PrefixRate,
    Tariff,
    TariffPlan,
    VolumeDiscount,
)
from storage.loading import values
from storage.loading.calendar import Slot, hole, matches_sometime
from storage.loading.document import Node, Record, elements, kind
from storage.loading.folder import Folder
from storage.loading.report import shown
from storage.loading.tables import Table

RATE = ("TOR", "CstmId", "Subject", "DestinationPrefix", "ActivationPeriods", "Timezone", "AtActivation")
PERIOD = ("ActivationTime", "Intervals")
INTERVAL = (
    "Month",
    "MonthDay",
    "WeekDays",
    "StartTime",
    "EndTime",
    "Ponder",
    "ConnectFee",
    "Price",
    "BillingUnit",
)
DESTINATION = ("Id", "Prefixes")
BUCKET = ("Seconds", "Priority", "Price", "DestinationId")
BONUS = ("Credit", "SmsCredit", "Traffic", "MinuteBucket")
DISCOUNT = ("Volume", "Discount")
LIMIT_SPELLINGS = ("ReceivedCallSecondsLimit", "ReceivedCallsSecondsLimit")
BONUS_SPELLINGS = ("RecivedCallBonus", "ReceivedCallBonus")
PLAN = (
    "Id",
    "SmsCredit",
    "Traffic",
    "Credit",
    *LIMIT_SPELLINGS,
    *BONUS_SPELLINGS,
    "MinuteBuckets",
    "VolumeDiscountThresholds",
)
BUDGET = (
    "Id",
    "CstmId",
    "Credit",
    "SmsCredit",
    "Traffic",
    "VolumeDiscountSeconds",
    "ReceivedCallSeconds",
    "ResetDayOfTheMonth",
    "TariffPlanId",
    "MinuteBuckets",
    "AllowNegative",
    "Disabled",
)

RateKey = tuple[str, str, str]
Key = TypeVar("Key")
Value = TypeVar("Value")


class Documents:
    """What the JSON files of a folder say, read over a base tariff."""

    def __init__(self, folder: Folder, base: Tariff, timezone: str | None) -> None:
        self._folder = folder
        self._base = base
        self._timezone = timezone
        self._destinations: Table[str, tuple[str, ...]] = Table()
        self._plans: Table[str, TariffPlan] = Table()
        self._rates: Table[RateKey, tuple[str, PrefixRate]] = Table()
        self._accounts: Table[tuple[str, str], Account] = Table()
        self._known_destinations = set(base.destinations)
        self._known_plans = set(base.plans)
        self._holes: dict[tuple[Interval, ...], str | None] = {}

    def read(self) -> tuple[Tariff, tuple[Account, ...]]:
        """Read all four files; the result has only what this folder says."""
        for node in elements(self._folder, "destinations.json"):
            self._destination(node)
        for node in elements(self._folder, "activation_periods.json"):
            self._rate(node)
        for node in elements(self._folder, "tariff_plans.json"):
            self._plan(node)
        for node in elements(self._folder, "user_budgets.json"):
            self._budget(node)
        rates: dict[tuple[str, str], dict[str, PrefixRate]] = {}
        for (customer, subject, _), (prefix, rate) in self._rates.items():
            rates.setdefault((customer, subject), {})[prefix] = rate
        tariff = Tariff(rates=rates, destinations=self._destinations.values, plans=self._plans.values)
        return tariff, tuple(self._accounts.values.values())

    def _destination(self, node: Node) -> None:
        record = node.members(DESTINATION)
        if record is None:
            return
        name = record.parsed("Id", values.destination, "", required=True)
        self._known_destinations.add(name)
        prefixes: set[str] = set()
        for child in record.children("Prefixes"):
            try:
                prefixes.add(values.prefix(child.value if isinstance(child.value, str) else ""))
            except values.Expected as error:
                child.bad(str(error), kind(child.value))
        if not record.has("Prefixes"):
            node.bad("a list of prefixes", "nothing", "Prefixes")
        _put(node, self._destinations, name, tuple(sorted(prefixes)))

    def _rate(self, node: Node) -> None:
        record = node.members(RATE)
        if record is None:
            return
        customer = record.parsed("CstmId", values.identifier, "")
        subject = record.parsed("Subject", values.identifier, "")
        prefix = record.parsed("DestinationPrefix", values.prefix, "", required=True)
        timezone = record.parsed("Timezone", values.zone, self._timezone)
        periods: Table[int, ActivationPeriod] = Table()
        for child in record.children("ActivationPeriods"):
            self._period(child, periods)
        if not record.has("ActivationPeriods") or not periods.values:
            node.bad("at least one activation period", "none", "ActivationPeriods")
        ordered = tuple(period for _, period in sorted(periods.items(), key=lambda item: item[0]))
        rate = PrefixRate(ordered, timezone, record.parsed("AtActivation", values.at_activation, False))
        _put(node, self._rates, (customer, subject, prefix.removeprefix("+")), (prefix, rate))

    def _period(self, node: Node, periods: Table[int, ActivationPeriod]) -> None:
        record = node.members(PERIOD)
        if record is None:
            return
        activation_ns = record.parsed("ActivationTime", values.instant_ns, 0, required=True)
        intervals = tuple(
            interval for child in record.children("Intervals") if (interval := _interval(child))
        )
        if intervals not in self._holes:
            self._holes[intervals] = hole(_slot(interval) for interval in intervals)
        gap = self._holes[intervals]
        if gap is not None:
            node.note("intervals that cover the week (else it is free)", gap)
        _put(node, periods, activation_ns, ActivationPeriod(activation_ns, intervals))

    def _plan(self, node: Node) -> None:
        record = node.members(PLAN)
        if record is None:
            return
        name = record.parsed("Id", values.identifier, "", required=True)
        self._known_plans.add(name)
        limits = {
            record.number(spelling, values.quantity, 0)
            for spelling in LIMIT_SPELLINGS
            if record.has(spelling)
        }
        if len(limits) > 1:
            node.bad("one limit of received seconds", "two that differ", LIMIT_SPELLINGS[0])
        bonuses = [child for spelling in BONUS_SPELLINGS if (child := record.child(spelling))]
        if len(bonuses) > 1:
            node.bad("one bonus", "one under each spelling", BONUS_SPELLINGS[0])
        discounts: Table[int, VolumeDiscount] = Table()
        for child in record.children("VolumeDiscountThresholds"):
            _discount(child, discounts)
        plan = TariffPlan(
            plan_id=name,
            sms=record.number("SmsCredit", values.quantity, 0),
            traffic=record.number("Traffic", values.quantity, 0),
            credit=record.number("Credit", values.amount, None),
            received_limit_ns=max(limits, default=0),
            bonus=self._bonus(bonuses[0]) if bonuses else None,
            buckets=self._buckets(record),
            discounts=tuple(found for _, found in sorted(discounts.items(), key=lambda item: item[0])),
        )
        _put(node, self._plans, name, plan)

    def _bonus(self, node: Node) -> Bonus | None:
        record = node.members(BONUS)
        if record is None:
            return None
        child = record.child("MinuteBucket")
        return Bonus(
            credit=record.number("Credit", values.quantity, 0),
            sms=record.number("SmsCredit", values.quantity, 0),
            traffic=record.number("Traffic", values.quantity, 0),
            bucket=self._bucket(child) if child else None,
        )

    def _buckets(self, record: Record) -> tuple[BucketTemplate, ...]:
        children = record.children("MinuteBuckets")
        return tuple(bucket for child in children if (bucket := self._bucket(child)) is not None)

    def _bucket(self, node: Node) -> BucketTemplate | None:
        record = node.members(BUCKET)
        if record is None:
            return None
        destination = record.text("DestinationId")
        if destination not in self._known_destinations:
            node.bad("the Id of a destination", shown(destination), "DestinationId")
        return BucketTemplate(
            destination_id=destination,
            seconds_ns=record.number("Seconds", values.quantity, 0),
            priority=record.number(
                "Priority", lambda value: values.whole(value, -(1 << 31), (1 << 31) - 1), 0
            ),
            price=record.number("Price", values.price, Decimal(0)),
        )

    def _budget(self, node: Node) -> None:
        record = node.members(BUDGET)
        if record is None:
            return
        subject = record.parsed("Id", values.identifier, "", required=True)
        customer = record.parsed("CstmId", values.identifier, "")
        plan_id = record.text("TariffPlanId")
        if plan_id and plan_id not in self._known_plans:
            node.bad("the Id of a tariff plan", shown(plan_id), "TariffPlanId")
        account = Account(
            customer=customer,
            subject=subject,
            credit=record.number("Credit", values.amount, 0),
            sms=record.number("SmsCredit", values.quantity, 0),
            traffic=record.number("Traffic", values.quantity, 0),
            volume_discount_ns=record.number("VolumeDiscountSeconds", values.quantity, 0),
            received_ns=record.number("ReceivedCallSeconds", values.quantity, 0),
            reset_day=record.number("ResetDayOfTheMonth", lambda value: values.whole(value, 0, 31), 0),
            plan_id=plan_id,
            buckets=tuple(
                MinuteBucket(bucket.destination_id, bucket.seconds_ns, bucket.priority, bucket.price)
                for bucket in self._buckets(record)
            ),
            allow_negative=record.flag("AllowNegative"),
            disabled=record.flag("Disabled"),
        )
        _put(node, self._accounts, (customer, subject), account)


def _put(node: Node, table: Table[Key, Value], key: Key, value: Value) -> None:
    """Keep what a node says; something else under the same key is a problem."""
    first = table.put(key, value, node.path)
    if first is not None:
        node.bad(f"the same as {first} says, or another key", "other content")


def _interval(node: Node) -> Interval | None:
    record = node.members(INTERVAL)
    if record is None:
        return None
    months = _without_zero(record.numbers("Month", 0, 12))
    month_days = _without_zero(record.numbers("MonthDay", 0, 31))
    week_days = tuple(dict.fromkeys(day % 7 for day in record.numbers("WeekDays", 0, 7)))  # shown as written
    if not matches_sometime((), months, month_days, week_days):
        node.bad("a day that comes at some time", "none", "MonthDay")
    start_s, start_text = record.parsed("StartTime", _with_text(values.clock_s), (0, ""))
    end_s, end_text = record.parsed("EndTime", _with_text(values.end_clock_s), (DAY_SECONDS, ""))
    if start_s >= end_s:
        node.bad("an end after the start", shown(end_text), "EndTime")
    if not record.has("Price"):
        node.note("a Price", "none: it is free")
    return Interval(
        price=record.number("Price", values.price, Decimal(0)),
        billing_unit=record.number("BillingUnit", values.price, Decimal(1)) or Decimal(1),
        connect_fee=record.number("ConnectFee", values.fee, Decimal(0)),
        weight=record.number("Ponder", values.exact, Decimal(0)),
        months=months,
        month_days=month_days,
        week_days=week_days,
        start_s=start_s,
        end_s=end_s,
        start_text=start_text,
        end_text=end_text,
    )


def _with_text(parse: Callable[[str], int]) -> Callable[[str], tuple[int, str]]:
    """Keep the text beside what it means: answers repeat clocks as they were written."""
    return lambda text: (parse(text), text)


def _without_zero(numbers: tuple[int, ...]) -> tuple[int, ...]:
    """0 is any: alone or in a list, it lets every one pass."""
    return () if 0 in numbers else numbers


def _discount(node: Node, discounts: Table[int, VolumeDiscount]) -> None:
    record = node.members(DISCOUNT)
    if record is None:
        return
    volume_ns = record.number("Volume", values.quantity, 0)
    _put(
        node, discounts, volume_ns, VolumeDiscount(volume_ns, record.number("Discount", _percent, Decimal(0)))
    )


def _percent(value: Decimal) -> Decimal:
    if values.price(value) > 100:
        raise values.Expected("a percentage from 0 to 100")
    return values.price(value)


def _slot(interval: Interval) -> Slot:
    return Slot(
        (), interval.months, interval.month_days, interval.week_days, interval.start_s, interval.end_s
    )
