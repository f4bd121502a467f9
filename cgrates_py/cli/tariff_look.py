"""``tariff show``, ``lint`` and ``diff``: look at a tariff before it prices calls."""

from importlib import import_module
from typing import Annotated, Any

import typer

from cgrates_py.cli.options import Config, DataDir, RedisUrl

app = typer.Typer(rich_markup_mode="rich")

WHERE = "A folder, the number of a version, or [bold]current[/bold]."
Where = Annotated[str, typer.Argument(metavar="TARIFF", help=WHERE)]
At = Annotated[str | None, typer.Option("--at", metavar="TIME", help="RFC 3339, or now.  \\[now]")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
Timezone = Annotated[
    str | None, typer.Option(metavar="IANA", help="Zone of the clocks of a folder that names none.")
]


def _run(function: str, **arguments: Any) -> None:
    module = "tariff_show_work" if function == "show" else "tariff_look_work"
    getattr(import_module(f"cgrates_py.cli.{module}"), function)(**arguments)


@app.command(
    epilog="Example: [bold]cgrates-py tariff diff current deck/[/bold]\n\n"
    "Example: [bold]cgrates-py tariff diff 41 42 --subject tel.example:1001 --json[/bold]"
)
def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help=WHERE)],
    after: Annotated[str, typer.Argument(metavar="AFTER", help=WHERE)],
    subject: Annotated[
        str | None,
        typer.Option(metavar="CUSTOMER:SUBJECT[:CATEGORY]", help="Compare for one subject.  \\[everybody]"),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Compare at one instant (RFC 3339, or now).")
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Compare calls from then on.  \\[now]")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Compare calls before then.")] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    timezone: Timezone = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Tell what differs between two tariffs, by meaning: who, which numbers, when, before, after.

    Two that are written differently and price alike do not differ. The exit code is 0 if nothing differs, 1
    if something does, 2 if they could not be compared.
    """
    _run("diff", **locals())


@app.command(
    epilog="Example: [bold]cgrates-py tariff lint deck/[/bold]\n\n"
    "Example: [bold]cgrates-py tariff lint current --cost carrier/ --json[/bold]"
)
def lint(
    tariff: Where,
    cost: Annotated[
        str | None,
        typer.Option(metavar="TARIFF", help="What the calls cost you: finds numbers that are sold below it."),
    ] = None,
    cost_subject: Annotated[
        str | None,
        typer.Option(metavar="CUSTOMER:SUBJECT[:CATEGORY]", help="Who you are in the tariff of --cost."),
    ] = None,
    at: At = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    timezone: Timezone = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Tell what is wrong in a tariff: what never applies, what has no price, what loses money.

    The exit code is 1 if any finding is an error, 2 if the tariff could not be read.
    """
    _run("lint", **locals())


@app.command(
    epilog="Example: [bold]cgrates-py tariff show +4915112345678[/bold]\n\n"
    "Example: [bold]cgrates-py tariff show 4930123 --tariff deck/ --customer tel.example --at "
    "2026-12-24T18:00:00Z[/bold]"
)
def show(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="With its country code, + or not.")],
    tariff: Annotated[str, typer.Option(metavar="TARIFF", help=WHERE)] = "current",
    customer: Annotated[
        str | None, typer.Option(help="CstmId.  \\[the only one that the tariff names]")
    ] = None,
    subject: Annotated[str, typer.Option(help="Who calls.  \\[everybody who is not named]")] = "*any",
    category: Annotated[str, typer.Option(help="Category of the call.")] = "call",
    at: At = None,
    as_json: AsJson = False,
    timezone: Timezone = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Tell what a number costs: prefix, plan, the prices of the week, what comes next, some calls."""
    _run("show", **locals())
