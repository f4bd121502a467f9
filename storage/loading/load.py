"""Loads a folder: recognises its format, reads all of it, and answers with a tariff or with every problem."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rater.account import Account
from rater.metering.catalogue import Service
from rater.tariff import Tariff
from rater.usage.scrooge_setup import ScroogeSetup
from storage.loading import cyclops, scrooge, threescale, values
from storage.loading.account_csv import AccountSheets
from storage.loading.cyclops import CyclopsSeed, read_cyclops
from storage.loading.folder import CSV_FILES, JSON_FILES, Folder, Format, Progress, detect
from storage.loading.json2012 import Documents
from storage.loading.merge import merge, replaced
from storage.loading.report import Problem, Report
from storage.loading.scrooge import ScroogeSeed, read_scrooge
from storage.loading.tariff_csv import TariffSheets
from storage.loading.threescale import CatalogueSeed, read_catalogue
from storage.tariffs import counts as tariff_counts

DOCUMENTS = (threescale.FILE, scrooge.FILE, cyclops.FILE)
"""Files that stand beside a tariff in any format, or alone."""


@dataclass(frozen=True, slots=True)
class AccountSeed:
    """An account to store. ``replace`` False: only if there is none of that key yet."""

    account: Account
    replace: bool


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a load. With any problem, ``tariff`` is the base unchanged, the rest empty.

    ``problems`` and ``notices`` list at most 1,000 each; ``problem_count`` and ``notice_count`` count all.
    ``counts`` tells how many of each thing the folder names.
    """

    tariff: Tariff
    accounts: tuple[AccountSeed, ...]
    catalogue: CatalogueSeed
    scrooge: ScroogeSeed
    cyclops: CyclopsSeed
    problems: tuple[Problem, ...]
    notices: tuple[Problem, ...]
    problem_count: int
    notice_count: int
    counts: Mapping[str, int]


def load_folder(
    folder: Path,
    base: Tariff,
    *,
    now_ns: int,
    format: Format | None = None,  # noqa: A002 -- the name that the command line has for it
    timezone: str | None = None,
    progress: Progress | None = None,
    services: Mapping[str, Service] | None = None,
    scrooge_setup: ScroogeSetup | None = None,
) -> Loaded:
    """Read a folder over the tariff ``base``, a catalogue of usage over ``services`` by their ids, and so on.

    ``format``: only the files of that one; else all that are there, those of 2012 first.
    ``timezone`` (IANA) is the zone of clocks whose file names none; ``now_ns`` is what ``*now`` means.
    ``progress`` is told (bytes read, bytes in all). Problems of the files are in the result; an unreadable
    disk raises OSError.
    """
    report = Report()
    if timezone is not None:
        _check_zone(timezone, report)
    chosen = (format,) if format else detect(folder)
    said, merged, catalogue, scrooge_seed = Tariff(), base, CatalogueSeed(), ScroogeSeed()
    cyclops_seed = CyclopsSeed()
    accounts: list[AccountSeed] = []
    if not folder.is_dir():
        report.problem(str(folder), "", "a folder", "none")
    elif not chosen and not _has_documents(folder):
        expected = f"at least one of {', '.join((*JSON_FILES, *CSV_FILES, *DOCUMENTS))}"
        report.problem(str(folder), "", expected, "none")
    elif not report.problems.count:
        documents = Folder(folder, DOCUMENTS, report, progress)
        catalogue = read_catalogue(documents, services or {})
        scrooge_seed = read_scrooge(documents, scrooge_setup)
        cyclops_seed = read_cyclops(documents)
        for each in chosen:
            before = merged
            part, merged, opened = _read(folder, each, before, timezone, now_ns, report, progress)
            for kind, name in replaced(before, part):
                report.notice(kind, name, "a new Id", "one in use with other content, which this replaces")
            said = merge(said, part) if said != Tariff() else part
            accounts += opened
    failed = report.problems.count > 0
    return Loaded(
        tariff=base if failed else merged,
        accounts=() if failed else tuple(accounts),
        catalogue=CatalogueSeed() if failed else catalogue,
        scrooge=ScroogeSeed() if failed else scrooge_seed,
        cyclops=CyclopsSeed() if failed else cyclops_seed,
        problems=report.problems.listed(),
        notices=report.notices.listed(),
        problem_count=report.problems.count,
        notice_count=report.notices.count,
        counts=tariff_counts(said)
        | ({"accounts": len(accounts)} if accounts else {})
        | {name: each for name, each in catalogue.counts.items() if each}
        | dict(scrooge_seed.counts)
        | dict(cyclops_seed.counts),
    )


def _read(
    root: Path,
    chosen: Format,
    base: Tariff,
    timezone: str | None,
    now_ns: int,
    report: Report,
    progress: Progress | None,
) -> tuple[Tariff, Tariff, tuple[AccountSeed, ...]]:
    names = JSON_FILES if chosen is Format.JSON2012 else CSV_FILES
    folder = Folder(root, names, report, progress)
    if not folder.files and not report.problems.count:
        report.problem(str(root), "", f"at least one of {', '.join(names)}", "none")
    if chosen is Format.JSON2012:
        said, budgets = Documents(folder, base, timezone).read()
        return said, merge(base, said), tuple(AccountSeed(account, replace=True) for account in budgets)
    _note_others(root, report)
    sheets = TariffSheets(folder, base, timezone, now_ns)
    said = sheets.read()
    account_sheets = AccountSheets(folder, sheets, {*base.timings, *said.timings}, now_ns)
    opened = account_sheets.read()
    merged = merge(base, said, account_sheets.unions)
    sheets.check_plans(merged)
    return said, merged, tuple(AccountSeed(account, replace=False) for account in opened)


def _has_documents(folder: Path) -> bool:
    return any(entry.name in DOCUMENTS for entry in folder.iterdir())


def _note_others(root: Path, report: Report) -> None:
    """Name the files of other subsystems, which are left alone."""
    for entry in sorted(root.iterdir()):
        if entry.suffix.lower() == ".csv" and entry.name not in CSV_FILES:
            report.notice(entry.name, "", "files about prices and accounts", "another (left alone)")


def _check_zone(timezone: str, report: Report) -> None:
    try:
        values.zone(timezone)
    except values.Expected as error:
        report.problem("timezone", "", str(error), repr(timezone))
