"""Reads the tariffs that a command names; opens the store only if one of them is in it."""

from pathlib import Path
from typing import Any

from cgrates_py.cli.settings import load_settings
from cgrates_py.cli.stores import with_store
from cgrates_py.settings import Settings
from cgrates_py.tariff_source import folder_tariff, needs_store, tariff_of
from rater.tariff import Tariff
from storage.valkey import ValkeyStore


def read_tariffs(
    names: list[str], now_ns: int, *, timezone: str | None = None, config: Path | None = None, **place: Any
) -> list[Tariff]:
    """Read tariffs by their names (``cgrates_py.tariff_source``).

    ``place`` is where the store is: ``data_dir`` and ``redis_url`` as the options give them. Raises
    CommandError.
    """
    if not any(needs_store(name) for name in names):
        return [folder_tariff(Path(name), now_ns, timezone) for name in names]
    found: list[Tariff] = []

    async def work(store: ValkeyStore, _: Settings) -> None:
        found.extend([await tariff_of(name, store, now_ns=now_ns, timezone=timezone) for name in names])

    with_store(load_settings(config, **place), work)
    return found
