"""Reads the parameters of the published page: query and form, ``@amount=`` as the page prints it."""

from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

FORM_BYTES_MAX = 64 << 10
"""A form of ours has a few hundred bytes; this leaves room for long identifiers."""
QUERY_BYTES_MAX = 16 << 10
"""Likewise for a query; no proxy passes on a longer one."""
PARAMETERS_MAX = 64
"""Nine are known; unknown ones are ignored, but not without end."""

_FORM = "application/x-www-form-urlencoded"
_PAGE_AMOUNT = "@amount="


class ParameterError(ValueError):
    """A parameter is missing or bad. ``status`` is the answer's."""

    def __init__(self, parameter: str, reason: str, status: int = 400) -> None:
        super().__init__(f"{parameter}: {reason}")
        self.parameter = parameter
        self.reason = reason
        self.status = status


async def read_parameters(request: Request) -> dict[str, str]:
    """Read query and form as one set of parameters. Raises ParameterError."""
    query: bytes = request.scope["query_string"]
    if len(query) > QUERY_BYTES_MAX:
        raise ParameterError("query", f"is longer than {QUERY_BYTES_MAX} bytes", 414)
    pairs = _pairs(query)
    if request.method == "POST":
        pairs += _pairs(await _form(request))
    return _single(_split_page_amount(pairs))


async def read_body(request: Request, bytes_max: int) -> bytes:
    """Read a body of at most ``bytes_max`` bytes. Raises ParameterError, for a longer one with 413."""
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > bytes_max:
                raise ParameterError("body", f"is longer than {bytes_max} bytes", 413)
    except ClientDisconnect:
        raise ParameterError("body", "has no end") from None
    return bytes(body)


async def _form(request: Request) -> bytes:
    body = await read_body(request, FORM_BYTES_MAX)
    kind = request.headers.get("content-type", _FORM).partition(";")[0].strip().lower()
    if body and kind != _FORM:
        raise ParameterError("Content-Type", f"expected {_FORM}")
    return body


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            encoded.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX
        )
    except UnicodeError:
        raise ParameterError("query", "is not UTF-8, percent-encoded") from None
    except ValueError:
        raise ParameterError("query", f"has more than {PARAMETERS_MAX} parameters") from None


def _split_page_amount(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Split ``dest=0257@amount=100``; beside a plain amount that is one given twice."""
    found = []
    for name, value in pairs:
        plain, at, amount = value.partition(_PAGE_AMOUNT)
        found.append((name, plain))
        if at:
            found.append(("amount", amount))
    return found


def _single(pairs: list[tuple[str, str]]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in pairs:
        if name in parameters:
            raise ParameterError(name, "given more than once")
        parameters[name] = value
    return parameters
