"""Reads ``threescale.json``: services, metrics, limits, rates, applications and tokens of metered usage.

What the file names is as it says, whole; what it does not name is as the store has it. Generations are the
store's: whoever applies this fills them in.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from rater.metering.catalogue import (
    ACTIVE,
    Application,
    Metric,
    MetricRate,
    Service,
    ServiceToken,
    Tier,
    UsageLimit,
)
from storage.loading.folder import Folder
from storage.loading.report import Report, shown
from storage.loading.threescale_rules import (
    LIMITS_MAX,
    METRICS_MAX,
    RATES_MAX,
    metric_flaw,
    repeated_rates,
    tiers_flaw,
)
from storage.loading.threescale_schema import ApplicationMember, Document, RateMember, ServiceMember
from storage.loading.validated import read_validated

FILE = "threescale.json"

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class CatalogueSeed:
    """What a file says, laid over the services of the store.

    ``services`` are whole: what the file does not name is as the store has it. ``defaults`` are the services
    said to be their provider's default.
    """

    services: tuple[Service, ...] = ()
    defaults: tuple[str, ...] = ()
    applications: tuple[Application, ...] = ()
    tokens: tuple[ServiceToken, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


def read_catalogue(folder: Folder, known: Mapping[str, Service]) -> CatalogueSeed:
    """Read the file of a folder over the services of the store; problems go to the folder's report."""
    document = read_validated(folder, FILE, Document)
    if document is None:
        return CatalogueSeed()
    return _Reader(document, known, folder.report).read()


class _Reader:
    """Turns a document into values, and looks at what its members say of each other."""

    def __init__(self, document: Document, known: Mapping[str, Service], report: Report) -> None:
        self._document = document
        self._report = report
        self._services = dict(known)
        self._said: list[str] = []

    def read(self) -> CatalogueSeed:
        document = self._document
        self._once("services", document.services, lambda each: each.id)
        self._check_defaults()
        for service in document.services:
            self._services[service.id] = _service(self._services.get(service.id), service)
            self._said.append(service.id)
        self._read_metrics()
        self._read_limits()
        self._read_rates()
        applications = self._read_applications()
        tokens = dict.fromkeys(
            [ServiceToken(each.token, each.service) for each in document.tokens]
            + [ServiceToken(token, each.id) for each in document.services for token in each.service_tokens]
        )
        return CatalogueSeed(
            services=tuple(self._services[each] for each in dict.fromkeys(self._said)),
            defaults=tuple(each.id for each in document.services if each.default),
            applications=applications,
            tokens=tuple(tokens),
            counts={
                "services": len(document.services),
                "metrics": len(document.metrics),
                "limits": len(document.limits),
                "applications": len(applications),
                "service tokens": len(tokens),
                "rates of usage": len(document.rates),
            },
        )

    def _check_defaults(self) -> None:
        """A provider has one default: with two, every load would change it twice."""
        seen: set[str] = set()
        for place, each in enumerate(self._document.services):
            if each.default and each.provider_key in seen:
                expected = "one default service of a provider"
                self._report.problem(FILE, f"$.services[{place}]", expected, "another")
            if each.default:
                seen.add(each.provider_key)

    def _read_metrics(self) -> None:
        members = self._document.metrics
        self._once("metrics", members, lambda each: (each.service, each.id))
        places: dict[str, list[tuple[int, Metric]]] = {}
        for place, each in enumerate(members):
            if self._service(f"$.metrics[{place}]", each.service):
                metric = Metric(each.id, each.name, each.parent or "")
                places.setdefault(each.service, []).append((place, metric))
        for service_id, found in places.items():
            service = self._services[service_id]
            metrics = _upserted(service.metrics, [metric for _, metric in found], lambda each: each.metric_id)
            self._bounded("metrics", service_id, len(metrics), METRICS_MAX)
            for place, metric in found:
                if (flaw := metric_flaw(metrics, metric)) is not None:
                    self._report.problem(FILE, f"$.metrics[{place}].{flaw[0]}", flaw[1])
            self._change(replace(service, metrics=metrics))

    def _read_limits(self) -> None:
        self._once("limits", self._document.limits, lambda each: (each.service, each.plan, each.metric))
        found: dict[str, list[UsageLimit]] = {}
        for place, each in enumerate(self._document.limits):
            if self._metric(f"$.limits[{place}]", each.service, each.metric):
                limits = [UsageLimit(each.plan, each.metric, period, most) for period, most in each.maxima()]
                found.setdefault(each.service, []).extend(limits)
                if not limits:
                    self._report.problem(FILE, f"$.limits[{place}]", "at least one period", "none")
        for service_id, given in found.items():
            service = self._services[service_id]
            limits = list(
                _upserted(service.limits, given, lambda each: (each.plan_id, each.metric_id, each.period))
            )
            self._bounded("limits", service_id, len(limits), LIMITS_MAX)
            self._change(replace(service, limits=tuple(limits)))

    def _read_rates(self) -> None:
        found: dict[str, list[tuple[str, MetricRate]]] = {}
        for place, each in enumerate(self._document.rates):
            path = f"$.rates[{place}]"
            if not self._metric(path, each.service, each.metric):
                continue
            rate = _rate(each)
            if (flaw := tiers_flaw(rate.tiers)) is not None:
                self._report.problem(FILE, f"{path}.tiers", flaw, "others")
            found.setdefault(each.service, []).append((path, rate))
        for service_id, given in found.items():
            service = self._services[service_id]
            rates = tuple(rate for _, rate in given)
            for place in repeated_rates(rates):
                expected = "one rate of a metric and plan from a time on"
                self._report.problem(FILE, given[place][0], expected, "another")
            merged = _upserted(
                service.rates, rates, lambda each: (each.metric_id, each.plan_id, each.from_ns)
            )
            self._bounded("rates", service_id, len(merged), RATES_MAX)
            self._change(replace(service, rates=merged))

    def _read_applications(self) -> tuple[Application, ...]:
        members = self._document.applications
        self._once("applications", members, lambda each: (each.service, each.id))
        owners: dict[tuple[str, str], str] = {}
        found = []
        for place, each in enumerate(members):
            path = f"$.applications[{place}]"
            for key in each.user_keys:
                if owners.setdefault((each.service, key), each.id) != each.id:
                    expected = "user keys that no other application has"
                    self._report.problem(FILE, f"{path}.user_keys", expected, shown(key))
            if self._service(path, each.service):
                found.append(_application(each))
        return tuple(found)

    def _service(self, path: str, service_id: str) -> bool:
        if service_id not in self._services:
            self._report.problem(FILE, f"{path}.service_id", "a service", shown(service_id))
            return False
        return True

    def _metric(self, path: str, service_id: str, metric_id: str) -> bool:
        if not self._service(path, service_id):
            return False
        if all(each.metric_id != metric_id for each in self._services[service_id].metrics):
            self._report.problem(FILE, f"{path}.metric_id", "the id of a metric", shown(metric_id))
            return False
        return True

    def _once(self, name: str, members: Sequence[Value], key: Callable[[Value], object]) -> None:
        seen: set[object] = set()
        for place, each in enumerate(members):
            named = key(each)
            if named in seen:
                self._report.problem(FILE, f"$.{name}[{place}]", "each of them once", "it a second time")
            seen.add(named)

    def _bounded(self, what: str, service_id: str, count: int, most: int) -> None:
        if count > most:
            service = shown(service_id)
            self._report.problem(FILE, f"$.{what}", f"at most {most} of service {service}", f"{count}")

    def _change(self, service: Service) -> None:
        self._services[service.service_id] = service
        self._said.append(service.service_id)


