"""What ``tariff import`` does: the deck read, the report, the folder, and on request the load."""

import json
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.table import Table
from rich.text import Text

from cgrates_py.cli import USAGE, CommandError
from cgrates_py.cli.tables import out as console_out
from cgrates_py.rate_decks.building import BuildingError, Profile
from cgrates_py.rate_decks.cells import Dirty
from cgrates_py.rate_decks.cells import increments as read_increments
from cgrates_py.rate_decks.columns import LAYOUTS, ColumnsError, Field, wanted_of
from cgrates_py.rate_decks.findings import Finding
from cgrates_py.rate_decks.importing import FolderError, Imported, write_folder
from cgrates_py.rate_decks.importing import import_deck as import_from
from cgrates_py.rate_decks.reading import Rules
from cgrates_py.rate_decks.sheets import SheetError
from cgrates_py.visible import visible
from rater import instant
from rater.tariff import Rounding
from storage.loading import values

SHOWN_MAX = 40
"""Findings in the table for eyes; ``--json`` lists 10,000."""
PLAN_CHARACTERS_MAX = 32


def import_deck(
    deck: Path,
    out: Path,
    layout: str | None,
    map_file: Path | None,
    column: list[str] | None,
    as_of: str | None,
    delimiter: str | None,
    encoding: str | None,
    strict: bool,
    as_json: bool,
    load: bool,
    data_dir: Path | None,
    redis_url: str | None,
    config: Path | None,
    **terms: Any,
) -> None:
    """Import a deck into a folder, or tell why not."""
    if layout is not None and layout not in LAYOUTS:
        raise CommandError(f"--layout: expected one of {', '.join(LAYOUTS)}, got {layout!r}", USAGE)
    delimiter = {"tab": "\t", "\\t": "\t"}.get(delimiter or "", delimiter)
    if delimiter is not None and len(delimiter) != 1:
        raise CommandError(f"--delimiter: expected one character or tab, got {delimiter!r}", USAGE)
    try:
        wanted = _wanted(map_file, column)
        imported = import_from(
            deck,
            LAYOUTS[layout or "az"],
            wanted,
            _rules(**terms),
            _profile(**terms),
            _instant(as_of),
            delimiter=delimiter,
            encoding=encoding,
        )
        refused = strict and imported.findings.count > 0
        if not refused:
            write_folder(out, imported.built.sheets)
    except (SheetError, ColumnsError, BuildingError, FolderError) as error:
        raise CommandError(f"{deck.name}: {error}") from None
    except OSError as error:
        raise CommandError(str(error)) from None
    (_print_json if as_json else _print)(deck, out, imported, refused)
    if refused:
        raise CommandError(f"{imported.findings.count} findings in {deck}; nothing was written")
    if load:
        from cgrates_py.cli.loading import load as load_folder  # noqa: PLC0415 -- brings the store along

        load_folder(out, "csv", None, False, config, data_dir=data_dir, redis_url=redis_url)


def _wanted(map_file: Path | None, column: list[str] | None) -> dict[Field, str]:
    """Read which column is what from the file and the options, which win."""
    given: dict[str, str] = {}
    if map_file is not None:
        try:
            document = json.loads(map_file.read_text(encoding="utf-8-sig"))
        except ValueError as error:
            raise CommandError(f"--map: expected JSON, {error}", USAGE) from None
        if not isinstance(document, dict):
            raise CommandError("--map: expected an object of fields and headings", USAGE)
        given = {str(field): str(heading) for field, heading in document.items()}
    for each in column or ():
        field, separator, heading = each.partition("=")
        if not separator or not heading.strip():
            raise CommandError(f"--column: expected FIELD=HEADING, got {each!r}", USAGE)
        given[field.strip()] = heading.strip()
    try:
        return wanted_of(given) if given else {}
    except ColumnsError as error:
        raise CommandError(f"--column, --map: {error}", USAGE) from None


def _rules(
    increments: str, price_max: str, currency: str, dates: str | None, timezone: str, **_: Any
) -> Rules:
    try:
        both = read_increments(increments.strip())
    except Dirty as error:
        raise CommandError(f"--increments: expected {error}, got {increments!r}", USAGE) from None
    try:
        most = values.price(values.number(price_max))
    except values.Expected as error:
        raise CommandError(f"--price-max: expected {error}, got {price_max!r}", USAGE) from None
    if dates not in {None, "dmy", "mdy"}:
        raise CommandError(f"--dates: expected dmy or mdy, got {dates!r}", USAGE)
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CommandError(f"--timezone: expected an IANA time zone, got {timezone!r}", USAGE) from None
    return Rules(both, Decimal(most), currency, dates, timezone)


