"""What the commands of ``key`` do."""

import time
from pathlib import Path
from typing import Any

import orjson
import typer

from cgrates_py.cli import USAGE, CommandError, tables
from cgrates_py.cli.account_work import Work
from cgrates_py.cli.settings import load_settings
from cgrates_py.cli.stores import with_store
from cgrates_py.settings import Settings
from protocol.access import ID_BYTES, KEY_PREFIX, Grant, Right, new_key, read_record
from protocol.descriptor import TEXT_LENGTH_MAX
from rater import instant
from storage.valkey import ValkeyStore

LABEL_CHARS_MAX = 128


def create(
    right: str, tenant: str, rate: int, in_flight: int, label: str, as_json: bool, **place: Any
) -> None:
    """Make a key and print it."""
    if not 1 <= len(tenant) <= TEXT_LENGTH_MAX:
        raise CommandError(f"--tenant: expected 1 to {TEXT_LENGTH_MAX} characters", USAGE)
    if len(label) > LABEL_CHARS_MAX or not label.isprintable():
        raise CommandError(f"--label: expected at most {LABEL_CHARS_MAX} printable characters", USAGE)

    async def work(store: ValkeyStore, _: Settings) -> None:
        text, grant = new_key(
            tenant=tenant,
            right=Right[right.upper()],
            rate=rate,
            in_flight=in_flight,
            label=label,
            created_s=int(time.time()),
        )
        await store.put_access_key(grant.key_id, grant.record())
        if as_json:
            typer.echo(orjson.dumps({"Key": text, **_row(grant)}).decode())
        else:
            typer.echo(text)

    _on_store(work, place, may_create=True)


def list_keys(as_json: bool, **place: Any) -> None:
    """List all keys, oldest first."""

    async def work(store: ValkeyStore, _: Settings) -> None:
        records = await store.access_keys()
        grants = [(key_id, read_record(record)) for key_id, record in records.items()]
        grants.sort(key=lambda each: (each[1].created_s if each[1] else 0, each[0]))
        rows = [_row(grant) if grant else {"Id": key_id, "State": "unreadable"} for key_id, grant in grants]
        if as_json:
            typer.echo(orjson.dumps(rows).decode())
        else:
            tables.out().print(tables.records("keys", rows))

    _on_store(work, place)


def revoke(key_id: str, forget: bool, **place: Any) -> None:
    """Revoke a key, given its id or the whole key, whose secret is not looked at and not shown."""
    key_id = key_id.removeprefix(KEY_PREFIX).partition("_")[0]

    async def work(store: ValkeyStore, _: Settings) -> None:
        record = (await store.access_keys()).get(key_id)
        if record is None:
            told = f"key {key_id}" if len(key_id) == 2 * ID_BYTES else "such key"  # it might be a secret
            raise CommandError(f"there is no {told}")
        grant = read_record(record)
        if forget or grant is None:
            await store.drop_access_key(key_id)
        else:
            await store.put_access_key(key_id, grant.revoke().record())
        typer.echo(f"revoked {key_id}")

    _on_store(work, place)


def _row(grant: Grant) -> dict[str, Any]:
    return {
        "Id": grant.key_id,
        "Tenant": grant.tenant,
        "Right": grant.right.name.lower(),
        "Rate": grant.rate,
        "InFlight": grant.in_flight,
        "Label": grant.label,
        "Created": instant.text(grant.created_s * 1_000_000_000),
        "State": "revoked" if grant.revoked else "in force",
    }


def _on_store(work: Work, place: dict[str, Any], *, may_create: bool = False) -> None:
    config: Path | None = place.pop("config")
    with_store(load_settings(config, **place), work, may_create=may_create)
