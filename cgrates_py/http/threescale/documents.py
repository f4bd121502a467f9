"""Prints the dialect's XML: status and error documents, whose children have a fixed order. Pure.

Everything that is not ours is escaped; characters that XML cannot hold become U+FFFD.
"""

import re
import time
from functools import lru_cache
from typing import Final

from protocol.metering import MeteringAnswer, UsageReport

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_IMPOSSIBLE: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
_IN_TEXT: Final = re.compile(f"[&<>\r{_IMPOSSIBLE}]")
_IN_ATTRIBUTE: Final = re.compile(f'[&<>"\t\n\r{_IMPOSSIBLE}]')
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"} | {
    blank: f"&#{ord(blank)};" for blank in "\t\n\r"
}


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0], "\ufffd")


def text(value: str) -> str:
    """Escape the text of an element; quotes stay."""
    return _IN_TEXT.sub(_escape, value) if _IN_TEXT.search(value) else value


def attribute(value: str) -> str:
    """Escape the value of an attribute, in double quotes."""
    return _IN_ATTRIBUTE.sub(_escape, value) if _IN_ATTRIBUTE.search(value) else value


@lru_cache(1024)
def moment(seconds: int) -> str:
    """Print seconds since the epoch as the dialect does, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S +0000", time.gmtime(seconds))


def error_document(code: str, message: str) -> bytes:
    """Print an error."""
    return f'{_HEAD}<error code="{attribute(code)}">{text(message)}</error>'.encode()


def status_document(answer: MeteringAnswer, redirect: str = "redirect_url") -> bytes:
    """Print a status; ``redirect`` is the name of the element with the application's URL."""
    parts = [_HEAD, "<status>"]
    if answer.Code:
        parts.append(f"<authorized>false</authorized><reason>{text(answer.Reason)}</reason>")
    else:
        parts.append("<authorized>true</authorized>")
    if answer.Application is not None:
        app_id, key, url = map(text, answer.Application)
        parts.append(
            f"<application><id>{app_id}</id><key>{key}</key><{redirect}>{url}</{redirect}></application>"
        )
    parts.append(f"<plan>{text(answer.Plan)}</plan>")
    if answer.Reports:
        parts.append("<usage_reports>")
        parts.extend(map(_usage_report, answer.Reports))
        parts.append("</usage_reports>")
    if answer.AppKeys is not None:
        parts.append(f'<app_keys app="{attribute(answer.App)}" svc="{attribute(answer.Service)}">')
        parts.extend(f'<key id="{attribute(key)}"/>' for key in answer.AppKeys)
        parts.append("</app_keys>")
    if answer.Hierarchy is not None:
        parts.append("<hierarchy>")
        parts.extend(
            f'<metric name="{attribute(name)}" children="{attribute(" ".join(children))}"/>'
            for name, children in answer.Hierarchy
        )
        parts.append("</hierarchy>")
    parts.append("</status>")
    return "".join(parts).encode()


def _usage_report(report: UsageReport) -> str:
    exceeded = ' exceeded="true"' if report.exceeded else ""
    period = (
        f"<period_start>{moment(report.start_s)}</period_start><period_end>{moment(report.end_s)}</period_end>"
        if report.end_s
        else ""
    )
    return (
        f'<usage_report metric="{attribute(report.metric)}" period="{attribute(report.period)}"{exceeded}>'
        f"{period}<max_value>{report.maximum}</max_value><current_value>{report.current}</current_value>"
        "</usage_report>"
    )
