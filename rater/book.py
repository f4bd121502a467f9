"""A tariff compiled for look-up: prefix tables, dated periods, schedules of prices.

``rater.compiler`` turns the values of ``rater.tariff`` into a Book, and ``Book.route`` finds what prices a
call. Nothing here depends on the clock: instants are arguments.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rater.e164 import digits, lengths_descending
from rater.instant import text
from rater.plan import CompiledPlan, Period
from rater.prefixes import PrefixTable
from rater.refusal import Reason, Refusal
from rater.tariff import ANY, PrefixRate, ProfileActivation, TariffPlan

FALLBACK_DEPTH_MAX = 4
"""How many subjects one look-up falls back through; a longer chain is a loop in somebody's tariff."""

Profile = tuple[ProfileActivation, ...]
"""A subject's rating plans in order of activation."""

FOREVER = 1 << 80
"""An instant after every call."""


DatedPeriods = tuple[tuple[int, Period], ...]
"""Periods with their beginnings, in order; each holds until the next begins."""


class Route(NamedTuple):
    """What prices a call: the prefix that matched, and the periods in force from its start to its end.

    The first beginning is not after the call's start; the last period holds to the call's end.
    """

    prefix: str
    periods: DatedPeriods


class Asked(NamedTuple):
    """A profile that was asked for the price of a number: its subject's, at which depth of fallback.

    ``plan_id`` and ``activation_ns`` are of the plan in force; None: none is yet, or (``exists`` false) there
    is no such profile. ``knows``: the plan has a prefix that begins the number.
    """

    subject: str
    depth: int
    exists: bool
    plan_id: str | None
    activation_ns: int
    knows: bool


class Dated:
    """The dated prices of a prefix in order of activation; prefixes of the same prices share one."""

    __slots__ = ("_activations", "_dated", "_single")

    def __init__(self, periods: Sequence[Period]) -> None:
        self._activations = tuple(period.activation_ns for period in periods)
        self._dated: DatedPeriods = tuple((period.activation_ns, period) for period in periods)
        self._single: tuple[DatedPeriods, ...] = tuple((dated,) for dated in self._dated)

    @property
    def first_ns(self) -> int:
        """When the first period begins."""
        return self._activations[0]

    def between(self, start_ns: int, end_ns: int) -> DatedPeriods:
        """List the period in force at the start and those that begin before the end; none if it is early."""
        activations = self._activations
        first = bisect_right(activations, start_ns) - 1
        if first < 0:
            return ()
        last = first + 1
        if last == len(activations) or activations[last] >= end_ns:
            return self._single[first]
        while last < len(activations) and activations[last] < end_ns:
            last += 1
        return self._dated[first:last]


def _begun(periods: DatedPeriods, from_ns: int) -> DatedPeriods:
    """Have the first of some periods begin no sooner than where it prices a call."""
    first_ns, first = periods[0]
    return ((max(first_ns, from_ns), first), *periods[1:])


class SubjectRates:
    """Every prefix of one subject."""

    __slots__ = ("_lengths", "_table", "_with_plus")

    def __init__(self, rates: Mapping[str, PrefixRate], compiled: dict[int, Dated]) -> None:
        self._table = {digits(prefix): compiled[id(rate)] for prefix, rate in rates.items()}
        self._with_plus = frozenset(digits(prefix) for prefix in rates if prefix[:1] == "+")
        self._lengths = lengths_descending(self._table)

    def route(self, number: str, start_ns: int, end_ns: int) -> Route | Refusal | None:
        """Find what prices ``number`` (digits only): its longest prefix; None if none begins it."""
        table = self._table
        size = len(number)
        for length in self._lengths:
            if length <= size:
                prefix = number[:length]
                dated = table.get(prefix)
                if dated is not None:
                    shown = "+" + prefix if prefix in self._with_plus else prefix
                    periods = dated.between(start_ns, end_ns)
                    return Route(shown, periods) if periods else not_active(shown, dated.first_ns)
        return None

    def prefixes(self) -> Iterable[str]:
        """List the prefixes, digits only."""
        return self._table.keys()


