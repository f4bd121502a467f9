"""Services and their providers: the first service of a provider's key is its default."""

from dataclasses import replace
from functools import partial

from cgrates_py.metering.administration import fields
from cgrates_py.metering.administration.desk import (
    Call,
    Desk,
    Members,
    Plan,
    Reply,
    bad,
    belongs,
    in_waves,
    new_generation,
    not_found,
)
from rater.metering.catalogue import ACTIVE, APP_ID, OAUTH, USER_KEY, Application, Provider, Service
from storage.documents import Replacement, key_of, provider_key, service_key

MODES = (USER_KEY, APP_ID, OAUTH)
KEYS_DIFFER = "Provider keys are not valid, must be not nil and different"


async def list_services(desk: Desk, call: Call) -> Reply:
    """List all services by id."""
    every = await desk.store.list_documents("service")
    found = [each for each in every if isinstance(each, Service)]
    listed = await in_waves(found, partial(_shown_now, desk))
    return Reply(200, {"status": "found", "services": listed})


async def show_service(desk: Desk, call: Call) -> Reply:
    """Show a service."""
    service = await desk.find_service(call.names["service"])
    if service is None:
        raise not_found("not_found")
    return Reply(200, {"status": "found", "service": await _shown_now(desk, service)})


async def post_service(desk: Desk, call: Call) -> Reply:
    """Create the service that the body names, or change it."""
    given = fields.wrapped(call, "service")
    service_id = fields.name_text("id", given.get("id"))
    return Reply(201, {"service": await _save(desk, service_id, given), "status": "created"})


async def put_service(desk: Desk, call: Call) -> Reply:
    """Change a service, or create it."""
    given = fields.wrapped(call, "service")
    return Reply(200, {"service": await _save(desk, call.names["service"], given), "status": "ok"})


async def delete_service(desk: Desk, call: Call) -> Reply:
    """Delete a service, with its metrics, limits and rates; its applications count no more."""
    service_id = call.names["service"]

    async def plan() -> Plan[Reply]:
        service = await desk.find_service(service_id)
        if service is None:
            raise not_found("not_found")
        changes = [Replacement(service_key(service_id), service, None)]
        provider = await desk.provider(service.provider_key)
        if provider is not None:
            changes.append(_provider_change(provider.key, provider, _without(provider, service_id)))
        return changes, Reply(200, {"status": "deleted"})

    return await desk.change(plan)


async def change_provider_key(desk: Desk, call: Call) -> Reply:
    """Give a provider another key; all its services go with it."""
    old = call.names["key"]
    given = call.body.get("new_key") if isinstance(call.body, dict) else None
    if given is None or not str(given).strip() or given == old:
        raise bad(KEYS_DIFFER)
    new = fields.name_text("new_key", given)

    async def plan() -> Plan[Reply]:
        if await desk.provider(new) is not None:
            raise bad(f'Provider key="{new}" already exists')
        provider = await desk.provider(old)
        if provider is None:
            raise bad(f'Provider key="{old}" does not exist')
        found = await desk.store.documents([service_key(each) for each in provider.service_ids])
        changes = [
            Replacement(service_key(each.service_id), each, replace(each, provider_key=new))
            for each in found
            if isinstance(each, Service)
        ]
        changes.append(_provider_change(old, provider, None))
        changes.append(_provider_change(new, None, replace(provider, key=new)))
        return changes, Reply(200, {"status": "changed"})

    return await desk.change(plan)


async def reset_stats(desk: Desk, call: Call) -> Reply:
    """Begin all counters of a service anew: each of its applications gets a new generation."""
    service = await desk.service(call.names["service"])

    async def renew(listed: Application) -> None:
        await desk.change(partial(_renewed, desk, service, listed.app_id))

    await in_waves(await desk.applications(service), renew)
    return Reply(200, {"status": "deleted"})


async def _renewed(desk: Desk, service: Service, app_id: str) -> Plan[None]:
    """Give an application a new generation, unless it is gone."""
    before = await desk.stored_application(service.service_id, app_id)
    if before is None or not belongs(before, service):
        return (), None
    return [Replacement(key_of(before), before, replace(before, generation=new_generation()))], None


async def _save(desk: Desk, service_id: str, given: Members) -> Members:
    """Merge attributes into a service, or create it with them; show what it is then."""

    async def plan() -> Plan[Members]:
        before = await desk.find_service(service_id)
        after = _merged(service_id, before, given)
        chosen = given.get("default_service")
        default = chosen is not None and fields.flag("default_service", chosen)
        changes, owner = await stored(desk, before, after, default=default)
        return changes, shown(after, owner)

    return await desk.change(plan)


async def stored(
    desk: Desk, before: Service | None, after: Service, *, default: bool
) -> tuple[list[Replacement], Provider]:
    """Tell the changes that make a service what it shall be, and its provider then."""
    changes = []
    if before is not None and before.provider_key != after.provider_key:
        left = await desk.provider(before.provider_key)
        if left is not None:
            changes.append(_provider_change(left.key, left, _without(left, after.service_id)))
    provider = await desk.provider(after.provider_key)
    owner = _with(provider or Provider(after.provider_key), after.service_id, default=default)
    if owner != provider:
        changes.append(_provider_change(owner.key, provider, owner))
    if after != before:
        changes.append(Replacement(service_key(after.service_id), before, after))
    return changes, owner


def _merged(service_id: str, before: Service | None, given: Members) -> Service:
    """Lay what was given over a service; what was not given stays."""
    key = given.get("provider_key")
    if before is None and key is None:
        raise bad("provider_key: expected the key of the provider that owns the service")
    service = before or Service(service_id, "", new_generation())
    if key is not None:
        service = replace(service, provider_key=fields.name_text("provider_key", key))
    if given.get("backend_version") is not None:
        mode = fields.text("backend_version", given["backend_version"])
        if mode not in MODES:
            raise bad(f"backend_version: expected one of {', '.join(MODES)}")
        service = replace(service, mode=mode)
    if "state" in given:
        state = ACTIVE if given["state"] is None else fields.text("state", given["state"])
        service = replace(service, state=state)
    if given.get("referrer_filters_required") is not None:
        required = fields.flag("referrer_filters_required", given["referrer_filters_required"])
        service = replace(service, referrer_filters_required=required)
    return service


def _with(provider: Provider, service_id: str, *, default: bool) -> Provider:
    """Add a service to a provider; the first one is its default."""
    ids = provider.service_ids
    if service_id not in ids:
        ids = (*ids, service_id)
    chosen = service_id if default or not provider.default_id else provider.default_id
    return Provider(provider.key, ids, chosen)


def _without(provider: Provider, service_id: str) -> Provider | None:
    """Take a service from a provider; None if it was the last one."""
    ids = tuple(each for each in provider.service_ids if each != service_id)
    if not ids:
        return None
    if provider.default_id == service_id:
        raise bad(f'Service id="{service_id}" is the default service, cannot be removed')
    return replace(provider, service_ids=ids)


def _provider_change(key: str, before: Provider | None, after: Provider | None) -> Replacement:
    return Replacement(provider_key(key), before, after)


async def _shown_now(desk: Desk, service: Service) -> Members:
    return shown(service, await desk.provider(service.provider_key))


def shown(service: Service, provider: Provider | None) -> Members:
    """Print a service as the API shows it; any state but active is shown as suspended."""
    return {
        "id": service.service_id,
        "state": ACTIVE if service.state == ACTIVE else "suspended",
        "provider_key": service.provider_key,
        "backend_version": service.mode,
        "referrer_filters_required": service.referrer_filters_required,
        "default_service": provider is not None and provider.default_id == service.service_id,
    }
