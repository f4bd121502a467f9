"""Finds the tariff that a command names: a folder, a version of the store, or the one in force.

``current`` is the tariff in force, a whole number a version, and anything else a folder (``./7`` if its name
is a number).
"""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cgrates_py.cli import CommandError
from rater.tariff import Tariff
from storage.loading import load_folder
from storage.store import StoreCorruptError
from storage.tariffs import READS_MAX
from storage.timeline import Timeline

if TYPE_CHECKING:
    from storage.valkey import ValkeyStore  # a tenth of a second, which a folder does without

CURRENT = "current"
"""Names the tariff that prices calls that start now."""


def needs_store(where: str | Path) -> bool:
    """Tell whether a name is one of a version, or of the tariff in force."""
    return isinstance(where, str) and (where == CURRENT or (where.isascii() and where.isdecimal()))


async def tariff_of(
    where: str | Path,
    store: "ValkeyStore | None" = None,
    *,
    now_ns: int | None = None,
    timezone: str | None = None,
) -> Tariff:
    """Read a tariff by its name. ``now_ns`` and ``timezone`` are what they are to ``load_folder``.

    Raises CommandError if there is no such thing, with every problem of a folder; StoreError.
    """
    if not needs_store(where):
        now_ns = time.time_ns() if now_ns is None else now_ns
        return await asyncio.to_thread(folder_tariff, Path(where), now_ns, timezone)
    if store is None:
        raise CommandError(f"{where!r} is a version of a tariff: see --data-dir and --redis-url")
    if where == CURRENT:
        return (await store.read_tariff(now_ns))[1]
    version = int(str(where))
    tariff = await store.read_version(version)
    if tariff is None or not version:
        known = version in {made.version for made in await store.versions()}
        what = "no longer kept" if known else "not there"
        raise CommandError(f"version {where} of the tariff is {what}; see cgrates-py tariff versions")
    return tariff


async def timeline_of(store: "ValkeyStore") -> tuple[Timeline, dict[int, Tariff]]:
    """Read the timeline and the tariffs of all its versions, 0 too if it is in it. Raises StoreError."""
    for _ in range(READS_MAX):
        timeline = await store.timeline()
        tariffs: dict[int, Tariff] = {}
        for version in {version for _, version in timeline.activations}:
            tariff = await store.read_version(version)
            if tariff is None:  # dropped by a change since the timeline was read
                break
            tariffs[version] = tariff
        else:
            return timeline, tariffs
    raise StoreCorruptError("a version of the tariff is in force but not there")


def folder_tariff(folder: Path, now_ns: int, timezone: str | None = None) -> Tariff:
    """Read a folder alone, over nothing. Raises CommandError with every problem."""
    try:
        loaded = load_folder(folder, Tariff(), now_ns=now_ns, timezone=timezone)
    except OSError as error:
        raise CommandError(str(error)) from None
    if loaded.problem_count:
        lines = [f"problem: {problem}" for problem in loaded.problems]
        count = f"{loaded.problem_count} problem{'s' if loaded.problem_count > 1 else ''}"
        raise CommandError("\n".join([f"{folder} cannot be loaded: {count}", *lines]))
    return loaded.tariff
