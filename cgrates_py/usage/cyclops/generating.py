"""Generates points of rates, and charges of usage: each once, whoever asks and however often.

A run of charges is one append. It moves the mark of every meter that it charged, from the row up to which
usage was charged before; if another run moved one meanwhile nothing is written, and it is looked at again.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import structlog

from cgrates_py.clock import Clock
from cgrates_py.usage.cyclops.books import (
    CHARGES,
    LINK,
    RATES,
    Books,
    billed_bytes,
    billed_mark,
    ns_bytes,
    pulled_mark,
    rate_row,
    read_billed,
    read_ns,
)
from cgrates_py.usage.cyclops.remote import RemoteError
from cgrates_py.usage.cyclops.sources import Occasion, RateSource, RuleError
from cgrates_py.usage.cyclops.states import States
from cgrates_py.usage.cyclops.times import written
from cgrates_py.usage.cyclops.udr import Udr
from rater.usage.cyclops import Bill, RatePoint, Tally, Window, decimal_text, mean_rate, number
from rater.usage.records import Row
from storage.cyclops_state import CyclopsState, Meter
from storage.daybook import Appended, KnownReceipt, Mark, MarkMoved, Receipt
from storage.store import StoreUnavailableError

_log = structlog.get_logger(__name__)

ATTEMPTS_MAX = 20
"""Lost races with other runs; each lost one means that another run charged something."""


_ANY_RATE = [RatePoint(0, Fraction(1))]


class ConflictError(Exception):
    """The receipt of a run is known for something else."""


class Run(NamedTuple):
    """What a run wrote: rows, or None if a mark that it was to move was moved by another."""

    rows: int | None


class _Draft(NamedTuple):
    """Charges to be written, and the marks that make them once."""

    rows: list[Row]
    marks: list[Mark]


class Generator:
    """Generates. ``udr``: meters and usage are another service's."""

    def __init__(
        self, books: Books, states: States, clock: Clock, source: RateSource, udr: Udr | None = None
    ) -> None:
        self._books = books
        self._states = states
        self._clock = clock
        self._source = source
        self._udr = udr
        self._charging = asyncio.Lock()
        self._noticed = set[str]()
        self.unrated = 0
        """How many times usage of a meter was not charged because it has no rate."""

    async def rates(
        self, times: Sequence[int], receipt: Receipt | None = None, marks: Sequence[Mark] = ()
    ) -> Run:
        """Write a point of each rate for each time: of the static ones, else of each meter that is enabled.

        Raises StoreError, and RemoteError or RuleError if nothing could be rated.
        """
        state = await self._states.read()
        if state.static:
            rows = [rate_row("static", name, text, at_ns) for at_ns in times for name, text in state.rates]
        else:
            rows = await self._dynamic(state, times)
        if not rows and not marks and receipt is None:
            return Run(0)
        receipt = _receipt(receipt, rows)
        outcome = await self._books.add(RATES, rows, self._clock.now_ns(), receipt, marks)
        if isinstance(outcome, KnownReceipt):
            return _known(receipt, outcome)
        return Run(None if isinstance(outcome, MarkMoved) else len(rows))

    async def _dynamic(self, state: CyclopsState, times: Sequence[int]) -> list[Row]:
        meters = [meter for meter in await self._meters(state) if meter.enabled]
        used: dict[str, list[Bill]] = {}
        if self._source.wants_usage and self._udr is None and meters:
            used = await self._used(meters)
        rows, failure = list[Row](), None
        for at_ns in times:
            asked = (self._rate(meter, at_ns, used.get(meter.name, [])) for meter in meters)
            told = await asyncio.gather(*asked, return_exceptions=True)
            for meter, rate in zip(meters, told, strict=True):
                if isinstance(rate, str):
                    rows.append(rate_row("dynamic", meter.name, rate, at_ns))
                elif isinstance(rate, RemoteError | RuleError):
                    failure = rate
                    _log.warning("meter not rated", meter=meter.name, reason=str(rate))
                else:
                    raise rate
        if failure is not None and not rows:
            raise failure
        return rows

    async def _rate(self, meter: Meter, at_ns: int, used: Sequence[Bill]) -> str:
        usage = Decimal(decimal_text(sum((each.usage for each in used), Fraction(0))))
        return await self._source.rate(Occasion(meter.name, at_ns, usage, len(used)))

    async def charges(
        self, windows: Sequence[Window], receipt: Receipt | None = None, marks: Sequence[Mark] = ()
    ) -> Run:
        """Charge what is not charged yet, in one append. Raises StoreError or RemoteError."""
        async with self._charging:  # one at a time: the next one has what this one leaves
            return await self._charges(windows, receipt, marks)

    async def _charges(
        self, windows: Sequence[Window], receipt: Receipt | None, marks: Sequence[Mark]
    ) -> Run:
        for _ in range(ATTEMPTS_MAX):
            now_ns = self._clock.now_ns()
            state = await self._states.read()
            meters = [meter for meter in await self._meters(state) if meter.enabled]
            draft = await self._draft(state, meters, windows, now_ns)
            if not draft.rows and not marks and receipt is None:
                return Run(0)
            told = _receipt(receipt, draft.rows)
            outcome = await self._books.add(CHARGES, draft.rows, now_ns, told, [*draft.marks, *marks])
            if isinstance(outcome, Appended):
                return Run(len(draft.rows))
            if isinstance(outcome, KnownReceipt):
                return _known(told, outcome)
            if any(outcome.marks[each.name] != each.before for each in marks):
                return Run(None)
        raise StoreUnavailableError("other runs came between every time; try again")

    async def _meters(self, state: CyclopsState) -> Sequence[Meter]:
        return state.meters if self._udr is None else await self._udr.meters()

    async def _draft(
        self, state: CyclopsState, meters: Sequence[Meter], windows: Sequence[Window], now_ns: int
    ) -> _Draft:
        first, last = windows[0], windows[-1]
        points = await self._books.rate_points({each.name for each in meters}, first.from_ns, last.upto_ns)
        if state.static:
            for name, literal in state.rates:
                if name in points and not points[name]:
                    points[name] = [RatePoint(0, Fraction(number(literal.strip('"'))))]
        if self._udr is not None:
            return await self._draft_pulled(
                self._udr, meters, Window(first.from_ns, last.upto_ns), points, now_ns
            )
        rated = [each for each in meters if points[each.name]]
        self._notice({each.name for each in meters} - {each.name for each in rated})
        return await self._draft_own(rated, windows, points, now_ns)

    async def _draft_own(
        self,
        meters: Sequence[Meter],
        windows: Sequence[Window],
        points: dict[str, list[RatePoint]],
        now_ns: int,
    ) -> _Draft:
        names = [billed_mark(each.name) for each in meters]
        before = dict(zip(names, await self._books.marks(names), strict=True))
        billed = {each.name: read_billed(before[billed_mark(each.name)]) for each in meters}
        tallies = {each.name: Tally(each.type, windows, points[each.name]) for each in meters}
        after = await self._books.add_up(tallies, billed, now_ns)
        draft = _Draft([], [])
        for meter in meters:
            tally, name = tallies[meter.name], billed_mark(meter.name)
            found = tally.bills()
            draft.rows.extend(_charge(meter.name, each, now_ns) for each in found)
            if found or tally.empty:  # also without usage, or all of it is looked through the next time
                draft.marks.append(Mark(name, before[name], billed_bytes(after)))
        return draft

    async def _draft_pulled(
        self, udr: Udr, meters: Sequence[Meter], span: Window, points: dict[str, list[RatePoint]], now_ns: int
    ) -> _Draft:
        """Charge what another service tells since it was asked before: by time, its rows have no numbers."""
        names = [pulled_mark(each.name) for each in meters]
        draft = _Draft([], [])
        unrated = set()
        for meter, name, value in zip(meters, names, await self._books.marks(names), strict=True):
            since_ns = read_ns(value)
            window = span if since_ns is None else span._replace(from_ns=since_ns)
            if window.from_ns >= window.upto_ns:
                continue
            rate = mean_rate(points[meter.name], span)
            if rate is None:
                unrated.add(meter.name)
                if value is None:  # its usage from here on is charged once it has a rate
                    draft.marks.append(Mark(name, None, ns_bytes(window.from_ns)))
                continue
            for account, quantity in await udr.usage(meter.name, window):
                bill = Bill(account, window, Fraction(quantity), rate, 0, 0)
                draft.rows.append(_charge(meter.name, bill, now_ns))
            draft.marks.append(Mark(name, value, ns_bytes(window.upto_ns)))
        self._notice(unrated)
        return draft

    async def _used(self, meters: Sequence[Meter]) -> dict[str, list[Bill]]:
        """Tell what accounts used of meters and is not charged yet."""
        marks = await self._books.marks([billed_mark(each.name) for each in meters])
        billed = {each.name: read_billed(mark) for each, mark in zip(meters, marks, strict=True)}
        now_ns = self._clock.now_ns()
        tallies = {each.name: Tally(each.type, [Window(0, now_ns)], _ANY_RATE) for each in meters}
        await self._books.add_up(tallies, billed, now_ns)
        return {name: tally.bills() for name, tally in tallies.items()}

    def _notice(self, meters: set[str]) -> None:
        self.unrated += len(meters)
        for meter in sorted(meters - self._noticed):
            _log.warning("meter has no rate: its usage is kept and not charged yet", meter=meter)
        self._noticed = meters


def _receipt(receipt: Receipt | None, rows: Sequence[Row]) -> Receipt | None:
    """Have a repeat told how many rows there were: it finds none that are left."""
    return None if receipt is None else receipt._replace(body=b"%d" % len(rows))


def _known(receipt: Receipt | None, known: KnownReceipt) -> Run:
    if receipt is not None and known.digest != receipt.digest:
        raise ConflictError
    return Run(int(known.body))


def _charge(meter: str, bill: Bill, now_ns: int) -> Row:
    window = f"{written(bill.window.from_ns)}/{written(bill.window.upto_ns)}"
    derived = f"{bill.first_seq}-{bill.last_seq}" if bill.last_seq else window
    return Row(
        bill.account,
        meter,
        decimal_text(bill.usage),
        now_ns,
        now_ns,
        decimal_text(bill.price),
        f"rate {bill.rate.mean}, mean of {bill.rate.points}, {window}",
        f"{LINK}{meter}:{derived}",
    )
