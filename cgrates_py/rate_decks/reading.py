"""Reads the rows of a rate deck into prices by code; what it does not take as it stands, it tells."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, TypeVar

from cgrates_py.rate_decks import cells as read
from cgrates_py.rate_decks.cells import Dates, Dirty, Mended
from cgrates_py.rate_decks.columns import (
    HEADING_LINES_MAX,
    Columns,
    ColumnsError,
    Field,
    Layout,
    by_position,
    mapped,
    plain,
    recognised,
)
from cgrates_py.rate_decks.findings import Done, Findings
from cgrates_py.rate_decks.sheets import Sheet
from storage.loading import values

T = TypeVar("T")
S = TypeVar("S")
Cells = list[str]

NAME_CHARACTERS_MAX = 80
FLAGS = frozenset({"blocked", "forbidden", "discontinued"})
"""Headings under which ``yes`` means that a code is not sold."""
YES = frozenset({"1", "y", "yes", "true", "x"})
NOT_SOLD = frozenset(
    {
        "blocked",
        "block",
        "closed",
        "close",
        "forbidden",
        "deleted",
        "delete",
        "removed",
        "discontinued",
        "inactive",
        "disabled",
        "not available",
        "n a",
        "suspended",
        "barred",
        "withdrawn",
    }
)  # fmt: skip -- a list of words


class Terms(NamedTuple):
    """What a code costs: money per unit of time, a fee, and the increments in seconds."""

    price: Decimal
    first_price: Decimal
    fee: Decimal
    initial_s: int
    next_s: int


class Entry(NamedTuple):
    """One price of one code. Instants are nanoseconds; None: since always, and without an end."""

    line: int
    name: str
    terms: Terms
    starts_ns: int | None
    ends_ns: int | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What is to be assumed where a deck says nothing, and what is too much."""

    increments: tuple[int, int] = (1, 1)
    price_max: Decimal = Decimal(20)
    currency: str = ""
    """The one currency to take; empty: that of the first row."""
    date_order: str | None = None
    """``dmy`` or ``mdy`` where 01/02/2026 cannot be told."""
    zone: str = "UTC"


class Deck(NamedTuple):
    """What a deck says: prices by code and by the instant from which they hold."""

    entries: Mapping[str, Mapping[int | None, Entry]]
    rows: int
    currency: str
    columns: Columns


def read_deck(
    sheet: Sheet, layout: Layout, wanted: Mapping[Field, str], rules: Rules, findings: Findings
) -> Deck:
    """Read a whole deck. Raises ColumnsError, SheetError."""
    first, columns = _columns(sheet, layout, wanted)
    order = rules.date_order or _date_order(sheet, first, columns)
    rows = _Rows(columns, rules, Dates(order, rules.zone), findings)
    for line, cells in sheet.lines():
        if line > first:
            rows.take(line, cells)
    return Deck(rows.entries, rows.count, rows.currency, columns)


def _columns(sheet: Sheet, layout: Layout, wanted: Mapping[Field, str]) -> tuple[int, Columns]:
    """Find the heading's line and the columns; line 0 if there is no heading."""
    seen: list[str] = []
    for line, cells in sheet.lines():
        found = mapped(wanted, cells) if wanted else recognised(cells, layout)
        if found is not None:
            is_heading = not wanted or not all(name.isdecimal() for name in wanted.values())
            return (line if is_heading else 0), found
        if line <= HEADING_LINES_MAX and any(cells) and len(seen) < 3:
            seen.append(", ".join(cell.strip() for cell in cells)[:100])
        if line >= HEADING_LINES_MAX:
            break
    if layout.positions and not wanted:
        return 0, by_position(layout)
    expected = "columns named as the map says" if wanted else "a heading with a code and a price"
    raise ColumnsError(
        f"expected {expected} within {HEADING_LINES_MAX} lines (see --column), got {' | '.join(seen)!r}"
    )


def _date_order(sheet: Sheet, first: int, columns: Columns) -> str | None:
    """Tell which of day and month stands first, by all dates together; None if it does not show."""
    places = [columns.places[field] for field in (Field.EFFECTIVE, Field.ENDS) if field in columns.places]
    if not places:
        return None
    first_max = second_max = 0
    for text in {
        cells[place]
        for line, cells in sheet.lines()
        if line > first
        for place in places
        if place < len(cells)
    }:
        one, two = read.day_and_month(text.strip())
        first_max, second_max = max(first_max, one), max(second_max, two)
    if (first_max > 12) == (second_max > 12):
        return None
    return "dmy" if first_max > 12 else "mdy"


