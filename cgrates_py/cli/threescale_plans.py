"""``threescale metric``, ``limit``, ``rate`` and ``token``."""

import secrets
from typing import Annotated, Any

import typer

from cgrates_py.cli import USAGE, CommandError
from cgrates_py.cli.options import Config, DataDir, RedisUrl
from cgrates_py.cli.threescale_options import AsJson, Maximum, Metric, Plan, Service, given, noun, run

metric = noun("What is counted.")
limit = noun("How much a plan allows.")
rate = noun("What units of a metric cost.")
token = noun("Credentials for one service.")


@metric.command(
    "create", epilog="Example: [bold]cgrates-py threescale metric create 1001 m-uploads uploads[/bold]"
)
def create_metric(
    service_id: Service,
    metric_id: Metric,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name by which gateways report it.")],
    parent: Annotated[str | None, typer.Option(help="Id of the metric on which it counts, too.")] = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Create a metric, or change one."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "metrics", metric_id)
    members = given(name=name, parent_id=parent)
    run("ask", "PUT", path, {"metric": members}, done=f"metric {metric_id} is kept", **place)


@metric.command("list", epilog="Example: [bold]cgrates-py threescale metric list 1001[/bold]")
def list_metrics(
    service_id: Service,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """List the metrics of a service."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    run("ask", "GET", ("services", service_id, "metrics"), show="metrics", as_json=as_json, **place)


@metric.command("delete", epilog="Example: [bold]cgrates-py threescale metric delete 1001 m-uploads[/bold]")
def delete_metric(
    service_id: Service,
    metric_id: Metric,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Delete a metric without children, with its limits and rates."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "metrics", metric_id)
    run("ask", "DELETE", path, done=f"metric {metric_id} is deleted", **place)


@limit.command(
    "set",
    epilog="Example: [bold]cgrates-py threescale limit set 1001 basic m-hits --minute 100 --day 5000[/bold]",
)
def set_limit(
    service_id: Service,
    plan_id: Plan,
    metric_id: Metric,
    minute: Maximum = None,
    hour: Maximum = None,
    day: Maximum = None,
    week: Maximum = None,
    month: Maximum = None,
    year: Maximum = None,
    eternity: Annotated[int | None, typer.Option(min=0, help="At most so many in all.")] = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Limit a metric for a plan, by calendar periods in UTC; other periods stay as they are."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    maxima = given(minute=minute, hour=hour, day=day, week=week, month=month, year=year, eternity=eternity)
    if not maxima:
        raise CommandError("nothing to set: give --minute, --day or another period", USAGE)
    root = ("services", service_id, "plans", plan_id, "usagelimits", metric_id)
    run("set_limits", root, maxima, f"limits of plan {plan_id} on {metric_id} are set", **place)


@limit.command("list", epilog="Example: [bold]cgrates-py threescale limit list 1001 basic[/bold]")
def list_limits(
    service_id: Service,
    plan_id: Plan,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """List the limits of a plan."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "plans", plan_id, "usagelimits")
    run("ask", "GET", path, show="usagelimits", as_json=as_json, **place)


@limit.command(
    "delete", epilog="Example: [bold]cgrates-py threescale limit delete 1001 basic m-hits minute[/bold]"
)
def delete_limit(
    service_id: Service,
    plan_id: Plan,
    metric_id: Metric,
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="minute … eternity.")],
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Delete a limit."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "plans", plan_id, "usagelimits", metric_id, period)
    run("delete_limit", path, f"the {period} limit of plan {plan_id} on {metric_id} is deleted", **place)


@rate.command(
    "set",
    epilog="Example: [bold]cgrates-py threescale rate set 1001 m-hits --plan paid --tier 0:0.01 "
    "--tier 10000:0.008 --over month[/bold]",
)
def set_rate(
    service_id: Service,
    metric_id: Metric,
    tier: Annotated[
        list[str], typer.Option(metavar="START:PRICE", help="From START units on; 0 is the first.")
    ],
    plan: Annotated[str | None, typer.Option(help="For this plan alone.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="From then on (RFC 3339).")
    ] = None,
    package: Annotated[int, typer.Option(min=1, help="Units are sold so many at a time.")] = 1,
    per: Annotated[
        int | None, typer.Option(min=1, help="The price is for so many units.  \\[a package]")
    ] = None,
    over: Annotated[
        str | None, typer.Option(metavar="PERIOD", help="Find the tier by all units of the period so far.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="All units cost what the last tier reached says.")
    ] = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Set what units of a metric cost, for a plan and from a time on; its other rates stay."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    members = {
        "plan_id": plan,
        "from": start,
        "package": package,
        "per": per,
        "over": over,
        "whole": whole,
        "tiers": [_tier(text) for text in tier],
    }
    path = ("services", service_id, "metrics", metric_id, "rates")
    run("set_rate", path, members, f"a rate of {metric_id} is set", **place)


@rate.command("list", epilog="Example: [bold]cgrates-py threescale rate list 1001 m-hits --json[/bold]")
def list_rates(
    service_id: Service,
    metric_id: Metric,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """List the rates of a metric."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "metrics", metric_id, "rates")
    run("ask", "GET", path, show="rates", as_json=as_json, **place)


@rate.command("delete", epilog="Example: [bold]cgrates-py threescale rate delete 1001 m-hits[/bold]")
def delete_rates(
    service_id: Service,
    metric_id: Metric,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Delete all rates of a metric: it costs nothing any more."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "metrics", metric_id, "rates")
    run("delete_rates", path, **place)


@token.command("create", epilog="Example: [bold]cgrates-py threescale token create 1001[/bold]")
def create_token(
    service_id: Service,
    token_text: Annotated[
        str | None, typer.Argument(metavar="[TOKEN]", help="The token; a random one if not given.")
    ] = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Make a token for a service, which need not exist yet; print it."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    text = secrets.token_hex(16) if token_text is None else token_text
    body = {"service_tokens": {text: {"service_id": service_id}}}
    run("ask", "POST", ("service_tokens",), body, done=text, **place)


@token.command("list", epilog="Example: [bold]cgrates-py threescale token list[/bold]")
def list_tokens(
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """List all service tokens."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    run("ask", "GET", ("service_tokens",), show="service_tokens", as_json=as_json, **place)


@token.command("delete", epilog="Example: [bold]cgrates-py threescale token delete 1001 demo-token[/bold]")
def delete_token(
    service_id: Service,
    token_text: Annotated[str, typer.Argument(metavar="TOKEN", help="The token.")],
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Delete a token."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    pair = {"service_token": token_text, "service_id": service_id}
    run("delete_token", pair, **place)


def _tier(text: str) -> dict[str, Any]:
    start, colon, price = text.partition(":")
    if not colon or not start.isascii() or not start.isdigit():
        raise CommandError(f"--tier: expected START:PRICE, got {text!r}", USAGE)
    return {"start": start, "price": price}
