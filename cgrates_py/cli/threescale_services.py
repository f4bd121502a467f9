"""``threescale service`` and ``threescale application``."""

from typing import Annotated, Any

import typer

from cgrates_py.cli.options import Config, DataDir, RedisUrl
from cgrates_py.cli.threescale_options import (
    Application,
    AsJson,
    Filter,
    Key,
    Payer,
    PlanId,
    PlanName,
    RedirectUrl,
    Service,
    State,
    UserKey,
    given,
    noun,
    run,
)

service = noun("Products of a provider.")
application = noun("Users of a service.")


@service.command(
    "create",
    epilog="Example: [bold]cgrates-py threescale service create 2001 --provider-key secret-1[/bold]",
)
def create_service(
    service_id: Service,
    provider_key: Annotated[str | None, typer.Option(help="Key of the provider that owns it.")] = None,
    mode: Annotated[str | None, typer.Option(help="1: user keys; 2: app ids; oauth.")] = None,
    state: State = None,
    require_referrers: Annotated[
        bool | None, typer.Option("--require-referrers", help="Look at referrer filters.")
    ] = None,
    default: Annotated[bool, typer.Option("--default", help="Make it its provider's default.")] = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Create a service, or change one; the first of a provider's key is its default."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config, "may_create": True}
    members = given(
        provider_key=provider_key,
        backend_version=mode,
        state=state,
        referrer_filters_required=require_referrers,
        default_service=default or None,
    )
    run(
        "ask",
        "PUT",
        ("services", service_id),
        {"service": members},
        done=f"service {service_id} is kept",
        **place,
    )


@service.command("show", epilog="Example: [bold]cgrates-py threescale service show 1001 --json[/bold]")
def show_service(
    service_id: Service,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Show a service."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    run("ask", "GET", ("services", service_id), show="service", as_json=as_json, **place)


@service.command("list", epilog="Example: [bold]cgrates-py threescale service list[/bold]")
def list_services(
    as_json: AsJson = False, data_dir: DataDir = None, redis_url: RedisUrl = None, config: Config = None
) -> None:
    """List all services."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    run("ask", "GET", ("services",), show="services", as_json=as_json, **place)


@service.command("delete", epilog="Example: [bold]cgrates-py threescale service delete 2001[/bold]")
def delete_service(
    service_id: Service,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Delete a service and all that belongs to it."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    run("ask", "DELETE", ("services", service_id), done=f"service {service_id} is deleted", **place)


def _application(
    state: str | None,
    plan: str | None,
    plan_name: str | None,
    redirect_url: str | None,
    key: list[str] | None,
    user_key: list[str] | None,
    referrer_filter: list[str] | None,
    account: str | None,
) -> dict[str, Any]:
    return given(
        state=state,
        plan_id=plan,
        plan_name=plan_name,
        redirect_url=redirect_url,
        application_keys=key,
        user_keys=user_key,
        referrer_filters=referrer_filter,
        account=account,
    )


@application.command(
    "create",
    epilog="Example: [bold]cgrates-py threescale application create 1001 my-app --plan basic "
    "--key s3cret[/bold]",
)
def create_application(
    service_id: Service,
    app_id: Application,
    state: State = "active",
    plan: PlanId = None,
    plan_name: PlanName = None,
    redirect_url: RedirectUrl = None,
    key: Key = None,
    user_key: UserKey = None,
    referrer_filter: Filter = None,
    account: Payer = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Create an application, with an account of its own unless another pays. Fails if there is one."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    members = _application(state, plan, plan_name, redirect_url, key, user_key, referrer_filter, account)
    path = ("services", service_id, "applications", app_id)
    run("ask", "POST", path, {"application": members}, done=f"application {app_id} is created", **place)


@application.command(
    "change",
    epilog="Example: [bold]cgrates-py threescale application change 1001 my-app --state suspended[/bold]",
)
def change_application(
    service_id: Service,
    app_id: Application,
    state: State = None,
    plan: PlanId = None,
    plan_name: PlanName = None,
    redirect_url: RedirectUrl = None,
    key: Key = None,
    user_key: UserKey = None,
    referrer_filter: Filter = None,
    account: Payer = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Change an application: what is given replaces, keys and filters are added."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    members = _application(state, plan, plan_name, redirect_url, key, user_key, referrer_filter, account)
    path = ("services", service_id, "applications", app_id)
    run("change_application", path, members, f"application {app_id} is changed", **place)


@application.command(
    "show", epilog="Example: [bold]cgrates-py threescale application show 1001 demo-app[/bold]"
)
def show_application(
    service_id: Service,
    app_id: Application,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Show an application with its keys, user keys and referrer filters."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "applications", app_id)
    run("show_application", path, as_json=as_json, **place)


@application.command(
    "usage", epilog="Example: [bold]cgrates-py threescale application usage 1001 demo-app[/bold]"
)
def show_usage(
    service_id: Service,
    app_id: Application,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """List the limits of an application's plan, and what is used of them now."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "applications", app_id, "utilization")
    run("ask", "GET", path, show="utilization", as_json=as_json, **place)


@application.command("list", epilog="Example: [bold]cgrates-py threescale application list 1001[/bold]")
def list_applications(
    service_id: Service,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """List the applications of a service."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "applications")
    run("ask", "GET", path, show="applications", as_json=as_json, **place)


@application.command(
    "delete", epilog="Example: [bold]cgrates-py threescale application delete 1001 my-app[/bold]"
)
def delete_application(
    service_id: Service,
    app_id: Application,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Delete an application; its account stays."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "applications", app_id)
    run("ask", "DELETE", path, done=f"application {app_id} is deleted", **place)
