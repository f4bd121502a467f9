"""``console explain``: why a call costs what it costs, or why a charge took what it took."""

import time
from typing import Annotated

import typer

from cgrates_py.cli import USAGE, CommandError
from protocol.methods import Method

DEFAULT_SERVER = "127.0.0.1:2001"


def explain(
    subject: Annotated[str, typer.Option(help="Who calls: the account's and the rate's name.")] = "",
    cstmid: Annotated[str, typer.Option(help="The customer (tenant).")] = "",
    dest: Annotated[str, typer.Option(help="The number dialled.")] = "",
    tor: Annotated[str | None, typer.Option(help="Type of record: 0 call, 1 SMS, 2 data, or a name.")] = None,
    ts: Annotated[str | None, typer.Option(help="Start of the call, RFC 3339 with a zone.")] = None,
    te: Annotated[str | None, typer.Option(help="End of the call, likewise.")] = None,
    amount: Annotated[
        str | None, typer.Option(help="Seconds: what DebitSeconds would take for them.")
    ] = None,
    charge: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="[CSTM:]SUBJECT calls:VERSION", help="A charge that an account has in its journal."
        ),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Have the independent oracle recompute it.")
    ] = False,
    server: Annotated[
        str,
        typer.Option(metavar="HOST:PORT", envvar="CGRATES_RPC_ADDRESS", help="JSON-RPC port of the server."),
    ] = DEFAULT_SERVER,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result's JSON exactly as it came.")
    ] = False,
) -> None:
    """Explain the price of a call step by step (without times: one minute from now), or a stored charge."""
    from cgrates_py.accounts import parse_name  # noqa: PLC0415 -- quick --help
    from cgrates_py.cli import console  # noqa: PLC0415 -- it has this command
    from cgrates_py.descriptor_text import Descriptor, DescriptorError, quote_times  # noqa: PLC0415 -- likewise

    if bool(subject) == (charge is not None):
        raise CommandError("give either --subject, or --charge with an account and a source", USAGE)
    source = None
    if charge is not None:
        (cstmid, subject), source = parse_name(charge[0]), charge[1]
    elif ts is None and te is None:
        ts, te = quote_times(time.time_ns())
    parts = Descriptor(cstmid, subject, dest, tor, ts, te, amount, None, "true" if verify else None, source)
    try:
        descriptor = parts.encode()
    except DescriptorError as error:
        raise CommandError(f"--{error.part}: {error.reason}", USAGE) from None
    result = console.ask_server(server, Method.EXPLAIN, descriptor)
    if as_json:
        typer.echo(result.decode())
        return
    from cgrates_py.cli.explain_tables import show  # noqa: PLC0415 -- rich is for eyes only

    show(result)
