"""A rater in memory for tests: ask it a method with a descriptor, get the answer as a caller reads it."""

import asyncio
import itertools
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cgrates_py.counters import RaterCounters
from cgrates_py.explain.responder import Explainer
from cgrates_py.lane import LaneSettings, Shop
from cgrates_py.responder import Responder
from protocol.dispatch import Status
from protocol.methods import BY_NAME
from rater import instant
from rater.account import Account, MinuteBucket
from rater.compiler import compile_tariff
from rater.tariff import (
    ActivationPeriod,
    Bonus,
    BucketTemplate,
    Interval,
    PrefixRate,
    Tariff,
    TariffPlan,
    VolumeDiscount,
)
from storage.memory import MemoryStore
from storage.store import Commit, Committed, Entry

SECOND = 10**9
NOW_NS = instant.parse("2012-02-02T12:00:00Z")[0]
WORKDAYS = (1, 2, 3, 4, 5)


def units(number: str | int) -> int:
    """An amount of scale 10⁻⁹ from its decimal."""
    return int(Decimal(number) * SECOND)


TARIFF = Tariff(
    rates={
        ("acme", "office"): {
            "44": PrefixRate(
                (
                    ActivationPeriod(
                        instant.parse("2012-01-01T00:00:00Z")[0],
                        (
                            Interval(
                                Decimal("0.2"), week_days=WORKDAYS, end_s=18 * 3600, end_text="18:00:00"
                            ),
                            Interval(
                                Decimal("0.1"), week_days=WORKDAYS, start_s=18 * 3600, start_text="18:00:00"
                            ),
                            Interval(Decimal("0.1"), week_days=(6, 0)),
                        ),
                    ),
                )
            ),
        },
        ("acme", "shop"): {
            "44": PrefixRate((ActivationPeriod(0, (Interval(Decimal(1), Decimal(60), Decimal(5)),)),)),
        },
    },
    destinations={"UK": ("44",), "LONDON": ("4420",)},
    plans={
        "basic": TariffPlan(
            "basic",
            sms=units(100),
            traffic=units(7),
            received_limit_ns=units(100),
            bonus=Bonus(credit=units(3), sms=units(2), bucket=BucketTemplate("LONDON", units(30))),
            buckets=(BucketTemplate("UK", units(50), 10, Decimal("0.01")),),
            discounts=(VolumeDiscount(units(1000), Decimal(10)), VolumeDiscount(units(5000), Decimal(20))),
        )
    },
)


class HeldClock:
    """A clock that stands where the test sets it."""

    def __init__(self, now_ns: int) -> None:
        self.held_ns = now_ns

    def now_ns(self) -> int:
        return self.held_ns


@dataclass
class Desk:
    """One rater on a store; ``other`` opens a second rater on the same store."""

    store: MemoryStore = field(default_factory=MemoryStore)
    tariff: Tariff = TARIFF
    unknown_account: Any = "refuse"

    def __post_init__(self) -> None:
        self.clock = HeldClock(NOW_NS)
        self.counters = RaterCounters()
        shop = Shop(
            self.store, compile_tariff(self.tariff), self.clock, self.counters, LaneSettings(86_400, 60)
        )
        self.responder = Responder(shop, self.unknown_account)
        self.shop = shop
        self.tariffs: dict[int, Tariff] = {}
        self.explainer = Explainer(shop, self.responder.resolve, None, self)
        self._ids = itertools.count()
        self._waiting: dict[int, asyncio.Future[tuple[int, bytes]]] = {}

    def other(self) -> "Desk":
        return Desk(self.store.connect(), self.tariff, self.unknown_account)

    def answer(self, token: object, status: int, body: bytes) -> None:
        assert isinstance(token, int)
        self._waiting.pop(token).set_result((status, body))

    def request_id(self, token: object) -> str:
        return f"#{id(self)}-{token}"

    def post(self, method: str, descriptor: bytes) -> asyncio.Future[tuple[int, bytes]]:
        token = next(self._ids)
        waiting = self._waiting[token] = asyncio.get_running_loop().create_future()
        desk = self.explainer if method == "Explain" else self.responder
        desk.submit(self, token, int(BY_NAME[f"Responder.{method}"]), descriptor)
        return waiting

    async def read_version(self, version: int) -> Tariff | None:
        """The tariff of a version; that of the desk has none."""
        return self.tariffs.get(version) if version else self.tariff

    async def raw(self, method: str, **members: Any) -> tuple[int, bytes]:
        return await self.post(method, json.dumps(members).encode())

    async def ask(self, method: str, **members: Any) -> Any:
        """The result with exact numbers, or the error's code."""
        status, body = await self.raw(method, **members)
        if status == Status.OK:
            return json.loads(body, parse_float=Decimal)
        return body.decode().partition(":")[0]

    async def open_account(self, account: Account) -> None:
        key = (account.customer, account.subject)
        blank = Account(*key)
        entry = Entry(NOW_NS, "Create", "", 0, blank, account)
        outcome = await self.store.connect().commit(Commit(key, 0, account, [entry]))
        assert isinstance(outcome, Committed)
        await asyncio.sleep(0)  # the store tells the raters of this turn in the next


def office(**fields: Any) -> Account:
    """An account acme:office with the fields that a test cares for."""
    return Account("acme", "office", **fields)


def bucket(destination: str, seconds: int, priority: int = 0, price: str = "0") -> MinuteBucket:
    """A minute bucket."""
    return MinuteBucket(destination, units(seconds), priority, Decimal(price))
