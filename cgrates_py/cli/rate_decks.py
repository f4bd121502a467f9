"""``tariff import``: a carrier's rate deck becomes a tariff folder."""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from cgrates_py.cli.options import Config, DataDir, RedisUrl

Deck = Annotated[Path, typer.Argument(metavar="DECK", help="The deck: CSV in any shape, or Excel.")]
Out = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The tariff folder to write.")]
Plan = Annotated[str, typer.Option("--plan", metavar="ID", help="Id of the rating plan; begins all others.")]
Tenant = Annotated[str, typer.Option("--tenant", help="The CstmId of the calls that it prices.")]
Category = Annotated[str, typer.Option("--category", help="The TOR of the calls, by name.")]
Subject = Annotated[str, typer.Option("--subject", help="Who has these prices; *any: everyone else.")]
Fallback = Annotated[
    list[str] | None,
    typer.Option("--fallback", metavar="SUBJECT", help="Where a missing price is taken from."),
]
LayoutName = Annotated[
    str | None,
    typer.Option("--layout", metavar="NAME", help="A known form, see the docs.  \\[by its heading]"),
]
Map = Annotated[
    Path | None,
    typer.Option("--map", metavar="FILE.json", help='Columns: {"code": "Dial Code", "price": "3"}.'),
]
Column = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="FIELD=HEADING", help="One column, or its number from 1."),
]
Increments = Annotated[
    str, typer.Option("--increments", metavar="60/1", help="Where the deck has none: initial/next seconds.")
]
Per = Annotated[int, typer.Option("--per", metavar="SECONDS", min=1, max=3600, help="What a price is for.")]
Rounding = Annotated[str, typer.Option("--rounding", help="*up, *middle or *down, once for a call.")]
Decimals = Annotated[int, typer.Option("--decimals", min=0, max=9, help="Decimals of a call's cost.")]
PriceMax = Annotated[str, typer.Option("--price-max", help="A higher price is taken for a mistake.")]
Currency = Annotated[
    str, typer.Option("--currency", help="Skip prices in others.  \\[that of the first row]")
]
DateOrder = Annotated[
    str | None,
    typer.Option("--dates", metavar="dmy|mdy", help="What 01/02/2026 is.  \\[by all dates together]"),
]
Zone = Annotated[str, typer.Option("--timezone", help="IANA zone in which its dates begin.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="TIME", help="Prices that began until then hold now.  \\[now]"),
]
Delimiter = Annotated[str | None, typer.Option("--delimiter", help="Between cells.  \\[found out]")]
Encoding = Annotated[str | None, typer.Option("--encoding", help="Such as cp1252.  \\[found out]")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Write nothing unless all rows are taken as they stand.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]
Load = Annotated[bool, typer.Option("--load", help="Load the folder at once.")]


app = typer.Typer(rich_markup_mode="rich")
"""Its command is one of ``tariff``."""


@app.command(
    "import",
    epilog="Example: [bold]cgrates-py tariff import carrier.csv --plan ACME --tenant tel.example "
    "--out acme[/bold]",
)
def import_deck(
    deck: Deck,
    plan: Plan,
    tenant: Tenant,
    out: Out,
    category: Category = "call",
    subject: Subject = "*any",
    fallback: Fallback = None,
    layout: LayoutName = None,
    map_file: Map = None,
    column: Column = None,
    increments: Increments = "1/1",
    per: Per = 60,
    rounding: Rounding = "*middle",
    decimals: Decimals = 9,
    price_max: PriceMax = "20",
    currency: Currency = "",
    dates: DateOrder = None,
    timezone: Zone = "UTC",
    as_of: AsOf = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    strict: Strict = False,
    as_json: AsJson = False,
    load: Load = False,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    config: Config = None,
) -> None:
    """Make a tariff folder of a carrier's rate deck, and tell of every row not taken as it stood.

    Columns are recognised by their headings; prices stay exact, dates to come become activation times.
    """
    import_module("cgrates_py.cli.rate_decks_work").import_deck(**locals())
