"""``console``: a client for people. Every command asks the server once and shows the answer."""

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from cgrates_py.cli import USAGE, CommandError
from cgrates_py.cli.explain import explain
from protocol.access import CONSOLE_ID, derived_key
from protocol.errors import Code, code_of
from protocol.methods import NAMES, Method

if TYPE_CHECKING:
    import ssl

app = typer.Typer(
    help="Ask a running server: tables for eyes, --json for scripts. An API key comes from CGRATES_API_KEY.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Server = Annotated[
    str, typer.Option(metavar="HOST:PORT", envvar="CGRATES_RPC_ADDRESS", help="JSON-RPC port of the server.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result's JSON exactly as it came.")]

DEFAULT_SERVER = "127.0.0.1:2001"

_IS_IT_TLS = (
    "; if the server speaks TLS, name its certificate in CGRATES_TLS_CERT, or its authority in CGRATES_TLS_CA"
)

_CALL = "--cstmid vdf --subject rif --dest 0256"
_TIMES = "--ts 2012-02-02T17:30:00Z --te 2012-02-02T18:30:00Z"

_COMMANDS: tuple[tuple[str, Method, str, str], ...] = (
    (
        "getcost",
        Method.GET_COST,
        "Quote a call (without times: one minute from now).",
        f"{_CALL} {_TIMES}",
    ),
    ("debit", Method.DEBIT, "Price a call and take its cost and minutes in one step.", f"{_CALL} {_TIMES}"),
    ("debitbalance", Method.DEBIT_BALANCE, "Take money (a negative amount adds).", f"{_CALL} --amount 10.5"),
    ("debitsms", Method.DEBIT_SMS, "Take SMS (a negative amount adds).", f"{_CALL} --amount 1"),
    ("debitseconds", Method.DEBIT_SECONDS, "Take seconds from the minute buckets.", f"{_CALL} --amount 60"),
    (
        "getmaxsessiontime",
        Method.GET_MAX_SESSION_TIME,
        "Tell how long a call may last, of the seconds asked for.",
        f"{_CALL} --amount 3600",
    ),
    (
        "addvolumediscountseconds",
        Method.ADD_VOLUME_DISCOUNT_SECONDS,
        "Add seconds of placed calls, for the volume discount.",
        "--cstmid vdf --subject rif --amount 60",
    ),
    (
        "resetvolumediscountseconds",
        Method.RESET_VOLUME_DISCOUNT_SECONDS,
        "Set the seconds of placed calls to zero.",
        "--cstmid vdf --subject rif",
    ),
    (
        "addrecievedcallseconds",
        Method.ADD_RECIEVED_CALL_SECONDS,
        "Add seconds of received calls; at the plan's limit its bonus is given.",
        "--cstmid vdf --subject rif --amount 60",
    ),
    (
        "resetuserbudget",
        Method.RESET_USER_BUDGET,
        "Give the account what its tariff plan gives.",
        "--cstmid vdf --subject rif",
    ),
    ("account", Method.GET_ACCOUNT, "Show an account.", "--cstmid vdf --subject rif"),
)

NEED_AMOUNT = frozenset(
    {
        Method.DEBIT_BALANCE,
        Method.DEBIT_SMS,
        Method.DEBIT_SECONDS,
        Method.GET_MAX_SESSION_TIME,
        Method.ADD_VOLUME_DISCOUNT_SECONDS,
        Method.ADD_RECIEVED_CALL_SECONDS,
    }
)
"""Methods that do nothing sensible without an amount."""


