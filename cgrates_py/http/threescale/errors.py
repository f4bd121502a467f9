"""How every code of the dialect is said over HTTP, and what becomes of a failure of the machinery."""

from typing import Final

from protocol.errors import WIRE, Code, code_of

STATUS: Final = {
    "bad_request": 400,
    "content_type_invalid": 400,
    "transactions_is_blank": 400,
    "transactions_format_invalid": 400,
    "transactions_has_nil_transaction": 400,
    "end_users_no_longer_supported": 400,
    "amount_out_of_range": 400,
    "forbidden": 403,
    "provider_key_or_service_token_required": 403,
    "provider_key_invalid": 403,
    "provider_key_invalid_or_service_missing": 403,
    "service_token_invalid": 403,
    "service_id_invalid": 403,
    "user_key_invalid": 403,
    "authentication_error": 403,
    "usage_value_invalid": 403,
    "application_not_found": 404,
    "metric_invalid": 404,
    "service_id_missing": 422,
    "not_valid_data": 422,
}
"""Codes of error documents."""
REFUSED: Final = 409
"""The status of a refusal, which has a status document."""
BARE: Final = "forbidden"
"""This code is told by its status alone."""
SHOWN_ALWAYS: Final = frozenset({"not_valid_data", "bad_request", "content_type_invalid"})
"""These have their document even where the caller wants no bodies."""
_OWN_WORDS: Final = {Code.REQUEST_ID_REUSED: "the request id was used before with other content"}
"""A rater's sentence names the id as the account keeps it, which is not as the caller wrote it."""


def status_of(code: str) -> int:
    """Tell the status of an error document's code; one that a newer rater made up is a bad request."""
    return STATUS.get(code, 400)


def machinery(error: str) -> tuple[int, str, str]:
    """Tell status, code and message of ``CODE: sentence``.

    What a caller of this dialect cannot have caused, such as a front that the balancer does not know, is 503.
    """
    code = code_of(error)
    status = WIRE[code].http
    if status in (401, 403, 404, 500):
        status = WIRE[Code.NO_RATER].http
    return status, code.value.lower(), _OWN_WORDS.get(code) or error.partition(": ")[2] or error
