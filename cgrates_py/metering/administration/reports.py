"""What came of usage: utilisation, counters, integration errors, alerts and events."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cgrates_py.metering.administration import fields
from cgrates_py.metering.administration.desk import Call, Desk, Members, Reply, bad, not_found
from cgrates_py.metering.administration.metrics import edit_service
from rater import instant
from rater.metering.catalogue import ALERT_BINS, Application, Metric, Service
from rater.metering.period import Period, bounds_s, cell_of, cells_of
from storage.documents import ERRORS_MAX, ErrorRecord, EventRecord
from storage.loading.values import EARLIEST_NS, LATEST_NS

PAGE = 100
"""Integration errors on a page unless the request says."""

_DELETED = Reply(200, {"status": "deleted"})


async def show_utilization(desk: Desk, call: Call) -> Reply:
    """List the limits of an application's plan with what is used of them now."""
    application = await desk.application(call.names["service"], call.names["application"])
    service = await desk.service(application.service_id)
    names = {each.metric_id: each.name for each in service.metrics}
    usage = await _usage(desk, application)
    cells = cells_of(desk.clock.now_ns())
    listed = [
        {
            "period": limit.period.label,
            "metric_name": names[limit.metric_id],
            "max_value": limit.maximum,
            "current_value": usage.get(application.series + limit.metric_id, {}).get(cells[limit.period], 0),
        }
        for limit in sorted(service.limits, key=lambda each: (each.metric_id, each.period))
        if limit.plan_id == application.plan_id
    ]
    return Reply(200, {"status": "found", "utilization": listed})


async def show_stats(desk: Desk, call: Call) -> Reply:
    """Tell the counter of an application's metric in the period that holds an instant."""
    application = await desk.application(call.names["service"], call.names["application"])
    service = await desk.service(application.service_id)
    metric = _metric(service, call.query.get("metric"))
    period = fields.period("period", call.query.get("period", Period.ETERNITY.label))
    cell = cell_of(period, _at_ns(desk, call.query.get("at")))
    usage = await _usage(desk, application)
    bounds = bounds_s(cell)
    stats = {
        "metric": metric.name,
        "period": period.label,
        "start": instant.text(bounds[0] * instant.SECOND) if bounds else None,
        "value": usage.get(application.series + metric.metric_id, {}).get(cell, 0),
    }
    return Reply(200, {"status": "found", "stats": stats})


async def list_errors(desk: Desk, call: Call) -> Reply:
    """List the integration errors of a service, newest first, page by page."""
    service = await desk.service(call.names["service"])
    page = fields.whole("page", call.query.get("page", "1"), 1)
    size = fields.whole("per_page", call.query.get("per_page", str(PAGE)), 1, ERRORS_MAX)
    start = min((page - 1) * size, ERRORS_MAX)
    count, errors = await desk.store.errors(service.service_id, start, size)
    return Reply(200, {"status": "found", "errors": [_shown_error(each) for each in errors], "count": count})


async def delete_errors(desk: Desk, call: Call) -> Reply:
    """Forget the integration errors of a service."""
    service = await desk.service(call.names["service"])
    await desk.store.delete_errors(service.service_id)
    return _DELETED


async def list_alert_limits(desk: Desk, call: Call) -> Reply:
    """List the utilisations at which a service raises alerts."""
    service = await desk.service(call.names["service"])
    listed = [_shown_bin(service, each) for each in service.alert_bins]
    return Reply(200, {"status": "found", "alert_limits": listed})


async def post_alert_limit(desk: Desk, call: Call) -> Reply:
    """Let a service raise alerts at one more utilisation."""
    value = _bin(fields.wrapped(call, "alert_limit").get("value"))

    def edited(service: Service) -> tuple[Service, Reply]:
        bins = tuple(sorted({*service.alert_bins, value}))
        said = {"status": "created", "alert_limit": _shown_bin(service, value)}
        return replace(service, alert_bins=bins), Reply(201, said)

    return await edit_service(desk, call, edited)


async def delete_alert_limit(desk: Desk, call: Call) -> Reply:
    """Let a service raise no alerts at a utilisation any more."""
    value = _bin(call.names["value"])

    def edited(service: Service) -> tuple[Service, Reply]:
        if value not in service.alert_bins:
            raise not_found("alert limit not found")
        return replace(
            service, alert_bins=tuple(each for each in service.alert_bins if each != value)
        ), _DELETED

    return await edit_service(desk, call, edited)


async def list_events(desk: Desk, call: Call) -> Reply:
    """List all events, oldest first."""
    events = [_shown_event(each) for each in await desk.store.events()]
    return Reply(200, {"status": "found", "events": events})


async def delete_events(desk: Desk, call: Call) -> Reply:
    """Forget the events up to an id, it included."""
    given = call.query.get("upto_id")
    if given is None and isinstance(call.body, dict):
        given = call.body.get("upto_id")
    count = await desk.store.delete_events(fields.whole("upto_id", given))
    return Reply(200, {"status": "deleted", "num_events": count})


async def delete_event(desk: Desk, call: Call) -> Reply:
    """Forget one event."""
    if not await desk.store.delete_event(fields.whole("id", call.names["event"])):
        raise not_found("event not found")
    return _DELETED


async def _usage(desk: Desk, application: Application) -> Any:
    stored = await desk.accounts.read(application.account_key)
    return (stored.account.usage if stored is not None else None) or {}


def _metric(service: Service, named: str | None) -> Metric:
    """Find a metric by its name, else by its id."""
    by_name = [each for each in service.metrics if each.name == named]
    by_id = [each for each in service.metrics if each.metric_id == named]
    if named is None:
        raise bad("metric: expected the name or id of a metric")
    if not (by_name or by_id):
        raise not_found("metric not found")
    return (by_name or by_id)[0]


def _at_ns(desk: Desk, at: str | None) -> int:
    if at is None:
        return desk.clock.now_ns()
    try:
        at_ns = instant.parse(at)[0]
    except instant.InstantError as error:
        raise bad(f"at: {error}") from None
    if not EARLIEST_NS <= at_ns <= LATEST_NS:
        raise bad("at: expected a time from 1700 to 2262")
    return at_ns


def _bin(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 3:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value not in ALERT_BINS:
        raise bad("alert limit is invalid")
    return value


def _shown_bin(service: Service, value: int) -> Members:
    return {"service_id": service.service_id, "value": value}


def _shown_error(error: ErrorRecord) -> Members:
    return {
        "code": error.code,
        "message": error.message,
        "timestamp": _time(error.at_ns),
        "context_info": error.context,
    }


def _shown_event(event: EventRecord) -> Members:
    return {
        "id": event.event_id,
        "type": event.type,
        "timestamp": _time(event.at_ns),
        "object": event.members,
    }


def _time(at_ns: int) -> str:
    """Print an instant as these lists do, to the second."""
    return datetime.fromtimestamp(at_ns // instant.SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
