"""A service compiled for look-up: its metric tree, the limits of each plan, its prices."""

from typing import NamedTuple

from rater.metering.catalogue import Application, Metric, Service
from rater.metering.period import Period
from rater.metering.pricing import PriceBook


class Limit(NamedTuple):
    """One limit of a plan, with the name of its metric."""

    metric_id: str
    name: str
    period: Period
    maximum: int


class Product:
    """What a service counts, bounds and charges for."""

    __slots__ = (
        "_limits",
        "by_id",
        "by_name",
        "children",
        "lineage",
        "parents",
        "priced_by_minute",
        "prices",
        "service",
    )

    def __init__(self, service: Service) -> None:
        self.service = service
        self.by_id: dict[str, Metric] = {metric.metric_id: metric for metric in service.metrics}
        self.by_name: dict[str, Metric] = {metric.name: metric for metric in service.metrics}
        self.parents: dict[str, str] = {
            metric.metric_id: metric.parent_id
            for metric in service.metrics
            if metric.parent_id in self.by_id and metric.parent_id != metric.metric_id
        }
        self.lineage: dict[str, tuple[str, ...]] = {each: self._lineage(each) for each in self.by_id}
        """Each metric with its ancestors, itself first."""
        self.children: dict[str, list[str]] = {each: [] for each in self.by_id}
        """Names of the direct children of each metric."""
        for child, parent in self.parents.items():
            self.children[parent].append(self.by_id[child].name)
        self.prices = PriceBook(service.rates)
        self.priced_by_minute = frozenset(
            rate.metric_id for rate in service.rates if rate.over is Period.MINUTE
        )
        """Metrics whose price depends on what was used in the same minute."""
        self._limits: dict[str, tuple[Limit, ...]] = {}

    def limits(self, plan_id: str) -> tuple[Limit, ...]:
        """List the limits of a plan: by metric in the order made, each from the longest period on."""
        known = self._limits.get(plan_id)
        if known is None:
            places = {metric_id: place for place, metric_id in enumerate(self.by_id)}
            ours = [
                Limit(each.metric_id, self.by_id[each.metric_id].name, each.period, each.maximum)
                for each in self.service.limits
                if each.plan_id == plan_id and each.metric_id in places
            ]
            ours.sort(key=lambda limit: (places[limit.metric_id], limit.period))
            known = self._limits[plan_id] = tuple(ours)
        return known

    def _lineage(self, metric_id: str) -> tuple[str, ...]:
        line = {metric_id: None}  # in order, and quick to look into
        parent = self.parents.get(metric_id)
        while parent is not None and parent not in line:
            line[parent] = None
            parent = self.parents.get(parent)
        return tuple(line)


class Subscription:
    """An application of a service, with what is asked of it in every request."""

    __slots__ = ("alerted", "application", "codes", "limits", "product", "series", "traffic")

    def __init__(self, application: Application, product: Product) -> None:
        self.application = application
        self.product = product
        self.limits = product.limits(application.plan_id)
        prefix = application.series
        self.series: dict[str, str] = {metric_id: prefix + metric_id for metric_id in product.by_id}
        """Where each metric is counted in the account."""
        self.traffic = prefix
        """Counts the transactions: in all, and by day."""
        self.codes = f"{prefix[:-1]}#"
        """Begins the counters of response codes."""
        self.alerted = f"{prefix[:-1]}!"
        """Begins the marks of alerts: when one was raised for a utilisation."""
