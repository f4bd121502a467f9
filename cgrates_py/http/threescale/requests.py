"""Makes what a rater is asked out of parameters and headers. Pure.

What the dialect checks after the credentials is passed on as a flaw (``protocol.metering.FLAWS``).
"""

import secrets
from functools import lru_cache
from typing import Final

from cgrates_py.http.threescale.params import (
    InvalidTextError,
    Parameters,
    ParameterSyntaxError,
    Value,
    parse,
)
from protocol.metering import MeteringRequest, Transaction

Headers = list[tuple[bytes, bytes]]
"""As ASGI has them: names in lower case."""

REQUEST_ID_CHARS_MAX: Final = 128
OPTIONS_BYTES_KEPT: Final = 256
"""Longest header of options that is remembered; gateways send the same few with every call."""
_BLANKS: Final = " \t\n\v\f\r\0"


class RequestIdError(ValueError):
    """The request id cannot be taken; the text is the answer's."""


@lru_cache(256)
def _kept_options(header: bytes) -> frozenset[str]:
    return _read_options(header)


def _read_options(header: bytes) -> frozenset[str]:
    """Tell which options are on. A header that cannot be read switches nothing on."""
    try:
        given = parse(header)
    except (ParameterSyntaxError, InvalidTextError):
        return frozenset()
    on = {name for name, value in given.items() if value == "1" and name != "no_body"}
    if "no_body" in given and _is_on(given["no_body"]):
        on.add("no_body")
    return frozenset(on)


def read_options(headers: Headers) -> frozenset[str]:
    """Tell which extensions the header ``3scale-options`` switches on."""
    for name, value in headers:
        if name == b"3scale-options":
            return _kept_options(value) if len(value) <= OPTIONS_BYTES_KEPT else _read_options(value)
    return frozenset()


def _is_on(value: Value) -> bool:
    return value not in ("0", "false")


def _given(value: Value) -> str | None:
    """Take blank and what is no text for not given."""
    return value if isinstance(value, str) and value.strip(_BLANKS) else None


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _usage(usage: dict[str, Value]) -> list[tuple[str, str | None]]:
    return [(metric, _given(value)) for metric, value in usage.items()]


def _code(log: Value) -> str | None:
    return _text(log.get("code")) if isinstance(log, dict) else None


def request_id(parameters: Parameters, headers: Headers) -> str | None:
    """Tell the caller's id of the request. Raises RequestIdError."""
    asked = parameters.get("request_id")
    if "request_id" in parameters and not _fits(asked):
        raise RequestIdError(f"request_id: expected 1 to {REQUEST_ID_CHARS_MAX} characters")
    said = _text(asked)
    for name, value in headers:
        if name == b"idempotency-key":
            text = value.decode("utf-8", "replace")
            if not _fits(text) or "\ufffd" in text:
                raise RequestIdError(f"Idempotency-Key: expected 1 to {REQUEST_ID_CHARS_MAX} characters")
            if said is not None and said != text:
                raise RequestIdError("request_id: given twice, and not the same")
            said = text
    return said


def _fits(value: Value) -> bool:
    return isinstance(value, str) and 0 < len(value) <= REQUEST_ID_CHARS_MAX


def identify(asked: MeteringRequest, parameters: Parameters, headers: Headers) -> None:
    """Have the booking count once: by the caller's id, or one of ours for what is sent again."""
    asked.RequestId = request_id(parameters, headers)
    if asked.RequestId is None:
        asked.RetryId = secrets.token_hex(16)


def check_request(parameters: Parameters, options: frozenset[str], *, oauth: bool) -> MeteringRequest:
    """Make what authorize and authrep ask."""
    get = parameters.get
    usage = get("usage")
    app_key = _text(get("app_key"))
    asked = MeteringRequest(
        ProviderKey=_given(get("provider_key")),
        ServiceToken=_given(get("service_token")),
        ServiceId=_given(get("service_id")),
        AppId=_given(get("app_id")),
        AppKey=app_key.strip(_BLANKS) if app_key is not None else None,
        UserKey=_given(get("user_key")),
        Referrer=_text(get("referrer")),
        Usage=_usage(usage) if isinstance(usage, dict) else None,
        Code=_code(get("log")),
        NoBody="no_body" in options or ("no_body" in parameters and _is_on(parameters["no_body"])),
    )
    if oauth:
        asked.OAuth = True
        asked.RedirectUrl, asked.RedirectUri = _text(get("redirect_url")), _text(get("redirect_uri"))
    if get("user_id") is not None:
        asked.Flaw = "end_users_no_longer_supported"
    elif usage is not None and not isinstance(usage, dict):
        asked.Flaw = "forbidden"
    if options:
        asked.FlatUsage = "flat_usage" in options
        asked.LimitHeaders = "limit_headers" in options
        asked.Hierarchy = "hierarchy" in options
        asked.ListAppKeys = "list_app_keys" in options
    _route(asked, asked.AppId or asked.UserKey)
    return asked


def report_request(
    parameters: Parameters, options: frozenset[str], *, valid_text: bool = True
) -> MeteringRequest:
    """Make what a report asks."""
    get = parameters.get
    asked = MeteringRequest(
        ProviderKey=_given(get("provider_key")),
        ServiceToken=_given(get("service_token")),
        ServiceId=_given(get("service_id")),
        FlatUsage="flat_usage" in options,
    )
    transactions = get("transactions")
    asked.Flaw = _flaw(transactions) if valid_text else "not_valid_data"
    if asked.Flaw is None and isinstance(transactions, dict):
        asked.Transactions = [_transaction(each) for each in transactions.values() if isinstance(each, dict)]
        first = asked.Transactions[0]
        _route(asked, first.AppId or first.UserKey)
    else:
        _route(asked, None)
    return asked


def _flaw(transactions: Value) -> str | None:
    """Tell the first flaw of a report's form, in the dialect's order."""
    if not transactions or (isinstance(transactions, str) and not transactions.strip(_BLANKS)):
        return "transactions_is_blank"
    if not isinstance(transactions, dict):
        return "transactions_format_invalid"
    if None in transactions.values():
        return "transactions_has_nil_transaction"
    malformed = False
    for each in transactions.values():
        if not isinstance(each, dict):
            malformed = True
        elif each.get("user_id") is not None:
            return "end_users_no_longer_supported"
        elif not isinstance(each.get("usage"), dict | None):
            malformed = True
    return "transactions_format_invalid" if malformed else None


def _transaction(given: dict[str, Value]) -> Transaction:
    usage = given.get("usage")
    return Transaction(
        _text(given.get("app_id")),
        _text(given.get("user_key")),
        _usage(usage) if isinstance(usage, dict) else [],
        _text(given.get("timestamp")),
        _code(given.get("log")),
    )


def _route(asked: MeteringRequest, application: str | None) -> None:
    """Have requests about one application meet in one rater, as far as their parameters tell."""
    asked.CstmId = asked.ServiceId or asked.ProviderKey or asked.ServiceToken or ""
    asked.Subject = application or ""
