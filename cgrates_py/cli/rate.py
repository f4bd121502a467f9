"""``rate``: its options. What it does stands in ``rate_work``."""

from pathlib import Path
from typing import Annotated

import typer

from cgrates_py.cli.cdr_options import (
    Cdrs,
    Column,
    DurationUnit,
    FormatName,
    International,
    LayoutName,
    Map,
    National,
    Times,
    Timezone,
    Unanswered,
    run,
)
from cgrates_py.cli.options import Config, DataDir, RedisUrl

EPILOG = (
    "Example: [bold]cgrates-py rate Master.csv --layout freeswitch --column customer==tel.example "
    "--out rated.csv[/bold]\n\n"
    "Example: [bold]cgrates-py rate calls.parquet --tariff next-month/ --unrated unrated.csv --json[/bold]"
)


def rate(
    cdrs: Cdrs,
    tariff: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Tariff as load takes it.")] = None,
    version: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Version of the tariff, for all calls. Without either: the version of each call's start.",
        ),
    ] = None,
    layout: LayoutName = None,
    map_: Map = None,
    column: Column = None,
    format: FormatName = None,  # noqa: A002 -- the option's name
    timezone: Timezone = None,
    times: Times = None,
    duration_unit: DurationUnit = None,
    unanswered: Unanswered = None,
    international: International = None,
    national: National = None,
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
    run(
        "rate",
        cdrs=cdrs,
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
