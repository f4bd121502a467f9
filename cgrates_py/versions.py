"""Changes which version of the tariff prices which calls, and waits until every rater does so."""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from storage.store import StoreUnavailableError
from storage.tariffs import Swap
from storage.timeline import Timeline
from storage.valkey import ValkeyStore

ATTEMPTS_MAX = 20
"""Lost races with other changes before giving up; each lost one means that another change was made."""
IN_FORCE_S = 30.0
"""How long a change waits for raters to price by it; 300,000 prefixes compile in 2 s."""
IN_FORCE_POLL_S = 0.05


class Followed(NamedTuple):
    """Which raters do not price by a timeline in time (none: all do), and when that was seen."""

    late: tuple[str, ...]
    at_ns: int


class Change(NamedTuple):
    """A change that was made; ``after`` is ``before`` if it changed nothing."""

    before: Timeline
    after: Timeline
    followed: Followed


async def change(store: ValkeyStore, make: Callable[[Timeline], Timeline]) -> Change:
    """Change the timeline by ``make``, and wait until it is in force; made anew if another came between.

    Raises StoreError, and TimelineError from ``make``.
    """
    for _ in range(ATTEMPTS_MAX):
        before = await store.timeline()
        after = make(before)
        if after == before or await store.swap_timeline(Swap(before, after)):
            return Change(before, after, await in_force(store, after.revision))
    raise StoreUnavailableError("other changes of the tariff came between every time; try again")


async def activate(store: ValkeyStore, version: int, from_ns: int, now_ns: int) -> Change:
    """Have a version price the calls that start at ``from_ns`` or later (``Timeline.activated``)."""
    return await change(store, lambda timeline: timeline.activated(version, from_ns, now_ns))


async def roll_back(store: ValkeyStore) -> Change:
    """Take back the last change (``Timeline.rolled_back``)."""
    return await change(store, Timeline.rolled_back)


async def in_force(store: ValkeyStore, revision: int) -> Followed:
    """Wait until every rater prices by ``revision`` of the timeline or a later one, IN_FORCE_S at most."""
    deadline = asyncio.get_running_loop().time() + IN_FORCE_S
    while True:
        revisions = await store.rater_tariffs(int(time.time()))
        late = tuple(name for name, has in revisions.items() if has < revision)
        if not late or asyncio.get_running_loop().time() > deadline:
            return Followed(late, time.time_ns())
        await asyncio.sleep(IN_FORCE_POLL_S)
