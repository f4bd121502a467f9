"""``tariff show``, ``lint`` and ``diff``: look at a tariff before it prices calls."""

from importlib import import_module
from typing import Annotated, Any

import typer

from cgrates_py.cli.options import Config, DataDir, RedisUrl

app = typer.Typer(rich_markup_mode="rich")

WHERE = "A folder, the number of a version, or [bold]current[/bold]."
Where = Annotated[str, typer.Argument(metavar="TARIFF", help=WHERE)]
At = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="RFC 3339, or now.  [now]")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
Timezone = Annotated[
    str | None, typer.Option(metavar="IANA", help="Zone of the clocks of a folder that names none.")
]


def _run(function: str, **arguments: Any) -> None:
    getattr(import_module("cgrates_py.cli.tariff_look_work"), function)(**arguments)


@app.command(
    epilog="Example: [bold]cgrates-py tariff diff current deck/[/bold]\n\n"
    "Example: [bold]cgrates-py tariff diff 41 42 --subject tel.example:1001 --json[/bold]"
)
def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help=WHERE)],
    after: Annotated[str, typer.Argument(metavar="AFTER", help=WHERE)],
    subject: Annotated[
        str | None,
        typer.Option(metavar="CUSTOMER:SUBJECT\\[:CATEGORY]", help="Compare for one subject.  [everybody]"),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Compare at one instant (RFC 3339, or now).")
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Compare calls from then on.  [now]")
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
