"""Imports small decks that tests write as text."""

from pathlib import Path

from cgrates_py.rate_decks.building import Profile
from cgrates_py.rate_decks.columns import LAYOUTS, Field
from cgrates_py.rate_decks.importing import Imported, import_deck
from cgrates_py.rate_decks.reading import Rules
from rater.instant import parse

AS_OF_NS = parse("2026-11-22T00:00:00Z")[0]


def imported(
    folder: Path,
    text: str | bytes,
    layout: str = "az",
    wanted: dict[Field, str] | None = None,
    rules: Rules | None = None,
) -> Imported:
    """Import a deck as of 22 November 2026 for the plan ACME."""
    deck = folder / "deck.csv"
    deck.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_deck(
        deck, LAYOUTS[layout], wanted or {}, rules or Rules(), Profile("ACME", "tel.example"), AS_OF_NS
    )


def prices(found: Imported) -> dict[str, str]:
    """Tell what each code costs now: the Id of its rate without the plan, by its prefix."""
    plan = found.built.sheets["RatingPlans.csv"][0][0]
    lines = found.built.sheets["DestinationRates.csv"]
    rates = {line[1]: line[2].removeprefix("ACME/") for line in lines if line[0] == plan}
    return {code[1:]: rates[name] for name, code in found.built.sheets["Destinations.csv"] if name in rates}


def told(found: Imported) -> list[str]:
    """List the findings in a line each."""
    return [
        f"{each.line} {each.column}: {each.got}: {each.expected}: {each.done.value} {each.detail}".strip()
        for each in found.findings.ordered()
    ]
