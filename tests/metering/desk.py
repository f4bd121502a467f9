"""A rater's metering in memory for tests: ask it a method, get the answer as a front reads it."""

import asyncio
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from cgrates_py.counters import RaterCounters
from cgrates_py.lane import LaneSettings, Shop
from cgrates_py.metering.responder import MeteringResponder
from cgrates_py.responder import DEADLINE_S, Responder
from protocol.dispatch import Status
from protocol.metering import MeteringAnswer, MeteringRequest
from protocol.methods import Method
from rater import instant
from rater.account import Account
from rater.compiler import compile_tariff
from rater.metering.catalogue import (
    Application,
    CatalogueValue,
    Metric,
    MetricRate,
    Provider,
    Service,
    ServiceToken,
    Tier,
    UsageLimit,
    UserKey,
)
from rater.metering.period import Period, cell_of
from rater.tariff import Tariff
from storage.documents import Replacement, key_of
from storage.memory import MemoryStore
from storage.store import Commit, Committed, Entry
from tests.responder.desk import HeldClock

NOW_NS = instant.parse("2026-03-04T05:06:07Z")[0]
KEY = "pk"

SERVICE = Service(
    "1001",
    KEY,
    "5e1",
    metrics=(Metric("m1", "hits"), Metric("m2", "searches", "m1"), Metric("m3", "bytes")),
    limits=(
        UsageLimit("gold", "m1", Period.DAY, 10),
        UsageLimit("gold", "m1", Period.ETERNITY, 100),
        UsageLimit("gold", "m2", Period.MINUTE, 4),
    ),
    rates=(MetricRate("m3", (Tier(0, Decimal("0.5")),)),),
    alert_bins=(50, 80, 100),
)
USERS = Service("2002", KEY, "5e2", mode="1", metrics=(Metric("m1", "hits"),))
CLIENTS = Service("3003", "other", "5e3", mode="oauth", metrics=(Metric("m1", "hits"),))


def application(app_id: str, service: Service = SERVICE, **more: Any) -> Application:
    given: dict[str, Any] = {"plan_id": "gold", "plan_name": "Gold"} | more
    return Application(service.service_id, app_id, f"9{app_id}", service.generation, **given)


CATALOGUE: tuple[CatalogueValue, ...] = (
    Provider(KEY, ("1001", "2002"), "1001"),
    Provider("other", ("3003",), "3003"),
    SERVICE,
    USERS,
    CLIENTS,
    application("a1"),
    application("a2"),
    application("payer", account=("", "rif")),
    application("keyed", keys=("k1", "k2")),
    application("asleep", state="suspended"),
    application("u", USERS, user_keys=("uk",)),
    UserKey("2002", "uk", "u"),
    application("c", CLIENTS, keys=("ck",), redirect_url="https://here"),
    ServiceToken("token", "1001"),
    ServiceToken("token", "9009"),
)
ACCOUNTS = (
    Account("1001", "a1"),
    Account("1001", "a2"),
    Account("1001", "keyed"),
    Account("1001", "asleep"),
    Account("2002", "u"),
    Account("3003", "c"),
    Account("", "rif", credit=3_000_000_000),
)


@dataclass
class Desk:
    """One rater on a store; ``other`` opens a second rater on the same store."""

    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        self.clock = HeldClock(NOW_NS)
        shop = Shop(
            self.store, compile_tariff(Tariff()), self.clock, RaterCounters(), LaneSettings(86_400, 60)
        )
        self.responder = MeteringResponder(shop, self.store, Responder(shop).resolve, DEADLINE_S)
        self._ids = itertools.count()
        self._waiting: dict[int, asyncio.Future[tuple[int, bytes]]] = {}

    def other(self) -> "Desk":
        return Desk(self.store.connect())

    async def fill(self, values: Iterable[CatalogueValue] = CATALOGUE) -> "Desk":
        assert await self.store.replace([Replacement(key_of(each), None, each) for each in values])
        for account in ACCOUNTS:
            blank = Account(account.customer, account.subject)
            entry = Entry(0, "Create", "", 0, blank, account)
            commit = Commit((account.customer, account.subject), 0, account, [entry])
            assert await self.store.commit(commit) == Committed(1)
        return self

    def answer(self, token: object, status: int, body: bytes) -> None:
        assert isinstance(token, int)
        self._waiting.pop(token).set_result((status, body))

    def request_id(self, token: object) -> str:
        return f"#{id(self)}-{token}"

    def post(self, method: Method, asked: MeteringRequest) -> asyncio.Future[tuple[int, bytes]]:
        token = next(self._ids)
        waiting = self._waiting[token] = asyncio.get_running_loop().create_future()
        self.responder.submit(self, token, method, msgspec.json.encode(asked))
        return waiting

    async def ask(self, method: Method, **members: Any) -> MeteringAnswer:
        """Ask as provider ``pk`` unless told otherwise; the answer of a request that was taken."""
        status, body = await self.post(method, request(**members))
        assert status == Status.OK, body
        return msgspec.json.decode(body, type=MeteringAnswer)

    async def counted(
        self, app_id: str, metric_id: str, period: Period = Period.ETERNITY, at: int = NOW_NS
    ) -> int:
        """What is counted of an application of service 1001, as the store has it."""
        found = application(app_id)
        key = ("", "rif") if app_id == "payer" else found.account_key
        stored = await self.store.read(key)
        assert stored is not None
        return (stored.account.usage or {}).get(found.series + metric_id, {}).get(cell_of(period, at), 0)


def request(**members: Any) -> MeteringRequest:
    """Make a request; of provider ``pk`` unless it has credentials."""
    if not members.keys() & {"ProviderKey", "ServiceToken"}:
        members["ProviderKey"] = KEY
    return MeteringRequest(**members)


AUTHORIZE = Method.METERING_AUTHORIZE
AUTHREP = Method.METERING_AUTHREP
REPORT = Method.METERING_REPORT
