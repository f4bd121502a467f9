"""The administration of what is sold by usage: the JSON API by which services and applications are kept.

One table says what is answered by which function. Everything is checked before anything changes, and all
changes of a request are one atomic step.
"""

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import msgspec

from cgrates_py.clock import Clock
from cgrates_py.metering.administration import (
    applications,
    credentials,
    fields,
    metrics,
    rates,
    reports,
    services,
    tokens,
)
from cgrates_py.metering.administration.desk import (
    AdministrationStore,
    Call,
    Desk,
    RefusedError,
    Reply,
    bad,
    not_found,
)
from protocol.metering import AdministerAnswer, AdministerRequest
from storage.loading.members import TwiceError, each_once
from storage.loading.report import shown
from storage.loading.threescale_rules import TEXT_MAX
from storage.store import AccountStore

_Handler = Callable[[Desk, Call], Awaitable[Reply]]

_APP = "services/:service/applications/:application"
_METRIC = "services/:service/metrics/:metric"
_LIMITS = "services/:service/plans/:plan/usagelimits"
_LIMIT = f"{_LIMITS}/:metric/:period"

ROUTES: tuple[tuple[str, str, _Handler], ...] = (
    ("GET", "services", services.list_services),
    ("POST", "services", services.post_service),
    ("PUT", "services/change_provider_key/:key", services.change_provider_key),
    ("GET", "services/:service", services.show_service),
    ("PUT", "services/:service", services.put_service),
    ("DELETE", "services/:service", services.delete_service),
    ("DELETE", "services/:service/stats", services.reset_stats),
    ("GET", "services/:service/applications", applications.list_applications),
    ("PUT", "services/:service/applications/batch", applications.put_batch),
    ("GET", "services/:service/applications/key/:user_key", credentials.find_user_key),
    ("DELETE", "services/:service/applications/key/:user_key", credentials.remove_user_key),
    ("GET", _APP, applications.show_application),
    ("POST", _APP, applications.post_application),
    ("PUT", _APP, applications.put_application),
    ("DELETE", _APP, applications.delete_application),
    ("PUT", f"{_APP}/key/:user_key", credentials.bind_user_key),
    ("GET", f"{_APP}/user_keys", credentials.list_user_keys),
    ("GET", f"{_APP}/keys", credentials.list_keys),
    ("POST", f"{_APP}/keys", credentials.post_key),
    ("DELETE", f"{_APP}/keys/:value", credentials.delete_key),
    ("GET", f"{_APP}/referrer_filters", credentials.list_filters),
    ("POST", f"{_APP}/referrer_filters", credentials.post_filter),
    ("DELETE", f"{_APP}/referrer_filters/:filter", credentials.delete_filter),
    ("GET", f"{_APP}/utilization", reports.show_utilization),
    ("GET", f"{_APP}/stats", reports.show_stats),
    ("GET", "services/:service/metrics", metrics.list_metrics),
    ("GET", _METRIC, metrics.show_metric),
    ("POST", _METRIC, metrics.post_metric),
    ("PUT", _METRIC, metrics.put_metric),
    ("DELETE", _METRIC, metrics.delete_metric),
    ("GET", f"{_METRIC}/rates", rates.show_rates),
    ("PUT", f"{_METRIC}/rates", rates.put_rates),
    ("DELETE", f"{_METRIC}/rates", rates.delete_rates),
    ("GET", _LIMITS, metrics.list_limits),
    ("GET", _LIMIT, metrics.show_limit),
    ("PUT", _LIMIT, metrics.put_limit),
    ("DELETE", _LIMIT, metrics.delete_limit),
    ("GET", "services/:service/errors", reports.list_errors),
    ("DELETE", "services/:service/errors", reports.delete_errors),
    ("GET", "services/:service/alert_limits", reports.list_alert_limits),
    ("POST", "services/:service/alert_limits", reports.post_alert_limit),
    ("DELETE", "services/:service/alert_limits/:value", reports.delete_alert_limit),
    ("GET", "service_tokens", tokens.list_tokens),
    ("POST", "service_tokens", tokens.post_tokens),
    ("DELETE", "service_tokens", tokens.delete_tokens),
    ("HEAD", "service_tokens/:token/:service", tokens.has_token),
    ("GET", "service_tokens/:token/:service/provider_key", tokens.show_token_owner),
    ("GET", "events", reports.list_events),
    ("DELETE", "events", reports.delete_events),
    ("DELETE", "events/:event", reports.delete_event),
)
"""Verb, path and what answers. The first that matches counts; ``:name`` matches one segment."""

FILTER_MAX = 4 * TEXT_MAX * 4 // 3
"""Characters of a referrer filter in a path: base64 of up to four bytes a character."""

_TABLE = [(verb, path.split("/"), handler) for verb, path, handler in ROUTES]


class Administration:
    """Answers requests to the JSON API over a store."""

    def __init__(self, store: AdministrationStore, accounts: AccountStore, clock: Clock) -> None:
        self._desk = Desk(store, accounts, clock)

    async def answer(self, request: AdministerRequest) -> AdministerAnswer:
        """Do what a request asks, or tell why not. Raises StoreError."""
        try:
            handler, names = _found(request.Verb, request.Path)
            call = Call(names, request.Query, _read(request.Body), request.RetryId)
            reply = await handler(self._desk, call)
        except RefusedError as refused:
            reply = Reply(refused.status, refused.document)
        if reply.document is None:
            return AdministerAnswer(reply.status)
        return AdministerAnswer(reply.status, msgspec.Raw(msgspec.json.encode(reply.document)))


def _found(verb: str, path: list[str]) -> tuple[_Handler, dict[str, str]]:
    """Find what answers, and what the path names. A HEAD is answered like a GET."""
    for wanted in (verb, "GET") if verb == "HEAD" else (verb,):
        for has, pattern, handler in _TABLE:
            if has == wanted and (names := _matched(pattern, path)) is not None:
                return handler, names
    raise not_found("not_found")


def _matched(pattern: list[str], path: list[str]) -> dict[str, str] | None:
    """Tell what a path's segments name if they are those of a pattern."""
    if len(pattern) != len(path):
        return None
    for piece, segment in zip(pattern, path, strict=True):
        if piece != segment and not piece.startswith(":"):
            return None
    pairs = zip(pattern, path, strict=True)
    return {piece[1:]: _named(piece[1:], segment) for piece, segment in pairs if piece[0] == ":"}


def _named(name: str, segment: str) -> str:
    return fields.name_text(name, segment, FILTER_MAX if name == "filter" else TEXT_MAX)


def _read(body: msgspec.Raw) -> Any:
    """Read a body with its numbers exactly as they are written."""
    try:
        return json.loads(
            bytes(body), parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=each_once
        )
    except TwiceError as twice:
        raise bad(f"{shown(str(twice))}: expected each member of an object once") from None
    except (ValueError, RecursionError):
        raise bad("the body is not JSON") from None


def _no_constant(name: str) -> None:
    raise ValueError(name)
