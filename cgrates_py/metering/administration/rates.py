"""What units of a metric cost: an extension of ours to the API."""

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from cgrates_py.metering.administration import fields
from cgrates_py.metering.administration.desk import Call, Desk, Members, Reply, bad
from cgrates_py.metering.administration.metrics import edit_service, metric_of
from rater import instant
from rater.metering.catalogue import MetricRate, Service, Tier
from storage.loading import values
from storage.loading.threescale_rules import RATES_MAX, TIERS_MAX, repeated_rates, tiers_flaw


async def show_rates(desk: Desk, call: Call) -> Reply:
    """List the rates of a metric."""
    service = await desk.service(call.names["service"])
    metric = metric_of(service, call.names["metric"])
    listed = [_shown(each) for each in service.rates if each.metric_id == metric.metric_id]
    return Reply(200, {"status": "found", "rates": listed})


async def put_rates(desk: Desk, call: Call) -> Reply:
    """Set all rates of a metric."""
    given = fields.a_list("rates", fields.wrapper(call, "rates"), RATES_MAX)
    rates = tuple(_rate(call.names["metric"], f"rates[{place}]", each) for place, each in enumerate(given))
    if twice := repeated_rates(rates):
        raise bad(f"rates[{twice[0]}]: another rate of that plan begins at the same time")

    def edited(service: Service) -> tuple[Service, Reply]:
        metric = metric_of(service, call.names["metric"])
        others = tuple(each for each in service.rates if each.metric_id != metric.metric_id)
        if len(others) + len(rates) > RATES_MAX:
            raise bad(f"a service has at most {RATES_MAX} rates")
        said = {"status": "modified", "rates": [_shown(each) for each in rates]}
        return replace(service, rates=(*others, *rates)), Reply(200, said)

    return await edit_service(desk, call, edited)


async def delete_rates(desk: Desk, call: Call) -> Reply:
    """Make a metric cost nothing from now on, and for what is reported of the past."""

    def edited(service: Service) -> tuple[Service, Reply]:
        metric = metric_of(service, call.names["metric"])
        others = tuple(each for each in service.rates if each.metric_id != metric.metric_id)
        return replace(service, rates=others), Reply(200, {"status": "deleted"})

    return await edit_service(desk, call, edited)


def _rate(metric_id: str, place: str, value: Any) -> MetricRate:
    given = fields.an_object(place, value)
    over = given.get("over")
    tiers = fields.a_list(f"{place}.tiers", given.get("tiers"), TIERS_MAX)
    rate = MetricRate(
        metric_id,
        tuple(_tier(f"{place}.tiers[{number}]", each) for number, each in enumerate(tiers)),
        plan_id=fields.text(f"{place}.plan_id", given.get("plan_id") or ""),
        from_ns=_from_ns(f"{place}.from", given.get("from")),
        package=_least_one(f"{place}.package", given) or 1,
        per=_least_one(f"{place}.per", given),
        over=None if over is None else fields.period(f"{place}.over", over),
        whole=given.get("whole") is not None and fields.flag(f"{place}.whole", given["whole"]),
    )
    if (flaw := tiers_flaw(rate.tiers)) is not None:
        raise bad(f"{place}.tiers: expected {flaw}")
    return rate


def _tier(place: str, value: Any) -> Tier:
    given = fields.an_object(place, value)
    start = given.get("start")
    first = 0 if start is None else fields.whole(f"{place}.start", start)
    return Tier(first, price(f"{place}.price", given.get("price")))


def price(place: str, value: Any) -> Decimal:
    """Read a price, exactly as it is written. Raises RefusedError."""
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise bad(f"{place}: expected a number or the text of one")
        return values.price(values.number(value) if isinstance(value, str) else Decimal(value))
    except (values.Expected, InvalidOperation) as error:
        raise bad(f"{place}: expected {error}") from None


def _from_ns(place: str, value: Any) -> int:
    if value is None:
        return 0
    try:
        at_ns = instant.parse(fields.text(place, value))[0]
    except instant.InstantError as error:
        raise bad(f"{place}: {error}") from None
    if not values.EARLIEST_NS <= at_ns <= values.LATEST_NS:
        raise bad(f"{place}: expected a time from 1700 to 2262")
    return at_ns


def _least_one(place: str, given: Members) -> int | None:
    value = given.get(place.rpartition(".")[2])
    return None if value is None else fields.whole(place, value, 1)


def _shown(rate: MetricRate) -> Members:
    return {
        "plan_id": rate.plan_id or None,
        "from": instant.text(rate.from_ns) if rate.from_ns else None,
        "package": rate.package,
        "per": rate.per,
        "over": rate.over.label if rate.over is not None else None,
        "whole": rate.whole,
        "tiers": [{"start": each.start, "price": format(each.price, "f")} for each in rate.tiers],
    }
