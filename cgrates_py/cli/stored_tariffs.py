"""Reads tariffs where at least one is in the store."""

from pathlib import Path
from typing import Any

from cgrates_py.cli.settings import load_settings
from cgrates_py.cli.stores import with_store
from cgrates_py.settings import Settings
from cgrates_py.tariff_source import tariff_of
from rater.tariff import Tariff
from storage.valkey import ValkeyStore


def read_stored(
    names: list[str], now_ns: int, timezone: str | None, config: Path | None, **place: Any
) -> list[Tariff]:
    """Read tariffs by their names; see ``tariff_reading``. Raises CommandError."""
    found: list[Tariff] = []

    async def work(store: ValkeyStore, _: Settings) -> None:
        found.extend([await tariff_of(name, store, now_ns=now_ns, timezone=timezone) for name in names])

    with_store(load_settings(config, **place), work)
    return found
