"""``threescale key``, ``user-key`` and ``filter``: what an application shows to be let in."""

import base64
from typing import Annotated

import typer

from cgrates_py.cli.options import Config, DataDir, RedisUrl
from cgrates_py.cli.threescale_options import Application, AsJson, Service, noun, run

key = noun("Keys of an application: what it shows beside its id.")
user_key = noun("User keys: each names one application.")
referrer_filter = noun("Referrer filters of an application: where its calls may come from.")

UserKey = Annotated[str, typer.Argument(metavar="USER_KEY", help="The user key.")]
Filter = Annotated[str, typer.Argument(metavar="FILTER", help="The filter, such as *.example.org.")]


@key.command("create", epilog="Example: [bold]cgrates-py threescale key create 1001 demo-app[/bold]")
def create_key(
    service_id: Service,
    app_id: Application,
    text: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="The key; a random one if not given.")
    ] = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Give an application one more key; print it."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "applications", app_id, "keys")
    run("create_key", path, text, **place)


@key.command("list", epilog="Example: [bold]cgrates-py threescale key list 1001 demo-app[/bold]")
def list_keys(
    service_id: Service,
    app_id: Application,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """List the keys of an application."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "applications", app_id, "keys")
    run("ask", "GET", path, show="application_keys", as_json=as_json, **place)


@key.command("delete", epilog="Example: [bold]cgrates-py threescale key delete 1001 demo-app demo-key[/bold]")
def delete_key(
    service_id: Service,
    app_id: Application,
    text: Annotated[str, typer.Argument(metavar="KEY", help="The key.")],
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Take a key from an application. One without keys is let in without."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "applications", app_id, "keys", text)
    run("ask", "DELETE", path, done=f"key {text} of application {app_id} is deleted", **place)


@user_key.command(
    "create", epilog="Example: [bold]cgrates-py threescale user-key create 1002 site another-key[/bold]"
)
def create_user_key(
    service_id: Service,
    app_id: Application,
    text: UserKey,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Let a user key name an application; one that named another names this one from now on."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "applications", app_id, "key", text)
    run("ask", "PUT", path, done=f"user key {text} names application {app_id}", **place)


@user_key.command("list", epilog="Example: [bold]cgrates-py threescale user-key list 1002 site[/bold]")
def list_user_keys(
    service_id: Service,
    app_id: Application,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """List the user keys of an application."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "applications", app_id, "user_keys")
    run("ask", "GET", path, show="user_keys", as_json=as_json, **place)


@user_key.command(
    "delete", epilog="Example: [bold]cgrates-py threescale user-key delete 1002 site demo-user-key[/bold]"
)
def delete_user_key(
    service_id: Service,
    app_id: Application,
    text: UserKey,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Take a user key from an application: it names none any more."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    root = ("services", service_id, "applications")
    path = (*root, "key", text)
    done = f"user key {text} of application {app_id} is deleted"
    run("delete_listed", (*root, app_id, "user_keys"), "user key", text, path, done, **place)


@referrer_filter.command(
    "create", epilog='Example: [bold]cgrates-py threescale filter create 1001 demo-app "*.example.org"[/bold]'
)
def create_filter(
    service_id: Service,
    app_id: Application,
    text: Filter,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Let calls of an application come from more places."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "applications", app_id, "referrer_filters")
    done = f"filter {text} of application {app_id} is kept"
    run("ask", "POST", path, {"referrer_filter": text}, done=done, **place)


@referrer_filter.command(
    "list", epilog="Example: [bold]cgrates-py threescale filter list 1001 demo-app[/bold]"
)
def list_filters(
    service_id: Service,
    app_id: Application,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """List the referrer filters of an application."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    path = ("services", service_id, "applications", app_id, "referrer_filters")
    run("ask", "GET", path, show="referrer_filters", as_json=as_json, **place)


@referrer_filter.command(
    "delete", epilog='Example: [bold]cgrates-py threescale filter delete 1001 demo-app "*.example.org"[/bold]'
)
def delete_filter(
    service_id: Service,
    app_id: Application,
    text: Filter,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Let calls of an application come from fewer places."""
    place = {"data_dir": data_dir, "redis_url": redis_url, "config": config}
    root = ("services", service_id, "applications", app_id, "referrer_filters")
    path = (*root, base64.urlsafe_b64encode(text.encode("utf-8", "surrogateescape")).decode())
    done = f"filter {text} of application {app_id} is deleted"
    run("delete_listed", root, "filter", text, path, done, **place)
