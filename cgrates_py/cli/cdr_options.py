"""The options of commands that read a file of call records: how it is laid out."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from cgrates_py.cli import USAGE, CommandError

Cdrs = Annotated[
    str, typer.Argument(metavar="CDRS", help="CSV, JSON lines or Parquet, also .gz and .zst; - is stdin.")
]
LayoutName = Annotated[
    str | None,
    typer.Option("--layout", help="getcost, freeswitch, asterisk, cgrates or cgrates-plain.  \\[getcost]"),
]
Map = Annotated[Path | None, typer.Option("--map", metavar="FILE", help="Map of columns, TOML or JSON.")]
Column = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="MEMBER=COLUMN",
        help="Where a member is; several times; a constant: M==text.",
    ),
]
FormatName = Annotated[
    str | None, typer.Option("--format", help="csv, jsonl or parquet.  \\[by the file's name]")
]
Timezone = Annotated[
    str | None, typer.Option("--timezone", help="IANA zone of times without a zone.  \\[UTC]")
]
Times = Annotated[
    str | None, typer.Option("--times", help="auto, rfc3339, local, epoch or epoch-ms.  \\[auto]")
]
DurationUnit = Annotated[
    str | None,
    typer.Option("--duration-unit", help="Unit of bare numbers: s, ms, us or ns.  \\[the layout's]"),
]
Unanswered = Annotated[
    str | None, typer.Option("--unanswered", help="Calls of no length: skip or rate.  \\[the layout's]")
]
International = Annotated[
    list[str] | None,
    typer.Option(
        "--international",
        metavar="PREFIX",
        help="Dropped before a country code, such as 00; several times.",
    ),
]
National = Annotated[
    list[str] | None,
    typer.Option(
        "--national",
        metavar="PREFIX=CODE",
        help="Replaced by a country code, such as 0=40; several times.",
    ),
]


def run(command: str, **arguments: Any) -> None:
    """Do what a command does that needs an extra. Raises CommandError without it."""
    try:
        module = import_module(f"cgrates_py.cli.{command}_work")
    except ModuleNotFoundError as error:
        raise CommandError(
            f'{command} needs numpy and pyarrow ({error.name}): pip install "cgrates-py[bulk]"', USAGE
        ) from None
    getattr(module, command)(**arguments)
