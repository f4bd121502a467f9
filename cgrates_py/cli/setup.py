"""``scrooge`` and ``cyclops``: what they are set up with, whether the server runs or not."""

from importlib import import_module
from typing import Annotated, Any

import typer

from cgrates_py.cli.options import Config, DataDir, RedisUrl

scrooge = typer.Typer(help="Show what Scrooge is set up with.", no_args_is_help=True, rich_markup_mode="rich")
cyclops = typer.Typer(
    help="Show what Cyclops RC is set up with.", no_args_is_help=True, rich_markup_mode="rich"
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as a folder to load has it.")]


def _run(function: str, **arguments: Any) -> None:
    getattr(import_module("cgrates_py.cli.setup_work"), function)(**arguments)


@scrooge.callback()
def _scrooge() -> None:
    pass


@cyclops.callback()
def _cyclops() -> None:
    pass


@scrooge.command("show", epilog="Example: [bold]cgrates-py scrooge show --json > scrooge.json[/bold]")
def show_scrooge(
    as_json: AsJson = False, data_dir: DataDir = None, redis_url: RedisUrl = None, config: Config = None
) -> None:
    """Show users, usage types, prices, services and ventures, without keys and passwords.

    "load" takes what --json prints, changed or not; users that there are keep their keys.
    """
    _run("show_scrooge", **locals())


@cyclops.command("show", epilog="Example: [bold]cgrates-py cyclops show --json > cyclops.json[/bold]")
def show_cyclops(
    as_json: AsJson = False, data_dir: DataDir = None, redis_url: RedisUrl = None, config: Config = None
) -> None:
    """Show meters, the policy of rates and the static rates; "load" takes what --json prints."""
    _run("show_cyclops", **locals())
