"""JSON-RPC 1.0 as Go's net/rpc speaks it, and 2.0: from frames to calls, from answers to lines. No I/O.

``decode_lines`` is for the usual: lines of one request each, members in lower case. Whatever is unusual goes
through ``decode``, one frame at a time, which knows every rule:

- Members match in any case; unknown ones are ignored; of a member given twice the last counts.
- 1.0: any id, echoed without whitespace; a missing one is null, and the call is still done and answered.
  ``params`` is an array whose first element is the descriptor; an empty array stands for ``{}``.
- 2.0 (``"jsonrpc":"2.0"``): no id means no answer; ``params`` may also be the descriptor itself, or missing
  (``{}``).
- ``auth`` may name a key (``protocol.access``) for this request alone.
- An array is a batch, which only 2.0 has: an element without ``"jsonrpc":"2.0"`` is an invalid request.

A frame that is no JSON, or holds a number that no double can hold, is malformed. The numbers of a descriptor
are judged by the rater (``Status.MALFORMED``), which reads them anyway.
"""

from typing import Final

import msgspec
import orjson

from protocol.dispatch import Status
from protocol.errors import WIRE, Code, code_of
from protocol.framing import too_deep
from protocol.limits import BATCH_BYTES_MAX, BATCH_MAX, DEPTH_MAX, ID_BYTES_MAX
from protocol.methods import BY_NAME, HOST_METHODS, Method

NULL: Final = b"null"
EMPTY_DESCRIPTOR: Final = b"{}"

_NO_ROOM: Final = (
    f"{Code.OVERLOADED}: the answers to this batch are longer than {BATCH_BYTES_MAX} bytes; "
    "a repeat with the same RequestId is safe"
).encode()
_ABSENT: Final = msgspec.Raw(b"")


