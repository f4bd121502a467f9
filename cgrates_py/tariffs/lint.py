"""What is wrong in a tariff: all checks, one after the other, the worst first."""

from cgrates_py.tariffs.calendar import Calendar
from cgrates_py.tariffs.checks import (
    below_cost,
    increments,
    intervals,
    names,
    profiles,
    rating_plans,
)
from cgrates_py.tariffs.checks.findings import Finding, Severity
from cgrates_py.tariffs.meaning import rules_of
from cgrates_py.tariffs.subjects import Who
from rater.tariff import Tariff


def lint(
    tariff: Tariff, *, now_ns: int, cost: Tariff | None = None, cost_subject: Who | None = None
) -> list[Finding]:
    """List the findings, errors first, otherwise by place.

    ``cost`` is what its calls cost the operator, who is ``cost_subject`` there. Raises
    ``checks.below_cost.CostSubjectError``.
    """
    rules = [*rules_of(tariff), *(rules_of(cost) if cost else ())]
    calendar = Calendar(rules)
    found = [
        *rating_plans.check(tariff, calendar),
        *intervals.check(tariff, calendar),
        *profiles.check(tariff),
        *increments.check(tariff),
        *names.check(tariff, now_ns),
    ]
    if cost is not None:
        found += below_cost.check(tariff, cost, calendar, now_ns, cost_subject)
    order = list(Severity)
    return sorted(found, key=lambda each: (order.index(each.severity), each.code, each.place))
