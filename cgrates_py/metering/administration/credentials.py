"""What an application shows to be let in: user keys, keys, referrer filters."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace

from cgrates_py.metering.administration import fields
from cgrates_py.metering.administration.applications import bound, extended, shown
from cgrates_py.metering.administration.desk import Call, Desk, Members, Plan, Reply, bad, not_found
from rater.metering.catalogue import Application, UserKey
from storage.documents import Replacement, key_of

_KEY_DIGITS = 32
_DELETED = Reply(200, {"status": "deleted"})


async def bind_user_key(desk: Desk, call: Call) -> Reply:
    """Let a user key name an application; one that named another names this one from now on."""
    user_key = fields.name_text("user_key", call.names["user_key"])

    async def plan() -> Plan[Reply]:
        before = await desk.application(call.names["service"], call.names["application"])
        after = replace(before, user_keys=extended("user_keys", before.user_keys, [user_key]))
        changes = await bound(desk, after, [user_key])
        if after != before:
            changes.append(Replacement(key_of(after), before, after))
        return changes, Reply(200, {"status": "modified"})

    return await desk.change(plan)


async def find_user_key(desk: Desk, call: Call) -> Reply:
    """Show the application that a user key names."""
    known = await desk.user_key(call.names["service"], call.names["user_key"])
    if known is None:
        raise not_found("application not found")
    application = await desk.application(known.service_id, known.app_id)
    return Reply(200, {"status": "found", "application": shown(application)})


async def remove_user_key(desk: Desk, call: Call) -> Reply:
    """Let a user key name nothing."""
    service_id, user_key = call.names["service"], call.names["user_key"]

    async def plan() -> Plan[Reply]:
        known = await desk.user_key(service_id, user_key)
        if known is None:
            return (), _DELETED
        changes = [Replacement(key_of(known), known, None)]
        before = await desk.stored_application(service_id, known.app_id)
        if before is not None:
            kept = tuple(each for each in before.user_keys if each != user_key)
            changes.append(Replacement(key_of(before), before, replace(before, user_keys=kept)))
        return changes, _DELETED

    return await desk.change(plan)


async def list_user_keys(desk: Desk, call: Call) -> Reply:
    """List the user keys of an application."""
    application = await _application(desk, call)
    keys = [UserKey(application.service_id, each, application.app_id) for each in application.user_keys]
    listed = [{"service_id": each.service_id, "app_id": each.app_id, "value": each.user_key} for each in keys]
    return Reply(200, {"status": "found", "user_keys": listed})


async def list_keys(desk: Desk, call: Call) -> Reply:
    """List the keys of an application."""
    application = await _application(desk, call)
    listed = [_shown_key(application, each) for each in application.keys]
    return Reply(200, {"status": "found", "application_keys": listed})


async def post_key(desk: Desk, call: Call) -> Reply:
    """Give an application one more key; without a value one of 32 random hexadecimal digits."""
    value = fields.wrapped(call, "application_key").get("value")
    blank = value is None or value == ""
    key = call.secret(_KEY_DIGITS, "key") if blank else fields.name_text("value", value)

    def edited(application: Application) -> tuple[Application, Reply]:
        after = replace(application, keys=extended("application_keys", application.keys, [key]))
        return after, Reply(201, {"status": "created", "application_key": _shown_key(application, key)})

    return await _edit(desk, call, edited)


async def delete_key(desk: Desk, call: Call) -> Reply:
    """Take a key from an application."""
    value = call.names["value"]

    def edited(application: Application) -> tuple[Application, Reply]:
        if value not in application.keys:
            raise not_found("application key not found")
        kept = tuple(each for each in application.keys if each != value)
        return replace(application, keys=kept), _DELETED

    return await _edit(desk, call, edited)


async def list_filters(desk: Desk, call: Call) -> Reply:
    """List the referrer filters of an application."""
    application = await _application(desk, call)
    return Reply(200, {"status": "found", "referrer_filters": list(application.referrer_filters)})


async def post_filter(desk: Desk, call: Call) -> Reply:
    """Give an application one more referrer filter."""
    value = fields.text("referrer_filter", fields.wrapper(call, "referrer_filter"))
    if not value.strip():
        raise bad("referrer filter can't be blank")

    def edited(application: Application) -> tuple[Application, Reply]:
        filters = extended("referrer_filters", application.referrer_filters, [value])
        after = replace(application, referrer_filters=filters)
        return after, Reply(201, {"status": "created", "referrer_filter": value})

    return await _edit(desk, call, edited)


async def delete_filter(desk: Desk, call: Call) -> Reply:
    """Take a referrer filter from an application; the path has it in URL-safe base64."""
    encoded = call.names["filter"]
    try:
        value = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        raise bad("referrer_filter: expected URL-safe base64 of UTF-8 text") from None

    def edited(application: Application) -> tuple[Application, Reply]:
        kept = tuple(each for each in application.referrer_filters if each != value)
        return replace(application, referrer_filters=kept), _DELETED

    return await _edit(desk, call, edited)


async def _application(desk: Desk, call: Call) -> Application:
    return await desk.application(call.names["service"], call.names["application"])


async def _edit(desk: Desk, call: Call, edited: Callable[[Application], tuple[Application, Reply]]) -> Reply:
    """Change one application by a pure function."""

    async def plan() -> Plan[Reply]:
        before = await _application(desk, call)
        after, reply = edited(before)
        return [Replacement(key_of(after), before, after)] if after != before else (), reply

    return await desk.change(plan)


def _shown_key(application: Application, value: str) -> Members:
    return {"service_id": application.service_id, "app_id": application.app_id, "value": value}
