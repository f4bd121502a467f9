"""What ``rate`` does: reads the layout and the tariff, rates the file, prints what came of it."""

import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import orjson
import typer

from cgrates_py.book_chain import chained
from cgrates_py.bulk.rating import BulkRater
from cgrates_py.cdrs.chunk import RecordsError
from cgrates_py.cdrs.convert import Converter
from cgrates_py.cdrs.rate import FileRater, Summary
from cgrates_py.cdrs.writers import Output
from cgrates_py.cli import USAGE, CommandError, tables
from cgrates_py.cli.cdr_work import Bar, Laid, laid_out
from cgrates_py.cli.settings import load_settings
from cgrates_py.cli.stores import with_store
from cgrates_py.settings import Settings
from cgrates_py.tariff_source import folder_tariff, tariff_of, timeline_of
from rater import quantity
from rater.tariff import Tariff
from storage.timeline import EVER, Timeline
from storage.valkey import ValkeyStore


def rate(
    cdrs: str,
    *,
    tariff: Path | None,
    version: int | None,
    out: Path | None,
    unrated: Path | None,
    as_json: bool,
    config: Path | None,
    data_dir: Path | None,
    redis_url: str | None,
    **reading: Any,
) -> None:
    """Rate a file of call records and print the summary."""
    if tariff is not None and version is not None:
        raise CommandError("--tariff and --version: expected one of them", USAGE)
    settings = load_settings(config, data_dir=data_dir, redis_url=redis_url)
    laid = laid_out(cdrs, outputs=(out, unrated), **reading)
    book = _book(settings, tariff, version)
    started = time.monotonic()
    try:
        summary, notices = _run(book, laid, out, unrated)
    except (RecordsError, OSError) as error:
        raise CommandError(f"{cdrs}: {error}") from None
    except MemoryError:
        raise CommandError(f"{cdrs}: more memory is needed than this process may have") from None
    _report(summary, notices, time.monotonic() - started, as_json)


def compiled(tariff: Tariff) -> Any:
    """Compile a tariff for rating."""
    from rater.compiler import compile_tariff  # noqa: PLC0415 -- after the checks of the options

    return compile_tariff(tariff)


def _book(settings: Settings, folder: Path | None, version: int | None) -> Any:
    """Compile a folder, or a version; without either all versions in force, each for calls of its time."""
    if folder is not None:
        return compiled(folder_tariff(folder, time.time_ns()))
    found: list[tuple[Timeline, dict[int, Tariff]]] = []

    async def work(store: ValkeyStore, _: Settings) -> None:
        if version is None:
            found.append(await timeline_of(store))
        else:
            timeline = Timeline(activations=((EVER, version),))
            found.append((timeline, {version: await tariff_of(str(version), store)}))

    with_store(settings, work)
    timeline, tariffs = found.pop()
    return chained(timeline, {number: compiled(tariffs.pop(number)) for number in sorted(tariffs)})


def _run(book: Any, laid: Laid, out: Path | None, unrated: Path | None) -> tuple[Summary, list[str]]:
    """Rate the file; nothing is left under the names of the outputs unless all of it was."""
    with ExitStack() as stack:
        records = stack.enter_context(closing(laid.open()))
        outputs = [None if path is None else stack.enter_context(Output(path)) for path in (out, unrated)]
        show = stack.enter_context(Bar(records))
        rater = FileRater(BulkRater(book), Converter(laid.layout), *outputs)
        summary = rater.run(records, lambda summary: show(summary.rows))
    left_out = sorted({name for each in outputs if each is not None for name in each.left_out})
    return summary, [
        f"columns that only later rows have were left out: {', '.join(left_out)}"
    ] if left_out else []


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
