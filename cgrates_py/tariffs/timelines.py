"""What a number costs one subject from a horizon on: which meaning holds from when, as the book routes it."""

from cgrates_py.tariffs.meaning import UNRATED, Meanings
from cgrates_py.tariffs.subjects import Who, moments
from rater.book import FOREVER, Book
from rater.plan import Period
from rater.refusal import Refusal
from rater.tariff import Tariff

Held = tuple[tuple[int, Period | None], ...]
"""(from, period): None has no price."""

Timeline = tuple[tuple[int, int], ...]
"""(from, number of the meaning): the first begins at the horizon; neighbours differ."""


class Timelines:
    """The timelines of one subject's numbers, between two instants.

    ``groups`` remembers those of the book's numbers (``Book.groups``), for all subjects.
    """

    def __init__(
        self,
        book: Book,
        tariff: Tariff,
        who: Who,
        meanings: Meanings,
        from_ns: int,
        until_ns: int = FOREVER,
        *,
        groups: dict[str, tuple[int, ...]] | None = None,
    ) -> None:
        self._groups = {} if groups is None else groups
        self._book = book
        self._who = who
        self._meanings = meanings
        self._from_ns = from_ns
        self._until_ns = until_ns
        later = (at_ns for at_ns in moments(tariff, who) if from_ns < at_ns < until_ns)
        self._moments = (from_ns, *later)
        self._known: dict[Held, Timeline] = {}
        self._planned: dict[tuple[int, ...], Timeline] = {}
        self._own = book.has_prefixes(who.customer, who.subject)

    def of(self, number: str) -> Timeline:
        """Give the timeline of a number (digits only)."""
        if self._own:
            return self._routed(number)
        groups = self._groups.get(number)
        if groups is None:
            groups = self._groups[number] = self._book.groups(number)
        known = self._planned.get(groups)
        if known is None:
            known = self._planned[groups] = self._routed(number)
        return known

    def _routed(self, number: str) -> Timeline:
        customer, category, subject = self._who
        route = self._book.route(customer, subject, category, number, self._from_ns, self._until_ns)
        periods: Held = self._stepped(number) if isinstance(route, Refusal) else route.periods
        known = self._known.get(periods)
        if known is None:
            known = self._known[periods] = self._read(periods)
        return known

    def _read(self, periods: Held) -> Timeline:
        found: list[tuple[int, int]] = []
        for at_ns, period in periods:
            number = UNRATED if period is None else self._meanings.number(period)
            if not found or found[-1][1] != number:
                found.append((max(at_ns, self._from_ns), number))
        return tuple(found)

    def _stepped(self, number: str) -> Held:
        """Ask at every instant at which something may change: somewhere the number has no price."""
        customer, category, subject = self._who
        found: list[tuple[int, Period | None]] = []
        for at_ns in self._moments:
            route = self._book.route(customer, subject, category, number, at_ns, at_ns)
            found.append((at_ns, None if isinstance(route, Refusal) else route.periods[0][1]))
        return tuple(found)
