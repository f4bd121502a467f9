"""Every error code, on one page: what it means, whose fault it is, how each wire says it.

On the wire of JSON-RPC 1.0 an error is the text ``CODE: sentence``; JSON-RPC 2.0 adds a number, HTTP a
status.
"""

from enum import StrEnum
from typing import NamedTuple


class Code(StrEnum):
    """The upper-case code that begins an error text."""

    PARSE_ERROR = "PARSE_ERROR"
    """The bytes are no JSON, or beyond a limit of size, depth or number. The connection closes."""
    INVALID_REQUEST = "INVALID_REQUEST"
    """JSON, but no request: no method name, or an id that is a list."""
    METHOD_NOT_FOUND = "METHOD_NOT_FOUND"
    """No method of that name."""
    INVALID_PARAMS = "INVALID_PARAMS"
    """A member of the call descriptor is missing or has the wrong type or form."""
    AMOUNT_OUT_OF_RANGE = "AMOUNT_OUT_OF_RANGE"
    """The amount, or the balance it would give, is beyond ±9 000 000 000 units."""
    RATE_NOT_FOUND = "RATE_NOT_FOUND"
    """No rate of the subject begins the number."""
    RATE_NOT_ACTIVE = "RATE_NOT_ACTIVE"
    """The rate's first activation lies after the call's start."""
    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    """No account of that customer and subject."""
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    """The account is switched off."""
    INSUFFICIENT_CREDIT = "INSUFFICIENT_CREDIT"
    """Not enough money, seconds or SMS; nothing changed."""
    BUCKET_NOT_FOUND = "BUCKET_NOT_FOUND"
    """Seconds to give back, but no minute bucket for the number."""
    TARIFF_PLAN_NOT_FOUND = "TARIFF_PLAN_NOT_FOUND"
    """The account has no tariff plan, or one that is not loaded."""
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    """The RequestId was used before with other content."""
    UNAUTHENTICATED = "UNAUTHENTICATED"
    """No key, or none that is in force; nothing was tried."""
    FORBIDDEN = "FORBIDDEN"
    """The key has not the right that the method needs; nothing was tried."""
    RATE_LIMITED = "RATE_LIMITED"
    """More requests than the key may make in a second, or have unanswered; nothing was tried."""
    OVERLOADED = "OVERLOADED"
    """Too many requests are in flight; nothing was tried."""
    NO_RATER = "NO_RATER"
    """No rater was up within the deadline."""
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    """The store did not answer within the deadline; a repeat with the same RequestId is safe."""
    INTERNAL = "INTERNAL"
    """A fault of ours; the log has the details."""


class Wire(NamedTuple):
    """How a code is said: the number of JSON-RPC 2.0 and the status of HTTP."""

    rpc: int
    http: int


WIRE = {
    Code.PARSE_ERROR: Wire(-32700, 400),
    Code.INVALID_REQUEST: Wire(-32600, 400),
    Code.METHOD_NOT_FOUND: Wire(-32601, 404),
    Code.INVALID_PARAMS: Wire(-32602, 400),
    Code.AMOUNT_OUT_OF_RANGE: Wire(-32001, 400),
    Code.RATE_NOT_FOUND: Wire(-32002, 404),
    Code.RATE_NOT_ACTIVE: Wire(-32003, 409),
    Code.ACCOUNT_NOT_FOUND: Wire(-32004, 404),
    Code.ACCOUNT_DISABLED: Wire(-32005, 409),
    Code.INSUFFICIENT_CREDIT: Wire(-32006, 409),
    Code.BUCKET_NOT_FOUND: Wire(-32007, 404),
    Code.TARIFF_PLAN_NOT_FOUND: Wire(-32008, 404),
    Code.REQUEST_ID_REUSED: Wire(-32009, 409),
    Code.OVERLOADED: Wire(-32010, 503),
    Code.NO_RATER: Wire(-32011, 503),
    Code.STORE_UNAVAILABLE: Wire(-32012, 503),
    Code.UNAUTHENTICATED: Wire(-32013, 401),
    Code.FORBIDDEN: Wire(-32014, 403),
    Code.RATE_LIMITED: Wire(-32015, 429),
    Code.INTERNAL: Wire(-32603, 500),
}
"""The one table of codes; a test checks that it is whole."""


def code_of(text: str) -> Code:
    """Tell the code that an error text begins with (INTERNAL for a text without one of ours)."""
    try:
        return Code(text.partition(":")[0])
    except ValueError:
        return Code.INTERNAL
