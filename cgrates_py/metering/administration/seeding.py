"""Brings a catalogue of a data file into the store, by the same steps as the API."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from cgrates_py.metering.administration.applications import check_payer, replaced
from cgrates_py.metering.administration.desk import (
    Desk,
    Plan,
    RefusedError,
    belongs,
    in_waves,
    new_generation,
)
from cgrates_py.metering.administration.services import stored
from cgrates_py.metering.administration.tokens import TOKENS_MAX, keep_tokens
from rater.metering.catalogue import Application, Service
from storage.loading.threescale import CatalogueSeed


class ChangedError(Exception):
    """A service is not what the file was read over: read it again."""


async def seed_catalogue(desk: Desk, seed: CatalogueSeed, known: Mapping[str, Service]) -> int:
    """Make the catalogue what a file says, read over the services ``known``; tell how many things changed.

    Raises ChangedError if a service was changed meanwhile, and RefusedError for what the API refuses; either
    may come after a part was done, and doing all of it again is safe.
    """
    changed = 0
    for service in seed.services:
        before = known.get(service.service_id)
        changed += await _seed_service(desk, service, before, default=service.service_id in seed.defaults)
    changed += sum(await in_waves(seed.applications, partial(_seed_application, desk)))
    for start in range(0, len(seed.tokens), TOKENS_MAX):
        changed += await keep_tokens(desk, seed.tokens[start : start + TOKENS_MAX])
    return changed


async def missing_payers(desk: Desk, applications: Sequence[Application]) -> list[int]:
    """Tell the places of the applications whose account there is not."""
    payers = {each.account for each in applications if each.account is not None}
    missing = {payer for payer in payers if not await desk.has_account(payer)}
    return [place for place, each in enumerate(applications) if each.account in missing]


async def moved_usage(
    desk: Desk, applications: Sequence[Application], known: Mapping[str, Service]
) -> list[int]:
    """Tell the places of the applications whose usage is with another account than is to pay from now on."""

    async def is_moved(given: Application) -> bool:
        service = known.get(given.service_id)
        there = await desk.stored_application(given.service_id, given.app_id)
        if service is None or there is None or not belongs(there, service):
            return False
        try:
            await check_payer(desk, there, given.account)
        except RefusedError:
            return True
        return False

    moved = await in_waves(applications, is_moved)
    return [place for place, is_so in enumerate(moved) if is_so]


async def _seed_service(desk: Desk, service: Service, before: Service | None, *, default: bool) -> bool:
    generation = before.generation if before else new_generation()

    async def plan() -> Plan[bool]:
        if await desk.find_service(service.service_id) != before:
            raise ChangedError(service.service_id)
        after = replace(service, generation=generation)
        changes, _ = await stored(desk, before, after, default=default)
        return changes, bool(changes)

    return await desk.change(plan)


async def _seed_application(desk: Desk, given: Application) -> bool:
    async def plan() -> Plan[bool]:
        service = await desk.service(given.service_id)
        there = await desk.stored_application(given.service_id, given.app_id)
        before = there if there is not None and belongs(there, service) else None
        generation = before.generation if before else new_generation()
        after = replace(given, generation=generation, service_generation=service.generation)
        if before is not None:
            await check_payer(desk, before, after.account)
        changes = await replaced(desk, there, before, after)
        return changes, bool(changes)

    return await desk.change(plan)