_CODE_FIELDS = frozenset({Field.CODE, Field.COUNTRY})


class _Rows:
    """Takes rows one after the other. What cells say is remembered: decks repeat themselves."""

    def __init__(self, columns: Columns, rules: Rules, dates: Dates, findings: Findings) -> None:
        self.entries: dict[str, dict[int | None, Entry]] = {}
        self.count = 0
        self.currency = rules.currency.upper()
        self._columns = columns
        self._rules = rules
        self._findings = findings
        self._others = sorted({place for field, place in columns.places.items() if field not in _CODE_FIELDS})
        self._known: dict[tuple[str, ...], Entry] = {}
        self._read_price = _remembered(self._price)
        self._read_fee = _remembered(_fee)
        self._read_seconds = _remembered(lambda text: Mended(read.seconds(text)))
        self._read_increments = _remembered(lambda text: Mended(read.increments(text)))
        self._read_date = _remembered(dates.instant)
        self._is_flag = plain(columns.labels.get(Field.STATUS, "")) in FLAGS

    def take(self, line: int, cells: Cells) -> None:
        """Read one row into the prices of its codes, or tell why not."""
        if not "".join(cells).strip():
            return
        self.count += 1
        try:
            self._take(line, cells)
        except _SkippedError as skipped:
            self._find(line, skipped.field, skipped.got, skipped.expected, Done.SKIPPED)

    def _take(self, line: int, cells: Cells) -> None:
        codes = self._codes(line, cells)
        said = tuple([cells[place] if place < len(cells) else "" for place in self._others])
        known = self._known.get(said)
        if known is not None:
            entry = Entry(line, known.name, known.terms, known.starts_ns, known.ends_ns)
        else:
            findings = self._findings.count
            entry = self._entry(line, cells, codes[0])
            if self._findings.count == findings:  # a flaw is told again for every row that has it
                self._known[said] = entry
        for code in codes:
            self._put(code, entry)

    def _entry(self, line: int, cells: Cells, code: str) -> Entry:
        """Read everything but the codes."""
        self._check_sold(cells)
        price = self._value(line, cells, Field.PRICE, self._read_price, None)
        if price is None:
            raise _SkippedError(Field.PRICE, "nothing", "a price")
        if price == 0:
            text = self._text(cells, Field.PRICE)
            self._find(line, Field.PRICE, text, "a price above 0", Done.TAKEN, "as free")
        first_price = self._value(line, cells, Field.FIRST_PRICE, self._read_price, price)
        fee = self._value(line, cells, Field.FEE, self._read_fee, Decimal(0))
        terms = Terms(price, first_price, fee, *self._increments(line, cells))
        starts_ns = self._value(line, cells, Field.EFFECTIVE, self._read_date, None)
        if starts_ns is not None and starts_ns > values.LATEST_NS:
            raise _SkippedError(Field.EFFECTIVE, self._text(cells, Field.EFFECTIVE), "a date before 2262")
        ends_ns = self._value(line, cells, Field.ENDS, self._read_date, None)
        if ends_ns is not None and ends_ns > values.LATEST_NS:
            ends_ns = None  # 9999-12-31: behind every call that there can be
        if ends_ns is not None and starts_ns is not None and ends_ns <= starts_ns:
            raise _SkippedError(Field.ENDS, self._text(cells, Field.ENDS), "an end after the beginning")
        return Entry(line, self._name(line, cells, code), terms, starts_ns, ends_ns)

    def _codes(self, line: int, cells: Cells) -> tuple[str, ...]:
        text, country = self._text(cells, Field.CODE), self._text(cells, Field.COUNTRY)
        digits = text.removeprefix("+")
        if not country and digits.isdecimal() and digits.isascii() and digits[0] != "0" and len(digits) <= 15:
            return (digits,)
        bare = re.sub(r"[\s+().-]", "", country.removesuffix(".0")).lstrip("0")
        if country and not (bare.isascii() and bare.isdecimal()):
            raise _SkippedError(Field.COUNTRY, country, "a calling code of digits")
        try:
            found = read.codes(text, bare)
        except Dirty as error:
            raise _SkippedError(Field.CODE, text or "nothing", str(error)) from None
        if found.expected:
            became = f"as {found.value[0]}" + (f" and {len(found.value) - 1} more" if found.value[1:] else "")
            self._find(line, Field.CODE, text, found.expected, Done.REPAIRED, became)
        return found.value

    def _check_sold(self, cells: Cells) -> None:
        status = self._text(cells, Field.STATUS)
        if status and (plain(status) in NOT_SOLD or (self._is_flag and status.lower() in YES)):
            raise _SkippedError(Field.STATUS, status, "a code that is sold (a shorter one may price it)")
        free = self._text(cells, Field.FREE)
        if free.strip("0."):
            raise _SkippedError(Field.FREE, free, "no free seconds, which cannot be imported")
        currency = self._text(cells, Field.CURRENCY).upper()
        if currency and not self.currency:
            self.currency = currency
        elif currency and currency != self.currency:
            raise _SkippedError(Field.CURRENCY, currency, f"prices in {self.currency} alone")

    def _increments(self, line: int, cells: Cells) -> tuple[int, int]:
        """Read both increments; a deck with a column for one of them means it for the whole call."""
        both = self._value(line, cells, Field.INCREMENTS, self._read_increments, None)
        initial_s = self._value(line, cells, Field.INITIAL, self._read_seconds, None)
        next_s = self._value(line, cells, Field.NEXT, self._read_seconds, None)
        if both is not None:
            return initial_s or both[0], next_s or both[1]
        if initial_s is None and next_s is None:
            return self._rules.increments
        return initial_s or next_s or 1, next_s or initial_s or 1

    def _value(
        self, line: int, cells: Cells, field: Field, reader: Callable[[str], Mended[T]], stand_in: S
    ) -> T | S:
        """Read a cell; an empty one, and one that is not there, is the stand-in."""
        text = self._text(cells, field)
        if not text:
            return stand_in
        try:
            found = reader(text)
        except Dirty as error:
            raise _SkippedError(field, text, str(error)) from None
        if found.expected:
            self._find(line, field, text, found.expected, Done.REPAIRED)
        return found.value

    def _price(self, text: str) -> Mended[Decimal]:
        found = read.price(text)
        if found.value < 0:
            raise Dirty("a price that is not negative")
        if found.value > self._rules.price_max:
            raise Dirty(f"a price of at most {self._rules.price_max} (see --price-max)")
        return Mended(read.money(found.value), found.expected)

    def _name(self, line: int, cells: Cells, code: str) -> str:
        if not self._has(Field.NAME):
            return "codes"
        text = " ".join(self._text(cells, Field.NAME).replace(";", ",").split())
        name = "".join(letter if letter.isprintable() else "?" for letter in text)[:NAME_CHARACTERS_MAX]
        if not name:
            self._find(line, Field.NAME, "nothing", "a name", Done.REPAIRED, f"as {code}")
        return name or code

    def _put(self, code: str, entry: Entry) -> None:
        known = self.entries.setdefault(code, {})
        before = known.get(entry.starts_ns)
        known[entry.starts_ns] = entry
        if before is not None:
            same = before.terms == entry.terms and before.ends_ns == entry.ends_ns
            expected = "each code once" if same else "one price for each code and date"
            self._find(
                entry.line,
                Field.CODE,
                code,
                expected,
                Done.LAST_WINS,
                f"of lines {before.line} and {entry.line}",
            )

    def _has(self, field: Field) -> bool:
        return field in self._columns.places

    def _text(self, cells: Cells, field: Field) -> str:
        place = self._columns.places.get(field)
        return cells[place].strip() if place is not None and place < len(cells) else ""

    def _find(self, line: int, field: Field, got: str, expected: str, done: Done, detail: str = "") -> None:
        self._findings.add(line, self._columns.labels.get(field, field.value), got, expected, done, detail)


class _SkippedError(Exception):
    """A row cannot be taken."""

    def __init__(self, field: Field, got: str, expected: str) -> None:
        super().__init__(expected)
        self.field, self.got, self.expected = field, got, expected


def _fee(text: str) -> Mended[Decimal]:
    found = read.price(text)
    if found.value < 0:
        raise Dirty("a fee that is not negative")
    return Mended(read.money(found.value, values.fee), found.expected)


def _remembered(reader: Callable[[str], Mended[T]]) -> Callable[[str], Mended[T]]:
    known: dict[str, Mended[T]] = {}

    def remembering(text: str) -> Mended[T]:
        found = known.get(text)
        if found is None:
            found = known[text] = reader(text)
        return found

    return remembering
