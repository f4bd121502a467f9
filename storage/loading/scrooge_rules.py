"""What a set-up of Scrooge must be in itself, whoever writes it: names that there are, periods in order.

A flaw is the path of the part it is in, what was expected there, and what there is.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import TypeVar

from rater.usage.costs import Share, UsagePrice
from rater.usage.scrooge_setup import ScroogeSetup
from storage.loading.report import shown

T = TypeVar("T")
Flaw = tuple[str, str, str]

_TOLERANCE = Decimal("0.01")
"""Thirds written with two decimals do not add up to a hundred."""


def flaws(setup: ScroogeSetup) -> Iterator[Flaw]:
    """List everything that contradicts itself or names what there is not."""
    yield from _names(setup)
    yield from _references(setup)
    yield from _ancestors(setup)
    yield from _periods(setup)


def notices(setup: ScroogeSetup) -> Iterator[Flaw]:
    """List the services whose percentages do not add up to 100 on some day."""
    groups: dict[str, list[Share]] = {}
    for each in setup.shares:
        groups.setdefault(each.service, []).append(each)
    for service, shares in groups.items():
        turns = sorted({share.start for share in shares} | {share.end + 1 for share in shares})
        sums = [sum(share.percent for share in shares if share.start <= day <= share.end) for day in turns]
        odd = next((each for each in sums if each and abs(each - 100) > _TOLERANCE), None)
        if odd is not None:
            yield "$.percentages", f"100 in all of service {shown(service)} on each day", f"{odd}"


def once(path: str, what: str, members: Iterable[T], key: Callable[[T], object]) -> Iterator[Flaw]:
    """List what is named a second time."""
    seen: set[object] = set()
    for each in members:
        named = key(each)
        if named in seen:
            yield path, f"{what} of their own", f"{shown(str(named))} a second time"
        seen.add(named)


def _names(setup: ScroogeSetup) -> Iterator[Flaw]:
    """Look for one name of two things."""
    with_key = [each.key for each in setup.users if each.key]
    if len(set(with_key)) < len(with_key):
        yield "$.users", "API keys of their own", "one of two users"
    yield from once("$.usage_types", "names", setup.types, lambda each: each.name)
    yield from once("$.services", "names", setup.services, lambda each: each.name)
    yield from once("$.pricing_services", "ids", setup.pricing_services, lambda each: each.number)
    yield from once("$.pricing_services", "symbols", setup.pricing_services, lambda each: each.symbol)
    accounts = [each.symbol for each in setup.ventures] + [each.account for each in setup.environments]
    yield from once("$.service_environments", "accounts that are no ventures", accounts, lambda each: each)
    objects = [each for environment in setup.environments for each in environment.objects]
    yield from once("$.service_environments", "pricing objects", objects, lambda each: each)
    services = {(each.service, each.number, each.uid) for each in setup.environments}
    path = "$.service_environments"
    yield from once(path, "ids for each service", services, lambda each: each[0])
    yield from once(path, "ids for each service", services, lambda each: each[1])
    with_uid = [each for each in services if each[2]]
    yield from once(path, "uids for each service", with_uid, lambda each: each[2])


def _references(setup: ScroogeSetup) -> Iterator[Flaw]:
    types = {each.symbol for each in setup.types}
    services = {each.symbol for each in setup.services}
    ventures = {each.symbol for each in setup.ventures}
    users = {each.name for each in setup.users}
    pricing = {share.metric for each in setup.pricing_services for share in each.shares}
    owners = {name for each in setup.environments for name in each.owners}
    named: list[tuple[str, str, set[str], Iterable[str]]] = [
        ("$.prices", "the symbol of a usage type", types, [each.metric for each in setup.prices]),
        ("$.percentages", "the symbol of a usage type", types, [each.metric for each in setup.shares]),
        ("$.percentages", "the symbol of a service", services, [each.service for each in setup.shares]),
        ("$.pricing_services", "the symbol of a usage type", types, pricing),
        ("$.extra_costs", "the symbol of a venture", ventures, [each.account for each in setup.extra_costs]),
        ("$.ventures", "the symbol of a venture", ventures, [e.parent for e in setup.ventures if e.parent]),
        ("$.service_environments", "the name of a user", users, owners),
    ]
    for each in setup.services:
        named += [
            ("$.services", "the symbol of a venture", ventures, each.providers),
            ("$.services", "the symbol of a usage type", types, each.base),
            ("$.services", "the symbol of a service", services, each.depends_on),
            ("$.services", "the symbol of a service", services, filter(None, [each.difference_to])),
        ]
    for path, expected, known, names in named:
        for name in dict.fromkeys(names):
            if name not in known:
                yield path, expected, shown(name)


def _ancestors(setup: ScroogeSetup) -> Iterator[Flaw]:
    """Look for what is above itself, and for what two services provide."""
    parents = {each.symbol: [each.parent] if each.parent else [] for each in setup.ventures}
    dependencies = {each.symbol: list(each.depends_on) for each in setup.services}
    for path, above in (("$.ventures", parents), ("$.services", dependencies)):
        if (name := _circle(above)) is not None:
            yield path, "lines that end", f"{shown(name)} above itself"
    provided = [name for each in setup.services for name in each.providers]
    yield from once("$.services", "ventures", provided, lambda each: each)


def _circle(above: dict[str, list[str]]) -> str | None:
    """Find something that is above itself: take away what has nothing above it, until nothing changes."""
    left = {name: set(others) & above.keys() for name, others in above.items()}
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    return next(iter(left), None)


def _periods(setup: ScroogeSetup) -> Iterator[Flaw]:
    """Look for periods that end before they begin, and for two prices of one day."""
    pricing = [share for each in setup.pricing_services for share in each.shares]
    dated = [
        ("$.prices", [(each.start, each.end) for each in setup.prices]),
        ("$.percentages", [(each.start, each.end) for each in setup.shares]),
        ("$.extra_costs", [(each.start, each.end) for each in setup.extra_costs]),
        ("$.pricing_services", [(each.start, each.end) for each in pricing]),
    ]
    for path, given in dated:
        if any(end < start for start, end in given):
            yield path, "an end that is not before the start", "an earlier one"
    groups: dict[tuple[str, ...], list[UsagePrice | Share]] = {}
    for price in setup.prices:
        groups.setdefault(("$.prices", price.metric, price.warehouse), []).append(price)
    for share in setup.shares:
        groups.setdefault(("$.percentages", share.metric, share.service), []).append(share)
    by_cost = {each.symbol for each in setup.types if each.by_cost}
    for (path, metric, _), rows in groups.items():
        periods = sorted((each.start, each.end) for each in rows)
        if path == "$.prices" and metric in by_cost:
            periods = sorted(set(periods))  # costs of the same days add up
        if any(later[0] <= earlier[1] for earlier, later in pairwise(periods)):
            yield path, f"periods of {shown(metric)} that do not overlap", "two that do"
