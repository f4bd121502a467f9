"""Which column of a rate deck is what: by its heading, by a layout's name, or as the caller says."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple


class Field(StrEnum):
    """What a column can say. ``code`` and ``price`` have to be there."""

    CODE = "code"
    COUNTRY = "country"
    """The calling code that every code of the row stands behind."""
    NAME = "name"
    PRICE = "price"
    FIRST_PRICE = "first-price"
    """The price of the initial increment, where it is another one."""
    FEE = "fee"
    INITIAL = "initial"
    NEXT = "next"
    INCREMENTS = "increments"
    """Both in one cell: ``60/1``."""
    EFFECTIVE = "effective"
    ENDS = "ends"
    CURRENCY = "currency"
    STATUS = "status"
    FREE = "free"
    """Seconds that cost nothing at the start of a call."""


class Layout(NamedTuple):
    """A known form: headings by field, or, without a heading, fields by position."""

    headings: Mapping[str, Field] = {}
    positions: tuple[Field | None, ...] = ()


def _words(lists: Mapping[Field, str]) -> Mapping[str, Field]:
    return {word: field for field, words in lists.items() for word in words.split(", ")}


HEADINGS = _words(
    {
        Field.CODE: (
            "prefix, code, dial code, dialcode, dial codes, codes, destination code, area "
            "code, area codes, dialprefix, dial prefix, dialing code, dialling code, "
            "breakout, breakouts, city code, city codes, country and city code, e164, e 164, match "
            "prefix, number prefix, prefixes, dest code, dest codes, destination codes"
        ),
        Field.COUNTRY: "country code, country prefix, cc, country dial code",
        Field.NAME: (
            "destination, destination name, name, code name, description, zone, route, rate "
            "name, country destination, dest name, country, area, region, network, carrier"
        ),
        Field.PRICE: (
            "rate, price, rate per minute, price per minute, per minute, rate minute, rate "
            "min, price min, price minute, cost, rate cost, per minute cost, cost min, new rate, new price, "
            "sell rate, rate usd, rate eur, rate usd min, rate eur min, price usd, price eur, "
            "rate gbp, selling rate, call rate, next price, price next, price n, minute rate, "
            "current rate"
        ),
        Field.FIRST_PRICE: "first price, price first, price 1, initial price",
        Field.FEE: (
            "connect fee, connection fee, connect cost, connection cost, connect charge, "
            "connectcharge, setup fee, setup, surcharge, rate surcharge, sf, connectfee, connect"
        ),
        Field.INITIAL: (
            "initial increment, initial, interval 1, interval first, first interval, minimum, "
            "min, min duration, minimum duration, initblock, initial block, rate minimum, "
            "init increment, minimum time, first increment, duration, initial interval, "
            "interval1, minimal time, first"
        ),
        Field.NEXT: (
            "next increment, increment, interval n, interval next, next interval, intervaln, "
            "subsequent increment, subsequent, billingblock, billing block, rate increment, "
            "int, additional increment, second increment, interval, next"
        ),
        Field.INCREMENTS: (
            "billing increment, billing increments, increments, billing, charging interval, "
            "rounding, billing terms, billing interval, increment rule"
        ),
        Field.EFFECTIVE: (
            "effective date, effective, effective from, valid from, start date, startdate, "
            "from, date effective, active from, begin date"
        ),
        Field.ENDS: (
            "end date, ends, valid to, valid until, stop date, stopdate, expires, expiry, "
            "expiration date, discontinued, effective to, effective till"
        ),
        Field.CURRENCY: "currency, curr, ccy",
        Field.STATUS: (
            "status, state, change, blocked, forbidden, action, comment, comments, rate change, change type"
        ),
        Field.FREE: ("included seconds, grace, grace time, grace period, rate nocharge time, free seconds"),
    }
)
"""What headings mean where no layout is named; as ``plain`` writes them."""

LAYOUTS: Mapping[str, Layout] = {
    "az": Layout(HEADINGS),
    "astpp": Layout(
        _words(
            {
                Field.CODE: "code",
                Field.NAME: "destination",
                Field.FEE: "connect cost, connection cost",
                Field.FREE: "included seconds, grace time",
                Field.PRICE: "per minute cost, cost min",
                Field.INITIAL: "initial increment",
                Field.NEXT: "increment",
            }
        )
    ),
    "a2billing": Layout(
        _words(
            {
                Field.CODE: "dialprefix",
                Field.NAME: "destination",
                Field.PRICE: "rateinitial, selling rate",
                Field.INITIAL: "initblock, sellrate min duration",
                Field.NEXT: "billingblock, sellrate billing block",
                Field.FEE: "connectcharge, connect charge",
                Field.EFFECTIVE: "startdate, start date",
                Field.ENDS: "stopdate, stop date",
            }
        ),
        (Field.CODE, Field.NAME, Field.PRICE),
    ),
    "kazoo": Layout(
        _words(
            {
                Field.CODE: "prefix",
                Field.NAME: "rate name",
                Field.PRICE: "rate cost",
                Field.FEE: "rate surcharge",
                Field.INITIAL: "rate minimum",
                Field.NEXT: "rate increment",
                Field.FREE: "rate nocharge time",
            }
        )
    ),
    "jerasoft": Layout(
        _words(
            {
                Field.CODE: "code",
                Field.NAME: "code name",
                Field.PRICE: "rate",
                Field.FEE: "sf",
                Field.INITIAL: "min",
                Field.NEXT: "int",
                Field.EFFECTIVE: "effective date",
                Field.ENDS: "end date",
            }
        )
    ),
    "portabilling": Layout(
        _words(
            {
                Field.COUNTRY: "country prefix",
                Field.CODE: "destination",
                Field.NAME: "description",
                Field.FIRST_PRICE: "first price, price first",
                Field.PRICE: "next price, price next",
                Field.INITIAL: "first interval, interval first",
                Field.NEXT: "next interval, interval next",
                Field.EFFECTIVE: "effective from",
                Field.STATUS: "discontinued, forbidden",
            }
        )
    ),
    "46labs": Layout(
        _words(
            {
                Field.CODE: "code",
                Field.INITIAL: "duration",
                Field.NEXT: "increment",
                Field.PRICE: "rate minute, rate",
                Field.EFFECTIVE: "effective date",
            }
        )
    ),
    "freeside": Layout({}, (Field.NAME, Field.CODE, Field.PRICE)),
}
"""Known forms by name. Sources: ``az`` is what headings of carriers' A–Z decks commonly say; the import pages
of ASTPP, A2Billing (its three columns that must be there come without a heading) and Freeside; the field
lists of Kazoo's rates task, of JeraSoft's rate tables and of 46 Labs' rate decks; PortaBilling's rate upload,
where the destination is the code and may be a list of area codes."""

WIDER_NAMES = frozenset({"country", "area", "region", "network", "carrier"})
"""Headings of names that many codes share: another name in the same line counts rather."""

CURRENCIES = frozenset({"usd", "eur", "gbp", "chf"})

HEADING_LINES_MAX = 60
"""How far down a heading is looked for: below a carrier's address, greetings and terms."""


