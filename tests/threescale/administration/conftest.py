"""An administration over a store in memory, at an instant that stands still."""

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from cgrates_py.metering.administration import Administration
from protocol.metering import AdministerRequest
from storage.memory import MemoryStore

NOW_NS = 1_795_342_500_000_000_000
"""2026-11-22T10:15:00Z."""


class StillClock:
    def now_ns(self) -> int:
        return NOW_NS


@dataclass
class Admin:
    """Asks as a caller of the JSON API would."""

    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        self._administration = Administration(self.store, self.store, StillClock())

    async def ask(self, verb: str, path: str, body: object = None, **query: str) -> tuple[int, Any]:
        return await self.ask_raw(verb, path, json.dumps(body).encode(), **query)

    async def ask_raw(self, verb: str, path: str, body: bytes, **query: str) -> tuple[int, Any]:
        return await self.ask_segments(
            verb, [segment for segment in path.split("/") if segment], body, **query
        )

    async def ask_segments(
        self, verb: str, segments: list[str], body: bytes = b"null", retry_id: str = "", **query: str
    ) -> tuple[int, Any]:
        request = AdministerRequest(verb, segments, query, msgspec.Raw(body), RetryId=retry_id)
        answer = await self._administration.answer(request)
        body = bytes(answer.Body)
        return answer.Status, json.loads(body) if body else None

    async def do(self, verb: str, path: str, body: object = None) -> Any:
        """Ask for what must succeed."""
        status, document = await self.ask(verb, path, body)
        assert status in (200, 201), (verb, path, document)
        return document


@pytest.fixture
def admin() -> Admin:
    return Admin()


@pytest.fixture
async def shop(admin: Admin) -> Admin:
    """A service 1001 of provider pk with hits > searches, a daily limit, and application a1."""
    await admin.do("POST", "services/", {"service": {"id": "1001", "provider_key": "pk"}})
    await admin.do("POST", "services/1001/metrics/m1", {"metric": {"name": "hits"}})
    await admin.do("POST", "services/1001/metrics/m2", {"metric": {"name": "searches", "parent_id": "m1"}})
    await admin.do("PUT", "services/1001/plans/p1/usagelimits/m1/day", {"usagelimit": {"day": 10}})
    basic = {"state": "active", "plan_id": "p1", "plan_name": "Basic"}
    await admin.do("POST", "services/1001/applications/a1", {"application": basic})
    return admin