def _service(before: Service | None, given: ServiceMember) -> Service:
    service = before or Service(given.id, given.provider_key, "")
    return replace(
        service,
        provider_key=given.provider_key,
        mode=given.backend_version,
        state=given.state or ACTIVE,
        referrer_filters_required=given.referrer_filters_required,
        alert_bins=tuple(sorted(set(given.alert_limits or ()))),
    )


def _application(given: ApplicationMember) -> Application:
    return Application(
        given.service,
        given.id,
        "",
        "",
        state=given.state,
        plan_id=given.plan_id or "",
        plan_name=given.plan_name or "",
        redirect_url=given.redirect_url or "",
        keys=tuple(dict.fromkeys(given.keys)),
        user_keys=tuple(dict.fromkeys(given.user_keys)),
        referrer_filters=tuple(dict.fromkeys(given.referrer_filters)),
        account=_account(given.account),
    )


def _account(name: str | None) -> tuple[str, str] | None:
    """Read ``[CSTM:]SUBJECT``."""
    if name is None:
        return None
    customer, colon, subject = name.partition(":")
    return (customer, subject) if colon else ("", name)


def _rate(given: RateMember) -> MetricRate:
    return MetricRate(
        given.metric,
        tuple(Tier(each.start, each.price) for each in given.tiers),
        plan_id=given.plan or "",
        from_ns=given.from_ns,
        package=given.package,
        per=given.per,
        over=given.over,
        whole=given.whole,
    )


def _upserted(has: Iterable[Value], given: Iterable[Value], key: Callable[[Value], Key]) -> tuple[Value, ...]:
    """Lay values over those of the same key, in their places; new ones follow."""
    merged = {key(each): each for each in has} | {key(each): each for each in given}
    return tuple(merged.values())
