"""Applications: who uses a service under which plan, and which account pays for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from cgrates_py.accounts import name_of, parse_name
from cgrates_py.metering.administration import fields
from cgrates_py.metering.administration.desk import (
    Call,
    Desk,
    Members,
    Plan,
    RefusedError,
    Reply,
    bad,
    belongs,
    in_waves,
    new_generation,
)
from rater.metering.catalogue import GENERATION_DIGITS, Application, UserKey
from storage.documents import Replacement, key_of, user_key_key
from storage.loading.threescale_rules import KEYS_MAX, TEXT_MAX, URL_MAX
from storage.store import AccountKey

BATCH_MAX = 1_000
"""Applications of one batch; the body of a request holds few more."""


async def list_applications(desk: Desk, call: Call) -> Reply:
    """List the applications of a service by id."""
    found = await desk.applications(await desk.service(call.names["service"]))
    return Reply(200, {"status": "found", "applications": [shown(each) for each in found]})


async def show_application(desk: Desk, call: Call) -> Reply:
    """Show an application."""
    application = await desk.application(call.names["service"], call.names["application"])
    return Reply(200, {"status": "found", "application": shown(application)})


async def post_application(desk: Desk, call: Call) -> Reply:
    """Create an application; one that exists stays as it is."""
    given = fields.wrapped(call, "application")
    saved = await save(desk, *_named(call), given, made=_generation(call), new=True)
    status = 201 if saved.said == "created" else 405
    return Reply(status, {"status": saved.said, "application": shown(saved.application)})


async def put_application(desk: Desk, call: Call) -> Reply:
    """Create an application or change it. What was not given stays, and is shown as null."""
    given = fields.wrapped(call, "application")
    saved = await save(desk, *_named(call), given, made=_generation(call))
    return Reply(200, {"status": saved.said, "application": _echo(saved.application, given)})


def _named(call: Call) -> tuple[str, str]:
    return call.names["service"], call.names["application"]


def _generation(call: Call) -> str:
    """Name what this request creates, so that it knows it when it is sent again."""
    return call.secret(GENERATION_DIGITS, "application", *_named(call))


async def delete_application(desk: Desk, call: Call) -> Reply:
    """Delete an application and its user keys; its account stays."""
    service_id, app_id = _named(call)

    async def plan() -> Plan[Reply]:
        application = await desk.application(service_id, app_id)
        changes = [Replacement(key_of(application), application, None)]
        changes += _unbound(application, application.user_keys)
        return changes, Reply(200, {"status": "deleted"})

    return await desk.change(plan)


async def put_batch(desk: Desk, call: Call) -> Reply:
    """Create or change several applications, each for itself; keys and filters are added to what is there."""
    given = fields.a_list("applications", fields.wrapper(call, "applications"), BATCH_MAX)
    await desk.service(call.names["service"])
    ended: list[Members] = []
    for part in _without_repeats(given):
        ended += await in_waves(part, partial(_save_member, desk, call.names["service"]))
    done = [each for each in ended if "application" in each]
    failures = [each for each in ended if "application" not in each]
    document = {
        "status": "completed",
        "total": len(given),
        "successful": len(done),
        "failed": len(failures),
        "applications": done,
        "failures": failures,
    }
    return Reply(200, document)


def _without_repeats(given: list[Any]) -> list[list[Any]]:
    """Cut a batch so that no part names an application twice: those are to be done in their order."""
    parts: list[list[Any]] = [[]]
    named: set[str] = set()
    for member in given:
        app_id = str(member.get("id")) if isinstance(member, dict) else ""
        if app_id and app_id in named:
            parts.append([])
            named.clear()
        named.add(app_id)
        parts[-1].append(member)
    return parts


async def _save_member(desk: Desk, service_id: str, member: Any) -> Members:
    """Save one application of a batch; tell what became of it."""
    app_id = None
    try:
        given = fields.an_object("applications", member)
        app_id = fields.name_text("id", given.get("id"))
        saved = await save(desk, service_id, app_id, given)
    except RefusedError as refused:
        return {"id": app_id, "error": str(refused)}
    echo = _echo(saved.application, given)
    echo |= {name: given[name] for name in ("user_key", *_LISTS) if name in given}
    return {"status": saved.said, "application": echo}


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of an application, and how that is said."""

    application: Application
    said: str


_LISTS = ("application_keys", "user_keys", "referrer_filters")
"""Attributes that add to lists of an application."""


async def save(
    desk: Desk, service_id: str, app_id: str, given: Members, *, made: str = "", new: bool = False
) -> Saved:
    """Merge attributes into an application, or create it with them and its account.

    ``made`` is the generation of one that this creates (empty: a random one): one that has it already was
    created by the same request, sent before. With ``new`` one that exists stays as it is.
    """
    made = made or new_generation()

    async def plan() -> Plan[Saved]:
        service = await desk.service(service_id)
        stored = await desk.stored_application(service_id, app_id)
        before = stored if belongs(stored, service) else None
        if new and before is not None:
            return (), Saved(before, "created" if before.generation == made else "exists")
        created = Application(service_id, app_id, made, service.generation)
        after = await _merged(desk, before or created, before is not None, given)
        changes = await replaced(desk, stored, before, after)
        return changes, Saved(after, "created" if after.generation == made else "modified")

    return await desk.change(plan)