class Columns(NamedTuple):
    """Where each field stands (from 0), how its column is called in the report, and all other headings."""

    places: Mapping[Field, int]
    labels: Mapping[Field, str]
    unread: tuple[str, ...] = ()


class ColumnsError(ValueError):
    """The columns cannot be told; the text says what was expected."""


def plain(heading: str) -> str:
    """Write a heading in small letters and digits: ``Rate (USD/min)`` is ``rate usd min``."""
    return " ".join(re.findall(r"[a-z0-9]+", heading.lower().replace("_", " ")))


def recognised(cells: Sequence[str], layout: Layout) -> Columns | None:
    """Read a line as a heading; None if it names no code or no price. The first of two alike counts."""
    places: dict[Field, int] = {}
    words = [plain(cell) for cell in cells]
    for place, word in enumerate(words):
        field = _meaning(word, layout)
        if field is None:
            continue
        if field not in places or (field is Field.NAME and words[places[field]] in WIDER_NAMES):
            places[field] = place
    if layout.headings is HEADINGS and Field.CODE not in places and Field.NAME in places:
        places.pop(Field.NAME)
    if Field.CODE not in places and Field.COUNTRY in places:
        places[Field.CODE] = places.pop(Field.COUNTRY)  # "country code" alone holds whole codes
    if Field.CODE not in places or Field.PRICE not in places:
        return None
    return Columns(
        places, {field: cells[place].strip() for field, place in places.items()}, _unread(places, cells)
    )


def _meaning(word: str, layout: Layout) -> Field | None:
    """Tell what a heading means; perhaps with a currency or an example of increments."""
    field = layout.headings.get(word)
    if field is not None or layout.headings is not HEADINGS:
        return field
    if HEADINGS.get(re.sub(r"( \d+){2}$", "", word)) is Field.INCREMENTS:
        return Field.INCREMENTS
    usual = " ".join("minute" if part == "min" else part for part in word.split() if part not in CURRENCIES)
    return Field.PRICE if HEADINGS.get(usual) is Field.PRICE else None


def by_position(layout: Layout) -> Columns:
    """Take the columns of a layout that has no heading."""
    places = {field: place for place, field in enumerate(layout.positions) if field is not None}
    return Columns(places, {field: str(place + 1) for field, place in places.items()})


def mapped(wanted: Mapping[Field, str], cells: Sequence[str]) -> Columns | None:
    """Find the columns that the caller names, by heading or number (from 1); None if one is not there."""
    words = [plain(cell) for cell in cells]
    places: dict[Field, int] = {}
    for field, name in wanted.items():
        if name.isascii() and name.isdecimal() and int(name) >= 1:
            places[field] = int(name) - 1
        elif plain(name) in words:
            places[field] = words.index(plain(name))
        else:
            return None
    return Columns(places, dict(wanted), _unread(places, cells) if set(wanted.values()) & set(cells) else ())


def _unread(places: Mapping[Field, int], cells: Sequence[str]) -> tuple[str, ...]:
    """List the headings of columns that are no field: perhaps a fee under a name that nobody knows."""
    taken = set(places.values())
    return tuple(cell.strip() for place, cell in enumerate(cells) if place not in taken and cell.strip())


def wanted_of(given: Mapping[str, str]) -> dict[Field, str]:
    """Check a map of fields to headings. Raises ColumnsError."""
    try:
        wanted = {Field(name): heading for name, heading in given.items()}
    except ValueError as error:
        raise ColumnsError(f"{error}: expected one of {', '.join(Field)}") from None
    for field in (Field.CODE, Field.PRICE):
        if field not in wanted:
            raise ColumnsError(f"expected a column for {field.value}")
    return wanted