class Request(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A usual request, its values still JSON text."""

    method: str
    params: tuple[msgspec.Raw]
    id: msgspec.Raw = _ABSENT
    jsonrpc: str = ""
    auth: str | None = None

    def frame(self) -> bytes:
        """Print it again, for ``decode``: it is less usual than it looked."""
        return msgspec.json.encode(self)


class MalformedError(Exception):
    """The frame is no JSON, or beyond a limit: one parse-error answer, then the connection closes."""


class Batch:
    """Collects the answers to one batch; ``due`` are still to come, ``answers`` leave when none is."""

    __slots__ = ("_room", "answers", "due")

    def __init__(self, due: int) -> None:
        self.due = due
        self.answers: list[bytes] = []
        self._room = BATCH_BYTES_MAX

    def add(self, line: bytes, id_: bytes) -> None:
        """Keep an answer, or in place of one for which there is no room left, that there is none."""
        self._room -= len(line)
        self.answers.append(line if self._room >= 0 else _second(id_, Status.REFUSED, _NO_ROOM))


class Reply:
    """How to answer a 2.0 request: its id (None: a notification, no answer) and its batch, if any."""

    __slots__ = ("batch", "id")

    def __init__(self, id_: bytes | None, batch: Batch | None) -> None:
        self.id = id_
        self.batch = batch


Token = bytes | Reply
"""What pairs an answer with its request: the id of a 1.0 request, or a 2.0 reply."""


class Call:
    """A request that can be submitted."""

    __slots__ = ("auth", "descriptor", "method", "token")

    def __init__(self, token: Token, method: Method, descriptor: bytes) -> None:
        self.token = token
        self.method = method
        self.descriptor = descriptor
        self.auth: str | None = None
        """The key that it shows, if it shows one."""


class Refusal:
    """A request that is answered at once with ``text``."""

    __slots__ = ("text", "token")

    def __init__(self, token: Token, code: Code, sentence: str) -> None:
        self.token = token
        self.text = f"{code}: {sentence}".encode()


_decode_lines = msgspec.json.Decoder(Request).decode_lines
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_text = msgspec.json.Decoder(str).decode


def decode_lines(block: bytes) -> list[Request] | None:
    """Decode lines of one usual request each; None if any line is anything else."""
    try:
        if not block.isascii():
            block.decode()  # the decoder below skips over strings without looking at their UTF-8
        requests = _decode_lines(block)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    # Each request has two brackets of its own. If what is beyond cannot make any too deep, none is looked at.
    spare = block.count(b"{") + block.count(b"[") - 2 * len(requests)
    if spare > DEPTH_MAX - 2 and any(too_deep(request.frame()) for request in requests):
        return None
    return requests


def decode(frame: bytes) -> list[Call | Refusal]:
    """Decode one frame: a request, or a batch of them. Raises MalformedError."""
    if too_deep(frame):
        raise MalformedError(f"nested deeper than {DEPTH_MAX}")
    try:
        orjson.loads(
            frame
        )  # strict about UTF-8, NaN and numbers beyond range, in members that nobody reads too
    except orjson.JSONDecodeError as error:
        raise MalformedError(error.args[0]) from None
    try:
        if frame.lstrip(b" \t\r\n").startswith(b"["):
            return _decode_batch(frame)
        return [_decode_request(frame, None)]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(str(error)) from None


def _decode_batch(frame: bytes) -> list[Call | Refusal]:
    elements = _decode_elements(frame)
    if not elements:
        return [Refusal(Reply(NULL, None), Code.INVALID_REQUEST, "an empty batch")]
    if len(elements) > BATCH_MAX:
        sentence = f"a batch of {len(elements)} requests; at most {BATCH_MAX} are taken"
        return [Refusal(Reply(NULL, None), Code.INVALID_REQUEST, sentence)]
    batch = Batch(len(elements))
    return [_decode_request(bytes(element), batch) for element in elements]


def _decode_request(text: bytes, batch: Batch | None) -> Call | Refusal:
    if not text.lstrip(b" \t\r\n").startswith(b"{"):
        return Refusal(Reply(NULL, batch), Code.INVALID_REQUEST, "a request is an object")
    members = {name.lower(): bytes(raw) for name, raw in _decode_members(text).items()}
    second = members.get("jsonrpc") == b'"2.0"'
    if batch is not None and not second:
        return Refusal(Reply(NULL, batch), Code.INVALID_REQUEST, 'a request in a batch says "jsonrpc":"2.0"')
    id_ = members.get("id")
    if id_ is not None and len(id_) > ID_BYTES_MAX:
        token: Token = Reply(NULL, batch) if second else NULL
        return Refusal(token, Code.INVALID_REQUEST, f"an id longer than {ID_BYTES_MAX} bytes")
    if second:
        if id_ is not None and id_[0] in b"{[tf":
            return Refusal(Reply(NULL, batch), Code.INVALID_REQUEST, "an id is a text, a number or null")
        token = Reply(id_, batch)
    else:
        token = msgspec.json.format(id_, indent=-1) if id_ is not None else NULL
    name = members.get("method", NULL)
    if not name.startswith(b'"'):
        if isinstance(token, Reply) and token.id is None:
            token.id = NULL  # not a valid request, so not a notification either
        return Refusal(token, Code.INVALID_REQUEST, "method is missing or no text")
    auth = members.get("auth", NULL)
    if auth != NULL and not auth.startswith(b'"'):
        return Refusal(token, Code.INVALID_REQUEST, "auth is a text")
    call = _decode_call(token, _decode_text(name), members.get("params"), second=second)
    if auth != NULL and isinstance(call, Call):
        call.auth = _decode_text(auth)
    return call


def _decode_call(token: Token, name: str, params: bytes | None, *, second: bool) -> Call | Refusal:
    method = BY_NAME.get(name)
    if method is None:
        return Refusal(token, Code.METHOD_NOT_FOUND, f"no method {name[:128]}")
    if (method in HOST_METHODS and method is not Method.LOGIN) or (params is None and second):
        return Call(token, method, EMPTY_DESCRIPTOR)
    if params is None or params == NULL:
        return Refusal(token, Code.INVALID_PARAMS, "params is missing")
    if params.startswith(b"["):
        elements = _decode_elements(params)
        descriptor = bytes(elements[0]) if elements else EMPTY_DESCRIPTOR
    elif second:
        descriptor = params
    else:
        return Refusal(token, Code.INVALID_PARAMS, "params is an array of one call descriptor")
    if not descriptor.startswith(b"{"):
        return Refusal(token, Code.INVALID_PARAMS, "a call descriptor is an object")
    return Call(token, method, descriptor)


def encode(token: Token, status: int, body: bytes) -> bytes | None:
    """Print the answer as one line. None if nothing is to be sent: a notification, or a batch not whole."""
    if not isinstance(token, Reply):
        if status == Status.OK:
            return b'{"id":%b,"result":%b,"error":null}\n' % (token, body)
        return b'{"id":%b,"result":null,"error":%b}\n' % (token, _text(body))
    line = None if token.id is None else _second(token.id, status, body)
    batch = token.batch
    if batch is None:
        return line + b"\n" if line is not None else None
    batch.due -= 1
    if line is not None and token.id is not None:
        batch.add(line, token.id)
    if batch.due or not batch.answers:
        return None
    return b"[%b]\n" % b",".join(batch.answers)


def _second(id_: bytes, status: int, body: bytes) -> bytes:
    if status == Status.OK:
        return b'{"jsonrpc":"2.0","result":%b,"id":%b}' % (body, id_)
    code = code_of(body.decode(errors="replace"))
    error = b'{"code":%d,"message":%b,"data":{"code":"%b"}}' % (WIRE[code].rpc, _text(body), code.encode())
    return b'{"jsonrpc":"2.0","error":%b,"id":%b}' % (error, id_)


def encode_malformed(sentence: str) -> bytes:
    """Print the last answer to a stream that cannot go on, with id null."""
    return encode(NULL, Status.REFUSED, f"{Code.PARSE_ERROR}: {sentence}".encode()) or b""


def _text(body: bytes) -> bytes:
    return orjson.dumps(body.decode(errors="replace"))  # what a rater sends, callers still hear of
