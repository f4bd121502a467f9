"""Administers Scrooge and Cyclops RC: tells what they are set up with, and lays a document over it.

The documents are those that ``load`` reads, read and laid over by the same code. Errors are told as
``{"status": "error", "error": …}``, flaws of a document with all of them under ``problems``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

import msgspec

from cgrates_py.clock import Clock
from cgrates_py.usage.cyclops.books import CyclopsStore
from cgrates_py.usage.cyclops.seeding import seed_cyclops
from cgrates_py.usage.cyclops.states import States
from cgrates_py.usage.scrooge.known import ScroogeStore
from protocol.usage import DialectAnswer, DialectRequest
from rater.usage.scrooge_setup import ScroogeSetup
from storage.documents import SCROOGE, Replacement
from storage.loading import cyclops, scrooge
from storage.loading.cyclops import read_cyclops
from storage.loading.report import Problem, Report
from storage.loading.scrooge import read_scrooge
from storage.loading.setup_documents import cyclops_document, scrooge_document
from storage.loading.validated import Given
from storage.store import StoreUnavailableError

ATTEMPTS_MAX = 20
"""Lost races before giving up; each lost one means that another change went through."""
PASSWORDS_MAX = 20
"""Passwords of one document: each is hashed, some 50 ms, and once more where it may be as it was."""
BODY_BYTES_MAX = 900_000
"""An answer with its escapes, within what one answer of a rater may have (``protocol.limits``)."""

_TOO_LONG = "the set-up is longer than an answer may be; a command prints any: cgrates-py {} show --json"

Members = Mapping[str, Any]

_encode = msgspec.json.Encoder().encode


class SetupStore(ScroogeStore, CyclopsStore, Protocol):
    """The set-ups of both, and books of usage."""


async def read_setup(store: ScroogeStore) -> ScroogeSetup | None:
    """Read what Scrooge is set up with. Raises StoreError."""
    (value,) = await store.documents([SCROOGE])
    return value if isinstance(value, ScroogeSetup) else None


class Administration:
    """``/usage/scrooge`` and ``/usage/cyclops``: GET tells the set-up, PUT lays a document over it."""

    def __init__(self, store: SetupStore, clock: Clock, on_scrooge: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._on_scrooge = on_scrooge
        self._places: dict[str, dict[str, Callable[[DialectRequest], Awaitable[DialectAnswer]]]] = {
            "/usage/scrooge": {"GET": self._show_scrooge, "PUT": self._put_scrooge},
            "/usage/cyclops": {"GET": self._show_cyclops, "PUT": self._put_cyclops},
        }

    @property
    def places(self) -> dict[str, tuple[str, ...]]:
        """What there is, and the methods of each."""
        return {path: tuple(verbs) for path, verbs in self._places.items()}

    async def answer(self, request: DialectRequest) -> DialectAnswer:
        """Do what a request asks, or tell why not. Raises StoreError."""
        verbs = self._places.get(request.Path)
        if verbs is None:
            return _answer(404, {"status": "not_found", "error": "not_found"})
        handler = verbs.get("GET" if request.Verb == "HEAD" else request.Verb)
        if handler is None:
            allowed = ", ".join(("HEAD", *verbs))
            return _refused(405, f"the method is one of {allowed}", {"Allow": allowed})
        return await handler(request)

    async def _show_scrooge(self, request: DialectRequest) -> DialectAnswer:
        setup = await read_setup(self._store) or ScroogeSetup()
        return await asyncio.to_thread(_shown, scrooge_document, setup, "scrooge")

    async def _show_cyclops(self, request: DialectRequest) -> DialectAnswer:
        state = await States(self._store).read()
        return await asyncio.to_thread(_shown, cyclops_document, state, "cyclops")

    async def _put_scrooge(self, request: DialectRequest) -> DialectAnswer:
        for _ in range(ATTEMPTS_MAX):
            known = await read_setup(self._store)
            given = Given(request.Body)
            seed = await asyncio.to_thread(read_scrooge, given, known, PASSWORDS_MAX)
            if seed.setup is None or given.report.problems.count:
                return _flawed(scrooge.FILE, given.report)
            if seed.setup == known:
                return _done(changed=False, counts=seed.counts, report=given.report)
            if await self._store.replace([Replacement(SCROOGE, known, seed.setup)]):
                self._on_scrooge()
                return _done(changed=True, counts=seed.counts, report=given.report)
        raise StoreUnavailableError("the set-up of Scrooge changes too fast; try again")

    async def _put_cyclops(self, request: DialectRequest) -> DialectAnswer:
        given = Given(request.Body)
        seed = await asyncio.to_thread(read_cyclops, given)
        if given.report.problems.count:
            return _flawed(cyclops.FILE, given.report)
        try:
            changed = await seed_cyclops(self._store, seed, self._clock.now_ns())
        except ValueError as error:
            return _refused(400, f"{cyclops.FILE}: {error}", problems=[f"{cyclops.FILE}: {error}"])
        return _done(changed=changed, counts=seed.counts, report=given.report)


def _shown(write: Callable[[Any], Members], value: object, name: str) -> DialectAnswer:
    answer = _answer(200, write(value))
    if len(_encode(answer.Body)) > BODY_BYTES_MAX:
        return _refused(413, _TOO_LONG.format(name))
    return answer


def _done(*, changed: bool, counts: Mapping[str, int], report: Report) -> DialectAnswer:
    status = "modified" if changed else "unchanged"
    notices = _lines(report.notices.listed())
    return _answer(200, {"status": status, "counts": dict(counts), "notices": notices})


def _flawed(name: str, report: Report) -> DialectAnswer:
    count = report.problems.count
    problems = _lines(report.problems.listed())
    return _refused(400, f"{name}: {count} problem{'s' * (count != 1)}; nothing changed", problems=problems)


def _lines(problems: Iterable[Problem]) -> list[str]:
    return [str(each) for each in problems]


def _refused(
    status: int, error: str, headers: dict[str, str] | None = None, *, problems: list[str] | None = None
) -> DialectAnswer:
    members: dict[str, Any] = {"status": "error", "error": error}
    if problems is not None:
        members["problems"] = problems
    return _answer(status, members, headers)


def _answer(status: int, members: Members, headers: dict[str, str] | None = None) -> DialectAnswer:
    return DialectAnswer(status, Body=_encode(members).decode(), Headers=headers or {})
