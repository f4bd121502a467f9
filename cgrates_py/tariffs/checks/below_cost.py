"""Lint of a tariff against what its calls cost the operator: numbers that are sold for less."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from cgrates_py.tariffs import words
from cgrates_py.tariffs.calendar import Calendar
from cgrates_py.tariffs.checks.findings import Code, Finding, some
from cgrates_py.tariffs.costing import Costs, first_increment_ns
from cgrates_py.tariffs.numbers import shortened
from cgrates_py.tariffs.subjects import Likeness, Who, named
from rater.book import Book
from rater.compiler import compile_tariff
from rater.instant import SECOND
from rater.plan import Period
from rater.quantity import text as amount
from rater.rate import Ladder
from rater.refusal import Refusal
from rater.tariff import Tariff
from rater.timing import Segment

MINUTE = 60 * SECOND


class CostSubjectError(ValueError):
    """The cost deck has prices for several subjects, and nobody said which of them the operator is."""


class Loss(NamedTuple):
    """A call that costs more than it brings in; 10⁻⁹ units."""

    duration_ns: int
    sale: int
    cost: int


def check(
    tariff: Tariff, cost: Tariff, calendar: Calendar, at_ns: int, subject: Who | None = None
) -> Iterator[Finding]:
    """Compare both at an instant, at a minute and at the first increments, connect fees included.

    ``subject`` is who the operator is in the cost deck. Raises CostSubjectError.
    """
    buyer = subject or _buyer(cost)
    sales, costs = compile_tariff(tariff), compile_tariff(cost)
    likeness = Likeness(tariff)
    alike: dict[object, list[Who]] = {}
    for who in sorted(named(tariff)):
        alike.setdefault(likeness.of(who), []).append(who)
    losses = _Losses(calendar)
    for members in alike.values():
        who = members[0]
        place = some([str(each) for each in members], 3)
        found: dict[tuple[str, Loss], list[str]] = {}
        prefixes = {""} | _prefixes(sales, who) | _prefixes(costs, buyer)
        for prefix in sorted(prefixes):
            sale, bought = _period(sales, who, prefix, at_ns), _period(costs, buyer, prefix, at_ns)
            if sale is not None and bought is not None:
                for each in losses.of(sale, bought):
                    found.setdefault(each, []).append(prefix)
        for (when, loss), numbers in found.items():
            yield Finding(
                Code.BELOW_COST,
                f"{place}, prefix {some(shortened(numbers))}",
                f"{words.duration(loss.duration_ns)} {when} bring in {amount(loss.sale)} and cost "
                f"{amount(loss.cost)}",
                "raise the price, or the connect fee, or leave the numbers out",
            )


def _buyer(cost: Tariff) -> Who:
    everybody = sorted(named(cost))
    likeness = Likeness(cost)
    if len({likeness.of(who) for who in everybody}) == 1:
        return everybody[0]
    raise CostSubjectError(
        f"say who buys by the cost deck: {some(map(str, everybody)) or 'it has no subject'}"
    )


def _prefixes(book: Book, who: Who) -> set[str]:
    return book.prefixes(who.customer, who.subject, who.category)


def _period(book: Book, who: Who, number: str, at_ns: int) -> Period | None:
    route = book.route(who.customer, who.subject, who.category, number, at_ns, at_ns)
    return None if isinstance(route, Refusal) else route.periods[0][1]


class _Losses:
    """The losses of pairs of periods, each pair looked at once."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._costs = Costs()
        self._known: dict[tuple[Period, Period], list[tuple[str, Loss]]] = {}

    def of(self, sale: Period, cost: Period) -> list[tuple[str, Loss]]:
        """List the losses with the moments of their calls, as words."""
        key = (sale, cost)
        if key not in self._known:
            self._known[key] = list(self._compare(sale, cost))
        return self._known[key]

    def _compare(self, sale: Period, cost: Period) -> Iterator[tuple[str, Loss]]:
        steady = sale.schedule.always is not None or cost.schedule.always is not None
        if not steady and str(sale.zone) != str(cost.zone):
            yield from self._across_zones(sale, cost)
            return
        found: dict[Loss, list[words.Window]] = {}
        for kind, day in enumerate(self._calendar.days):
            sold, bought = sale.schedule.segments(day), cost.schedule.segments(day)
            edges = sorted({0, *(end for end, _ in sold), *(end for end, _ in bought)})
            for start, end in pairwise(edges):
                loss = self._loss(_at(sold, start), _at(bought, start))
                if loss is not None:
                    found.setdefault(loss, []).append((kind, start, end))
        for loss, held in found.items():
            yield words.windows(self._calendar, held), loss

    def _across_zones(self, sale: Period, cost: Period) -> Iterator[tuple[str, Loss]]:
        """Compare the lowest price with the highest: clocks of other zones shift against each other."""
        days = self._calendar.days
        pairs = [
            (sold, bought)
            for sold in {each for day in days for _, each in sale.schedule.segments(day)}
            for bought in {each for day in days for _, each in cost.schedule.segments(day)}
        ]
        losses = [loss for pair in pairs if (loss := self._loss(*pair)) is not None]
        if losses:
            worst = max(losses, key=lambda loss: loss.cost - loss.sale)
            yield "perhaps (the clocks are of other zones)", worst

    def _loss(self, sale: Ladder | None, cost: Ladder | None) -> Loss | None:
        """Tell the first call that loses money; a moment without a price is another finding."""
        if sale is None or cost is None:
            return None
        for duration_ns in (MINUTE, first_increment_ns(sale), first_increment_ns(cost)):
            brought, paid = self._costs.of(sale, duration_ns), self._costs.of(cost, duration_ns)
            if brought < paid:
                return Loss(duration_ns, brought, paid)
        return None


def _at(segments: tuple[Segment, ...], clock_ns: int) -> Ladder | None:
    return next(ladder for end, ladder in segments if clock_ns < end)
