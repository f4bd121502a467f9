"""``service-environment-costs``: what a service bears in its environments, by day or by month.

What cannot be told from what is kept is left out: costs that are handed on by shares. Days are not accepted
one by one here, so ``accepted_only`` changes nothing.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

import msgspec

from cgrates_py.usage.patience import Patience
from cgrates_py.usage.reports import ReportError, Reports, read_window
from cgrates_py.usage.scrooge import answers
from cgrates_py.usage.scrooge.dialect import Ask
from cgrates_py.usage.scrooge.values import BodyError, day_text, read_json, shown
from protocol.usage import DialectAnswer
from rater.usage.costs_environments import USAGE_PLACES, CostNode
from rater.usage.costs_services import CostSetupError
from rater.usage.costs_text import cost_text, rounded
from rater.usage.costs_usage import Window
from rater.usage.scrooge_setup import ScroogeSetup, ServiceEnvironment

ENVIRONMENTS = re.compile(r"/scrooge/api/v0\.10/service-environment-costs/?")
PERIODS_MAX = 400

_REQUIRED = "This field is required."
_EPOCH = date(1970, 1, 1)


class Wanted(NamedTuple):
    """What a message asks for."""

    environments: list[ServiceEnvironment]
    periods: list[tuple[str, Window]]
    types: frozenset[str] | None
    forecast: bool


class _FieldError(ValueError):
    """A member of a message is missing or bad."""

    def __init__(self, field: str, flaw: str) -> None:
        super().__init__(flaw)
        self.field = field


class Environments:
    """Answers for those who own a service, and for superusers."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._patience: Patience[DialectAnswer] = Patience()

    async def answer(self, ask: Ask) -> DialectAnswer:
        """Answer one request. Raises StoreError."""
        try:
            message = read_json(ask.request.Body)
        except BodyError:
            message = None
        if not isinstance(message, dict):
            return answers.json(400, {"detail": "JSON parse error"})
        try:
            wanted = _wanted(message, ask)
        except _FieldError as error:
            return answers.json(400, {error.field: [str(error)]})
        user = ask.user
        if user is None or not (
            user.superuser or all(user.name in each.owners for each in wanted.environments)
        ):
            return answers.json(403, {"detail": "You do not have permission to perform this action."})
        setup = ask.known.setup
        key = (ask.known, ask.request.Body)  # a changed set-up is another one, and has other costs
        try:
            return await self._patience.ask(key, self._made(setup, wanted)) or later()
        except CostSetupError as error:
            return answers.json(400, {"detail": str(error)})

    async def _made(self, setup: ScroogeSetup, wanted: Wanted) -> DialectAnswer:
        accounts = {each.account for each in wanted.environments}
        parts = [window for _, window in wanted.periods]
        found = await self._reports.environments(setup, accounts, parts, forecast=wanted.forecast)
        told = [
            _period(name, costs, wanted.types) for (name, _), costs in zip(wanted.periods, found, strict=True)
        ]
        return answers.json(200, {"service_environment_costs": told})


def later() -> DialectAnswer:
    """Answer that a report is still being made."""
    answer = answers.text(503, "the report takes longer than an answer may: ask for it again in a moment")
    answer.Headers["Retry-After"] = "1"
    return answer


def _wanted(message: Mapping[str, Any], ask: Ask) -> Wanted:
    """Read a message. Raises _FieldError."""
    setup = ask.known.setup
    uid, environment = _text(message, "service_uid"), message.get("environment")
    environments = [each for each in setup.environments if each.uid and each.uid == uid]
    if not environments:
        raise _FieldError("service_uid", f"service with UID {shown(uid)} does not exist")
    if environment is not None:
        environments = [each for each in environments if each.environment == environment]
        if not environments:
            raise _FieldError(
                "environment", f"environment {shown(environment)} does not exist for this service"
            )
    types = message.get("types")
    known = {each.symbol for each in setup.types} | {
        each.symbol or each.name for each in setup.pricing_services
    }
    if types is not None:
        if not isinstance(types, list):
            raise _FieldError("types", "Expected a list of items.")
        for each in types:
            if not isinstance(each, str) or each not in known:
                raise _FieldError("types", f"type {shown(each)} does not exist")
    forecast = message.get("forecast", False)
    if not isinstance(forecast, bool):
        raise _FieldError("forecast", "Must be a valid boolean.")
    chosen = frozenset(types) if types is not None else None
    return Wanted(environments, _periods(message), chosen, forecast)


def _periods(message: Mapping[str, Any]) -> list[tuple[str, Window]]:
    group = _text(message, "group_by")
    if group not in ("day", "month"):
        raise _FieldError("group_by", f'"{shown(group)}" is not a valid choice.')
    start, end = _text(message, "date_from"), _text(message, "date_to")
    try:
        window = read_window(start, end, ("date_from", "date_to"))
    except ReportError as error:
        field, _, flaw = str(error).partition(": ")
        raise _FieldError(field, flaw) from None
    periods = _days(window) if group == "day" else _months(window)
    if len(periods) > PERIODS_MAX:
        raise _FieldError("date_to", f"more than {PERIODS_MAX} periods")
    return periods


def _days(window: Window) -> list[tuple[str, Window]]:
    return [(day_text(day), Window(day, day)) for day in range(window.start, window.end + 1)]


def _months(window: Window) -> list[tuple[str, Window]]:
    found = []
    day = window.start
    while day <= window.end:
        first = _EPOCH + timedelta(days=day)
        following = (first.replace(day=1) + timedelta(days=31)).replace(day=1)
        last = min(window.end, (following - _EPOCH).days - 1)
        found.append((f"{first:%Y-%m}", Window(day, last)))
        day = last + 1
    return found


def _period(name: str, costs: Mapping[str, CostNode], types: frozenset[str] | None) -> dict[str, Any]:
    total = CostNode.of_children("", costs)
    return {
        "grouped_date": name,
        "total_cost": msgspec.Raw(cost_text(total.cost).encode()),
        "costs": {symbol: _node(node) for symbol, node in costs.items() if types is None or symbol in types},
    }


def _node(node: CostNode) -> dict[str, Any]:
    told: dict[str, Any] = {
        "cost": msgspec.Raw(cost_text(node.cost).encode()),
        "usage_value": msgspec.Raw(rounded(node.usage, USAGE_PLACES).encode()),
        "type": node.kind,
    }
    if node.children:
        told["subcosts"] = {symbol: _node(child) for symbol, child in node.children.items()}
    return told


def _text(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        raise _FieldError(name, _REQUIRED if value is None else "Not a valid string.")
    return value
