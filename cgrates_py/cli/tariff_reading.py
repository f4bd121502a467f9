"""Reads the tariffs that a command names; opens the store only if one of them is in it."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from cgrates_py.cli import CommandError
from cgrates_py.tariff_source import folder_tariff, needs_store
from rater.tariff import Tariff
from storage.records import decode_tariff, encode_tariff
from storage.store import StoreCorruptError


def read_tariffs(
    names: list[str], now_ns: int, *, timezone: str | None = None, config: Path | None = None, **place: Any
) -> list[Tariff]:
    """Read tariffs by their names (``cgrates_py.tariff_source``); several folders at a time.

    ``place`` is where the store is: ``data_dir`` and ``redis_url`` as the options give them. Raises
    CommandError. It forks: call it before there are threads.
    """
    if any(needs_store(name) for name in names):
        from cgrates_py.cli.stored_tariffs import read_stored  # noqa: PLC0415 -- half of what folders need to start

        return read_stored(names, now_ns, timezone, config, **place)
    folders = [Path(name) for name in names]
    if len(folders) < 2:
        return [folder_tariff(each, now_ns, timezone) for each in folders]
    with ProcessPoolExecutor(len(folders) - 1, get_context("fork")) as others:
        waiting = [others.submit(_encoded, each, now_ns, timezone) for each in folders[1:]]
        first = folder_tariff(folders[0], now_ns, timezone)
        try:
            return [first, *(decode_tariff(each.result()) for each in waiting)]
        except StoreCorruptError as error:  # larger than any that could be loaded
            raise CommandError(str(error)) from None


def _encoded(folder: Path, now_ns: int, timezone: str | None) -> bytes:
    return encode_tariff(folder_tariff(folder, now_ns, timezone))
