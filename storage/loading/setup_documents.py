"""Writes set-ups of Scrooge and Cyclops RC as the documents that they can be read from, without secrets."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from rater.usage.costs import FOREVER, CostAccount, CostService, ExtraCost, Share, UsagePrice, UsageType
from rater.usage.scrooge_setup import PricingService, ScroogeSetup, ServiceEnvironment, User
from storage.cyclops_state import CyclopsState

Members = dict[str, Any]

_EPOCH = date(1970, 1, 1).toordinal()


def scrooge_document(setup: ScroogeSetup) -> Members:
    """Write a set-up with the members of ``scrooge.json``; amounts are texts with every digit.

    Keys and passwords of users are left out: read over the same set-up it changes nothing.
    """
    return {
        "currency": setup.currency,
        "users": [_user(each) for each in setup.users],
        "usage_types": [_type(each) for each in setup.types],
        "prices": [_price(each) for each in setup.prices],
        "services": [_service(each) for each in setup.services],
        "percentages": [{"service": each.service, **_share(each)} for each in setup.shares],
        "ventures": [_venture(each) for each in setup.ventures],
        "extra_costs": [_extra_cost(each) for each in setup.extra_costs],
        "pricing_services": [_pricing_service(each) for each in setup.pricing_services],
        "service_environments": [_environment(each) for each in setup.environments],
    }


def cyclops_document(state: CyclopsState) -> Members:
    """Write a state with the members of ``cyclops.json``; rates that are not in force are left out.

    Rates are the JSON (``msgspec.Raw``) that they came as.
    """
    meters = [
        {"name": each.name, "type": each.type, "enabled": each.enabled, "source": each.source}
        for each in state.meters
    ]
    if not state.static:
        return {"meters": meters, "policy": "dynamic"}
    rates = {name: msgspec.Raw(literal.encode()) for name, literal in state.rates}
    return {"meters": meters, "policy": "static", "rates": rates}


def _user(user: User) -> Members:
    return {"username": user.name, "active": user.active, "superuser": user.superuser}


def _type(given: UsageType) -> Members:
    return {
        "symbol": given.symbol,
        "name": given.name,
        "kind": given.kind,
        "by_cost": given.by_cost,
        "by_warehouse": given.by_warehouse,
        "average": given.average,
        "order": given.order,
        "show_in_report": given.shown,
    }


def _price(price: UsagePrice) -> Members:
    return {
        "usage_type": price.metric,
        **_days(price.start, price.end),
        "price": _amount(price.price),
        "forecast_price": _amount(price.forecast_price),
        "cost": _amount(price.cost),
        "forecast_cost": _amount(price.forecast_cost),
        "warehouse": price.warehouse,
    }


def _service(service: CostService) -> Members:
    return {
        "symbol": service.symbol,
        "name": service.name,
        "ventures": service.providers,
        "base_usage_types": service.base,
        "depends_on": service.depends_on,
        "fixed_price": service.fixed_price,
        "difference_to": service.difference_to,
    }


def _share(share: Share) -> Members:
    return {
        "usage_type": share.metric,
        "percent": _amount(share.percent),
        **_days(share.start, share.end),
    }


def _venture(venture: CostAccount) -> Members:
    return {
        "symbol": venture.symbol,
        "name": venture.name,
        "active": venture.active,
        "parent": venture.parent,
        "department": venture.department,
        "business_segment": venture.segment,
        "profit_center": venture.profit_center,
    }


def _extra_cost(extra: ExtraCost) -> Members:
    return {
        "name": extra.name,
        "venture": extra.account,
        "cost": _amount(extra.cost),
        "forecast_cost": _amount(extra.forecast_cost),
        "monthly": extra.monthly,
        **_days(extra.start, extra.end),
    }


def _pricing_service(service: PricingService) -> Members:
    return {
        "id": service.number,
        "name": service.name,
        "symbol": service.symbol,
        "active": service.active,
        "fixed_price": service.fixed_price,
        "usage_types": [_share(each) for each in service.shares],
    }


def _environment(given: ServiceEnvironment) -> Members:
    return {
        "service": given.service,
        "service_id": given.number,
        "service_uid": given.uid,
        "environment": given.environment,
        "pricing_objects": given.objects,
        "owners": given.owners,
        "profit_center": given.profit_center,
        "business_line": given.business_line,
    }


def _days(start: int, end: int) -> Members:
    """Write a period; an end that is open is left out."""
    ends = {"start": (start, 0), "end": (end, FOREVER)}
    return {
        name: date.fromordinal(day + _EPOCH).isoformat()
        for name, (day, opened) in ends.items()
        if day != opened
    }


def _amount(value: Decimal) -> str:
    return format(value, "f")
