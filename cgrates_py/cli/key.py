"""``key``: API keys, made, listed and revoked. Works on the store, whether the server runs or not."""

from enum import StrEnum
from importlib import import_module
from typing import Annotated, Any

import typer

from cgrates_py.cli.options import Config, DataDir, RedisUrl

app = typer.Typer(
    help="Make, list and revoke API keys; a running server heeds it within a second.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class RightName(StrEnum):
    """What a key may do, as it is written; each includes those before it."""

    READ = "read"
    CHARGE = "charge"
    ADMIN = "admin"


def _run(function: str, **arguments: Any) -> None:
    getattr(import_module("cgrates_py.cli.key_work"), function)(**arguments)


@app.command(
    epilog="Example: [bold]cgrates-py key create --tenant vdf --right charge --label switch-1[/bold]"
)
def create(
    right: Annotated[RightName, typer.Option(help="read: quote and look; charge: change accounts, too.")],
    tenant: Annotated[str, typer.Option(help="The CstmId it is for; * is all.")] = "*",
    rate: Annotated[int, typer.Option(min=0, help="Requests a second; 0: without a limit.")] = 0,
    in_flight: Annotated[int, typer.Option(min=0, help="Unanswered requests; 0: without a limit.")] = 0,
    label: Annotated[str, typer.Option(help="Whose it is, for lists.")] = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Make a key and print it: this once, for it is kept nowhere.

    With the first key a server begins to ask everybody for one.
    """
    _run("create", **locals())


@app.command("list", epilog="Example: [bold]cgrates-py key list[/bold]")
def list_keys(
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """List all keys by their ids, revoked ones too; their secrets are not known here."""
    _run("list_keys", **locals())


@app.command(epilog="Example: [bold]cgrates-py key revoke 6f2b81c04d9e[/bold]")
def revoke(
    key_id: Annotated[
        str, typer.Argument(metavar="ID", help="The middle part of the key; the whole key does, too.")
    ],
    forget: Annotated[
        bool, typer.Option("--forget", help="Take it off the list, too. Without any, keys are not asked for.")
    ] = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Revoke a key: within a second nobody gets in with it, connections that did neither."""
    _run("revoke", **locals())
