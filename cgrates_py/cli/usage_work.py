"""What the commands of ``usage`` and ``charges`` do: rows go out as they are read, one day at a time."""

import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO

import typer

from cgrates_py.cli import USAGE, CommandError
from cgrates_py.cli.settings import load_settings
from cgrates_py.cli.stores import with_store
from cgrates_py.clock import SystemClock
from cgrates_py.csv_export import csv_lines
from cgrates_py.process import settle_memory
from cgrates_py.settings import Settings
from cgrates_py.usage.archivist import archive_before
from cgrates_py.usage.charges import Charges
from cgrates_py.usage.every_charge import EveryCharge
from cgrates_py.usage.journals import Taken
from cgrates_py.usage.lists import CHARGES, Lists, Selection
from cgrates_py.usage.rows import (
    CHARGE_COLUMNS,
    USAGE_COLUMNS,
    Members,
    Show,
    cells,
    charge_members,
    json_text,
    usage_members,
)
from cgrates_py.usage.selections import SelectionError, namespace, selection
from cgrates_py.visible import visible
from rater.instant import DAY
from rater.usage.records import Numbered
from storage.archive_files import files_at
from storage.valkey import ValkeyStore


class Writer(Protocol):
    """Writes rows in one format."""

    def write(self, rows: list[Members]) -> None:
        """Write these rows behind those before."""

    def end(self) -> None:
        """Write what stands behind the last row."""


class JsonWriter:
    """Writes a JSON array, a row on each line."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._before = "["

    def write(self, rows: list[Members]) -> None:
        """Write these rows behind those before."""
        for row in rows:
            self._out.write(self._before + json_text(row).decode())
            self._before = ",\n"

    def end(self) -> None:
        """Close the array."""
        self._out.write("[]\n" if self._before == "[" else "]\n")


class CsvWriter:
    """Writes CSV: the names of the columns, then a line for each row."""

    def __init__(self, out: TextIO, columns: tuple[str, ...]) -> None:
        self._out = out
        self._columns = columns
        out.writelines(csv_lines(columns, ()))

    def write(self, rows: list[Members]) -> None:
        """Write these rows behind those before."""
        lines = csv_lines(self._columns, map(cells, rows))
        next(lines)
        self._out.writelines(lines)

    def end(self) -> None:
        """Leave it as it is: CSV has no end."""


def list_usage(
    as_json: bool,
    as_csv: bool,
    config: Path | None,
    data_dir: Path | None,
    redis_url: str | None,
    **asked: str | None,
) -> None:
    """List the usage of a namespace."""
    if as_json and as_csv:
        raise CommandError("give --json or --csv, not both", USAGE)
    given = _given(asked)
    chosen = _chosen(lambda: selection(namespace(given), given))

    def writer() -> Writer:
        return JsonWriter(sys.stdout) if as_json else CsvWriter(sys.stdout, USAGE_COLUMNS)

    _write(chosen, usage_members, writer, config, data_dir=data_dir, redis_url=redis_url)


def export_charges(
    as_json: bool,
    as_csv: bool,
    as_parquet: bool,
    config: Path | None,
    data_dir: Path | None,
    redis_url: str | None,
    **asked: str | None,
) -> None:
    """Write the charges of all dialects."""
    if as_json + as_csv + as_parquet > 1:
        raise CommandError("give one of --json, --csv, --parquet", USAGE)
    given = _given(asked)
    chosen = _chosen(lambda: selection(CHARGES, given))

    def writer() -> Writer:
        if as_parquet:
            return _parquet_writer()
        return JsonWriter(sys.stdout) if as_json else CsvWriter(sys.stdout, CHARGE_COLUMNS)

    _write(chosen, charge_members, writer, config, data_dir=data_dir, redis_url=redis_url)


def archive(older_than: int, config: Path | None, **place: Any) -> None:
    """Move what is older than so many days to the archive: days of all books, changes of all accounts."""

    async def work(store: ValkeyStore, settings: Settings) -> None:
        try:
            moved = await archive_before(store, SystemClock().now_ns() // DAY - older_than)
        except OSError as error:
            raise CommandError(f"archive: {error}") from None
        place = files_at(settings.archive).place("").rstrip("/")
        typer.echo(f"moved {moved.days} days and {moved.changes} changes of accounts to {visible(place)}")
        if moved.skipped:
            left = f"{moved.skipped} accounts were left alone, because their journals prove nothing"
            raise CommandError(f"{left}: see cgrates-py verify")

    with_store(load_settings(config, **place), work)


def _given(asked: dict[str, str | None]) -> dict[str, str]:
    names = {"first": "from", "last": "to"}
    return {names.get(name, name): text for name, text in asked.items() if text is not None}


def _chosen(select: Callable[[], Selection]) -> Selection:
    try:
        return select()
    except SelectionError as error:
        raise CommandError(f"--{error}", USAGE) from None


def _parquet_writer() -> Writer:
    if sys.stdout.isatty():
        raise CommandError("--parquet writes bytes: redirect stdout to a file", USAGE)
    try:
        from cgrates_py.usage.parquet import ParquetExport  # noqa: PLC0415 -- pyarrow is an extra
    except ImportError:
        raise CommandError('--parquet needs pyarrow: pip install "cgrates-py[parquet]"', USAGE) from None
    return ParquetExport(sys.stdout.buffer, CHARGE_COLUMNS)


def _parts(store: ValkeyStore, chosen: Selection) -> AsyncIterator[Sequence[Numbered | Taken]]:
    lists = Lists(store)
    if chosen.book != CHARGES:
        return lists.all(chosen)
    if chosen.account is None:
        return EveryCharge(store, lists).all(chosen)
    return Charges(store, lists).all(chosen.account, chosen)


def _write(
    chosen: Selection, show: Show, open_writer: Callable[[], Writer], config: Path | None, **place: Any
) -> None:
    async def work(store: ValkeyStore, _: Settings) -> None:
        settle_memory()  # rows are many, and none refers to another
        writer = open_writer()
        async for rows in _parts(store, chosen):
            writer.write([show(row) for row in rows])
        writer.end()

    with_store(load_settings(config, **place), work)
