"""GET /usages and GET /charges: what was used and what was charged, in pages of JSON rows.

An answer is an array. Where there is more, the header ``Link`` (rel ``next``) leads to the next page, and
``X-Next-Cursor`` has what to ask it with. A page may have fewer rows than asked for, even none, and a next.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from cgrates_py.usage.charges import ChargePlace, Charges, charge_place_of
from cgrates_py.usage.every_charge import EveryCharge, EveryPlace, EveryStore, every_place_of
from cgrates_py.usage.lists import CHARGES, Lists, Selection, place_of
from cgrates_py.usage.rows import Show, charge_members, json_text, usage_members
from cgrates_py.usage.selections import SelectionError, namespace, selection
from protocol.usage import DialectAnswer, DialectRequest

ROWS_DEFAULT = 1_000
ROWS_MAX = 5_000
BODY_BYTES_MAX = 400_000
"""An answer travels as text within JSON, which may double it: within a frame of ``protocol.limits``."""

NEXT_CURSOR = "X-Next-Cursor"
"""The header with the cursor of the next page; without it that is all."""

_BESIDE_ROWS = 200
"""So many rows are printed in a thread: here it would take two milliseconds or more."""

_CHARGES = frozenset({"date", "from", "to", "account", "metric", "cursor", "limit"})
_USAGES = _CHARGES | {"namespace"}

_encode = msgspec.json.Encoder().encode


class _Place(Protocol):
    def text(self) -> str:
        """Print it as a cursor."""


class _Found(Protocol):
    @property
    def row(self) -> Any:
        """What is shown."""

    @property
    def place(self) -> _Place:
        """Where a page ends that ends with it."""


_P = TypeVar("_P", bound=_Place)
_Page = tuple[Sequence[_Found], _Place | None]
"""Rows, and where to go on (None: that is all)."""


class Records:
    """The lists of records over HTTP."""

    def __init__(self, store: EveryStore) -> None:
        self._lists = Lists(store)
        self._charges = Charges(store, self._lists)
        self._every = EveryCharge(store, self._lists)

    async def answer(self, request: DialectRequest) -> DialectAnswer:
        """Answer a request for a page of rows. Raises StoreError."""
        path = request.Path.rstrip("/")
        if path not in ("/usages", "/charges"):
            return _refused(404, "there is no such page")
        if request.Verb not in ("GET", "HEAD"):
            return _refused(405, "expected GET", {"Allow": "GET, HEAD"})
        charges = path == "/charges"
        try:
            given = _single(request.Query, _CHARGES if charges else _USAGES)
            asked = selection(CHARGES if charges else namespace(given), given)
            found, end = await self._page(asked, given.get("cursor", ""), _limit(given))
        except SelectionError as error:
            return _refused(400, str(error))
        show = charge_members if charges else usage_members
        if len(found) < _BESIDE_ROWS:
            body, end = _body(show, found, end)
        else:
            body, end = await asyncio.to_thread(_body, show, found, end)
        return DialectAnswer(Body=body, Headers=_next(request, end))

    async def _page(self, asked: Selection, cursor: str, rows_max: int) -> _Page:
        if asked.book != CHARGES:
            return await self._lists.page(asked, _read(place_of, cursor) if cursor else None, rows_max)
        if asked.account is None:
            begin = _read(every_place_of, cursor) if cursor else EveryPlace()
            return await self._every.page(asked, begin, rows_max)
        after = _read(charge_place_of, cursor) if cursor else ChargePlace()
        return await self._charges.page(asked.account, asked, after, rows_max)


def _read(read: Callable[[str], _P], cursor: str) -> _P:
    try:
        return read(cursor)
    except ValueError as error:
        raise SelectionError("cursor", str(error)) from None


def _single(pairs: Iterable[tuple[str, str]], known: frozenset[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            raise SelectionError(name[:40], f"expected one of {', '.join(sorted(known))}")
        if name in given:
            raise SelectionError(name, "given more than once")
        given[name] = value
    return given


def _limit(given: dict[str, str]) -> int:
    text = given.get("limit") or str(ROWS_DEFAULT)
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and 1 <= int(text) <= ROWS_MAX):
        raise SelectionError("limit", f"expected 1 to {ROWS_MAX}, got {text[:40]!r}")
    return int(text)


def _body(show: Show, found: Sequence[_Found], end: _Place | None) -> tuple[str, _Place | None]:
    """Print rows while there is room, and tell where the page ends."""
    texts: list[bytes] = []
    left = BODY_BYTES_MAX
    for number, each in enumerate(found):
        text = json_text(show(each.row))
        left -= len(text) + 1
        if left < 0 and texts:
            end = found[number - 1].place
            break
        texts.append(text)
    return f"[{b','.join(texts).decode()}]", end


def _next(request: DialectRequest, end: _Place | None) -> dict[str, str]:
    if end is None:
        return {}
    pairs = [pair for pair in request.Query if pair[0] != "cursor"]
    query = urlencode([*pairs, ("cursor", end.text())])
    return {
        "Link": f'<{request.Root}{quote(request.Path)}?{query}>; rel="next"',
        NEXT_CURSOR: end.text(),
    }


def _refused(status: int, reason: str, headers: dict[str, str] | None = None) -> DialectAnswer:
    return DialectAnswer(status, Body=_encode({"Error": reason}).decode(), Headers=headers or {})
