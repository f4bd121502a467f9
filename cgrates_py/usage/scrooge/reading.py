"""Tells what was pushed for service environments: of a pricing service and a day, or page by page."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from cgrates_py.usage.scrooge import answers
from cgrates_py.usage.scrooge.known import Known, ScroogeStore
from cgrates_py.usage.scrooge.push import BOOK
from cgrates_py.usage.scrooge.values import day_text, iso_day, plain_number, shown
from protocol.usage import DialectAnswer, DialectRequest
from rater.usage.records import Row, replay
from rater.usage.scrooge_setup import PricingService, ServiceEnvironment

LIMIT = 50
LIMIT_MAX = 1_000
"""Daily usages on a page: as asked for, and at most."""

COUNTS_MAX = 10_000
"""Days of which it is remembered how many rows of a kind they have, some 2 MB."""

Members = dict[str, Any]
_Kind = tuple[str | None, str | None]
"""The service and the metric that daily usages are asked for."""


class _Found(NamedTuple):
    """Rows of a day that has so many entries."""

    entries: int
    rows: list[Row]


class Reading:
    """Reads the book of usage, as far as it is about service environments."""

    def __init__(self, store: ScroogeStore) -> None:
        self._store = store
        self._known: Known | None = None
        self._counts: dict[tuple[int, _Kind], tuple[int, int]] = {}
        """Entries of a day when its rows of a kind were counted, and how many those were."""

    async def day(self, request: DialectRequest, names: Members, known: Known) -> DialectAnswer:
        """Tell what was pushed for a day, of the metrics that a service has then. Raises StoreError."""
        number = int(names["number"])
        service = next((each for each in known.pricing_services.values() if each.number == number), None)
        if service is None:
            return _bad(f"Pricing service with ID {number} does not exist.")
        day = iso_day(names["date"])
        if day is None:
            return _bad(f'"{names["date"]}" has the correct format, but is an invalid date.')
        uid = dict(request.Query).get("service_uid")
        if uid is not None and uid not in known.uids:
            return _bad(f"Service with UID {shown(uid)} does not exist.")
        valid = {share.metric for share in service.shares if share.start <= day <= share.end}
        entries: dict[tuple[str, str], Members] = {}

        def wanted(row: Row) -> bool:
            environment = known.environments.get(row.account)
            return environment is not None and row.metric in valid and uid in (None, environment.uid)

        for row in (await self._found(day, wanted)).rows:
            environment = known.environments[row.account]
            entry = entries.setdefault(
                (row.account, row.link), _party(environment, row.link) | {"usages": []}
            )
            entry["usages"].append(_used(row))
        return answers.json(200, _head(service, day) | {"usages": list(entries.values())})

    async def daily(self, request: DialectRequest, known: Known) -> DialectAnswer:
        """List daily usages in the order of days, then of insertion, a page at a time. Raises StoreError.

        Days before and behind the page are counted once, and again when something was pushed for them.
        """
        asked = dict(request.Query)
        try:
            bounds = _bounds(asked)
            limit = min(_count(asked, "limit", LIMIT) or LIMIT, LIMIT_MAX)
            offset = _count(asked, "offset", 0)
        except ValueError as error:
            return _bad(str(error))
        uid = asked.get("service_uid")
        symbol = asked.get("symbol")
        results: list[Members] = []
        count = 0

        def wanted(row: Row) -> bool:
            environment = known.environments.get(row.account)
            return environment is not None and uid in (None, environment.uid) and symbol in (None, row.metric)

        for day in await self._store.days(BOOK):
            if not bounds[0] <= day <= bounds[1]:
                continue
            size = await self._counted(day, (uid, symbol), known)
            if size is None or (offset < count + size and count < offset + limit):
                found = await self._found(day, wanted)
                size = len(found.rows)
                self._remember(day, (uid, symbol), known, found)
                for row in found.rows[max(offset - count, 0) : max(offset + limit - count, 0)]:
                    who = _party(known.environments[row.account], row.link)
                    results.append({"date": day_text(day)} | who | _used(row))
            count += size
        page = {
            "count": count,
            "next": _link(request, asked, limit, offset + limit) if offset + limit < count else None,
            "previous": _link(request, asked, limit, max(0, offset - limit)) if offset else None,
            "results": results,
        }
        return answers.json(200, page)

    async def _counted(self, day: int, kind: _Kind, known: Known) -> int | None:
        """Tell how many rows of a kind a day has, if it was counted since it changed."""
        if self._known is not known:
            self._known = known
            self._counts.clear()
        entries, size = self._counts.get((day, kind), (0, 0))
        if not entries:
            return None
        (new,) = await self._store.read_days(BOOK, [day], entries, 1)
        return None if new else size

    def _remember(self, day: int, kind: _Kind, known: Known, found: _Found) -> None:
        """Remember a count, if it is of the set-up in force, and of what that knows: names may be long."""
        uid, symbol = kind
        named = (uid is None or uid in known.uids) and (symbol is None or symbol in known.types)
        if named and self._known is known:
            if len(self._counts) >= COUNTS_MAX:
                self._counts.clear()
            self._counts[day, kind] = found.entries, len(found.rows)

    async def _found(self, day: int, wanted: Callable[[Row], bool]) -> _Found:
        """Choose rows of a day beside the loop: it may have a million."""
        (entries,) = await self._store.read_days(BOOK, [day])
        rows = await asyncio.to_thread(lambda: [each.row for each in replay(entries) if wanted(each.row)])
        return _Found(len(entries), rows)


def _used(row: Row) -> Members:
    return {"symbol": row.metric, "value": plain_number(row.value), "remarks": row.remarks}


def _head(service: PricingService, day: int) -> Members:
    return {"pricing_service": service.name, "pricing_service_id": service.number, "date": day_text(day)}


def _party(environment: ServiceEnvironment, pricing_object: str) -> Members:
    return {
        "service": environment.service,
        "service_id": environment.number,
        "service_uid": environment.uid,
        "environment": environment.environment,
        "pricing_object": pricing_object or None,
    }


def _bad(error: str) -> DialectAnswer:
    return answers.json(400, {"error": error})


def _bounds(asked: dict[str, str]) -> tuple[int, int]:
    """Read the first and the last day asked for. Raises ValueError."""
    first, last = 0, 1 << 62
    for name in ("date", "date__gte", "date__gt", "date__lte", "date__lt"):
        if (text := asked.get(name)) is None:
            continue
        if (day := iso_day(text)) is None:
            raise ValueError(f"{name}: expected a date YYYY-MM-DD")
        if name in ("date", "date__gte", "date__gt"):
            first = max(first, day + (name == "date__gt"))
        if name in ("date", "date__lte", "date__lt"):
            last = min(last, day - (name == "date__lt"))
    return first, last


def _count(asked: dict[str, str], name: str, default: int) -> int:
    text = asked.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 15:
        raise ValueError(f"{name}: expected a whole number")
    return int(text)


def _link(request: DialectRequest, asked: dict[str, str], limit: int, offset: int) -> str:
    return f"{request.Root}{request.Path}?{urlencode(asked | {'limit': limit, 'offset': offset})}"
