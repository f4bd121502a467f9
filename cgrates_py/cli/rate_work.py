"""What ``rate`` does: reads the layout and the tariff, rates the file, prints what came of it."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from cgrates_py.cli import USAGE, CommandError, tables
from cgrates_py.cli.settings import load_settings
from cgrates_py.cli.stores import with_store
from cgrates_py.settings import Settings
from cgrates_py.tariff_source import CURRENT, folder_tariff, tariff_of
from rater import quantity
from rater.tariff import Tariff
from storage.valkey import ValkeyStore

try:
    from cgrates_py.bulk.rating import BulkRater
    from cgrates_py.cdrs.chunk import RecordsError
    from cgrates_py.cdrs.convert import Converter
    from cgrates_py.cdrs.formats import Format, Records, format_of
    from cgrates_py.cdrs.layout import GETCOST, Layout, LayoutError
    from cgrates_py.cdrs.layout_file import adjusted, named, read_map
    from cgrates_py.cdrs.rate import FileRater, Summary
    from cgrates_py.cdrs.writers import Output
except ModuleNotFoundError as error:
    raise CommandError(
        f'rate needs numpy and pyarrow ({error.name}): pip install "cgrates-py[bulk]"', USAGE
    ) from None


def rate(
    cdrs: str,
    *,
    tariff: Path | None,
    version: int | None,
    layout: str | None,
    map_file: Path | None,
    column: Sequence[str],
    format_name: str | None,
    adjust: dict[str, str | None],
    international: Sequence[str],
    national: Sequence[str],
    out: Path | None,
    unrated: Path | None,
    as_json: bool,
    config: Path | None,
    **place: Any,
) -> None:
    """Rate a file of call records and print the summary."""
    if tariff is not None and version is not None:
        raise CommandError("--tariff and --version: expected one of them", USAGE)
    settings = load_settings(config, **place)
    try:
        chosen = _layout(layout, map_file, column, adjust, international, national)
        chosen.check()
        format_ = format_of(cdrs, Format(format_name) if format_name else None)
        for path in (out, unrated):
            if path is not None:
                format_of(str(path))
    except (LayoutError, RecordsError, OSError) as error:
        raise CommandError(str(error), USAGE) from None
    except ValueError:
        expected = ", ".join(Format)
        raise CommandError(f"--format: expected one of {expected}, got {format_name!r}", USAGE) from None
    book = compiled(_tariff(settings, tariff, version))
    started = time.monotonic()
    try:
        summary, notices = _run(book, cdrs, format_, chosen, out, unrated)
    except (RecordsError, OSError) as error:
        raise CommandError(f"{cdrs}: {error}") from None
    _report(summary, notices, time.monotonic() - started, as_json)


def _layout(
    name: str | None,
    map_file: Path | None,
    column: Sequence[str],
    adjust: dict[str, str | None],
    international: Sequence[str],
    national: Sequence[str],
) -> Layout:
    """Put the layout together: the one named, the map over it, the options over both."""
    base = GETCOST if map_file is None and not column else Layout({})
    base = named(name) if name is not None else base
    if map_file is not None:
        base = read_map(map_file, base)
    base = base.having(dict(_pair("--column", text, "MEMBER=COLUMN") for text in column))
    base = adjusted(base, **adjust)
    if international:
        base = replace(base, international=tuple(international))
    if national:
        base = replace(base, national=tuple(_pair("--national", text, "PREFIX=CODE") for text in national))
    return base


def _pair(option: str, text: str, expected: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise LayoutError(f"{option}: expected {expected}, got {text!r}")
    return name, value


def compiled(tariff: Tariff) -> Any:
    """Compile a tariff for rating."""
    from rater.compiler import compile_tariff  # noqa: PLC0415 -- after the checks of the options

    return compile_tariff(tariff)


def _tariff(settings: Settings, folder: Path | None, version: int | None) -> Tariff:
    if folder is not None:
        return folder_tariff(folder, time.time_ns())
    found: list[Tariff] = []

    async def work(store: ValkeyStore, _: Settings) -> None:
        found.append(await tariff_of(CURRENT if version is None else str(version), store))

    with_store(settings, work)
    return found[0]


def _run(
    book: Any, cdrs: str, format_: Format, layout: Layout, out: Path | None, unrated: Path | None
) -> tuple[Summary, list[str]]:
    """Rate the file; nothing is left under the names of the outputs unless all of it was."""
    with ExitStack() as stack:
        records = stack.enter_context(closing(Records(cdrs, format_, layout.columns)))
        outputs = [None if path is None else stack.enter_context(Output(path)) for path in (out, unrated)]
        show = stack.enter_context(_Bar(records))
        summary = FileRater(BulkRater(book), Converter(layout), *outputs).run(records, show)
    left_out = sorted({name for each in outputs if each is not None for name in each.left_out})
    return summary, [
        f"columns that only later rows have were left out: {', '.join(left_out)}"
    ] if left_out else []


class _Bar:
    """Shows on a terminal how much of the file is read, calls a second, and the time that remains."""

    def __init__(self, records: Records) -> None:
        console = Console(stderr=True)
        self._records = records
        self._started = time.monotonic()
        self._progress = Progress(
            TextColumn("rating"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rows]:,} rows, {task.fields[speed]:,}/s"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("rating", total=records.bytes_total, rows=0, speed=0)

    def __enter__(self) -> Callable[[Summary], None]:
        self._progress.start()
        return self._show

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _show(self, summary: Summary) -> None:
        speed = int(summary.rows / max(time.monotonic() - self._started, 0.001))
        read = self._records.bytes_read
        self._progress.update(self._task, completed=read, rows=summary.rows, speed=speed)


def _report(summary: Summary, notices: list[str], seconds: float, as_json: bool) -> None:
    unrated = {reason: count for reason, count in sorted(summary.unrated.items()) if count}
    shown: dict[str, Any] = {
        "Rows": summary.rows,
        "Rated": summary.rated,
        "Unanswered": summary.unanswered,
        "NoCalls": summary.passed_over,
        "Unrated": sum(unrated.values()),
        "UnratedByReason": unrated,
        "Notices": dict(sorted(summary.notices.items())),
        "Seconds": quantity.text(summary.talk_ns),
        "Revenue": quantity.text(summary.revenue),
        "ElapsedSeconds": round(seconds, 3),
        "RowsPerSecond": int(summary.rows / max(seconds, 0.001)),
    }
    for notice in notices:
        typer.echo(f"notice: {notice}", err=True)
    if as_json:
        typer.echo(orjson.dumps(shown).decode())
        return
    plain = {name: value for name, value in shown.items() if not isinstance(value, dict)}
    tables.document(tables.out(), plain)
    for title, counts in (("not rated", unrated), ("notices of rated calls", summary.notices)):
        if counts:
            rows = [{"why": why, "calls": count} for why, count in sorted(counts.items())]
            tables.out().print(tables.records(title, rows))
