"""``account``: for operators who have no data file. Works on the store, whether the server runs or not."""

from importlib import import_module
from typing import Annotated, Any

import typer

from cgrates_py.cli.options import Config, DataDir, RedisUrl

app = typer.Typer(
    help="Create, show, top up and list accounts; read their journals.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[CSTM:]SUBJECT", help="The account; or --cstmid and --subject.", show_default=False
    ),
]
Cstmid = Annotated[str | None, typer.Option(help="The customer (tenant); empty serves every customer.")]
Subject = Annotated[str | None, typer.Option(help="The subscriber.")]
Bucket = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DEST:SECONDS[:PRIORITY[:PRICE]]", help="A minute bucket; may be given several times."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, safe to open in a spreadsheet.")]


def _run(function: str, **arguments: Any) -> None:
    getattr(import_module("cgrates_py.cli.account_work"), function)(**arguments)


@app.command(
    epilog="Example: [bold]cgrates-py account create vdf:rif --credit 25 --bucket NAT:3600:10[/bold]"
)
def create(
    name: Name = None,
    cstmid: Cstmid = None,
    subject: Subject = None,
    credit: Annotated[str, typer.Option(help="Money.")] = "0",
    sms: Annotated[str, typer.Option(help="SMS units.")] = "0",
    traffic: Annotated[str, typer.Option(help="Data units.")] = "0",
    bucket: Bucket = None,
    plan: Annotated[str, typer.Option(help="Id of its tariff plan.")] = "",
    allow_negative: Annotated[bool, typer.Option("--allow-negative", help="Postpaid: no floor.")] = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Create an account. Fails if there is one of that name."""
    _run("create", **locals())


@app.command(epilog="Example: [bold]cgrates-py account show vdf:rif --json[/bold]")
def show(
    name: Name = None,
    cstmid: Cstmid = None,
    subject: Subject = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Show one account."""
    _run("show", **locals())


@app.command(
    epilog="Example: [bold]cgrates-py account topup vdf:rif --credit 10 --request-id voucher-4711[/bold]"
)
def topup(
    name: Name = None,
    cstmid: Cstmid = None,
    subject: Subject = None,
    credit: Annotated[str, typer.Option(help="Money to add (negative: take).")] = "0",
    sms: Annotated[str, typer.Option(help="SMS units to add (negative: take).")] = "0",
    traffic: Annotated[str, typer.Option(help="Data units to add (negative: take).")] = "0",
    bucket: Bucket = None,
    request_id: Annotated[
        str | None, typer.Option(help="A repeat with the same id adds nothing twice.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Add to an account; seconds go to the bucket of that destination, priority and price, or a new one.

    A negative number takes, below zero, too: --credit=-5
    """
    _run("topup", **locals())


@app.command("list", epilog="Example: [bold]cgrates-py account list --json[/bold]")
def list_accounts(
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """List all accounts."""
    _run("list_accounts", **locals())


@app.command(
    epilog="Example: [bold]cgrates-py account history vdf:rif[/bold]\n\n"
    "Example: [bold]cgrates-py account history vdf:rif --at 2026-03-31T22:00:00Z[/bold]"
)
def history(
    name: Name = None,
    cstmid: Cstmid = None,
    subject: Subject = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only what the account was then (RFC 3339).")
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """List every change of an account: when, by what, under which request id, before and after.

    With --at: the whole account as it was at that instant, computed from its journal.
    """
    _run("history", **locals())
