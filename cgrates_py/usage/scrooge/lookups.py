"""Tells what there is to push: usage types with their prices, and pricing services."""

from typing import Any

from cgrates_py.usage.scrooge import answers
from cgrates_py.usage.scrooge.known import Known
from cgrates_py.usage.scrooge.values import day_text
from protocol.usage import DialectAnswer, DialectRequest
from rater.usage.costs import UsageType

Members = dict[str, Any]


def usage_types(request: DialectRequest, names: Members, known: Known) -> DialectAnswer:
    """List the usage types, or tell the one that is named."""
    listed = [_usage_type(request, number, each, known) for number, each in enumerate(known.setup.types, 1)]
    return _one_or_all(listed, names.get("symbol"))


def pricing_services(request: DialectRequest, names: Members, known: Known) -> DialectAnswer:
    """List the pricing services, or tell the one that is named."""
    listed = [
        {
            "id": each.number,
            "name": each.name,
            "symbol": each.symbol,
            "usage_types": [
                {"symbol": share.metric, "start": day_text(share.start), "end": day_text(share.end)}
                for share in each.shares
            ],
            "url": _place(request, "pricing-services", each.symbol),
        }
        for each in known.setup.pricing_services
    ]
    return _one_or_all(listed, names.get("symbol"))


def _usage_type(request: DialectRequest, number: int, each: UsageType, known: Known) -> Members:
    return {
        "id": number,
        "name": each.name,
        "symbol": each.symbol,
        "usage_price": [
            {
                "price": format(price.price, "f"),
                "forecast_price": format(price.forecast_price, "f"),
                "start": day_text(price.start),
                "end": day_text(price.end),
            }
            for price in known.prices.get(each.symbol, ())
        ],
        "url": _place(request, "usage-types", each.symbol),
    }


def _one_or_all(listed: list[Members], symbol: str | None) -> DialectAnswer:
    if symbol is None:
        return answers.json(200, listed)
    found = next((each for each in listed if each["symbol"] == symbol), None)
    return answers.not_found() if found is None else answers.json(200, found)


def _place(request: DialectRequest, kind: str, symbol: str) -> str:
    return answers.place(request, f"/scrooge/api/v0.10/{kind}/{symbol}/")
