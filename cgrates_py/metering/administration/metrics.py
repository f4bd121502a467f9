"""The metrics of a service, in a tree, and the limits of its plans on them."""

from collections.abc import Callable
from dataclasses import replace

from cgrates_py.metering.administration import fields
from cgrates_py.metering.administration.desk import Call, Desk, Members, Plan, Reply, bad, not_found
from rater.metering.catalogue import Metric, Service, UsageLimit
from storage.documents import Replacement, service_key
from storage.loading.threescale_rules import LIMITS_MAX, METRICS_MAX, metric_flaw

_DELETED = Reply(200, {"status": "deleted"})

Edit = Callable[[Service], tuple[Service, Reply]]


async def edit_service(desk: Desk, call: Call, edited: Edit) -> Reply:
    """Change one service by a pure function."""

    async def plan() -> Plan[Reply]:
        before = await desk.service(call.names["service"])
        after, reply = edited(before)
        key = service_key(before.service_id)
        return [Replacement(key, before, after)] if after != before else (), reply

    return await desk.change(plan)


async def list_metrics(desk: Desk, call: Call) -> Reply:
    """List the metrics of a service."""
    service = await desk.service(call.names["service"])
    listed = [_shown(service, each) for each in service.metrics]
    return Reply(200, {"status": "found", "metrics": listed})


async def show_metric(desk: Desk, call: Call) -> Reply:
    """Show a metric."""
    service = await desk.service(call.names["service"])
    metric = metric_of(service, call.names["metric"])
    return Reply(200, {"status": "found", "metric": _shown(service, metric)})


async def post_metric(desk: Desk, call: Call) -> Reply:
    """Create a metric or change it."""
    return await _save(desk, call, 201, "created", "created")


async def put_metric(desk: Desk, call: Call) -> Reply:
    """Change a metric or create it; what was not given stays."""
    return await _save(desk, call, 200, "created", "modified")


async def delete_metric(desk: Desk, call: Call) -> Reply:
    """Delete a metric that has no children, with its limits and rates."""
    metric_id = call.names["metric"]

    def edited(service: Service) -> tuple[Service, Reply]:
        metric_of(service, metric_id)
        children = [each.name for each in service.metrics if each.parent_id == metric_id]
        if children:
            raise bad(f'metric "{metric_id}" has children: {", ".join(children)}')
        after = replace(
            service,
            metrics=tuple(each for each in service.metrics if each.metric_id != metric_id),
            limits=tuple(each for each in service.limits if each.metric_id != metric_id),
            rates=tuple(each for each in service.rates if each.metric_id != metric_id),
        )
        return after, _DELETED

    return await edit_service(desk, call, edited)


async def list_limits(desk: Desk, call: Call) -> Reply:
    """List the limits of a plan."""
    service = await desk.service(call.names["service"])
    listed = [_shown_limit(service, each) for each in service.limits if each.plan_id == call.names["plan"]]
    return Reply(200, {"status": "found", "usagelimits": listed})


async def show_limit(desk: Desk, call: Call) -> Reply:
    """Show a limit."""
    service = await desk.service(call.names["service"])
    found = _limit_of(service, _named_limit(call))
    if found is None:
        raise not_found("usage limit not found")
    return Reply(200, {"status": "found", "usagelimit": _shown_limit(service, found)})


async def put_limit(desk: Desk, call: Call) -> Reply:
    """Limit a metric for a plan over a period, or change that limit."""
    named = _named_limit(call)
    given = fields.wrapped(call, "usagelimit")
    if given.get(named.period.label) is None:
        raise bad(f"usagelimit: expected the member {named.period.label}")
    limit = replace(named, maximum=fields.whole(named.period.label, given[named.period.label]))

    def edited(service: Service) -> tuple[Service, Reply]:
        metric_of(service, limit.metric_id)
        before = _limit_of(service, limit)
        if before is None:
            limits = (*service.limits, limit)
        else:
            limits = tuple(limit if each == before else each for each in service.limits)
        if len(limits) > LIMITS_MAX:
            raise bad(f"a service has at most {LIMITS_MAX} limits")
        said = {"status": "modified" if before else "created", "usagelimit": _shown_limit(service, limit)}
        return replace(service, limits=limits), Reply(200, said)

    return await edit_service(desk, call, edited)


async def delete_limit(desk: Desk, call: Call) -> Reply:
    """Delete a limit; all is well if there is none, nor a service."""
    named = _named_limit(call)
    if await desk.find_service(call.names["service"]) is None:
        return _DELETED

    def edited(service: Service) -> tuple[Service, Reply]:
        found = _limit_of(service, named)
        return replace(service, limits=tuple(each for each in service.limits if each != found)), _DELETED

    return await edit_service(desk, call, edited)


def metric_of(service: Service, metric_id: str) -> Metric:
    """Find a metric by its id. Raises RefusedError."""
    for metric in service.metrics:
        if metric.metric_id == metric_id:
            return metric
    raise not_found("metric not found")


async def _save(desk: Desk, call: Call, status: int, created: str, modified: str) -> Reply:
    metric_id = fields.name_text("id", call.names["metric"])
    given = fields.wrapped(call, "metric")

    def edited(service: Service) -> tuple[Service, Reply]:
        before = next((each for each in service.metrics if each.metric_id == metric_id), None)
        after = _merged(metric_id, before, given)
        if before is None:
            metrics = (*service.metrics, after)
        else:
            metrics = tuple(after if each == before else each for each in service.metrics)
        if len(metrics) > METRICS_MAX:
            raise bad(f"a service has at most {METRICS_MAX} metrics")
        if (flaw := metric_flaw(metrics, after)) is not None:
            raise bad(": ".join(flaw))
        said = {"status": modified if before else created, "metric": _shown(service, after)}
        return replace(service, metrics=metrics), Reply(status, said)

    return await edit_service(desk, call, edited)


def _merged(metric_id: str, before: Metric | None, given: Members) -> Metric:
    metric = before or Metric(metric_id, "")
    if given.get("name") is not None or before is None:
        name = fields.name_text("name", given.get("name"))
        if name != name.strip():
            raise bad("name: expected no blanks around it")
        metric = replace(metric, name=name)
    if "parent_id" in given:
        parent = given["parent_id"]
        metric = replace(metric, parent_id="" if parent is None else fields.text("parent_id", parent))
    return metric


def _named_limit(call: Call) -> UsageLimit:
    plan, metric = call.names["plan"], call.names["metric"]
    return UsageLimit(plan, metric, fields.period("period", call.names["period"]), 0)


def _limit_of(service: Service, named: UsageLimit) -> UsageLimit | None:
    return next((each for each in service.limits if replace(each, maximum=named.maximum) == named), None)


def _shown(service: Service, metric: Metric) -> Members:
    return {
        "service_id": service.service_id,
        "id": metric.metric_id,
        "name": metric.name,
        "parent_id": metric.parent_id or None,
    }


def _shown_limit(service: Service, limit: UsageLimit) -> Members:
    return {
        "service_id": service.service_id,
        "plan_id": limit.plan_id,
        "metric_id": limit.metric_id,
        limit.period.label: limit.maximum,
    }
