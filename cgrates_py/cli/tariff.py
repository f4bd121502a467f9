"""``tariff``: versions of the tariff, and what can be known of one before it prices calls.

Works on the store, whether the server runs or not.
"""

import typer

app = typer.Typer(
    help="Versions of the tariff: list, activate, roll back, export; a running server follows at once.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.callback()
def _root() -> None:
    pass