def _command(method: Method, summary: str) -> Callable[..., None]:
    def ask(
        subject: Annotated[str, typer.Option(help="Who calls: the account's and the rate's name.")],
        cstmid: Annotated[str, typer.Option(help="The customer (tenant).")] = "",
        dest: Annotated[str, typer.Option(help="The number dialled.")] = "",
        tor: Annotated[
            str | None, typer.Option(help="Type of record: 0 call, 1 SMS, 2 data, or a name.")
        ] = None,
        ts: Annotated[str | None, typer.Option(help="Start of the call, RFC 3339 with a zone.")] = None,
        te: Annotated[str | None, typer.Option(help="End of the call, likewise.")] = None,
        amount: Annotated[str | None, typer.Option(help="Units, seconds or money, by the command.")] = None,
        request_id: Annotated[
            str | None, typer.Option(help="A repeat with the same id changes nothing twice.")
        ] = None,
        server: Server = DEFAULT_SERVER,
        as_json: AsJson = False,
    ) -> None:
        from cgrates_py.descriptor_text import Descriptor, DescriptorError, quote_times  # noqa: PLC0415 -- quick --help

        if amount is None and method in NEED_AMOUNT:
            raise CommandError("--amount is missing", USAGE)
        if method is Method.GET_COST and ts is None and te is None:
            ts, te = quote_times(time.time_ns())
        parts = Descriptor(cstmid, subject, dest, tor, ts, te, amount, request_id)
        try:
            descriptor = parts.encode()
        except DescriptorError as error:
            option = error.part.replace("_", "-")
            raise CommandError(f"--{option}: {error.reason}", USAGE) from None
        _show(method, ask_server(server, method, descriptor), as_json)

    ask.__doc__ = summary
    return ask


for _name, _method, _summary, _example in _COMMANDS:
    app.command(_name, epilog=f"Example: [bold]cgrates-py console {_name} {_example}[/bold]")(
        _command(_method, _summary)
    )


app.command(
    epilog=f"Example: [bold]cgrates-py console explain {_CALL} {_TIMES} --verify[/bold]\n\n"
    "Example: [bold]cgrates-py console explain --charge vdf:rif calls:17[/bold]"
)(explain)


@app.command(epilog="Example: [bold]cgrates-py console status --server 127.0.0.1:2001[/bold]")
def status(server: Server = DEFAULT_SERVER, as_json: AsJson = False) -> None:
    """Tell the raters, version, uptime and memory of the server."""
    _show(Method.STATUS, ask_server(server, Method.STATUS, b"{}"), as_json)


def ask_server(server: str, method: Method, descriptor: bytes) -> bytes:
    """Ask once. Raises CommandError with the refusal, or why there is no answer."""
    from cgrates_py import client  # noqa: PLC0415 -- quick --help
    from cgrates_py.address import Address, AddressError, is_loopback  # noqa: PLC0415 -- likewise

    key = os.environ.get("CGRATES_API_KEY") or None
    tls: ssl.SSLContext | None = None
    try:
        address, tls = Address.parse(server), _tls()
        reply = client.call_once(address, NAMES[method], descriptor, auth=key, tls=tls)
        if key is None and code_of(reply.error or "") is Code.UNAUTHENTICATED and is_loopback(address.host):
            own = _own_key()
            if own is not None:
                reply = client.call_once(address, NAMES[method], descriptor, auth=own, tls=tls)
    except AddressError as error:
        raise CommandError(f"--server: {error}", USAGE) from None
    except (ConnectionResetError, BrokenPipeError, client.RpcLostError) as error:
        raise CommandError(f"no answer from {server}: {error}{'' if tls else _IS_IT_TLS}") from None
    except OSError as error:
        raise CommandError(f"no answer from {server}: {error}") from None
    if reply.error is not None:
        raise CommandError(reply.error)
    return reply.result


def _tls() -> "ssl.SSLContext | None":
    """Make the context for a server with TLS, by the variables of its settings."""
    cert, ca = (os.environ.get(f"CGRATES_{name}", "") for name in ("TLS_CERT", "TLS_CA"))
    if not (cert or ca):
        return None
    from cgrates_py.tls import client_context  # noqa: PLC0415 -- quick without

    return client_context(cert, ca)


def _own_key() -> str | None:
    """Tell the key of whoever may read the server's secret: for the console on the server's own machine."""
    from cgrates_py.secret import SecretError, known_secret  # noqa: PLC0415 -- settings take their time

    try:
        from cgrates_py.cli.settings import load_settings  # noqa: PLC0415 -- likewise

        secret = known_secret(load_settings(None))
    except SecretError:
        return None  # it is somebody else's
    return derived_key(secret, CONSOLE_ID) if secret else None


def _show(method: Method, result: bytes, as_json: bool) -> None:
    if as_json:
        typer.echo(result.decode())
        return
    from cgrates_py.cli import tables  # noqa: PLC0415 -- rich is for eyes only

    tables.show_result(method, result)
