"""Named points at which a process of ours kills itself, so that a test can choose the worst moment.

``CGRATES_FAILPOINTS=after-commit:137`` arms a point: the process dies by SIGKILL when it passes there for the
137th time. Several are separated by commas. Without the variable nothing here is built, and what is asked for
is handed back as it came: a server that is not under test pays nothing. docs/RELIABILITY.md lists the points.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar, cast

from protocol.dispatch import Dispatcher, Sink
from rater.tariff import Tariff
from storage.link import Link
from storage.store import Commit, Committed, Conflict, Outcome
from storage.tariffs import Deed

FAILPOINTS = "CGRATES_FAILPOINTS"
"""Environment: the points that are armed."""

BEFORE_COMMIT = "before-commit"
AFTER_COMMIT = "after-commit"
BETWEEN_COMMITS = "between-commits"
MID_ANSWERS = "mid-answers"
TARIFF_READ = "tariff-read"
BEFORE_PUBLISH = "before-publish"
AFTER_PUBLISH = "after-publish"
POINTS = {
    BEFORE_COMMIT: "decided, and nothing of it sent to the store",
    AFTER_COMMIT: "committed, and nobody has the answer",
    BETWEEN_COMMITS: "half of the bytes of several commits written to the store",
    MID_ANSWERS: "some answers of a batch handed out, the others not",
    TARIFF_READ: "a tariff read by a rater, and not yet in force",
    BEFORE_PUBLISH: "a folder read, and its tariff not yet published",
    AFTER_PUBLISH: "a tariff published, and its accounts not yet loaded",
}
"""Every point and what has happened there."""

FLUSH_S = 0.005
"""Time for the answers before a point to leave the process."""

S = TypeVar("S")
Passing = Callable[[], bool]
"""Counts one passing of a point; tells whether this is the one to die at."""


class FailpointError(ValueError):
    """The variable names no point of ours, or no number. The text says which part."""


def armed(environment: Mapping[str, str]) -> dict[str, int]:
    """Read which points are armed, and at which passing each kills. Raises FailpointError."""
    found = {}
    for part in filter(None, environment.get(FAILPOINTS, "").split(",")):
        name, _, number = part.partition(":")
        if name not in POINTS or not number.isdecimal() or not int(number):
            raise FailpointError(f"{FAILPOINTS}: expected one of {', '.join(POINTS)}, then :N, got {part!r}")
        found[name] = int(number)
    return found


def store_of(store: S) -> S:
    """Give the store back as it is, or one that dies at the points that are armed. Raises FailpointError."""
    points = armed(os.environ)
    if not points:
        return store
    if BETWEEN_COMMITS in points:
        _tear_writes(_passing(points[BETWEEN_COMMITS]))
    return cast(S, _Store(store, points))


def dispatcher_of(dispatcher: Dispatcher) -> Dispatcher:
    """Give the dispatcher back as it is, or one that dies amid its answers. Raises FailpointError."""
    number = armed(os.environ).get(MID_ANSWERS)
    return dispatcher if number is None else _Dispatcher(dispatcher, _passing(number))


def die() -> None:
    """End this process as a crash would."""
    os.kill(os.getpid(), signal.SIGKILL)


def _passing(number: int | None) -> Passing:
    left = number or 0

    def passes() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    return passes


class _Store:
    """A store with points around what it does; everything else is the store's own."""

    def __init__(self, store: Any, points: Mapping[str, int]) -> None:
        self._store = store
        self._pass = {name: _passing(points.get(name)) for name in POINTS}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def _at(self, name: str) -> None:
        if self._pass[name]():
            die()

    def post(self, commit: Commit, done: Callable[[Outcome], None]) -> None:
        self._at(BEFORE_COMMIT)
        self._store.post(commit, partial(self._posted, done))

    def _posted(self, done: Callable[[Outcome], None], outcome: Outcome) -> None:
        if isinstance(outcome, Committed):
            self._at(AFTER_COMMIT)
        done(outcome)

    async def commit(self, commit: Commit) -> Committed | Conflict:
        self._at(BEFORE_COMMIT)
        outcome: Committed | Conflict = await self._store.commit(commit)
        if isinstance(outcome, Committed):
            self._at(AFTER_COMMIT)
        return outcome

    async def read_version(self, version: int) -> Tariff | None:
        found: Tariff | None = await self._store.read_version(version)
        self._at(TARIFF_READ)
        return found

    async def publish_tariff(self, tariff: Tariff, expected_version: int, *deed: Deed) -> int | None:
        self._at(BEFORE_PUBLISH)
        version: int | None = await self._store.publish_tariff(tariff, expected_version, *deed)
        self._at(AFTER_PUBLISH)
        return version


class _Dispatcher:
    """A dispatcher whose answers stop at a point: what came before leaves, and then the process dies."""

    def __init__(self, dispatcher: Dispatcher, passes: Passing) -> None:
        self._dispatcher = dispatcher
        self._passes = passes
        self._dying = False

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        self._dispatcher.submit(_Sink(self, sink), token, method, descriptor)

    def answer(self, sink: Sink, token: object, status: int, body: bytes) -> None:
        if self._dying:
            return
        sink.answer(token, status, body)
        if self._passes():
            self._dying = True
            asyncio.get_running_loop().call_later(FLUSH_S, die)


class _Sink:
    def __init__(self, owner: _Dispatcher, sink: Sink) -> None:
        self._owner = owner
        self._sink = sink

    def answer(self, token: object, status: int, body: bytes) -> None:
        self._owner.answer(self._sink, token, status, body)

    def request_id(self, token: object) -> str:
        return self._sink.request_id(token)


def _tear_writes(passes: Passing) -> None:
    """Have the connection to the store write half of several commits, and then die."""
    whole = Link._flush

    def flush(link: Link) -> None:
        transport = link._transport
        if transport is not None and len(link._unsent) > 1 and passes():
            data = b"".join(link._unsent)
            with suppress(OSError):
                os.write(transport.get_extra_info("socket").fileno(), data[: len(data) // 2])
            die()
        whole(link)

    Link._flush = flush  # type: ignore[method-assign, assignment]  # -- a process that is to die may be changed
