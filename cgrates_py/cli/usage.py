"""``usage`` and ``charges``: what the store has of both, whether the server runs or not."""

from importlib import import_module
from typing import Annotated, Any

import typer

from cgrates_py.cli.options import Config, DataDir, RedisUrl

usage = typer.Typer(help="List what was used.", no_args_is_help=True, rich_markup_mode="rich")
charges = typer.Typer(help="Export what was charged.", no_args_is_help=True, rich_markup_mode="rich")

_TIME = "An RFC 3339 time, or a date, which stands for the whole day"

Date = Annotated[str | None, typer.Option("--date", metavar="DATE", help="Only this day (UTC).")]
From = Annotated[str | None, typer.Option("--from", metavar="TIME", help=f"{_TIME}: its beginning.")]
To = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help=f"{_TIME}: its end. An instant is not included.")
]
Account = Annotated[str | None, typer.Option("--account", help="Only of this account.")]
Metric = Annotated[str | None, typer.Option("--metric", help="Only of this metric.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, safe to open in a spreadsheet (the default).")]


def _run(function: str, **arguments: Any) -> None:
    getattr(import_module("cgrates_py.cli.usage_work"), function)(**arguments)


@usage.callback()
def _usage() -> None:
    pass


@charges.callback()
def _charges() -> None:
    pass


@usage.command(
    "list",
    epilog="Example: [bold]cgrates-py usage list --namespace scrooge --date 2014-03-02 --json[/bold]\n\n"
    "Example: [bold]cgrates-py usage list --namespace cyclops --metric cpu > cpu.csv[/bold]",
)
def list_usage(
    namespace: Annotated[str, typer.Option(help="scrooge or cyclops.")] = "scrooge",
    date: Date = None,
    first: From = None,
    last: To = None,
    account: Account = None,
    metric: Metric = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """List usage day by day, in the order in which it came."""
    _run("list_usage", **locals())


@usage.command(epilog="Example: [bold]cgrates-py usage archive --older-than 90[/bold]")
def archive(
    older_than: Annotated[int, typer.Option("--older-than", metavar="DAYS", min=1, help="Full days.")],
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Move old days of usage, rates and charges, and old changes of accounts, to Parquet files.

    Lists, histories and verify go on to have them. An account is left alone until it has 64 old changes, and
    its newest change stays. The files are in the place of the setting "archive_dir"; all parts on the store
    must see it. A server does the same by itself after "archive_after_days".
    """
    _run("archive", **locals())


@charges.command(
    epilog="Example: [bold]cgrates-py charges export --from 2026-03-01 --to 2026-03-31 --csv[/bold]\n\n"
    "Example: [bold]cgrates-py charges export --account u1 --parquet > u1.parquet[/bold]"
)
def export(
    date: Date = None,
    first: From = None,
    last: To = None,
    account: Account = None,
    metric: Metric = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_parquet: Annotated[
        bool, typer.Option("--parquet", help="Write Parquet; needs the extra cgrates-py\\[parquet].")
    ] = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Write charges of all dialects to stdout: calls, debits, metered usage, and what was billed in books.

    First those of the books, day by day, then account by account those of its journal, however many there
    are. With --account CSTM:SUBJECT only that one's, day by day; a plain name has no customer.

    Numbers have the digits that they were kept with; in Parquet they are texts for that reason.
    """
    _run("export_charges", **locals())
