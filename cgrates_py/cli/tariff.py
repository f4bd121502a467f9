"""``tariff``: versions of the tariff, and what can be known of one before it prices calls.

Works on the store, whether the server runs or not.
"""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from cgrates_py.cli import rate_decks
from cgrates_py.cli.options import Config, DataDir, RedisUrl

app = typer.Typer(
    help="Versions of the tariff: list, activate, roll back, export; a running server follows at once.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="RFC 3339 or now: for calls that start then or later."),
]


def _run(function: str, **arguments: Any) -> None:
    getattr(import_module("cgrates_py.cli.tariff_work"), function)(**arguments)



app.add_typer(rate_decks.app)


@app.callback()
def _root() -> None:
    pass


@app.command(epilog="Example: [bold]cgrates-py tariff versions[/bold]")
def versions(
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """List the versions of the tariff: who made each, why, from what, and which calls it prices."""
    _run("versions", **locals())


@app.command(
    epilog="Example: [bold]cgrates-py tariff activate 7[/bold]\n\n"
    "Example: [bold]cgrates-py tariff activate 8 --at 2026-12-01T00:00:00+01:00[/bold]"
)
def activate(
    version: Annotated[int, typer.Argument(metavar="V", min=1, help="The number of the version.")],
    at: At = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Have a version price calls: without --at all that are asked from now on, whenever they start.

    Activations that are still to come stay. Returns when every rater prices so, or says which does not.
    """
    _run("activate_version", **locals())


@app.command(epilog="Example: [bold]cgrates-py tariff rollback[/bold]")
def rollback(
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Take back the last load or activation; once more, the one before that."""
    _run("rollback", **locals())


@app.command(
    epilog="Example: [bold]cgrates-py tariff export 7 tariff-7/[/bold]\n\n"
    "Example: [bold]cgrates-py tariff export current tariff/[/bold]"
)
def export(
    where: Annotated[str, typer.Argument(metavar="V", help="The number of a version, or current.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is new or empty.")],
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Write a version as files that can be loaded: CSV, and JSON for prices written per prefix."""
    _run("export_version", **locals())