def _profile(
    plan: str, tenant: str, category: str, subject: str, fallback: list[str] | None, **others: Any
) -> Profile:
    names = {"--plan": plan, "--tenant": tenant, "--category": category, "--subject": subject}
    for option, name in (*names.items(), *(("--fallback", name) for name in fallback or ())):
        try:
            values.identifier(name)
        except values.Expected as error:
            raise CommandError(f"{option}: expected {error}, got {name!r}", USAGE) from None
    if len(plan) > PLAN_CHARACTERS_MAX:
        raise CommandError(f"--plan: expected at most {PLAN_CHARACTERS_MAX} characters, got {plan!r}", USAGE)
    try:
        rounding = Rounding(others["rounding"])
    except ValueError:
        raise CommandError("--rounding: expected *up, *middle or *down", USAGE) from None
    fallbacks = ";".join(fallback or ())
    return Profile(
        plan, tenant, category, subject, fallbacks, others["per"], rounding.value, others["decimals"]
    )


def _instant(as_of: str | None) -> int:
    if as_of is None or as_of == "now":
        return time.time_ns()
    try:
        return instant.parse(as_of)[0]
    except instant.InstantError:
        raise CommandError(
            f"--as-of: expected a time such as 2026-01-31T00:00:00Z, got {as_of!r}", USAGE
        ) from None


def _print(deck: Path, out: Path, imported: Imported, refused: bool) -> None:
    console, findings = console_out(), imported.findings
    columns = ", ".join(f"{field.value}={label}" for field, label in imported.deck.columns.labels.items())
    console.print(Text(visible(f"{deck.name} ({imported.shape}): {columns}")))
    if imported.deck.columns.unread:
        console.print(Text(visible(f"not read (see --column): {', '.join(imported.deck.columns.unread)}")))
    if findings.count:
        table = Table("line", "column", "got", "expected", "done")
        for finding in findings.ordered()[:SHOWN_MAX]:
            done = " ".join(filter(None, (finding.done.value, finding.detail)))
            cells = (str(finding.line), finding.column, finding.got, finding.expected, done)
            table.add_row(*(Text(visible(cell)) for cell in cells))
        console.print(table)
        if findings.count > SHOWN_MAX:
            console.print(Text(f"… and {findings.count - SHOWN_MAX} more (see --json); in all:"))
            for (expected, done), count in findings.counts.most_common():
                console.print(Text(visible(f"{count:8} {done.value}: expected {expected}")))
    for note in imported.built.notes:
        console.print(Text(visible(note)))
    if not refused:
        built = imported.built
        rates = len({row[0] for row in built.sheets["Rates.csv"]})
        plans = len(built.sheets["RatingPlans.csv"])
        counts = (
            f"{built.codes} codes, {built.destinations} destinations, {rates} rates, {plans} rating plans"
        )
        console.print(Text(visible(f"{out}: {imported.deck.rows} rows, {counts}")))


def _print_json(deck: Path, out: Path, imported: Imported, refused: bool) -> None:
    built, findings = imported.built, imported.findings
    document = {
        "Deck": str(deck),
        "Shape": imported.shape,
        "Columns": {field.value: label for field, label in imported.deck.columns.labels.items()},
        "ColumnsNotRead": list(imported.deck.columns.unread),
        "Currency": imported.deck.currency,
        "Rows": imported.deck.rows,
        "Codes": built.codes,
        "Destinations": built.destinations,
        "Notes": list(built.notes),
        "Folder": None if refused else str(out),
        "FindingCount": findings.count,
        "FindingKinds": [
            {"Expected": expected, "Done": done.value, "Count": count}
            for (expected, done), count in findings.counts.most_common()
        ],
        "Findings": [_finding(each) for each in findings.ordered()],
    }
    sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "Line": finding.line,
        "Column": finding.column,
        "Got": finding.got,
        "Expected": finding.expected,
        "Done": finding.done.value,
        "Detail": finding.detail,
    }
