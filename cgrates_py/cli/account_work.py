"""What the commands of ``account`` do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import typer

from cgrates_py import accounts
from cgrates_py.answers import account_bytes
from cgrates_py.cli import USAGE, CommandError, tables
from cgrates_py.cli.account_csv import accounts_csv, counter, history_csv
from cgrates_py.cli.settings import load_settings
from cgrates_py.cli.stores import with_store
from cgrates_py.client import plain_json
from cgrates_py.loading import ACCOUNTS_AT_ONCE
from cgrates_py.settings import Settings
from cgrates_py.visible import visible
from rater import instant, quantity
from rater.account import Account, MinuteBucket
from storage import journal
from storage.changes import Change
from storage.difference import period_of
from storage.embedded import has_store
from storage.journal import Called, JournalLine
from storage.store import AccountKey
from storage.valkey import ValkeyStore

Work = Callable[[ValkeyStore, Settings], Awaitable[None]]

_NANO_FIELDS = frozenset({"credit", "sms", "traffic", "volume_discount_ns", "received_ns"})
"""Fields of an account that are amounts of scale 10⁻⁹."""

_MEMBERS = {
    "credit": "Credit",
    "sms": "SmsCredit",
    "traffic": "Traffic",
    "volume_discount_ns": "VolumeDiscountSeconds",
    "received_ns": "ReceivedCallSeconds",
    "reset_day": "ResetDayOfTheMonth",
    "plan_id": "TariffPlanId",
    "buckets": "MinuteBuckets",
    "allow_negative": "AllowNegative",
    "disabled": "Disabled",
    "usage": "Usage",
}
"""The names of the fields on the wire."""


def create(
    credit: str,
    sms: str,
    traffic: str,
    bucket: list[str] | None,
    plan: str,
    allow_negative: bool,
    **place: Any,
) -> None:
    """Create an account."""
    key = _key(place)
    account = Account(
        *key,
        credit=_amount("--credit", credit),
        sms=_amount("--sms", sms),
        traffic=_amount("--traffic", traffic),
        plan_id=plan,
        buckets=_buckets(bucket),
        allow_negative=allow_negative,
    )

    async def work(store: ValkeyStore, _: Settings) -> None:
        if plan:
            tariff = (await store.read_tariff())[1]
            if plan not in tariff.plans:
                raise accounts.AccountError(f"there is no tariff plan {plan}")
        await accounts.create(store, account, time.time_ns())

    _on_store(work, place, may_create=True)
    typer.echo(f"created {visible(accounts.name_of(key))}")


def topup(
    credit: str,
    sms: str,
    traffic: str,
    bucket: list[str] | None,
    request_id: str | None,
    **place: Any,
) -> None:
    """Add to an account."""
    key = _key(place)
    gift = Account(
        *key,
        credit=_amount("--credit", credit),
        sms=_amount("--sms", sms),
        traffic=_amount("--traffic", traffic),
        buckets=_buckets(bucket),
    )
    if gift == Account(*key):
        raise CommandError("nothing to add: give --credit, --sms, --traffic or --bucket", USAGE)
    if request_id is not None and not 1 <= len(request_id) <= 128:
        raise CommandError("--request-id: expected 1 to 128 characters", USAGE)

    async def work(store: ValkeyStore, settings: Settings) -> None:
        ttl_s = settings.request_id_ttl_hours * 3600
        account, changed = await accounts.topup(store, key, gift, time.time_ns(), request_id, ttl_s)
        done = "topped up" if changed else "already done under this request id:"
        typer.echo(
            f"{done} {visible(accounts.name_of(key))}: credit {quantity.text(account.credit)},"
            f" sms {quantity.text(account.sms)}, traffic {quantity.text(account.traffic)}"
        )

    _on_store(work, place)


def show(as_json: bool, **place: Any) -> None:
    """Show one account."""
    key = _key(place)

    async def work(store: ValkeyStore, _: Settings) -> None:
        stored = await store.read(key)
        if stored is None:
            raise accounts.AccountError(f"there is no account {accounts.name_of(key)}")
        body = account_bytes(stored.account, stored.version)
        if as_json:
            typer.echo(body.decode())
        else:
            tables.document(tables.out(), plain_json(body))

    _on_store(work, place)


def list_accounts(as_json: bool, as_csv: bool, **place: Any) -> None:
    """List all accounts by name."""
    _one_format(as_json, as_csv)

    async def work(store: ValkeyStore, _: Settings) -> None:
        keys = sorted([key async for key in store.accounts()])
        bodies = []
        for start in range(0, len(keys), ACCOUNTS_AT_ONCE):
            part = keys[start : start + ACCOUNTS_AT_ONCE]
            found = await asyncio.gather(*(store.read(key) for key in part))
            bodies += [account_bytes(stored.account, stored.version) for stored in found if stored]
        if as_json:
            typer.echo("[" + ",".join(body.decode() for body in bodies) + "]")
            return
        if as_csv:
            typer.echo("".join(accounts_csv(bodies)), nl=False)
            return
        rows = [plain_json(body) for body in bodies]
        for row in rows:
            row["MinuteBuckets"] = ", ".join(
                f"{each['DestinationId']} {each['Seconds']} s" for each in row["MinuteBuckets"]
            )
            if "Usage" in row:
                row["Usage"] = f"{len(row['Usage'])} kept"
        tables.out().print(tables.records("accounts", rows))

    _on_store(work, place)


def history(at: str | None, as_json: bool, as_csv: bool, **place: Any) -> None:
    """List the journal of an account, or tell what it was at an instant."""
    _one_format(as_json, as_csv)
    key = _key(place)
    if at is not None:
        if as_csv:
            raise CommandError("--at has no --csv: it tells one account", USAGE)
        _state_at(key, at, as_json, place)
        return

    async def work(store: ValkeyStore, _: Settings) -> None:
        lines = await store.journal(key)
        if not lines:
            raise accounts.AccountError(f"there is no account {accounts.name_of(key)}")
        rows = [_history_row(line) for line in lines]
        if as_json:
            typer.echo(orjson.dumps(rows).decode())
            return
        if as_csv:
            typer.echo("".join(history_csv(rows)), nl=False)
            return
        for row in rows:
            row.pop("Call", None)  # whoever wants more than fits a table asks for JSON
            row.pop("TariffVersion", None)
            row["Changes"] = ", ".join(
                f"{_member(each)} {each['Before'] or '-'} → {each['After'] or '-'}" for each in row["Changes"]
            )
        tables.out().print(tables.records(f"journal of {accounts.name_of(key)}", rows))

    _on_store(work, place)


def _state_at(key: AccountKey, at: str, as_json: bool, place: dict[str, Any]) -> None:
    try:
        at_ns, offset_ns = instant.parse(at)
    except instant.InstantError as error:
        raise CommandError(f"--at: {error}", USAGE) from None

    async def work(store: ValkeyStore, _: Settings) -> None:
        first, found = await journal.state_at(store.steps(key), at_ns)
        if first is None:
            raise accounts.AccountError(f"there is no account {accounts.name_of(key)}")
        asked = instant.text(at_ns, offset_ns)
        if found is None:
            began = instant.text(first.at_ns, offset_ns)
            name = accounts.name_of(key)
            raise accounts.AccountError(f"there was no account {name} at {asked}: it begins at {began}")
        entry = {
            "At": asked,
            "Entry": instant.text(found.at_ns, offset_ns) if found.at_ns else "",
            "Method": found.method,
            "RequestId": found.request_id,
        }
        body = account_bytes(found.account, found.version)
        if as_json:
            typer.echo(orjson.dumps(entry).decode()[:-1] + f',"Account":{body.decode()}}}')
        else:
            tables.document(tables.out(), entry | plain_json(body))

    _on_store(work, place)


def _history_row(line: JournalLine) -> dict[str, Any]:
    row: dict[str, Any] = {
        "Version": line.version,
        "Time": instant.text(line.at_ns) if line.at_ns else "",
        "Method": line.method,
        "RequestId": line.request_id,
        "Amount": quantity.text(line.amount),
        "Changes": [_change_row(change) for change in line.changes],
    }
    if line.call is not None:
        row["Call"] = _call_row(line.call)
    if line.tariff_version:
        row["TariffVersion"] = line.tariff_version
    return row


def _call_row(call: Called) -> dict[str, str]:
    row = {"Category": call.category, "Destination": call.number}
    if call.end_ns:
        row["TimeStart"] = instant.text(call.start_ns, call.offset_ns)
        row["TimeEnd"] = instant.text(call.end_ns, call.offset_ns)
    return row


def _change_row(change: Change) -> dict[str, str]:
    row = {"Member": _MEMBERS[change.field]}
    if change.leaf is not None:
        series, cell = change.leaf
        row["Series"] = series
        row["Period"], row["Start"] = period_of(cell)
    return row | {
        "Before": _shown(change.field, change.before),
        "After": _shown(change.field, change.after),
    }


def _member(change: dict[str, str]) -> str:
    return f"{change['Member']} {counter(change)}" if "Series" in change else change["Member"]


def _shown(field: str, value: Any) -> str:
    if field in _NANO_FIELDS:
        return quantity.text(value)
    if field == "buckets":
        return ", ".join(
            f"{each.destination_id}:{quantity.text(each.seconds_ns)}:{each.priority}"
            f":{quantity.decimal_text(each.price)}"
            for each in value
        )
    return "" if value is None else str(value)


def _one_format(as_json: bool, as_csv: bool) -> None:
    if as_json and as_csv:
        raise CommandError("give --json or --csv, not both", USAGE)


def _key(place: dict[str, Any]) -> AccountKey:
    name, cstmid, subject = place.pop("name"), place.pop("cstmid"), place.pop("subject")
    if (name is None) == (subject is None) or (name is not None and cstmid is not None):
        raise CommandError("name the account: [CSTM:]SUBJECT, or --cstmid and --subject", USAGE)
    key = accounts.parse_name(name) if name is not None else (cstmid or "", subject)
    if not key[1]:
        raise CommandError("the subject is empty", USAGE)
    return key


def _amount(option: str, text: str) -> int:
    try:
        return accounts.parse_amount(option, text)
    except accounts.AccountError as error:
        raise CommandError(str(error), USAGE) from None


def _buckets(texts: list[str] | None) -> tuple[MinuteBucket, ...]:
    try:
        return tuple(accounts.parse_bucket(text) for text in texts or ())
    except accounts.AccountError as error:
        raise CommandError(f"--{error}", USAGE) from None


def _on_store(work: Work, place: dict[str, Any], *, may_create: bool = False) -> None:
    config: Path | None = place.pop("config")
    settings = load_settings(config, **place)
    if may_create and not (settings.redis_url or has_store(settings.data_dir)):
        # perhaps the command was given in another place than the server
        typer.echo(f"notice: there was no store in {settings.data_dir}, now there is a new one", err=True)
    try:
        with_store(settings, work, may_create=may_create)
    except accounts.AccountError as error:
        raise CommandError(visible(str(error))) from None
