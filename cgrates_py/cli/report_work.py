"""What the commands of ``report`` do."""

import sys
from pathlib import Path
from typing import Any

from cgrates_py.cli import USAGE, CommandError
from cgrates_py.cli.settings import load_settings
from cgrates_py.cli.stores import with_store
from cgrates_py.process import settle_memory
from cgrates_py.settings import Settings
from cgrates_py.usage.report_page import report_page
from cgrates_py.usage.report_text import ENCODINGS, csv_lines, report_json
from cgrates_py.usage.reports import ReportError, Reports, Wanted, read_window
from rater.usage.costs_report import Report
from rater.usage.costs_services import CostSetupError
from rater.usage.scrooge_setup import ScroogeSetup
from storage.documents import SCROOGE
from storage.valkey import ValkeyStore

FORMATS = ("csv", "json", "html", "parquet")


def ventures(
    first: str, last: str, forecast: bool, active: bool, encoding: str, config: Path | None, **options: Any
) -> None:
    """Write the report of ventures."""
    chosen = [name for name in FORMATS if options.pop(f"as_{name}")] or ["csv"]
    if len(chosen) > 1:
        raise CommandError("give one of --csv, --json, --html, --parquet", USAGE)
    if encoding not in ENCODINGS:
        raise CommandError(f"--encoding: expected {' or '.join(ENCODINGS)}", USAGE)
    if chosen == ["parquet"] and sys.stdout.isatty():
        raise CommandError("--parquet writes bytes: redirect stdout to a file", USAGE)
    try:
        window = read_window(first, last, ("--from", "--to"))
    except ReportError as error:
        raise CommandError(str(error), USAGE) from None
    wanted = Wanted(window, forecast, active)

    async def work(store: ValkeyStore, _: Settings) -> None:
        (found,) = await store.documents([SCROOGE])
        setup = found if isinstance(found, ScroogeSetup) else ScroogeSetup()
        settle_memory()
        try:
            report = await Reports(store).ventures(setup, wanted)
        except CostSetupError as error:
            raise CommandError(f"Scrooge's set-up: {error}") from None
        _write(chosen[0], report, wanted, setup.currency, encoding)

    with_store(load_settings(config, **options), work)


def _write(kind: str, report: Report, wanted: Wanted, currency: str, encoding: str) -> None:
    out = sys.stdout.buffer
    match kind:
        case "csv":
            out.writelines(line.encode(encoding, "replace") for line in csv_lines(report))
        case "json":
            out.write(report_json(report, wanted, currency).encode() + b"\n")
        case "html":
            out.write(report_page(report, wanted, currency).encode())
        case _:
            _write_parquet(report)
    out.flush()


def _write_parquet(report: Report) -> None:
    try:
        from cgrates_py.usage.report_parquet import TooLongError, write_parquet  # noqa: PLC0415 -- an extra
    except ImportError:
        raise CommandError('--parquet needs pyarrow: pip install "cgrates-py[parquet]"', USAGE) from None
    try:
        write_parquet(report, sys.stdout.buffer)
    except TooLongError as error:
        raise CommandError(str(error)) from None
