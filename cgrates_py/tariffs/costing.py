"""What so many seconds cost by one price alone, as the rating core counts it."""

from rater.book import Book, Dated, SubjectRates
from rater.instant import SECOND
from rater.plan import Period
from rater.rate import Ladder
from rater.rating import Call, CallCost, price_call
from rater.tariff import DAY_SECONDS, PrefixRate
from rater.timing import DayPart, Days, Schedule, clock_ns

_ANY_NUMBER = PrefixRate(())


class Costs:
    """The costs of calls by ladders, each asked of the core once."""

    def __init__(self) -> None:
        self._books: dict[Ladder, Book] = {}
        self._known: dict[tuple[Ladder, int], int] = {}

    def of(self, ladder: Ladder, duration_ns: int) -> int:
        """Tell what a call of some length costs in 10⁻⁹ units, its connect fee included."""
        key = (ladder, duration_ns)
        if key not in self._known:
            self._known[key] = self._cost(ladder, duration_ns)
        return self._known[key]

    def _cost(self, ladder: Ladder, duration_ns: int) -> int:
        book = self._books.get(ladder)
        if book is None:
            book = self._books[ladder] = _book(ladder)
        cost = price_call(book, Call("", "", "", "", 0, duration_ns), None)
        # beyond the largest amount a call is refused: more than any other costs
        return cost.cost + cost.connect_fee if isinstance(cost, CallCost) else 10**30


def first_increment_ns(ladder: Ladder) -> int:
    """Tell what is charged at least: the increment in which a call begins, a second without one."""
    return ladder[0].increment_ns if ladder[0].increment_ns > 1 else SECOND


def _book(ladder: Ladder) -> Book:
    whole = DayPart(Days(), 0, clock_ns(DAY_SECONDS), ladder)
    period = Period(0, Schedule([whole]), ladder, None)
    rates = SubjectRates({"": _ANY_NUMBER}, {id(_ANY_NUMBER): Dated([period])})
    return Book({("", ""): rates}, {}, {}, {}, {})