class Book:
    """A compiled tariff. Immutable but for what it remembers of look-ups, which is bounded.

    Books of several versions are a chain: ``later`` (None: there is none) prices the calls that start at
    ``later_ns`` or after it. Whoever is given a chain takes the book ``at`` a start, once.
    """

    def __init__(
        self,
        rates: dict[tuple[str, str], SubjectRates],
        plans: dict[str, CompiledPlan],
        profiles: dict[tuple[str, str, str], tuple[ProfileActivation, ...]],
        table: PrefixTable,
        destinations: tuple[str, ...],
        tariff_plans: dict[str, TariffPlan],
    ) -> None:
        self._rates = rates
        self._plans = plans
        self._profiles = profiles
        self._table = table
        self._destinations = destinations
        self._tariff_plans = tariff_plans
        self.version: int = 0
        self.later: Book | None = None
        self.later_ns: int = FOREVER

    def as_version(self, version: int, later: "Book | None" = None, later_ns: int = FOREVER) -> "Book":
        """Make a link of a chain, which shares the tables of this book; 0 is no version of a store."""
        link = Book(
            self._rates, self._plans, self._profiles, self._table, self._destinations, self._tariff_plans
        )
        link.version = version
        link.later = later
        link.later_ns = later_ns
        return link

    def at(self, start_ns: int) -> "Book":
        """Find the book of a chain that prices what starts at an instant; not one before this."""
        book = self
        while (later := book.later) is not None and start_ns >= book.later_ns:
            book = later
        return book

    def tariff_plan(self, plan_id: str) -> TariffPlan | None:
        """Find what a subscriber's plan gives."""
        return self._tariff_plans.get(plan_id)

    def lengths(self, number: str, destinations: Iterable[str]) -> dict[str, int]:
        """Tell how many digits of ``number`` (digits only) the longest prefix of each destination matches.

        Destinations that do not match are left out; ``*any`` matches every number, with no digit of it.
        """
        table = self._table
        found: dict[str, int] = {}
        longest = table.find(number)
        for name in destinations:
            if name == ANY and number:
                found[ANY] = 0
                continue
            place = bisect_left(self._destinations, name)
            if place == len(self._destinations) or self._destinations[place] != name:
                continue
            node = longest
            while node and not table.has_member(table.group(node), place):
                node = table.parent(node)
            if node:
                found[name] = table.length(node)
        return found

    def subjects(self) -> tuple[set[tuple[str, str]], set[tuple[str, str, str]]]:
        """Name who has prices: (customer, subject) of prefixes, (tenant, category, subject) of profiles."""
        return set(self._rates), set(self._profiles)

    def tables(self, customer: str, subject: str, category: str) -> "tuple[object, ...]":
        """Tell what a subject's prices depend on besides number and time, to be compared by identity.

        Two subjects with the same tables are routed the same way, but for the words of a refusal.
        """
        own = self._rates.get((customer, subject))
        return own, self._profile(customer, category, subject), customer, category

    def groups(self, number: str) -> tuple[int, ...]:
        """Tell by whose prefixes a number (digits only) begins, the longest first.

        Those with the same groups are priced alike by every plan, if not by prefixes of a subject's own.
        """
        table = self._table
        found: list[int] = []
        node = table.find(number)
        while node:
            found.append(table.group(node))
            node = table.parent(node)
        return tuple(found)

    def listed(self) -> list[tuple[str, int]]:
        """List all prefixes of destinations (digits only) with their groups, for ``prefixes`` of many."""
        return list(self._table.prefixes())

    def prefixes(
        self, customer: str, subject: str, category: str, listed: Iterable[tuple[str, int]] | None = None
    ) -> set[str]:
        """List every prefix (digits only) that can decide how a subject's calls are routed, at any time."""
        return set(self.each_prefix(customer, subject, category, listed)) - {""}

    def each_prefix(
        self, customer: str, subject: str, category: str, listed: Iterable[tuple[str, int]] | None = None
    ) -> Iterator[str]:
        """Go through the same prefixes, some of them more than once, perhaps the empty one."""
        own = self._rates.get((customer, subject))
        if own is not None:
            yield from own.prefixes()
        waiting = [self._profile(customer, category, subject)]
        seen: list[Profile] = []
        for _ in range(FALLBACK_DEPTH_MAX + 1):
            profiles = [each for each in waiting if each is not None and each not in seen]
            seen += profiles
            lines = [line for profile in profiles for line in profile]
            for plan_id in {line.rating_plan_id for line in lines}:
                every = self._table.prefixes() if listed is None else listed
                yield from self._plans[plan_id].prefixes(every)
            names = {name for line in lines for name in line.fallback_subjects}
            waiting = [self._profiles.get((customer, category, name)) for name in names]

    def _profile(self, tenant: str, category: str, subject: str) -> Profile | None:
        profiles = self._profiles
        return profiles.get((tenant, category, subject)) or profiles.get((tenant, category, ANY))

    def route(
        self, customer: str, subject: str, category: str, number: str, start_ns: int, end_ns: int
    ) -> Route | Refusal:
        """Find what prices a call: the subject's own prefixes, else its rating profile.

        Refuses with RATE_NOT_FOUND or RATE_NOT_ACTIVE.
        """
        wanted = digits(number)
        own = self._rates.get((customer, subject))
        if own is not None and (found := own.route(wanted, start_ns, end_ns)) is not None:
            return found
        return self._profile_route(customer, subject, category, wanted, start_ns, end_ns)

    def route_across(
        self,
        customer: str,
        subject: str,
        category: str,
        number: str,
        start_ns: int,
        end_ns: int,
        taken: "list[tuple[int, Book]] | None" = None,
    ) -> Route | Refusal:
        """Find what prices a call that this book prices at its start, also where later books take over.

        They do at their activation if the prices then in force are ``spanwise``; ``taken`` notes which did
        when. Refuses as ``route`` does, also if a later book refuses.
        """
        prefix: str | None = None
        before: DatedPeriods = ()
        seller = link = self
        from_ns = start_ns
        while True:
            later, until_ns = link.later, min(link.later_ns, end_ns)
            found = seller.route(customer, subject, category, number, from_ns, until_ns)
            if isinstance(found, Refusal):
                return found
            if prefix is None:
                prefix = found.prefix
            if later is None or until_ns == end_ns:
                return Route(prefix, (*before, *_begun(found.periods, from_ns)))
            if found.periods[-1][1].spanwise:
                if taken is not None:
                    taken.append((until_ns, later))
                before = (*before, *_begun(found.periods, from_ns))
                seller, from_ns = later, until_ns
            link = later

    def _profile_route(
        self, tenant: str, subject: str, category: str, number: str, start_ns: int, end_ns: int
    ) -> Route | Refusal:
        profile = self._profile(tenant, category, subject)
        if profile is None:
            sentence = f"no rate of subject {subject!r} (customer {tenant!r}) for {number!r}"
            return Refusal(Reason.RATE_NOT_FOUND, sentence)
        if profile[0].activation_ns > start_ns:
            return not_active(subject, profile[0].activation_ns)
        prefix = ""
        periods: list[tuple[int, Period]] = []
        at_ns = start_ns
        while not periods or at_ns < end_ns:
            found, until_ns = self._seller(profile, (tenant, category), number, at_ns, 0, None)
            if found is None:
                sentence = f"the rating plans of subject {subject!r} have no rate for {number!r}"
                return Refusal(Reason.RATE_NOT_FOUND, f"{sentence} at {text(at_ns)}")
            if not periods:
                prefix = found[0]
            # what was remembered may be forgotten in between: an increment must not be cut for that
            if not periods or not found[1].same(periods[-1][1]):
                periods.append((at_ns, found[1]))
            at_ns = until_ns
        return Route(prefix, tuple(periods))

    def sellers(
        self, customer: str, subject: str, category: str, number: str, at_ns: int
    ) -> tuple[list[Asked], int]:
        """List the profiles that are asked for a number's price at one instant, and until when they are.

        The first is the subject's own or that of ``*any``; the last is the one that prices it, if any does.
        """
        profile = self._profile(customer, category, subject)
        if profile is None:
            return [], FOREVER
        own = profile is self._profiles.get((customer, category, subject))
        asked = [Asked(subject if own else ANY, 0, True, None, 0, False)]
        _, until_ns = self._seller(profile, (customer, category), digits(number), at_ns, 0, asked)
        return asked, until_ns

    def has_prefixes(self, customer: str, subject: str) -> bool:
        """Tell whether a subject has prices of its own, written for prefixes."""
        return (customer, subject) in self._rates

    def own_route(
        self, customer: str, subject: str, number: str, start_ns: int, end_ns: int
    ) -> Route | Refusal | None:
        """Find what the subject's own prefixes say of a call; None: nothing, its profile is asked."""
        own = self._rates.get((customer, subject))
        return None if own is None else own.route(digits(number), start_ns, end_ns)

    def destinations_of(self, prefix: str) -> list[str]:
        """Name the destinations that list a prefix."""
        wanted = digits(prefix)
        table = self._table
        node = table.find(wanted)
        if not node or table.length(node) < len(wanted):
            return []
        return [self._destinations[place] for place, _ in table.members(table.group(node))]

    def _seller(
        self,
        profile: Profile,
        group: tuple[str, str],
        number: str,
        at_ns: int,
        depth: int,
        asked: list[Asked] | None,
    ) -> tuple[tuple[str, Period] | None, int]:
        """Find (prefix, period) for one instant, falling back as the profile says, and until when it holds.

        It holds until any of the profiles that were asked, also in vain, has another plan. ``asked``, whose
        last is this profile, takes notes.
        """
        until_ns = next((line.activation_ns for line in profile if line.activation_ns > at_ns), FOREVER)
        active = next((line for line in reversed(profile) if line.activation_ns <= at_ns), None)
        if active is None:
            return None, until_ns
        found = self._plans[active.rating_plan_id].match(number, active.activation_ns)
        if asked is not None:
            known = found is not None
            asked[-1] = asked[-1]._replace(
                plan_id=active.rating_plan_id, activation_ns=active.activation_ns, knows=known
            )
        if found is None and depth < FALLBACK_DEPTH_MAX:
            for subject in active.fallback_subjects:
                fallback = self._profiles.get((*group, subject))
                if asked is not None:
                    asked.append(Asked(subject, depth + 1, fallback is not None, None, 0, False))
                if fallback is not None:
                    found, fallback_until_ns = self._seller(fallback, group, number, at_ns, depth + 1, asked)
                    until_ns = min(until_ns, fallback_until_ns)
                    if found is not None:
                        break
        return found, until_ns


def not_active(what: str, activation_ns: int) -> Refusal:
    """Refuse a call that starts before the first activation."""
    return Refusal(
        Reason.RATE_NOT_ACTIVE,
        f"the call starts before {text(activation_ns)}, from when on the rate of {what!r} is active",
    )
