"""``rate``: its options. What it does stands in ``rate_work``."""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from cgrates_py.cli.options import Config, DataDir, RedisUrl

EPILOG = (
    "Example: [bold]cgrates-py rate Master.csv --layout freeswitch --column customer==tel.example "
    "--out rated.csv[/bold]\n\n"
    "Example: [bold]cgrates-py rate calls.parquet --tariff next-month/ --unrated unrated.csv --json[/bold]"
)


def rate(
    cdrs: Annotated[
        str, typer.Argument(metavar="CDRS", help="CSV, JSON lines or Parquet, also .gz and .zst; - is stdin.")
    ],
    tariff: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Tariff as load takes it.  [the one in force]")
    ] = None,
    version: Annotated[
        int | None, typer.Option(min=1, help="Version of the tariff.  [the one in force]")
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(help="getcost, freeswitch, asterisk, cgrates or cgrates-plain.  [getcost]"),
    ] = None,
    map_: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="Map of columns, TOML or JSON.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="MEMBER=COLUMN", help="Where a member is; several times; a constant: M==text."),
    ] = None,
    format: Annotated[  # noqa: A002 -- the option's name
        str | None, typer.Option(help="csv, jsonl or parquet.  [by the file's name]")
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA zone of times without a zone.  [UTC]")] = None,
    times: Annotated[
        str | None, typer.Option(help="auto, rfc3339, local, epoch or epoch-ms.  [auto]")
    ] = None,
    duration_unit: Annotated[
        str | None, typer.Option(help="Unit of bare numbers: s, ms, us or ns.  [the layout's]")
    ] = None,
    unanswered: Annotated[
        str | None, typer.Option(help="Calls of no length: skip or rate.  [the layout's]")
    ] = None,
    international: Annotated[
        list[str] | None,
        typer.Option(metavar="PREFIX", help="Dropped before a country code, such as 00; several times."),
    ] = None,
    national: Annotated[
        list[str] | None,
        typer.Option(metavar="PREFIX=CODE", help="Replaced by a country code, such as 0=40; several times."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Records with cost, prefix, plan, notice.")
    ] = None,
    unrated: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What was not rated: line, reason, sentence.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Rate a file of call records: exactly what GetCost answers for each, without accounts, charging nobody.

    Works without a server. Rows that are no calls, and calls without a price, are counted and told with
    --unrated; they end no run.
    """
    import_module("cgrates_py.cli.rate_work").rate(
        cdrs,
        tariff=tariff,
        version=version,
        layout=layout,
        map_file=map_,
        column=column or [],
        format_name=format,
        adjust={
            "timezone": timezone,
            "times": times,
            "duration_unit": duration_unit,
            "unanswered": unanswered,
        },
        international=international or [],
        national=national or [],
        out=out,
        unrated=unrated,
        as_json=as_json,
        config=config,
        data_dir=data_dir,
        redis_url=redis_url,
    )
