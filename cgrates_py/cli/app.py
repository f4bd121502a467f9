"""The commands and their options. What they do stands in the modules they import when they run."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from cgrates_py.cli import account, console, key, report, setup, tariff, tariff_look, threescale, usage
from cgrates_py.cli.options import AdminPort, Config, DataDir, LogJson, RedisUrl, RequireKeys, TestClock
from cgrates_py.cli.rate import EPILOG as RATE_EPILOG
from cgrates_py.cli.rate import rate
from cgrates_py.cli.whatif import EPILOG as WHATIF_EPILOG
from cgrates_py.cli.whatif import whatif

app = typer.Typer(
    name="cgrates-py",
    help="Real-time rating and charging server: exact money, exactly-once debits, JSON-RPC over TCP.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(console.app, name="console")
app.add_typer(account.app, name="account")
app.add_typer(key.app, name="key")
tariff.app.add_typer(tariff_look.app)
app.add_typer(tariff.app, name="tariff")
app.add_typer(threescale.app, name="threescale")
app.add_typer(usage.usage, name="usage")
app.add_typer(usage.charges, name="charges")
app.add_typer(report.app, name="report")
app.add_typer(setup.scrooge, name="scrooge")
app.add_typer(setup.cyclops, name="cyclops")


def _run(module: str, function: str, **arguments: Any) -> None:
    getattr(import_module(f"cgrates_py.cli.{module}"), function)(**arguments)


def _print_version(asked: bool) -> None:
    if asked:
        from cgrates_py.version import product_version  # noqa: PLC0415 -- reads the metadata of the distribution

        typer.echo(f"cgrates-py {product_version()}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    pass


@app.command(
    epilog="Example: [bold]cgrates-py serve --demo[/bold]\n\n"
    "Example: [bold]cgrates-py serve --data-dir /var/lib/cgrates --raters 4 --log-json[/bold]"
)
def serve(
    data_dir: DataDir = None,
    rpc_port: Annotated[int | None, typer.Option(help="JSON-RPC port (0: a free one).  [2001]")] = None,
    http_port: Annotated[int | None, typer.Option(help="HTTP port (0: a free one).  [8000]")] = None,
    rater_port: Annotated[int | None, typer.Option(help="Rater registration port.  [2000]")] = None,
    admin_port: AdminPort = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [127.0.0.1]")] = None,
    raters: Annotated[int | None, typer.Option(help="Rater processes.  [2]")] = None,
    redis_url: RedisUrl = None,
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo data on the first start.")] = False,
    require_keys: RequireKeys = None,
    config: Config = None,
    test_clock: TestClock = None,
    log_json: LogJson = None,
) -> None:
    """Run the whole server: store, raters, balancer and HTTP, supervised, in the foreground.

    Prints one line to stdout when the next request will be answered: "ready rpc=HOST:PORT http=HOST:PORT",
    and with --admin-port " admin=HOST:PORT".
    """
    _run(
        "serving",
        "serve",
        config=config,
        demo=demo,
        data_dir=data_dir,
        rpc_port=rpc_port,
        http_port=http_port,
        rater_port=rater_port,
        admin_port=admin_port,
        host=host,
        raters=raters,
        redis_url=redis_url,
        require_keys=require_keys,
        test_clock=test_clock,
        log_json=log_json,
    )


@app.command(epilog="Example: [bold]CGRATES_SECRET=... cgrates-py balancer --host 10.0.0.1[/bold]")
def balancer(
    rpc_port: Annotated[int | None, typer.Option(help="JSON-RPC port.  [2001]")] = None,
    rater_port: Annotated[int | None, typer.Option(help="Rater registration port.  [2000]")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [127.0.0.1]")] = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    require_keys: RequireKeys = None,
    config: Config = None,
    log_json: LogJson = None,
) -> None:
    """Run the balancer alone: JSON-RPC for callers, registration for raters on any host.

    Raters show a secret: the setting "secret" (CGRATES_SECRET, or in the file of --config), else the one in
    the file "secret" of the data directory, made at the first start. Callers show API keys (see "key"), once
    there is one, or always where --host is reached from other machines; the keys are read from the store.
    """
    _run(
        "serving",
        "balancer",
        config=config,
        data_dir=data_dir,
        redis_url=redis_url,
        require_keys=require_keys,
        rpc_port=rpc_port,
        rater_port=rater_port,
        host=host,
        log_json=log_json,
    )


@app.command(
    epilog="Example: [bold]CGRATES_SECRET=... cgrates-py rater --balancer 10.0.0.1:2000 "
    "--redis-url redis://10.0.0.2/0[/bold]\n\n"
    "Example: [bold]cgrates-py rater --listen 127.0.0.1:2001 --redis-url redis://10.0.0.2/0[/bold]"
)
def rater(
    balancer: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Where raters register.  [127.0.0.1:2000]"),
    ] = None,
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Serve JSON-RPC here, without a balancer.")
    ] = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    name: Annotated[str | None, typer.Option(help="Name in logs and metrics.  \\[host:pid]")] = None,
    config: Config = None,
    log_json: LogJson = None,
) -> None:
    """Run one rater: it joins a balancer, or with --listen answers callers itself."""
    _run(
        "serving",
        "rater",
        config=config,
        register_address=balancer,
        listen_address=listen,
        data_dir=data_dir,
        redis_url=redis_url,
        name=name,
        log_json=log_json,
    )


@app.command(epilog="Example: [bold]cgrates-py http --balancer 10.0.0.1:2001 --http-port 8080[/bold]")
def http(
    balancer: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="JSON-RPC port of the balancer.  [127.0.0.1:2001]")
    ] = None,
    http_port: Annotated[int | None, typer.Option(help="HTTP port (0: a free one).  [8000]")] = None,
    admin_port: AdminPort = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [127.0.0.1]")] = None,
    config: Config = None,
    log_json: LogJson = None,
) -> None:
    """Run the HTTP front alone: the nine endpoints of the page, health, readiness, metrics."""
    _run(
        "serving",
        "http",
        config=config,
        rpc_address=balancer,
        http_port=http_port,
        admin_port=admin_port,
        host=host,
        log_json=log_json,
    )


@app.command(
    epilog="Example: [bold]cgrates-py load tariffs/ --dry-run[/bold]\n\n"
    "Example: [bold]cgrates-py load tariffs/ --redis-url redis://10.0.0.2/0[/bold]"
)
def load(
    path: Annotated[
        Path,
        typer.Argument(metavar="PATH", help="Folder of JSON files of 2012, or of CSVs; of threescale.json."),
    ],
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    format: Annotated[  # noqa: A002 -- the option's name
        str | None, typer.Option(help="json2012 or csv.  \\[recognised by the files]")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="IANA zone of clocks whose file names none.  \\[the call's]")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and report, change nothing.")] = False,
    at: tariff.At = None,
    author: Annotated[str | None, typer.Option(help="Who makes this version.  \\[your login name]")] = None,
    note: Annotated[str, typer.Option(help="Why, for [bold]tariff versions[/bold].")] = "",
    config: Config = None,
) -> None:
    """Load a tariff, accounts and services of APIs, whether the server is running or not.

    All problems of all files are reported at once; nothing is loaded unless all is well. Running raters use
    the new tariff from the next request on; with --at for calls that start then or later.
    """
    _run(
        "loading",
        "load",
        config=config,
        path=path,
        format_name=format,
        timezone=timezone,
        dry_run=dry_run,
        at=at,
        author=author,
        note=note,
        data_dir=data_dir,
        redis_url=redis_url,
    )


@app.command(
    epilog="Example: [bold]cgrates-py verify[/bold]\n\n"
    "Example: [bold]cgrates-py verify --account vdf:rif --account vdf:minu --json[/bold]"
)
def verify(
    account: Annotated[
        list[str] | None,
        typer.Option(metavar="[CSTM:]SUBJECT", help="Only this one; may be given several times."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Compute every account anew from its journal and compare; exit with 1 if anything differs.

    Works while the server runs and on the data directory of a stopped one.
    """
    _run(
        "verify",
        "verify",
        account=account or (),
        as_json=as_json,
        config=config,
        data_dir=data_dir,
        redis_url=redis_url,
    )


app.command(epilog=RATE_EPILOG)(rate)
app.command(epilog=WHATIF_EPILOG)(whatif)
