"""``whatif``: its options. What it does stands in ``whatif_work``."""

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
    "Example: [bold]cgrates-py whatif Master.csv --layout freeswitch --column customer==tel.example "
    "--before current --after next-month/[/bold]\n\n"
    "Example: [bold]cgrates-py whatif calls.parquet --before 41 --after 42 --html change.html --json[/bold]"
)

_WHERE = "A folder, the number of a version, or [bold]current[/bold]."


def whatif(
    cdrs: Cdrs,
    before: Annotated[str, typer.Option(metavar="TARIFF", help=_WHERE)],
    after: Annotated[str, typer.Option(metavar="TARIFF", help="The same.")],
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
    clock: Annotated[
        str | None,
        typer.Option(metavar="IANA", help="Zone that hours and days are told by.  \\[that of each call]"),
    ] = None,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="Lines of each table on the terminal.")] = 15,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the destinations as CSV.")] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with charts as well.")
    ] = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Tell what another tariff would bring: price a file of call records by two, to the last digit.

    Revenue before and after, by destination, subject, hour and day; calls that would have no price; and the
    hundred calls that change most. Works without a server, and charges nobody.
    """
    run(
        "whatif",
        cdrs=cdrs,
        before=before,
        after=after,
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
        clock=clock,
        top=top,
        as_json=as_json,
        as_csv=as_csv,
        html=html,
        config=config,
        data_dir=data_dir,
        redis_url=redis_url,
    )
