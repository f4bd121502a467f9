"""What ``tariff show``, ``lint`` and ``diff`` do."""

import gc
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import orjson
import typer
from rich.text import Text

from cgrates_py.cli import USAGE, CommandError, tables
from cgrates_py.cli.tariff_reading import read_tariffs
from cgrates_py.csv_export import csv_lines
from cgrates_py.tariffs.checks.below_cost import CostSubjectError
from cgrates_py.tariffs.checks.findings import Finding, Severity
from cgrates_py.tariffs.diff import Change, Difference, Group
from cgrates_py.tariffs.diff import diff as compare
from cgrates_py.tariffs.lint import lint as check
from cgrates_py.tariffs.numbers import shortened
from cgrates_py.tariffs.subjects import CATEGORY, Who
from cgrates_py.visible import visible
from rater.book import FOREVER
from rater.instant import InstantError, parse
from rater.instant import text as instant_text
from rater.tariff import Tariff

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
        old, new = read([before, after], now_ns, timezone, **place)
        found = compare(old, new, from_ns=from_ns, until_ns=until_ns, subject=who)
    if as_json:
        print_json(_diff_json(found))
    elif as_csv:
        print_csv(("subjects", *_CHANGE, "percent"), _diff_rows(found))
    else:
        _show_diff(found)
    if not found.equal:
        raise typer.Exit(DIFFERENT)


def lint(
    tariff: str,
    cost: str | None,
    cost_subject: str | None,
    at: str | None,
    as_json: bool,
    as_csv: bool,
    timezone: str | None,
    **place: Any,
) -> None:
    """Look for what is wrong in a tariff and print it."""
    one_of(json=as_json, csv=as_csv)
    now_ns = time.time_ns()
    at_ns = moment("--at", at, now_ns)
    buyer = None if cost_subject is None else who_of("--cost-subject", cost_subject)
    with steadily():
        names = [tariff] if cost is None else [tariff, cost]
        sale, *bought = read(names, now_ns, timezone, **place)
        try:
            found = check(sale, now_ns=at_ns, cost=bought[0] if bought else None, cost_subject=buyer)
        except CostSubjectError as error:
            raise CommandError(f"--cost-subject: {error}", USAGE) from None
    rows = [{"severity": each.severity.value, **each._asdict(), "code": each.code.value} for each in found]
    if as_json:
        print_json(rows)
    elif as_csv:
        print_csv(("severity", "code", "place", "sentence", "suggestion"), rows)
    else:
        _show_findings(found)
    if any(each.severity is Severity.ERROR for each in found):
        raise typer.Exit(DIFFERENT)


def _show_findings(found: list[Finding]) -> None:
    console = tables.out()
    for each in found[:ROWS_SHOWN]:
        console.print(
            Text(f"{each.severity.value}: {each.place}: {visible(each.sentence)} [{each.code.value}]")
        )
        console.print(Text(f"    {each.suggestion}"))
    if len(found) > ROWS_SHOWN:
        console.print(Text(f"… and {len(found) - ROWS_SHOWN} more; --csv lists all"))
    counts = Counter(each.severity for each in found)
    said = (
        f"{counts[each]} {each.value}{'' if counts[each] == 1 else 's'}" for each in Severity if counts[each]
    )
    console.print(", ".join(said) or "nothing is wrong")


def read(names: list[str], now_ns: int, timezone: str | None, **place: Any) -> list[Tariff]:
    """Read tariffs; what cannot be read ends with the exit code of a wrong command line, as with diff(1)."""
    try:
        return read_tariffs(names, now_ns, timezone=timezone, **place)
    except CommandError as error:
        raise CommandError(str(error), USAGE) from None


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
        "percent": line.percent.removeprefix("+") or None,
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
            told["percent"] = None if told["percent"] is None else Decimal(told["percent"])
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
            told |= {
                "numbers": some(told["numbers"], NUMBERS_SHOWN),
                "%": told.pop("percent") and change.line.percent,
            }
            rows.append(told)
        console.print(tables.records(_names(group), without_empty(rows)))
        if len(group.changes) > ROWS_SHOWN:
            console.print(Text(f"… and {len(group.changes) - ROWS_SHOWN} more; --csv lists all"))
    if found.plans:
        console.print(tables.records("plans of subscribers", [each._asdict() for each in found.plans]))
