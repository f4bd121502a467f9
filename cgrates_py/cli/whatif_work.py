"""What ``whatif`` does: reads the layout and both tariffs, compares them, prints what came of it."""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import typer

from cgrates_py.cdrs.blocks import STDIN
from cgrates_py.cdrs.chunk import RecordsError
from cgrates_py.cdrs.convert import Converter
from cgrates_py.cli import USAGE, CommandError
from cgrates_py.cli.cdr_work import Bar, Laid, laid_out
from cgrates_py.cli.tariff_look_work import one_of, steadily
from cgrates_py.cli.tariff_reading import read_tariffs
from cgrates_py.cli.whatif_tables import show
from cgrates_py.csv_export import csv_lines
from cgrates_py.tariff_source import folder_tariff, needs_store
from cgrates_py.whatif.apart import Apart
from cgrates_py.whatif.comparison import Comparison
from cgrates_py.whatif.document import CSV_COLUMNS, Names, destination_rows, document
from cgrates_py.whatif.page import comparison_page
from cgrates_py.whatif.run import compare
from cgrates_py.whatif.sides import Seller


def whatif(
    *,
    cdrs: str,
    before: str,
    after: str,
    clock: str | None,
    top: int,
    as_json: bool,
    as_csv: bool,
    html: Path | None,
    config: Path | None,
    data_dir: Path | None,
    redis_url: str | None,
    **reading: Any,
) -> None:
    """Compare two tariffs by a file of call records."""
    one_of(json=as_json, csv=as_csv)
    zone = _zone(clock)
    if html is not None:
        _check_page(html, cdrs)
    laid = laid_out(cdrs, **reading)
    started = time.monotonic()
    with steadily():
        old, new = _makers([before, after], config=config, data_dir=data_dir, redis_url=redis_url)
        try:
            found = _run(laid, old, new, zone)
        except (RecordsError, OSError) as error:
            raise CommandError(f"{cdrs}: {error}") from None
    names = Names(before, after, clock)
    if html is not None:
        _write(html, comparison_page(found, names))
    if as_json:
        seconds = round(time.monotonic() - started, 3)
        sys.stdout.write(orjson.dumps({**document(found, names), "ElapsedSeconds": seconds}).decode() + "\n")
    elif as_csv:
        sys.stdout.writelines(csv_lines(CSV_COLUMNS, destination_rows(found)))
    else:
        show(found, names, top)
    if found.bad_first is not None:
        line, sentence = found.bad_first
        typer.echo(
            f"notice: {found.bad_rows} rows are no calls, the first in line {line}: {sentence}", err=True
        )


def _zone(clock: str | None) -> ZoneInfo | None:
    try:
        return None if clock is None else ZoneInfo(clock)
    except (KeyError, OSError, ValueError):
        raise CommandError(
            f"--clock: expected an IANA zone such as Europe/Bucharest, got {clock!r}", USAGE
        ) from None


def _makers(names: list[str], **place: Any) -> list[Callable[[], Seller]]:
    """Tell how to make the sellers; what the store has is read at once, folders where they are needed."""
    now_ns = time.time_ns()
    stored = [name for name in names if needs_store(name)]
    tariffs = dict(zip(stored, read_tariffs(stored, now_ns, **place), strict=True))

    def maker(name: str) -> Callable[[], Seller]:
        return lambda: Seller(tariffs[name] if name in tariffs else folder_tariff(Path(name), now_ns))

    return [maker(name) for name in names]


def _run(
    laid: Laid, before: Callable[[], Seller], after: Callable[[], Seller], zone: ZoneInfo | None
) -> Comparison:
    with ExitStack() as stack:
        apart = stack.enter_context(Apart(after))
        records = stack.enter_context(closing(laid.open()))
        show_rows = stack.enter_context(Bar(records))
        found = compare(
            records,
            Converter(laid.layout),
            before,
            apart,
            zone=zone,
            on_chunk=lambda found: show_rows(found.rows),
        )
        apart.ready()  # a file without calls asks for no price, but the tariff has to be one
        return found


def _check_page(html: Path, cdrs: str) -> None:
    """Refuse a page that cannot be written, or would take the place of the records."""
    if not html.absolute().parent.is_dir():
        raise CommandError(f"--html: there is no directory {html.parent}", USAGE)
    if cdrs != STDIN and html.resolve() == Path(cdrs).resolve():
        raise CommandError(f"--html: {html}: expected a file of its own, got the file of call records", USAGE)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"--html: {error}") from None