async def replaced(
    desk: Desk, stored: Application | None, before: Application | None, after: Application
) -> list[Replacement]:
    """Tell the changes that make an application what it shall be, once its account is there.

    ``before`` is what ``stored`` is if that belongs to the service as it is now.
    """
    had = before.user_keys if before else ()
    changes = await bound(desk, after, [key for key in after.user_keys if key not in had])
    if stored is not None:
        changes += _unbound(stored, [key for key in stored.user_keys if key not in after.user_keys])
    await desk.ensure_account(after.account_key)
    if after != stored:
        changes.append(Replacement(key_of(after), stored, after))
    return changes


async def _merged(desk: Desk, application: Application, exists: bool, given: Members) -> Application:
    """Lay what was given over an application; what was not given stays."""
    if given.get("state") is None or not fields.text("state", given["state"]):
        raise bad(f'application with id="{application.app_id}" has no state')
    payer = application.account
    if "account" in given:
        payer = await _payer(desk, application, exists, given["account"])
    return replace(
        application,
        state=fields.text("state", given["state"]),
        plan_id=_text("plan_id", application.plan_id, given),
        plan_name=_text("plan_name", application.plan_name, given),
        redirect_url=_text("redirect_url", application.redirect_url, given, URL_MAX),
        keys=_joined("application_keys", application.keys, given),
        user_keys=_joined("user_keys", application.user_keys, given),
        referrer_filters=_joined("referrer_filters", application.referrer_filters, given),
        account=payer,
    )


def _text(name: str, has: str, given: Members, longest: int = TEXT_MAX) -> str:
    value = given.get(name)
    return has if value is None else fields.text(name, value, longest)


def _joined(name: str, has: tuple[str, ...], given: Members) -> tuple[str, ...]:
    """Add the texts of a list attribute to those there are."""
    added = []
    if name == "user_keys" and given.get("user_key") is not None:
        added.append(fields.name_text("user_key", given["user_key"]))
    if given.get(name) is not None:
        added += [fields.name_text(name, each) for each in fields.a_list(name, given[name], KEYS_MAX)]
    return extended(name, has, added)


def extended(name: str, has: tuple[str, ...], added: Sequence[str]) -> tuple[str, ...]:
    """Add texts that are not there yet. Raises RefusedError beyond the bound."""
    every = tuple(dict.fromkeys((*has, *added)))
    if len(every) > KEYS_MAX:
        raise bad(f"{name}: an application has at most {KEYS_MAX}")
    return every


async def _payer(desk: Desk, application: Application, exists: bool, given: object) -> AccountKey | None:
    """Read which account is to pay; it must exist, and usage stays where it was counted."""
    chosen = None if given is None else parse_name(fields.name_text("account", given))
    if chosen is not None and chosen != application.account and not await desk.has_account(chosen):
        raise bad(f"account: there is no account {name_of(chosen)}")
    if exists:
        await check_payer(desk, application, chosen)
    return chosen


async def check_payer(desk: Desk, application: Application, payer: AccountKey | None) -> None:
    """Refuse another account for an application that has usage: that stays where it was counted."""
    if payer != application.account and await _has_usage(desk, application):
        raise bad(
            f'account: application "{application.app_id}" has usage with account'
            f" {name_of(application.account_key)}, which cannot move; delete it and create it again"
        )


async def _has_usage(desk: Desk, application: Application) -> bool:
    stored = await desk.accounts.read(application.account_key)
    usage = stored.account.usage if stored is not None else None
    return any(series.startswith(application.series) for series in usage or ())


async def bound(desk: Desk, application: Application, user_keys: Sequence[str]) -> list[Replacement]:
    """Make user keys name this application, taking them from the ones that they named before."""
    changes: list[Replacement] = []
    losers: dict[str, Application] = {}
    for user_key in user_keys:
        now = UserKey(application.service_id, user_key, application.app_id)
        known = await desk.user_key(application.service_id, user_key)
        if known != now:
            changes.append(Replacement(key_of(now), known, now))
        if known is not None and known.app_id != application.app_id:
            loser = await desk.stored_application(known.service_id, known.app_id)
            if loser is not None:
                losers[loser.app_id] = loser
    for loser in losers.values():
        kept = tuple(each for each in loser.user_keys if each not in user_keys)
        changes.append(Replacement(key_of(loser), loser, replace(loser, user_keys=kept)))
    return changes


def _unbound(application: Application, user_keys: Sequence[str]) -> list[Replacement]:
    """Remove user keys that name this application."""
    return [
        Replacement(
            user_key_key(application.service_id, user_key),
            UserKey(application.service_id, user_key, application.app_id),
            None,
        )
        for user_key in user_keys
    ]


def shown(application: Application) -> Members:
    """Print an application as the API shows it."""
    return {
        "service_id": application.service_id,
        "id": application.app_id,
        "state": application.state,
        "plan_id": application.plan_id or None,
        "plan_name": application.plan_name or None,
        "redirect_url": application.redirect_url or None,
        "account": application.account and name_of(application.account),
    }


def _echo(application: Application, given: Members) -> Members:
    """Print an application with null for what the request did not say."""
    said = shown(application)
    for name in ("plan_id", "plan_name", "redirect_url"):
        if given.get(name) is None:
            said[name] = None
    return said
