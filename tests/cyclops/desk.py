"""Cyclops RC in this process, over a store in memory, with a clock that stands."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from cgrates_py.counters import RaterCounters
from cgrates_py.lane import LaneSettings, Shop
from cgrates_py.usage.cyclops import Cyclops, CyclopsOptions, make_cyclops
from cgrates_py.usage.cyclops.books import CHARGES, RATES, USAGE
from cgrates_py.usage.cyclops.scheduler import Scheduler
from protocol.usage import DialectAnswer, DialectRequest
from rater import instant
from rater.compiler import compile_tariff
from rater.tariff import Tariff
from rater.usage.records import Numbered, replay
from storage.memory import MemoryStore

NOON_NS = instant.parse("2015-06-10T12:00:00Z")[0]
SECOND = instant.SECOND


class StandingClock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.at_ns = NOON_NS

    def now_ns(self) -> int:
        return self.at_ns


class Desk:
    """One rater's Cyclops RC; ``beside`` makes another on the same store and clock."""

    def __init__(
        self,
        options: CyclopsOptions | None = None,
        store: MemoryStore | None = None,
        clock: StandingClock | None = None,
    ) -> None:
        self.clock = clock or StandingClock()
        self.store = store or MemoryStore(self.clock.now_ns)
        self.options = options or CyclopsOptions()
        settings = LaneSettings(86_400, 60)
        shop = Shop(self.store, compile_tariff(Tariff()), self.clock, RaterCounters(), settings)
        self.cyclops: Cyclops
        self.scheduler: Scheduler
        self.cyclops, self.scheduler = make_cyclops(shop, self.store, self.options, _granted)
        self._asked = 0

    def beside(self) -> "Desk":
        """Make another rater."""
        return Desk(self.options, self.store.connect(), self.clock)

    async def ask(
        self,
        verb: str,
        path: str,
        body: str = "",
        query: Mapping[str, str] | None = None,
        kind: str | None = "application/json",
        key: str | None = None,
        retry: str | None = None,
    ) -> DialectAnswer:
        """Ask as the HTTP front does."""
        self._asked += 1
        headers = {"content-type": kind, "idempotency-key": key}
        return await self.cyclops.answer(
            DialectRequest(
                verb,
                path,
                "cyclops",
                Query=list((query or {}).items()),
                Headers={name: value for name, value in headers.items() if value},
                Body=body,
                RetryId=retry or f"{id(self)}/{self._asked}",
            )
        )

    async def get(self, path: str, **query: str) -> str:
        """Ask for a page; the text of its body."""
        answer = await self.ask("GET", path, query={name.rstrip("_"): text for name, text in query.items()})
        assert answer.Status == 200, answer
        return answer.Body

    async def charged(self, user: str) -> list[list[Any]]:
        """List the charges of a user on that day, oldest first."""
        page = msgspec.json.decode(
            await self.get("/charge", userid=user, from_="2015-06-10", to="2015-06-12 00:00")
        )
        points: list[list[Any]] = page["charge"]["points"]
        return points[::-1]

    async def use(self, meter: str, user: str, usage: str, at: str | None = None) -> None:
        """Push one usage."""
        stamp = f', "timestamp": "{at}"' if at else ""
        body = f'[{{"meter": "{meter}", "userid": "{user}", "usage": {usage}{stamp}}}]'
        answer = await self.ask("POST", "/usage", body)
        assert answer.Status == 201, answer

    async def static(self, rates: str) -> None:
        """Post static rates."""
        answer = await self.ask("POST", "/rate", f'{{"rate_policy": "static", "rate": {rates}}}')
        assert answer.Status == 204, answer

    async def rows(self, book: str) -> list[Numbered]:
        """Read a book."""
        found: list[Numbered] = []
        for entries in await self.store.read_days(book, await self.store.days(book)):
            found += replay(entries)
        return found

    async def charges(self) -> list[Numbered]:
        """Read all charges."""
        return await self.rows(CHARGES)

    async def rates(self) -> list[Numbered]:
        """Read all points of rates."""
        return await self.rows(RATES)

    async def usages(self) -> list[Numbered]:
        """Read all usage."""
        return await self.rows(USAGE)


async def _granted(for_ms: int) -> bool:
    await asyncio.sleep(0)
    return True
