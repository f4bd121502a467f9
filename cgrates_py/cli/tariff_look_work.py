"""What ``tariff show``, ``lint`` and ``diff`` do."""

import gc
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import typer
from rich.text import Text

from cgrates_py.cli import USAGE, CommandError, tables
from cgrates_py.cli.tariff_reading import read_tariffs
from cgrates_py.csv_export import csv_lines
from cgrates_py.tariffs.diff import Change, Difference, Group
from cgrates_py.tariffs.diff import diff as compare
from cgrates_py.tariffs.numbers import shortened
from cgrates_py.tariffs.subjects import CATEGORY, Who
from rater.book import FOREVER
from rater.instant import InstantError, parse
from rater.instant import text as instant_text

DIFFERENT = 1
NUMBERS_SHOWN = 6
"""Prefixes in a cell of a table; JSON and CSV have all."""
ROWS_SHOWN = 200
SUBJECTS_SHOWN = 100
"""Names of subjects that one difference lists; their number is always told."""


def diff(
    before: str,
    after: str,
    subject: str | None,
    at: str | None,
    from_: str | None,
    to: str | None,
    as_json: bool,
    as_csv: bool,
    timezone: str | None,
    **place: Any,
) -> None:
    """Compare two tariffs and print what differs."""
    if at and (from_ or to):
        raise CommandError("give --at, or --from and --to", USAGE)
    one_of(json=as_json, csv=as_csv)
    now_ns = time.time_ns()
    from_ns = moment("--at", at, now_ns) if at else moment("--from", from_, now_ns)
    until_ns = from_ns if at else moment("--to", to, FOREVER)
    if until_ns < from_ns:
        raise CommandError("--to: expected a time after --from", USAGE)
    who = None if subject is None else who_of("--subject", subject)
    with steadily():
        try:
            old, new = read_tariffs([before, after], now_ns, timezone=timezone, **place)
        except CommandError as error:
            raise CommandError(str(error), USAGE) from None
        found = compare(old, new, from_ns=from_ns, until_ns=until_ns, subject=who)
    if as_json:
        print_json(_diff_json(found))
    elif as_csv:
        print_csv(("subjects", *_CHANGE, "percent"), _diff_rows(found))
    else:
        _show_diff(found)
    if not found.equal:
        raise typer.Exit(DIFFERENT)


def one_of(**chosen: bool) -> None:
    """Refuse more than one way to print."""
    if sum(chosen.values()) > 1:
        raise CommandError(f"give one of {', '.join(f'--{name}' for name in chosen)}", USAGE)


def moment(option: str, text: str | None, otherwise: int) -> int:
    """Read a time of an option. Raises CommandError."""
    if text is None:
        return otherwise
    if text == "now":
        return time.time_ns()
    try:
        return parse(text)[0]
    except InstantError as error:
        raise CommandError(f"{option}: {error}", USAGE) from None


def who_of(option: str, text: str) -> Who:
    """Read ``CUSTOMER:SUBJECT[:CATEGORY]``. Raises CommandError."""
    parts = text.split(":")
    if len(parts) not in {2, 3} or not parts[1]:
        raise CommandError(f"{option}: expected CUSTOMER:SUBJECT or CUSTOMER:SUBJECT:CATEGORY", USAGE)
    return Who(parts[0], parts[2] if len(parts) > 2 else CATEGORY, parts[1])


@contextmanager
def steadily() -> Iterator[None]:
    """Look for no garbage meanwhile: a command that builds large tables and ends finds none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def print_json(value: Any) -> None:
    """Print a document as one line."""
    sys.stdout.write(orjson.dumps(value).decode() + "\n")


def print_csv(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    """Print rows for a spreadsheet."""
    sys.stdout.writelines(csv_lines(columns, rows))


def without_empty(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the columns that no row has anything in."""
    used = [name for name in rows[0] if any(row[name] is not None for row in rows)] if rows else []
    return [{name: row[name] for name in used} for row in rows]


def some(names: Sequence[str], most: int) -> str:
    """Name the first of many, and how many there are."""
    more = f" … ({len(names)} in all)" if len(names) > most else ""
    return ", ".join(names[:most]) + more


_CHANGE = ("numbers", "from", "to", "when", "what", "before", "after")


def _change(change: Change) -> dict[str, Any]:
    line = change.line
    return {
        "numbers": shortened(change.numbers),
        "from": None if change.from_ns is None else instant_text(change.from_ns),
        "to": None if change.until_ns is None else instant_text(change.until_ns),
        **dict(zip(_CHANGE[3:], line, strict=False)),
        "percent": line.percent or None,
    }


def _diff_json(found: Difference) -> dict[str, Any]:
    return {
        "equal": found.equal,
        "subjects_compared": found.compared,
        "groups": [
            {
                "subject_count": len(group.subjects),
                "subjects": [str(who) for who in group.subjects[:SUBJECTS_SHOWN]],
                "changes": [_change(change) for change in group.changes],
            }
            for group in found.groups
        ],
        "plans": [change._asdict() for change in found.plans],
    }


def _diff_rows(found: Difference) -> Iterator[dict[str, Any]]:
    for group in found.groups:
        for change in group.changes:
            told = _change(change)
            yield {**told, "numbers": " ".join(told["numbers"]), "subjects": _names(group)}
    for each in found.plans:
        yield {"subjects": f"plan {each.plan}", **each._asdict()}


def _names(group: Group) -> str:
    return some([str(who) for who in group.subjects], 3)


def _show_diff(found: Difference) -> None:
    console = tables.out()
    if found.equal:
        console.print(f"nothing differs ({found.compared} subjects compared)")
    for group in found.groups:
        rows = []
        for change in group.changes[:ROWS_SHOWN]:
            told = _change(change)
            told |= {"numbers": some(told["numbers"], NUMBERS_SHOWN), "%": told.pop("percent")}
            rows.append(told)
        console.print(tables.records(_names(group), without_empty(rows)))
        if len(group.changes) > ROWS_SHOWN:
            console.print(Text(f"… and {len(group.changes) - ROWS_SHOWN} more; --csv lists all"))
    if found.plans:
        console.print(tables.records("plans of subscribers", [each._asdict() for each in found.plans]))
