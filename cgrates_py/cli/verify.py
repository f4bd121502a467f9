"""``verify``: every account computed anew from its journal, beside its record."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import typer

from cgrates_py.accounts import name_of, parse_name
from cgrates_py.cli import tables
from cgrates_py.cli.settings import load_settings
from cgrates_py.cli.stores import with_store
from cgrates_py.settings import Settings
from cgrates_py.visible import visible
from rater import quantity
from storage.aof import Cut
from storage.proof import Finding, Totals
from storage.store import AccountKey
from storage.valkey import ValkeyStore

ACCOUNTS_AT_ONCE = 8
"""Accounts examined side by side: as many pages of journals are in memory."""
ROWS_MAX = 1_000
"""Whole accounts, and likewise accounts that are not, that the table has; JSON has them all."""
_UNKNOWN = "there is no such account"
_NOTHING = "it has vanished, or what is there is under a name that is spelt in another way than ours"
PROGRESS_AFTER_S = 2.0
PROGRESS_EVERY_S = 1.0


def verify(account: Sequence[str], as_json: bool, config: Path | None, **place: Any) -> None:
    """Examine accounts, print what was found, exit with 1 if anything differs or had to be cut off."""
    asked = sorted({parse_name(name) for name in account})
    totals, cuts, strays = Totals(), list[Cut](), list[str]()

    async def work(store: ValkeyStore, _: Settings) -> None:
        report = _Json() if as_json else _Table()
        keys = asked or await _all_accounts(store)
        progress = _Progress(len(keys))
        async for key, found in _findings(store, keys, progress):
            finding = found or Finding(key, 0, 0, None, None, _UNKNOWN if asked else _NOTHING)
            totals.add(finding)
            report.add(finding)
        progress.end()
        if not asked:
            strays.extend(await _all_strays(store))
        report.end(totals, cuts, strays)

    with_store(load_settings(config, **place), work, on_cut=cuts.append)
    if totals.not_whole or cuts or strays:
        raise typer.Exit(1)


async def _all_accounts(store: ValkeyStore) -> list[AccountKey]:
    found = set[AccountKey]()
    async for page in store.traces():
        found |= page
    return sorted(found)


async def _all_strays(store: ValkeyStore) -> list[str]:
    found = set[bytes]()
    async for page in store.strays():
        found |= page
    return sorted(name.decode(errors="backslashreplace") for name in found)


async def _findings(
    store: ValkeyStore, keys: Sequence[AccountKey], progress: "_Progress"
) -> AsyncIterator[tuple[AccountKey, Finding | None]]:
    for start in range(0, len(keys), ACCOUNTS_AT_ONCE):
        part = keys[start : start + ACCOUNTS_AT_ONCE]
        found = await asyncio.gather(*(store.examine(key, progress.page) for key in part))
        for each in zip(part, found, strict=True):
            progress.account()
            yield each


class _Json:
    """One JSON object, printed as it comes, so that any number of accounts takes no memory."""

    def __init__(self) -> None:
        self._before = '{"Accounts":['

    def add(self, finding: Finding) -> None:
        row = {name: value for name, value in _row(finding).items() if name != "Verdict"}
        row |= {"Whole": not finding.problem, "Problem": finding.problem}
        typer.echo(self._before + orjson.dumps(row).decode(), nl=False)
        self._before = ","

    def end(self, totals: Totals, cuts: Sequence[Cut], strays: Sequence[str]) -> None:
        if self._before != ",":
            typer.echo(self._before, nl=False)
        figures = {
            "Accounts": totals.accounts,
            "NotWhole": totals.not_whole,
            "Unprovable": totals.unprovable,
            "Versions": totals.versions,
            "Entries": totals.entries,
            "CreditByJournal": quantity.text(totals.credit_by_journal),
            "CreditByRecord": quantity.text(totals.credit_by_record),
            "Difference": quantity.text(totals.difference),
        }
        cut = [{"Bytes": each.bytes, "Unfinished": each.unfinished, "Kept": str(each.kept)} for each in cuts]
        told = {"Totals": figures, "Cut": cut, "Strays": strays}
        typer.echo(f"],{orjson.dumps(told).decode()[1:]}")


class _Table:
    """A table for eyes: what differs first, and then as much of the rest as can be read."""

    def __init__(self) -> None:
        self._wrong: list[Finding] = []
        self._whole: list[Finding] = []

    def add(self, finding: Finding) -> None:
        rows = self._wrong if finding.problem else self._whole
        if len(rows) < ROWS_MAX:
            rows.append(finding)

    def end(self, totals: Totals, cuts: Sequence[Cut], strays: Sequence[str]) -> None:
        shown = [*self._wrong, *self._whole]
        sums = {
            "Account": "all",
            "Version": totals.versions,
            "Entries": totals.entries,
            "CreditByJournal": quantity.text(totals.credit_by_journal),
            "CreditByRecord": quantity.text(totals.credit_by_record),
            "Difference": quantity.text(totals.difference),
            "Verdict": _verdict(totals),
        }
        tables.out().print(tables.records("accounts and their journals", [*map(_row, shown), sums]))
        if totals.accounts > len(shown):
            typer.echo(f"{totals.accounts - len(shown)} more accounts are counted but not shown")
        for cut in cuts:
            typer.echo(f"{cut}")
        for name in strays:
            typer.echo(f"{visible(name)} is no key of ours: of something that was, bytes were changed")
        if totals.not_whole:
            typer.echo(f"{totals.not_whole} of {totals.accounts} accounts are not what their journals say")
        elif cuts or strays:
            lost = "a last change is lost" if cuts else "what is under other names is missing somewhere"
            typer.echo(f"{totals.accounts} accounts are what their journals say, but {lost}")
        else:
            typer.echo(f"all is well: {totals.accounts} accounts are what their journals say")


def _verdict(totals: Totals) -> str:
    if not totals.not_whole:
        return "whole"
    left_out = f", {totals.unprovable} of them not in the sums" if totals.unprovable else ""
    return f"{totals.not_whole} not whole{left_out}"


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "Account": name_of(finding.key),
        "Version": finding.version,
        "Entries": finding.entries,
        "CreditByJournal": _amount(finding.credit_by_journal),
        "CreditByRecord": _amount(finding.credit_by_record),
        "Difference": _amount(finding.difference),
        "Verdict": finding.problem or "whole",
    }


def _amount(value: int | None) -> str | None:
    return None if value is None else quantity.text(value)


class _Progress:
    """Tells on a terminal's stderr how far it is, when it takes long."""

    def __init__(self, accounts: int) -> None:
        self._accounts = accounts
        self._done = self._elements = 0
        self._next_s = time.monotonic() + PROGRESS_AFTER_S
        self._told = False

    def account(self) -> None:
        """Count an account that is done."""
        self._done += 1

    def page(self, elements: int) -> None:
        """Count a page of a journal."""
        self._elements += elements
        if time.monotonic() >= self._next_s and sys.stderr.isatty():
            self._next_s, self._told = time.monotonic() + PROGRESS_EVERY_S, True
            done = f"{self._done} of {self._accounts} accounts, {self._elements} changes"
            typer.echo(f"\r{done}", nl=False, err=True)

    def end(self) -> None:
        """Leave the line."""
        if self._told:
            typer.echo("", err=True)
