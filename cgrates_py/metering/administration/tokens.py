"""Service tokens: credentials for one service, which need not exist yet."""

from collections.abc import Sequence
from typing import Any

from cgrates_py.metering.administration import fields
from cgrates_py.metering.administration.desk import (
    Call,
    Desk,
    Plan,
    RefusedError,
    Reply,
    bad,
    not_found,
)
from rater.metering.catalogue import ServiceToken
from storage.documents import Replacement, key_of, token_key

TOKENS_MAX = 1_000
"""Tokens of one request."""


async def list_tokens(desk: Desk, call: Call) -> Reply:
    """List all service tokens."""
    every = await desk.store.list_documents("token")
    listed = [
        {"service_token": each.token, "service_id": each.service_id}
        for each in every
        if isinstance(each, ServiceToken)
    ]
    return Reply(200, {"status": "found", "service_tokens": listed})


async def post_tokens(desk: Desk, call: Call) -> Reply:
    """Keep tokens: all of them, or none if one is blank."""
    given = fields.wrapped(call, "service_tokens")
    if len(given) > TOKENS_MAX:
        raise bad(f"service_tokens: expected at most {TOKENS_MAX} members, got {len(given)}")
    tokens = [_token(token, member) for token, member in given.items()]

    await keep_tokens(desk, tokens)
    return Reply(201, {"status": "created"})


async def keep_tokens(desk: Desk, tokens: Sequence[ServiceToken]) -> int:
    """Keep tokens in one step; tell how many are new."""

    async def plan() -> Plan[int]:
        known = await desk.store.documents([key_of(each) for each in tokens])
        pairs = zip(tokens, known, strict=True)
        changes = [Replacement(key_of(token), None, token) for token, there in pairs if there is None]
        return changes, len(changes)

    return await desk.change(plan)


async def delete_tokens(desk: Desk, call: Call) -> Reply:
    """Forget tokens; tells how many there were."""
    given = fields.a_list("service_tokens", fields.wrapper(call, "service_tokens"), TOKENS_MAX)
    pairs = [fields.an_object(f"service_tokens[{place}]", each) for place, each in enumerate(given)]
    names = {
        token_key(
            fields.text("service_token", each.get("service_token") or ""),
            fields.text("service_id", each.get("service_id") or ""),
        )
        for each in pairs
    }
    keys = sorted(names)

    async def plan() -> Plan[Reply]:
        known = await desk.store.documents(keys)
        changes = [
            Replacement(key, there, None) for key, there in zip(keys, known, strict=True) if there is not None
        ]
        return changes, Reply(200, {"status": "deleted", "count": len(changes)})

    return await desk.change(plan)


async def has_token(desk: Desk, call: Call) -> Reply:
    """Tell by the status whether a token is known for a service."""
    await _known(desk, call)
    return Reply(200, None)


async def show_token_owner(desk: Desk, call: Call) -> Reply:
    """Tell the provider key that a token stands for."""
    await _known(desk, call)
    service = await desk.find_service(call.names["service"])
    if service is None:
        raise not_found("token/service combination not found")
    return Reply(200, {"status": "found", "provider_key": service.provider_key})


async def _known(desk: Desk, call: Call) -> None:
    key = token_key(call.names["token"], call.names["service"])
    if (await desk.store.documents([key]))[0] is None:
        raise not_found("token/service combination not found")


def _token(token: str, member: Any) -> ServiceToken:
    service_id = fields.an_object("service_tokens", member).get("service_id")
    name = _not_blank("Service token", "service_token", token)
    return ServiceToken(name, _not_blank("Service ID", "service_id", service_id))


def _not_blank(what: str, name: str, value: Any) -> str:
    if value is None or not fields.text(name, value).strip():
        raise RefusedError(422, f"{what} cannot be blank")
    return fields.text(name, value)
