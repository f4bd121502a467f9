"""Writes made price lists as rate decks, in the forms in which carriers send theirs."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from stress.price_lists import PriceList

Row = Sequence[object]

EFFECTIVE = "2026-03-01"
COUNTRY_DIGITS = 3
"""What ``ranges`` calls a country code: enough digits that lists of area codes stay short."""


class Form(NamedTuple):
    """How a deck is written: its rows (the heading first), delimiter and encoding."""

    rows: Callable[[PriceList], Iterator[Row]]
    delimiter: str = ","
    encoding: str = "utf-8"


def write_sheet(out: Path, made: PriceList, form: str) -> None:
    """Write a deck in a form by its name."""
    chosen = FORMS[form]
    with out.open("w", encoding=chosen.encoding, newline="") as stream:
        csv.writer(stream, delimiter=chosen.delimiter, lineterminator="\r\n").writerows(chosen.rows(made))


def _plain(made: PriceList) -> Iterator[Row]:
    """One prefix a row, initial and next increment in columns of their own."""
    yield (
        "Prefix",
        "Destination",
        "Rate",
        "Connect Fee",
        "Initial Increment",
        "Next Increment",
        "Effective Date",
    )
    for prefix, name in made.prefixes.items():
        price = made.prices[name]
        money = (price.per_minute, price.connect_fee)
        yield (prefix, name, *money, price.initial_s, price.next_s, EFFECTIVE)


def _european(made: PriceList) -> Iterator[Row]:
    """Decimal commas between semicolons, both increments in one cell, the day first; Windows-1252."""
    yield ("Destination name", "Dial code", "Price (€/min)", "Setup fee", "Billing increment", "Valid from")
    day = ".".join(reversed(EFFECTIVE.split("-")))
    for prefix, name in made.prefixes.items():
        price = made.prices[name]
        money = (str(each).replace(".", ",") for each in (price.per_minute, price.connect_fee))
        yield (name.replace("_", " "), f"+{prefix}", *money, f"{price.initial_s}/{price.next_s}", day)


def _ranges(made: PriceList) -> Iterator[Row]:
    """A country code, and area codes of one destination in a list with ranges."""
    yield ("Country Code", "Area Codes", "Destination", "Rate per minute", "Connect Fee", "Increments")
    groups: dict[tuple[str, str], list[str]] = {}
    for prefix, name in made.prefixes.items():
        groups.setdefault((prefix[:COUNTRY_DIGITS], name), []).append(prefix[COUNTRY_DIGITS:])
    for (country, name), areas in groups.items():
        price = made.prices[name]
        terms = (name, price.per_minute, price.connect_fee, f"{price.initial_s}-{price.next_s}")
        if "" in areas:
            yield (country, "", *terms)
        if listed := ", ".join(_listed([area for area in areas if area])):
            yield (country, listed, *terms)


def _listed(areas: list[str]) -> Iterator[str]:
    """Join areas that follow each other into ranges."""
    ordered = sorted(areas, key=lambda area: (len(area), area))
    start = 0
    for place in range(1, len(ordered) + 1):
        if place < len(ordered) and _follows(ordered[place - 1], ordered[place]):
            continue
        first, last = ordered[start], ordered[place - 1]
        yield first if first == last else f"{first}-{last}"
        start = place


def _follows(area: str, following: str) -> bool:
    return len(area) == len(following) and int(area) + 1 == int(following)


FORMS: Mapping[str, Form] = {
    "plain": Form(_plain),
    "european": Form(_european, ";", "cp1252"),
    "ranges": Form(_ranges, "\t", "utf-8-sig"),
}
"""The forms by name."""
