"""Builds the JSON text of a call descriptor from texts of people: HTTP parameters, console options.

Number literals pass through as written, so nothing is lost on the way to the rater.
"""

import re
from dataclasses import dataclass

import orjson

from rater import instant, quantity

REQUEST_ID_LENGTH_MAX = 128
QUOTE_NS = 60 * instant.SECOND
"""The call that a quote without times is for."""

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_PLUS_AS_BLANK = re.compile(r" (\d\d:\d\d)$")


class DescriptorError(ValueError):
    """One part of a descriptor is missing or malformed. ``part`` names it as in ``Descriptor``."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(f"{part}: {reason}")
        self.part = part
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Descriptor:
    """The parts as texts; None is a part that was not given."""

    cstmid: str = ""
    subject: str = ""
    dest: str = ""
    tor: str | None = None
    ts: str | None = None
    te: str | None = None
    amount: str | None = None
    request_id: str | None = None
    verify: str | None = None
    source: str | None = None

    def encode(self) -> bytes:
        """Print the JSON text. Raises DescriptorError for the first part that cannot be."""
        members = [
            b'"CstmId":' + _string("cstmid", self.cstmid),
            b'"Subject":' + _string("subject", self.subject),
            b'"DestinationPrefix":' + _string("dest", self.dest),
        ]
        if self.tor is not None:
            members.append(b'"TOR":' + _tor(self.tor))
        if self.ts is not None:
            members.append(b'"TimeStart":' + _time("ts", self.ts))
        if self.te is not None:
            members.append(b'"TimeEnd":' + _time("te", self.te))
        if self.amount is not None:
            members.append(b'"Amount":' + _amount(self.amount))
        if self.request_id is not None:
            members.append(b'"RequestId":' + _request_id(self.request_id))
        if self.verify is not None:
            members.append(b'"Verify":' + _boolean("verify", self.verify))
        if self.source is not None:
            members.append(b'"Source":' + _string("source", self.source))
        return b"{" + b",".join(members) + b"}"


def quote_times(now_ns: int) -> tuple[str, str]:
    """Tell the times of a quote without times: one minute from the present second on."""
    start = now_ns - now_ns % instant.SECOND
    return instant.text(start), instant.text(start + QUOTE_NS)


def _string(part: str, text: str) -> bytes:
    try:
        return orjson.dumps(text)
    except orjson.JSONEncodeError:
        raise DescriptorError(part, "expected valid UTF-8") from None


def _tor(text: str) -> bytes:
    if _INTEGER.fullmatch(text):
        return text.encode()
    if not text or text.lstrip("+-").replace(".", "").isdigit():
        raise DescriptorError("tor", f"expected a whole number or a category's name, got {text[:40]!r}")
    return _string("tor", text)


def _time(part: str, text: str) -> bytes:
    restored = _PLUS_AS_BLANK.sub(r"+\1", text)  # a + that was not percent-encoded arrives as a blank
    try:
        instant.parse(restored)
    except instant.InstantError as error:
        raise DescriptorError(part, str(error)) from None
    return orjson.dumps(restored)


def _boolean(part: str, text: str) -> bytes:
    if text not in {"true", "false"}:
        raise DescriptorError(part, f"expected true or false, got {text[:40]!r}")
    return text.encode()


def _amount(text: str) -> bytes:
    try:
        value = quantity.parse(text)
    except quantity.QuantityError as error:
        raise DescriptorError("amount", str(error)) from None
    if not _NUMBER.fullmatch(text):
        raise DescriptorError("amount", f"expected a number as JSON writes it, got {text[:40]!r}")
    if abs(value) > quantity.AMOUNT_MAX:
        raise DescriptorError("amount", "is beyond ±9000000000")
    return text.encode()


def _request_id(text: str) -> bytes:
    if not 1 <= len(text) <= REQUEST_ID_LENGTH_MAX:
        raise DescriptorError("request_id", f"expected 1 to {REQUEST_ID_LENGTH_MAX} characters")
    return _string("request_id", text)
