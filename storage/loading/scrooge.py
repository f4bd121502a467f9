"""Reads ``scrooge.json`` and lays it over what Scrooge is set up with.

What the file names is replaced, each thing by its own name, and what it does not name stays: the prices of
a usage type together, the percentages of a service together, the extra costs of a venture together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from rater.usage.costs import CostAccount, CostService, ExtraCost, Share, UsagePrice, UsageType
from rater.usage.scrooge_setup import PricingService, ScroogeSetup, ServiceEnvironment, User
from storage.loading.scrooge_rules import Flaw, flaws, notices, once
from storage.loading.scrooge_schema import (
    Document,
    PricingServiceMember,
    ServiceMember,
    ShareMember,
    UserMember,
    VentureMember,
)
from storage.loading.validated import Source, read_validated
from storage.passwords import hashed, matches

FILE = "scrooge.json"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ScroogeSeed:
    """What the set-up is to be (None: the folder says nothing of it), and how much of it the file names."""

    setup: ScroogeSetup | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


def read_scrooge(source: Source, known: ScroogeSetup | None, passwords_max: int | None = None) -> ScroogeSeed:
    """Read the file over the set-up of the store; problems go to the source's report.

    Each password takes some 100 ms; with ``passwords_max`` more than so many are a problem.
    """
    document = read_validated(source, FILE, Document)
    if document is None:
        return ScroogeSeed()
    known = known or ScroogeSetup()
    too_many = [*_too_many(document, passwords_max)]
    setup = known if too_many else _laid(document, known)
    for path, expected, got in (*too_many, *_twice(document), *_unkeyed(document, known), *flaws(setup)):
        source.report.problem(FILE, path, expected, got)
    for path, expected, got in notices(setup):
        source.report.notice(FILE, path, expected, got)
    counts = {
        "Scrooge users": len(document.users),
        "usage types": len(document.usage_types),
        "usage prices": len(document.prices),
        "Scrooge services": len(document.services) + len(document.pricing_services),
        "ventures": len(document.ventures),
        "extra costs": len(document.extra_costs),
        "service environments": len(document.service_environments),
    }
    return ScroogeSeed(setup, {name: count for name, count in counts.items() if count})


def _twice(document: Document) -> Iterator[Flaw]:
    yield from once("$.users", "names", document.users, lambda each: each.username)
    yield from once("$.usage_types", "symbols", document.usage_types, lambda each: each.symbol)
    yield from once("$.services", "symbols", document.services, lambda each: each.symbol)
    yield from once("$.ventures", "symbols", document.ventures, lambda each: each.symbol)
    yield from once("$.pricing_services", "names", document.pricing_services, lambda each: each.name)
    environments = [(each.service, each.environment) for each in document.service_environments]
    yield from once("$.service_environments", "names", environments, lambda each: each)


def _unkeyed(document: Document, known: ScroogeSetup) -> Iterator[Flaw]:
    """Look for users without a key that had none before."""
    names = {each.name for each in known.users}
    for number, each in enumerate(document.users):
        if each.api_key is None and each.username not in names:
            yield f"$.users[{number}].api_key", "this member", "nothing"


def _too_many(document: Document, passwords_max: int | None) -> Iterator[Flaw]:
    count = sum(each.password is not None for each in document.users)
    if passwords_max is not None and count > passwords_max:
        yield "$.users", f"at most {passwords_max} passwords at a time", str(count)


def _laid(document: Document, known: ScroogeSetup) -> ScroogeSetup:
    services = _upserted(known.services, _services(document), lambda each: each.symbol)
    shares = [Share(each.symbol, *_share(share)) for each in document.services for share in each.usage_types]
    shares += [Share(each.service, *_share(each)) for each in document.percentages]
    prices = [
        UsagePrice(
            each.usage_type,
            each.start,
            each.end,
            each.price,
            each.cost,
            each.forecast_price,
            each.forecast_cost,
            each.warehouse,
        )
        for each in document.prices
    ]
    extra_costs = [
        ExtraCost(each.name, each.venture, each.start, each.end, each.cost, each.forecast_cost, each.monthly)
        for each in document.extra_costs
    ]
    ventures = [_venture(each) for each in document.ventures]
    users = [_user(each, known.users) for each in document.users]
    return ScroogeSetup(
        users=_upserted(known.users, users, lambda each: each.name),
        types=_upserted(known.types, _types(document), lambda each: each.symbol),
        prices=_regrouped(known.prices, prices, lambda each: each.metric),
        services=_provided(services, document.ventures),
        shares=_regrouped(known.shares, shares, lambda each: each.service),
        ventures=_upserted(known.ventures, ventures, lambda each: each.symbol),
        extra_costs=_regrouped(known.extra_costs, extra_costs, lambda each: each.account),
        pricing_services=_pricing_services(known.pricing_services, document.pricing_services),
        environments=_environments(known.environments, document),
        currency=document.currency or known.currency,
    )


def _user(given: UserMember, known: Iterable[User]) -> User:
    """Make a user. A password that is as it was keeps its hash, so that the same file changes nothing.

    What is said of neither key nor password keeps those that there are.
    """
    before = next((each for each in known if each.name == given.username), User(given.username, ""))
    password = before.password
    if given.password is not None and (password is None or not matches(given.password, password)):
        password = hashed(given.password)
    return User(given.username, given.api_key or before.key, given.active, given.superuser, password)


def _types(document: Document) -> list[UsageType]:
    return [
        UsageType(
            each.symbol,
            each.name or each.symbol,
            each.kind,
            each.by_cost,
            each.by_warehouse,
            each.average,
            each.order,
            each.show_in_report and each.active,
        )
        for each in document.usage_types
    ]


def _services(document: Document) -> list[CostService]:
    return [_service(each) for each in document.services]


def _service(given: ServiceMember) -> CostService:
    return CostService(
        given.symbol,
        given.name or given.symbol,
        tuple(dict.fromkeys(given.ventures)),
        tuple(dict.fromkeys(given.base_usage_types)),
        tuple(dict.fromkeys(given.depends_on)),
        given.fixed_price,
        given.difference_to,
    )


def _provided(services: Iterable[CostService], ventures: Iterable[VentureMember]) -> tuple[CostService, ...]:
    """Have each venture that says so provide its service, and no other one."""
    said = {each.symbol: each.service for each in ventures if each.service is not None}
    return tuple(
        each._replace(
            providers=tuple(
                dict.fromkeys(
                    [name for name in each.providers if said.get(name, each.symbol) == each.symbol]
                    + [name for name, service in said.items() if service == each.symbol]
                )
            )
        )
        for each in services
    )


def _venture(given: VentureMember) -> CostAccount:
    return CostAccount(
        given.symbol,
        given.name or given.symbol,
        given.parent,
        given.department,
        given.business_segment,
        given.profit_center,
        given.active,
    )


def _pricing_services(
    known: tuple[PricingService, ...], given: Iterable[PricingServiceMember]
) -> tuple[PricingService, ...]:
    made = {each.name: each for each in known}
    for each in given:
        before = made.get(each.name)
        number = each.id or (before.number if before else _next(made.values()))
        symbol = each.symbol or (before.symbol if before else each.name)
        shares = tuple(Share(symbol, *_share(share)) for share in each.usage_types)
        made[each.name] = PricingService(number, each.name, symbol, each.active, each.fixed_price, shares)
    return tuple(made.values())


def _environments(
    known: tuple[ServiceEnvironment, ...], document: Document
) -> tuple[ServiceEnvironment, ...]:
    made = {(each.service, each.environment): each for each in known}
    for each in document.service_environments:
        sibling = next((one for one in made.values() if one.service == each.service), None)
        number = each.service_id or (sibling.number if sibling else _next(made.values()))
        made[each.service, each.environment] = ServiceEnvironment(
            each.service,
            number,
            each.service_uid or (sibling.uid if sibling else ""),
            each.environment,
            tuple(dict.fromkeys(each.pricing_objects)),
            tuple(dict.fromkeys(each.owners)),
            each.profit_center,
            each.business_line,
        )
    return tuple(made.values())


def _share(given: ShareMember) -> tuple[str, int, int, Decimal]:
    return given.usage_type, given.start, given.end, given.percent


def _next(numbered: Iterable[PricingService] | Iterable[ServiceEnvironment]) -> int:
    return max((each.number for each in numbered), default=0) + 1


def _upserted(has: Iterable[T], given: Iterable[T], key: Callable[[T], object]) -> tuple[T, ...]:
    """Lay values over those of the same key, in their places; new ones follow."""
    return tuple(({key(each): each for each in has} | {key(each): each for each in given}).values())


def _regrouped(has: Iterable[T], given: list[T], group: Callable[[T], object]) -> tuple[T, ...]:
    """Put values in the place of all those of the same group."""
    said = {group(each) for each in given}
    return (*(each for each in has if group(each) not in said), *given)
