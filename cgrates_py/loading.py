"""Brings what a folder says into a store: the tariff as one new version, then its accounts."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from msgspec import structs

from cgrates_py.accounts import AccountError, load_account, name_of
from cgrates_py.clock import SystemClock
from cgrates_py.metering.administration.desk import Desk, RefusedError
from cgrates_py.metering.administration.seeding import (
    ChangedError,
    missing_payers,
    moved_usage,
    seed_catalogue,
)
from cgrates_py.usage.cyclops.seeding import seed_cyclops
from cgrates_py.versions import ATTEMPTS_MAX, Followed, in_force
from rater.metering.catalogue import Application, Service
from rater.usage.scrooge_setup import ScroogeSetup
from storage.documents import SCROOGE, Replacement
from storage.loading import AccountSeed, Format, Loaded, load_folder
from storage.loading.folder import Progress
from storage.loading.report import Problem, shown
from storage.loading.scrooge import FILE as SCROOGE_FILE
from storage.loading.threescale import FILE as CATALOGUE_FILE
from storage.tariffs import Deed
from storage.timeline import Timeline
from storage.valkey import ValkeyStore

ACCOUNTS_AT_ONCE = 500
"""Accounts under way together: enough to share round trips, little enough to hold in memory."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load did. With problems nothing changed, and ``version`` is None; also after a dry run."""

    loaded: Loaded
    version: int | None = None
    accounts_changed: int = 0
    catalogue_changed: int = 0
    scrooge_changed: bool = False
    cyclops_changed: bool = False
    timeline: Timeline = field(default_factory=Timeline)
    """Which version prices calls that start when."""
    followed: Followed = field(default=Followed((), 0))
    """Which raters do not price by that yet."""


async def load(
    store: ValkeyStore,
    folder: Path,
    now_ns: int,
    *,
    deed: Deed = Deed(),  # noqa: B008 -- it is immutable
    format_: Format | None = None,
    timezone: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    on_accounts: Callable[[int], None] | None = None,
) -> Outcome:
    """Load a folder over the tariff in force when the deed begins; read again if another load came between.

    ``on_accounts`` is told how many accounts are done. Raises AccountError, TimelineError,
    StoreUnavailableError, OSError.
    """
    deed = structs.replace(deed, at_ns=now_ns)
    desk = Desk(store, store, SystemClock())
    for _ in range(ATTEMPTS_MAX):
        current, base = await store.read_tariff(max(deed.from_ns, now_ns))
        services = await _services(store, folder)
        scrooge = await _scrooge(store, folder)
        loaded = await asyncio.to_thread(
            load_folder,
            folder,
            base,
            now_ns=now_ns,
            format=format_,
            timezone=timezone,
            progress=progress,
            services=services,
            scrooge_setup=scrooge,
        )
        loaded = await _with_payers(desk, loaded, services)
        if loaded.problem_count or dry_run:
            return Outcome(loaded)
        version: int | None = current
        if loaded.tariff != base:
            version = await store.publish_tariff(loaded.tariff, current, deed)
        if version is not None:
            changed = await _load_accounts(store, loaded.accounts, now_ns, on_accounts)
            try:
                seeded = await seed_catalogue(desk, loaded.catalogue, services)
            except ChangedError:
                continue
            except RefusedError as refused:
                raise AccountError(str(refused)) from None
            after = loaded.scrooge.setup
            renewed = after is not None and after != scrooge
            if renewed and not await store.replace([Replacement(SCROOGE, scrooge, after)]):
                continue
            try:
                cycled = await seed_cyclops(store, loaded.cyclops, now_ns)
            except ValueError as error:
                raise AccountError(f"cyclops.json: {error}") from None
            timeline = await store.timeline()
            followed = await in_force(store, timeline.revision)
            return Outcome(loaded, version, changed, seeded, renewed, cycled, timeline, followed)
    raise AccountError("other loads came between every time; try again")


async def _services(store: ValkeyStore, folder: Path) -> dict[str, Service]:
    """Read the services that a catalogue in the folder is laid over."""
    if not (folder / CATALOGUE_FILE).exists():
        return {}
    every = await store.list_documents("service")
    return {each.service_id: each for each in every if isinstance(each, Service)}


async def _scrooge(store: ValkeyStore, folder: Path) -> ScroogeSetup | None:
    """Read the set-up of Scrooge that a file in the folder is laid over."""
    if not (folder / SCROOGE_FILE).exists():
        return None
    (known,) = await store.documents([SCROOGE])
    return known if isinstance(known, ScroogeSetup) else None


async def _with_payers(desk: Desk, loaded: Loaded, services: Mapping[str, Service]) -> Loaded:
    """Look whether the accounts that pay for applications are there or come with this load, and may pay."""
    coming = {(seed.account.customer, seed.account.subject) for seed in loaded.accounts}
    tied = loaded.catalogue.applications
    missing = [place for place in await missing_payers(desk, tied) if tied[place].account not in coming]
    moved = await moved_usage(desk, tied, services)
    if not missing and not moved:
        return loaded
    problems = tuple(_no_payer(place, tied[place]) for place in missing)
    problems += tuple(_moved_payer(place, tied[place]) for place in moved)
    return replace(
        loaded, problems=loaded.problems + problems, problem_count=loaded.problem_count + len(problems)
    )


def _no_payer(place: int, application: Application) -> Problem:
    name = shown(name_of(application.account_key))[1:-1]
    return Problem(CATALOGUE_FILE, f"$.applications[{place}].account", f"there is no account {name}", "")


def _moved_payer(place: int, application: Application) -> Problem:
    got = "none" if application.account is None else shown(name_of(application.account))
    path = f"$.applications[{place}].account"
    return Problem(CATALOGUE_FILE, path, "the account that has its usage", got)


async def _load_accounts(
    store: ValkeyStore, seeds: Sequence[AccountSeed], now_ns: int, done: Callable[[int], None] | None
) -> int:
    changed = 0
    for start in range(0, len(seeds), ACCOUNTS_AT_ONCE):
        part = seeds[start : start + ACCOUNTS_AT_ONCE]
        changed += sum(
            await asyncio.gather(*(load_account(store, seed.account, seed.replace, now_ns) for seed in part))
        )
        if done is not None:
            done(start + len(part))
    return changed
