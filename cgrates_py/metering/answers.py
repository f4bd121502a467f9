"""Answers to requests about usage, as the JSON text that a front prints in its own syntax."""

import msgspec

from cgrates_py.answers import ANSWER_BYTES_MAX, AnswerTooLongError
from protocol.errors import Code
from protocol.metering import Event, MeteringAnswer, MeteringRequest, UsageReport
from rater.charging import Answer
from rater.instant import SECOND
from rater.metering.counting import LimitState, Raised
from rater.metering.metering import MeteringStatus
from rater.metering.period import bounds_s

APP_KEYS_MAX = 256
"""Keys that a list of an application's keys has at most."""

_TOO_LONG = (
    f"{Code.INVALID_PARAMS}: the answer would be longer than {ANSWER_BYTES_MAX} bytes,"
    " expected a plan of fewer limits, or a report of fewer applications"
).encode()

_encode = msgspec.json.Encoder().encode

ACCEPTED = b"{}"
"""The answer to a report that was taken."""


def error_bytes(code: str, message: str) -> bytes:
    """Print an error document's code and message."""
    return _encode(MeteringAnswer(Error=code, Message=message))


def status_bytes(status: MeteringStatus, asked: MeteringRequest) -> bytes:
    """Print an authorisation's status with what the request asked to be told. Raises AnswerTooLongError."""
    metering = status.metering
    subscription = metering.transactions[0].subscription
    application = subscription.application
    code, reason = status.refusal or ("", "")
    answer = MeteringAnswer(
        Events=events(status),
        Code=code,
        Reason=reason,
        Plan=application.plan_name,
        Reports=[_report(state) for state in status.states],
    )
    if asked.OAuth:
        key = application.keys[0] if application.keys else ""
        answer.Application = (application.app_id, key, application.redirect_url)
    if asked.ListAppKeys:
        answer.Service, answer.App = application.service_id, application.app_id
        answer.AppKeys = list(application.keys[:APP_KEYS_MAX])
    if asked.Hierarchy:
        children = subscription.product.children
        answer.Hierarchy = [(each.limit.name, children[each.limit.metric_id]) for each in status.states]
    if asked.LimitHeaders and code in ("", "limits_exceeded"):
        answer.Limit = _limit(status)
    return _within(_encode(answer))


def report_text(answer: Answer, version: int) -> bytes:
    """Print the answer to a report: nothing but the events that it led to."""
    assert isinstance(answer, MeteringStatus)  # noqa: S101 -- what was asked for
    return _within(_encode(MeteringAnswer(Events=events(answer))))


def _within(body: bytes) -> bytes:
    """Refuse an answer that no link takes, before anything is counted."""
    if len(body) > ANSWER_BYTES_MAX:
        raise AnswerTooLongError(_TOO_LONG)
    return body


def events(status: MeteringStatus) -> list[Event]:
    """Tell the events that a booking led to, with the time of the booking in seconds."""
    at_s = status.metering.now_ns // SECOND
    return [Event(raised.kind, _members(raised, at_s)) for raised in status.raised]


def _members(raised: Raised, at_s: int) -> dict[str, str | int]:
    application = raised.subscription.application
    return {
        "service_id": application.service_id,
        "application_id": application.app_id,
        "timestamp": at_s,
        **_alert(raised),
    }


def _alert(raised: Raised) -> dict[str, str | int]:
    if raised.state is None:
        return {}
    limit, _, current, _ = raised.state
    return {
        "utilization": raised.utilization,
        "max_utilization": raised.reached,
        "limit": f"{limit.name} per {limit.period.label}: {current}/{limit.maximum}",
    }


def _report(state: LimitState) -> UsageReport:
    limit, cell, current, exceeded = state
    start_s, end_s = bounds_s(cell) or (0, 0)
    return UsageReport(
        limit.name, limit.period.label, start_s, end_s, str(limit.maximum), str(current), exceeded
    )


def _limit(status: MeteringStatus) -> tuple[int, int, str]:
    """Tell calls left, whole seconds until then, and the maximum; -1, -1 and nothing where none bounds."""
    if status.calls_left is None:
        return -1, -1, ""
    calls, state = status.calls_left
    bounds = bounds_s(state.cell)
    if bounds is None:
        return calls, -1, str(state.limit.maximum)
    left_ns = bounds[1] * SECOND - status.metering.now_ns
    return calls, -(-left_ns // SECOND), str(state.limit.maximum)
