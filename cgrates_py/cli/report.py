"""``report``: what was used and what it costs, computed on the store, whether the server runs or not."""

from importlib import import_module
from typing import Annotated, Any

import typer

from cgrates_py.cli.options import Config, DataDir, RedisUrl

app = typer.Typer(
    help="Report what was used and what it costs.", no_args_is_help=True, rich_markup_mode="rich"
)


def _run(function: str, **arguments: Any) -> None:
    getattr(import_module("cgrates_py.cli.report_work"), function)(**arguments)


@app.callback()
def _report() -> None:
    pass


@app.command(
    epilog="Example: [bold]cgrates-py report ventures --from 2014-03-01 --to 2014-03-31 > a.csv[/bold]\n\n"
    "Example: [bold]cgrates-py report ventures --from 2014-03-01 --to 2014-03-31 --html > a.html[/bold]"
)
def ventures(
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="The last day, included.")],
    forecast: Annotated[bool, typer.Option("--forecast", help="At forecast prices and costs.")] = False,
    active: Annotated[bool, typer.Option("--active", help="Only ventures that are active.")] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV, separated by semicolons (the default).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print a page with a chart.")] = False,
    as_parquet: Annotated[
        bool, typer.Option("--parquet", help="Write Parquet; needs the extra cgrates-py\\[parquet].")
    ] = False,
    encoding: Annotated[str, typer.Option(help="Of CSV: utf-8 or cp1250.")] = "utf-8",
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Write what each venture used and what it costs, on these days of Scrooge.

    Where prices do not cover all days, a notice stands in place of a cost.
    """
    _run("ventures", **locals())
