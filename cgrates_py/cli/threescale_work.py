"""What the commands of ``threescale`` do: requests to the administration's API, asked of the store itself."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import orjson
import typer

from cgrates_py.cli import USAGE, CommandError, tables
from cgrates_py.cli.settings import load_settings
from cgrates_py.cli.stores import with_store
from cgrates_py.clock import SystemClock
from cgrates_py.metering.administration import Administration
from cgrates_py.settings import Settings
from protocol.metering import AdministerRequest
from rater import instant
from storage.valkey import ValkeyStore

_CREDENTIALS = {"application_keys": "keys", "user_keys": "user_keys", "referrer_filters": "referrer_filters"}
"""What lets an application in, and where the API lists it below the application."""

Members = dict[str, Any]
Ask = Callable[..., Awaitable[Members]]
"""Asks the administration: verb, path, body. Raises CommandError with what it says no with."""


def ask(
    verb: str,
    path: tuple[str, ...],
    body: object = None,
    *,
    as_json: bool = False,
    show: str = "",
    done: str = "",
    may_create: bool = False,
    config: Path | None = None,
    **place: Any,
) -> None:
    """Ask once. Of the answer the member ``show`` is shown, as a table or as JSON; or ``done`` is said."""

    async def work(asked: Ask) -> None:
        answer = await asked(verb, path, body)
        if show:
            _show(answer, show, as_json)
        if done:
            typer.echo(done)

    _on_store(work, config, place, may_create=may_create)


def show_application(
    path: tuple[str, ...], *, as_json: bool, config: Path | None = None, **place: Any
) -> None:
    """Show an application with all that lets it in."""

    async def work(asked: Ask) -> None:
        shown = (await asked("GET", path))["application"]
        for name, part in _CREDENTIALS.items():
            listed = (await asked("GET", (*path, part)))[name]
            shown[name] = [each if isinstance(each, str) else each["value"] for each in listed]
        _show({"application": shown}, "application", as_json)

    _on_store(work, config, place)


def create_key(path: tuple[str, ...], key: str | None, config: Path | None = None, **place: Any) -> None:
    """Give an application a key, a random one for None; print it."""

    async def work(asked: Ask) -> None:
        answer = await asked("POST", path, {"application_key": {"value": key}})
        typer.echo(answer["application_key"]["value"])

    _on_store(work, config, place)


def delete_listed(
    listing: tuple[str, ...],
    what: str,
    text: str,
    path: tuple[str, ...],
    done: str,
    config: Path | None = None,
    **place: Any,
) -> None:
    """Delete what a listing of an application has; say so if it has no such thing."""

    async def work(asked: Ask) -> None:
        (listed,) = [each for each in (await asked("GET", listing)).values() if isinstance(each, list)]
        if text not in [each if isinstance(each, str) else each["value"] for each in listed]:
            raise CommandError(f"application {listing[3]} has no {what} {text}")
        await asked("DELETE", path)
        typer.echo(done)

    _on_store(work, config, place)


def change_application(
    path: tuple[str, ...], given: Members, done: str, config: Path | None = None, **place: Any
) -> None:
    """Change an application; a state that is not given stays."""

    async def work(asked: Ask) -> None:
        known = await asked("GET", path)
        state = given.get("state") or known["application"]["state"]
        await asked("PUT", path, {"application": given | {"state": state}})
        typer.echo(done)

    _on_store(work, config, place)


def set_limits(
    root: tuple[str, ...], maxima: Mapping[str, int], done: str, config: Path | None = None, **place: Any
) -> None:
    """Set the limits of a metric for a plan, one for each period that is given."""

    async def work(asked: Ask) -> None:
        for period, maximum in maxima.items():
            await asked("PUT", (*root, period), {"usagelimit": {period: maximum}})
        typer.echo(done)

    _on_store(work, config, place)


def set_rate(
    path: tuple[str, ...], rate: Members, done: str, config: Path | None = None, **place: Any
) -> None:
    """Set the rate of a metric for a plan from an instant on; its other rates stay."""

    try:
        began_ns = _from_ns(rate)
    except instant.InstantError as error:
        raise CommandError(f"--from: {error}", USAGE) from None

    async def work(asked: Ask) -> None:
        has = (await asked("GET", path))["rates"]
        others = [each for each in has if (each["plan_id"], _from_ns(each)) != (rate["plan_id"], began_ns)]
        await asked("PUT", path, {"rates": [*others, rate]})
        typer.echo(done)

    _on_store(work, config, place)


def delete_limit(path: tuple[str, ...], done: str, config: Path | None = None, **place: Any) -> None:
    """Delete a limit; say so if there is none."""

    async def work(asked: Ask) -> None:
        await asked("GET", path)
        await asked("DELETE", path)
        typer.echo(done)

    _on_store(work, config, place)


def delete_rates(path: tuple[str, ...], config: Path | None = None, **place: Any) -> None:
    """Delete the rates of a metric; tell how many there were."""

    async def work(asked: Ask) -> None:
        count = len((await asked("GET", path))["rates"])
        if not count:
            raise CommandError(f"metric {path[3]} has no rates")
        await asked("DELETE", path)
        typer.echo(f"rates of metric {path[3]} deleted: {count}")

    _on_store(work, config, place)


def delete_token(pair: Members, config: Path | None = None, **place: Any) -> None:
    """Delete a service token."""

    async def work(asked: Ask) -> None:
        answer = await asked("DELETE", ("service_tokens",), {"service_tokens": [pair]})
        if not answer["count"]:
            raise CommandError(f"there is no token {pair['service_token']} of service {pair['service_id']}")
        typer.echo(f"token {pair['service_token']} of service {pair['service_id']} is deleted")

    _on_store(work, config, place)


def _on_store(
    work: Callable[[Ask], Awaitable[None]],
    config: Path | None,
    place: Mapping[str, Any],
    *,
    may_create: bool = False,
) -> None:
    async def run(store: ValkeyStore, _: Settings) -> None:
        administration = Administration(store, store, SystemClock())

        async def asked(verb: str, path: tuple[str, ...], body: object = None) -> Members:
            raw = msgspec.Raw(msgspec.json.encode(body))
            answer = await administration.answer(AdministerRequest(verb, list(path), {}, raw))
            document: Members = orjson.loads(bytes(answer.Body))
            if answer.Status >= 400:
                raise CommandError(_reason(path, document))
            return document

        await work(asked)

    with_store(load_settings(config, **place), run, may_create=may_create)


def _reason(path: tuple[str, ...], document: Members) -> str:
    """Tell why a request was refused; what is not there by its name, which the path has."""
    error: str = document.get("error", "there is one of that id already")
    named = dict(zip(path[::2], path[1::2], strict=False))
    service = named.get("services", "")
    match error:
        case "not_found" | "service not found":
            return f"there is no service {service}"
        case "application not found":
            return f"there is no application {named['applications']} in service {service}"
        case "metric not found":
            return f"there is no metric {named.get('metrics') or named['usagelimits']} in service {service}"
        case "application key not found":
            return f"application {named['applications']} has no key {path[-1]}"
        case "usage limit not found":
            return f"plan {named['plans']} has no {path[-1]} limit on {named['usagelimits']}"
    return error


def _from_ns(rate: Members) -> int:
    return instant.parse(rate["from"])[0] if rate["from"] else 0


def _show(answer: Members, name: str, as_json: bool) -> None:
    shown = answer[name]
    if as_json:
        typer.echo(orjson.dumps(shown).decode())
    elif isinstance(shown, list):
        every = [row if isinstance(row, dict) else {"value": row} for row in shown]
        rows = [{member: _cell(value) for member, value in row.items()} for row in every]
        tables.out().print(tables.records(name, rows))
    else:
        tables.document(tables.out(), shown)


def _cell(value: Any) -> Any:
    """Tell the tiers of a rate in one line."""
    if not isinstance(value, list):
        return value
    return ", ".join(f"from {tier['start']}: {tier['price']}" for tier in value)
