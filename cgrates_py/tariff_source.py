"""Finds the tariff that a command names: a folder, a version of the store, or the one in force.

``current`` is the tariff in force, a whole number a version, and anything else a folder (``./7`` if its name
is a number).
"""

import asyncio
import time
from pathlib import Path

from cgrates_py.cli import CommandError
from rater.tariff import Tariff
from storage.loading import load_folder
from storage.valkey import ValkeyStore

CURRENT = "current"
"""Names the tariff that prices calls that start now."""


def needs_store(where: str | Path) -> bool:
    """Tell whether a name is one of a version, or of the tariff in force."""
    return isinstance(where, str) and (where == CURRENT or (where.isascii() and where.isdecimal()))


async def tariff_of(
    where: str | Path,
    store: ValkeyStore | None = None,
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
    version, tariff = await store.read_tariff()
    if where not in {CURRENT, str(version)}:
        raise CommandError(f"there is no version {where} of the tariff")
    return tariff


def folder_tariff(folder: Path, now_ns: int, timezone: str | None = None) -> Tariff:
    """Read a folder alone, over nothing. Raises CommandError with every problem."""
    try:
        loaded = load_folder(folder, Tariff(), now_ns=now_ns, timezone=timezone)
    except OSError as error:
        raise CommandError(str(error)) from None
    if loaded.problem_count:
        lines = [f"problem: {problem}" for problem in loaded.problems]
        raise CommandError("\n".join([f"{folder} cannot be loaded: {loaded.problem_count} problems", *lines]))
    return loaded.tariff
