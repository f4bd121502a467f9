"""What the commands of ``threescale`` share: arguments, options, and how they are run."""

from importlib import import_module
from typing import Annotated, Any

import typer


def noun(text: str) -> typer.Typer:
    """Make the commands of one noun."""
    return typer.Typer(help=text, no_args_is_help=True, rich_markup_mode="rich")


Service = Annotated[str, typer.Argument(metavar="SERVICE", help="Id of the service.")]
Application = Annotated[str, typer.Argument(metavar="APPLICATION", help="Id of the application.")]
Metric = Annotated[str, typer.Argument(metavar="METRIC", help="Id of the metric.")]
Plan = Annotated[str, typer.Argument(metavar="PLAN", help="Id of the plan.")]
State = Annotated[str | None, typer.Option(help="active, or anything else: then it is refused.")]
PlanId = Annotated[str | None, typer.Option("--plan", help="Id of its plan.")]
PlanName = Annotated[str | None, typer.Option(help="Name of its plan.")]
RedirectUrl = Annotated[str | None, typer.Option(help="Where OAuth may lead back to.")]
Key = Annotated[list[str] | None, typer.Option(help="A key; may be given several times.")]
UserKey = Annotated[list[str] | None, typer.Option(help="A user key; likewise.")]
Filter = Annotated[list[str] | None, typer.Option("--referrer-filter", help="A referrer filter; likewise.")]
Payer = Annotated[str | None, typer.Option(metavar="[CSTM:]SUBJECT", help="The account that pays.")]
Maximum = Annotated[int | None, typer.Option(min=0, help="At most so many in each.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def run(function: str, *arguments: Any, **given: Any) -> None:
    """Call a function of the module that does the work."""
    getattr(import_module("cgrates_py.cli.threescale_work"), function)(*arguments, **given)


def given(**members: Any) -> dict[str, Any]:
    """Leave out what was not given."""
    return {name: value for name, value in members.items() if value is not None}
