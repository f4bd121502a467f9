"""The second opinion on an explanation: the oracle prices the call from the tariff as it is stored."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import NamedTuple, Protocol, TypeVar

from cgrates_py.oracle.values import Ask, NoRate, Version
from rater.account import Account
from rater.book import Book
from rater.compiler import compile_tariff
from rater.explain.values import Explanation
from rater.instant import DAY
from rater.quantity import text
from rater.rating import Call
from rater.refusal import Reason
from rater.tariff import Tariff

T = TypeVar("T")

LENGTH_MAX_NS = 31 * DAY
"""The oracle asks at every instant at which anything could change: a month takes it up to a second."""

KEPT_S = 60.0
"""How long a tariff is kept after the last question: it may take as much memory as the compiled one."""


class Opinion(NamedTuple):
    """What the oracle says. ``agrees`` None: it was not asked, and ``note`` tells why."""

    agrees: bool | None
    code: str = ""
    cost: int = 0
    connect_fee: int = 0
    prefix: str = ""
    note: str = ""


class Versions(Protocol):
    """A store of tariffs."""

    async def read_version(self, version: int) -> Tariff | None:
        """Read the tariff of a version; None if it is not kept. Raises StoreError."""


class Oracle:
    """Gives second opinions, one at a time, in a thread beside the calls; and books of earlier versions."""

    def __init__(self, versions: Versions | None, aside: Executor) -> None:
        self._versions = versions
        self._aside = aside
        self._book: Book | None = None
        self._turn = asyncio.Lock()
        self._kept: tuple[int, Tariff] | None = None
        self._forgetting: asyncio.TimerHandle | None = None

    async def opinion(self, told: Explanation, book: Book) -> Opinion:
        """Have an explanation recomputed by the versions that a book chains. Raises StoreError."""
        if told.refusal is not None and told.refusal.reason is Reason.CALL_TOO_LONG:
            return Opinion(None, note="the oracle has no bound on changes of price")
        if told.call.end_ns - told.call.start_ns > LENGTH_MAX_NS:
            return Opinion(None, note="calls of more than 31 days are not recomputed")
        call, account = told.call, told.account
        versions: list[Version] = []
        for from_ns, number in _in_force(book, call):
            async with self._turn:
                tariff = await self._tariff(number)
                if tariff is None:
                    return Opinion(None, note=f"version {number} of the tariff is no longer kept")
                versions.append(
                    await self._beside(_narrowed, Version(from_ns, number, tariff), call, account)
                )
        return await self._beside(recomputed, versions, told)

    async def _beside(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._aside, work, *arguments)

    async def book(self, version: int) -> Book | None:
        """Compile a version of the tariff, or take it from memory; None if it is not kept.

        Raises StoreError.
        """
        async with self._turn:
            tariff = await self._tariff(version)
            if tariff is None:
                return None
            return await self._beside(self._compiled, tariff, version)

    def _compiled(self, tariff: Tariff, version: int) -> Book:
        """Compile, and keep it here: who asked may have given up, and will ask again."""
        book = self._book
        if book is None or book.version != version:
            book = self._book = compile_tariff(tariff).as_version(version)
        return book

    async def _tariff(self, version: int) -> Tariff | None:
        """Read the tariff of a version, or take it from memory. Raises StoreError."""
        if self._kept is None or self._kept[0] != version:
            read = Tariff() if self._versions is None else await self._versions.read_version(version)
            if read is None:
                return None
            self._kept = version, read
            self._book = None
        if self._forgetting is not None:
            self._forgetting.cancel()
        self._forgetting = asyncio.get_running_loop().call_later(KEPT_S, self._forget)
        return self._kept[1]

    def _forget(self) -> None:
        self._kept = self._book = None


def _in_force(book: Book, call: Call) -> list[tuple[int, int]]:
    """List the versions in force at a call's start and those that become so during it: (from, number)."""
    link = book.at(call.start_ns)
    found = [(call.start_ns, link.version)]
    while (later := link.later) is not None and link.later_ns < call.end_ns:
        found.append((link.later_ns, later.version))
        link = later
    return found


def _narrowed(version: Version, call: Call, account: Account | None) -> Version:
    from cgrates_py.oracle.narrow import narrowed  # noqa: PLC0415 -- a rater that is not asked has no oracle

    return replace(version, tariff=narrowed(version.tariff, Ask(*call), account))


def recomputed(versions: Sequence[Version], told: Explanation) -> Opinion:
    """Price the explained call by the oracle, and compare code, cost, connect fee and prefix.

    ``versions`` are that of the call's start and those that become active during it, in order.
    """
    code, cost, fee, prefix = _oracle_price(versions, told.call, told.account)
    expected = "" if told.refusal is None else told.refusal.code
    agrees = (code, cost, fee, prefix) == (expected, told.cost, told.connect_fee, _bare(told.prefix))
    note = "" if agrees else f"the oracle comes to {code or text(cost + fee)}"
    return Opinion(agrees, code, cost, fee, prefix, note)


def _oracle_price(
    versions: Sequence[Version], call: Call, account: Account | None
) -> tuple[str, int, int, str]:
    from cgrates_py.oracle.pricing import price_across  # noqa: PLC0415 -- a rater that is not asked has no oracle

    try:
        found = price_across(versions, Ask(*call), account)
    except NoRate as refusal:
        return str(refusal.args[0]), 0, 0, ""
    return "", found.cost, found.connect_fee, _bare(found.prefix)


def _bare(prefix: str) -> str:
    return "" if prefix == "*any" else prefix.removeprefix("+")
