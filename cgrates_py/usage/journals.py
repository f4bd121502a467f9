"""What accounts were charged by their journals: for calls, for debits, for metered usage of APIs.

A journal is proven by its chain of hashes, so nothing of it is kept a second time: its lines are read in
pages, and those that took credit are told as charges.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from cgrates_py.usage.lists import Selection
from rater import quantity
from rater.charging import Operation
from rater.metering.period import Period, cell_of
from storage.changes import Change
from storage.journal import OPENING, Called, JournalLine
from storage.store import AccountKey

PAGE_ELEMENTS = 25
"""Commits read at once: two milliseconds of reading at most, so that calls go on beside it."""
EXPORTED_ELEMENTS = 500
"""Commits that an export reads at once, which nothing else waits for: half the work of it."""
LOOKED_AT_MAX = 5_000
"""Lines of one page, charges or not: half a second."""

_GIVEN = frozenset({"Create", "Load", "Topup", OPENING})
"""What gives an account its money is no charge, and neither is its correction."""
_WORDS: dict[str, str] = {
    Operation.DEBIT: "call",
    Operation.DEBIT_BALANCE: "balance",
    Operation.DEBIT_SMS: "sms",
    Operation.DEBIT_SECONDS: "seconds",
    Operation.ADD_RECIEVED_CALL_SECONDS: "bonus",
    Operation.RESET_USER_BUDGET: "budget",
}
"""What is charged, by the method in the journal."""
_METERED: frozenset[str] = frozenset({Operation.METERING_AUTHREP, Operation.METERING_REPORT})
_EVER = cell_of(Period.ETERNITY, 0)
"""Every usage is counted in this cell of its series."""
_NO_METRICS = ("#", "!")
"""What begins the last part of series that count response codes and alerts."""


class JournalPlace(NamedTuple):
    """A line of a journal: the version that its commit made, and its place in the commit."""

    version: int = 0
    line: int = 0


class Taken(NamedTuple):
    """A line of a journal that changed the credit."""

    place: JournalPlace
    account: str
    at_ns: int
    metric: str
    """A word for the method; of metered usage the series that were counted, with commas between them."""
    quantity: str
    """Decimal, of a call its seconds; empty: not known, or there are several."""
    amount: str
    """Decimal: what the credit lost; below zero: what it gained."""
    source: str
    """``calls:VERSION`` or ``usage:VERSION``."""
    counted: tuple[tuple[str, int], ...] = ()
    """Of metered usage each series with its number."""
    call: Called | None = None
    """The call that was charged."""


class JournalStore(Protocol):
    """A store that tells journals. Raises StoreError."""

    async def journal(self, key: AccountKey, start: int = 0, stop: int = -1) -> list[JournalLine]:
        """Read lines of an account's journal: commits ``start`` to ``stop``, both included."""


class TakenPage(NamedTuple):
    """Charges, where to go on (None: that is all), and how many lines were looked at."""

    rows: list[Taken]
    end: JournalPlace | None
    looked_at: int


async def taken_page(
    store: JournalStore,
    key: AccountKey,
    account: str,
    selection: Selection,
    after: JournalPlace,
    rows_max: int,
    lines_max: int = LOOKED_AT_MAX,
    page_elements: int = PAGE_ELEMENTS,
) -> TakenPage:
    """List up to ``rows_max`` (≥ 1) charges after a line: of lines that are selected, whatever their account.

    It ends with the read in which ``lines_max`` is reached. Each charge is told as ``account``'s. Raises
    StoreError.
    """
    found: list[Taken] = []
    looked_at = 0
    start = max(after.version - 1, 0)
    while True:
        lines = await store.journal(key, start, start + page_elements - 1)
        for place, line in _placed(lines):
            if place <= after:
                continue
            looked_at += 1
            taken = _taken(place, line, account, selection)
            if taken is None:
                continue
            if len(found) == rows_max:  # there is one more
                return TakenPage(found, found[-1].place, looked_at)
            found.append(taken)
        start += page_elements
        if not lines or lines[-1].version < start:
            return TakenPage(found, None, looked_at)
        if looked_at >= lines_max:
            return TakenPage(found, place, looked_at)


def _placed(lines: Sequence[JournalLine]) -> Iterator[tuple[JournalPlace, JournalLine]]:
    place = JournalPlace()
    for line in lines:
        place = JournalPlace(line.version, place.line + 1 if line.version == place.version else 0)
        yield place, line


def _taken(place: JournalPlace, line: JournalLine, account: str, selection: Selection) -> Taken | None:
    """Tell a line as a charge; None for one that is none, or not asked for."""
    lost = _lost(line)
    if not lost or not selection.holds(line.at_ns):
        return None
    counted = _counted(line.changes) if line.method in _METERED else ()
    if line.method in _METERED:
        metric = ",".join(series for series, _ in counted)
        number = str(counted[0][1]) if len(counted) == 1 else ""
    else:
        metric = _WORDS.get(line.method, line.method)
        number = _quantity(line)
    if selection.metric not in (None, metric, *(series for series, _ in counted)):
        return None
    kind = "usage" if line.method in _METERED else "calls"
    source = f"{kind}:{line.version}"
    return Taken(place, account, line.at_ns, metric, number, quantity.text(lost), source, counted, line.call)


def _quantity(line: JournalLine) -> str:
    if line.method == Operation.RESET_USER_BUDGET:
        return ""
    if line.method != Operation.DEBIT:
        return quantity.text(line.amount)
    return quantity.text(line.call.end_ns - line.call.start_ns) if line.call is not None else ""


def _lost(line: JournalLine) -> int:
    if line.method in _GIVEN:
        return 0
    for change in line.changes:
        if change.field == "credit" and isinstance(change.before, int) and isinstance(change.after, int):
            return change.before - change.after
    return 0


def _counted(changes: Sequence[Change]) -> tuple[tuple[str, int], ...]:
    """Tell what was counted of each metric; counters of an application that is gone are only dropped."""
    ever: dict[str, int] = {}
    gone: set[str] = set()
    for change in changes:
        if change.leaf is None or change.leaf[1] != _EVER:
            continue
        series = change.leaf[0]
        application, colon, name = series.rpartition(":")
        if not colon or name[:1] in _NO_METRICS:
            continue
        if name:
            before, after = (each if isinstance(each, int) else 0 for each in (change.before, change.after))
            ever[series] = after - before
        elif change.after is None:
            gone.add(application)
    return tuple(sorted(each for each in ever.items() if each[0].rpartition(":")[0] not in gone))
