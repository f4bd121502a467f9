"""What ``load`` does: one report of everything, then the load."""

import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cgrates_py import failpoints
from cgrates_py.accounts import AccountError
from cgrates_py.cli import USAGE, CommandError
from cgrates_py.cli.settings import load_settings
from cgrates_py.cli.stores import with_store
from cgrates_py.cli.tariff_work import deed_of, tell_followed, told
from cgrates_py.loading import Outcome
from cgrates_py.loading import load as load_into
from cgrates_py.settings import Settings
from rater import instant
from rater.tariff import Tariff
from storage.loading import DOCUMENTS, Format, detect, load_folder
from storage.tariffs import Deed
from storage.timeline import EVER, TimelineError
from storage.valkey import ValkeyStore


def load(
    path: Path,
    format_name: str | None,
    timezone: str | None,
    dry_run: bool,
    config: Path | None,
    at: str | None = None,
    author: str | None = None,
    note: str = "",
    **place: Any,
) -> None:
    """Load a folder into the store, or report why not."""
    try:
        chosen = Format(format_name) if format_name else None
    except ValueError:
        expected = " or ".join(each.value for each in Format)
        raise CommandError(f"--format: expected {expected}, got {format_name!r}", USAGE) from None
    now_ns = time.time_ns()
    deed = deed_of(author, note, at, now_ns)
    settings = load_settings(config, **place)
    started = time.monotonic()
    outcomes: list[Outcome] = []
    with _bar() as bar:
        task = bar.add_task("reading", total=None)
        accounts = bar.add_task("accounts", total=None, visible=False)

        async def work(store: ValkeyStore, _: Settings) -> None:
            outcomes.append(
                await load_into(
                    failpoints.store_of(store),
                    path,
                    now_ns,
                    deed=deed,
                    format_=chosen,
                    timezone=timezone,
                    dry_run=dry_run,
                    progress=lambda done, total: bar.update(task, completed=done, total=total),
                    on_accounts=lambda done: bar.update(accounts, completed=done, visible=True),
                )
            )

        try:
            if dry_run and not settings.redis_url and not settings.data_dir.exists():
                fresh = load_folder(path, Tariff(), now_ns=now_ns, format=chosen, timezone=timezone)
                outcomes.append(Outcome(fresh))  # a dry run leaves no data directory behind
            else:
                with_store(settings, work, may_create=True)
        except (AccountError, TimelineError, OSError) as error:
            raise CommandError(str(error)) from None
    _report(path, chosen, outcomes[0], time.monotonic() - started)
    if outcomes[0].version is not None:
        _report_timeline(outcomes[0], deed)


def _bar() -> Progress:
    """Make a progress bar on stderr; it shows nothing where no eyes are, and vanishes when done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _report(path: Path, chosen: Format | None, outcome: Outcome, seconds: float) -> None:
    loaded = outcome.loaded
    err, out = Console(stderr=True, soft_wrap=True, highlight=False), Console(soft_wrap=True, highlight=False)
    for notice in loaded.notices:
        err.print(f"notice: {notice}", markup=False)
    _rest(err, "notices", loaded.notice_count - len(loaded.notices))
    for problem in loaded.problems:
        err.print(f"problem: {problem}", markup=False)
    _rest(err, "problems", loaded.problem_count - len(loaded.problems))
    if loaded.problem_count:
        noun = "problem" if loaded.problem_count == 1 else "problems"
        raise CommandError(f"{loaded.problem_count} {noun} in {path}; nothing was loaded")
    shape = chosen or " and ".join(detect(path) or _documents(path))
    counts = ", ".join(f"{count} {name}" for name, count in loaded.counts.items()) or "nothing"
    out.print(f"{path} ({shape}): {counts}", markup=False)
    if outcome.version is None:
        out.print("dry run: all is well, nothing was changed")
    else:
        out.print(
            f"tariff version {outcome.version}, {outcome.accounts_changed} accounts changed, {seconds:.1f} s"
        )
        if loaded.catalogue.counts:
            out.print(f"{outcome.catalogue_changed} services, applications and tokens changed")
        if loaded.scrooge.setup is not None:
            out.print(f"Scrooge: the set-up {'changed' if outcome.scrooge_changed else 'is as it was'}")
        if loaded.cyclops.counts or loaded.cyclops.static is not None:
            out.print(f"Cyclops RC: its state {'changed' if outcome.cyclops_changed else 'is as it was'}")


def _report_timeline(outcome: Outcome, deed: Deed) -> None:
    """Tell what else than this version prices calls, and who does not have it yet."""
    timeline = outcome.timeline
    if deed.from_ns != EVER or len(timeline.activations) > 1:
        out = Console(soft_wrap=True, highlight=False)
        for line in told(timeline):
            out.print(line, markup=False)
    err = Console(stderr=True, soft_wrap=True, highlight=False)
    for from_ns, version in timeline.to_come(max(deed.from_ns, deed.at_ns)):
        if version != outcome.version:
            since = f"which prices calls that start at {instant.text(from_ns)} or later"
            err.print(f"notice: version {version}, {since}, does not have these changes", markup=False)
    tell_followed(outcome.followed, deed.from_ns, deed.at_ns)


def _documents(folder: Path) -> list[str]:
    return [Path(name).stem for name in DOCUMENTS if (folder / name).exists()]


def _rest(console: Console, what: str, count: int) -> None:
    if count > 0:
        console.print(f"… and {count} more {what}")
