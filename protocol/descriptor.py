"""The call descriptor: the one argument of every method, as its JSON text comes.

Values stay texts here (a number keeps its literal); what they mean is the domain's business. Member names
match in any case, the exact one preferred; unknown members are ignored; ``null`` leaves the default.
"""

import msgspec
import orjson

from protocol.errors import Code

REQUEST_ID_LENGTH_MAX = 128
"""Long enough for a UUID with a host's name; short enough that the store keeps millions."""

TEXT_LENGTH_MAX = 256
"""Bound on CstmId, Subject and DestinationPrefix: they become keys of the store."""

TOR_MAX = 2**31 - 1
"""The largest type of record: what every client's integer holds."""

ZERO_TIME = "0001-01-01T00:00:00Z"
"""How a client written in Go says that a time is not given."""


class DescriptorError(Exception):
    """The descriptor cannot be used. The caller's fault; ``code`` and the text tell which member and why."""

    def __init__(self, code: Code, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code


class CallDescriptor(msgspec.Struct, forbid_unknown_fields=True):
    """A call descriptor with the names of the wire. ``Tor`` is the published page's spelling of ``TOR``."""

    TOR: int | str | None = None
    Tor: int | str | None = None
    CstmId: str | None = ""
    Subject: str | None = ""
    DestinationPrefix: str | None = ""
    TimeStart: str | None = None
    TimeEnd: str | None = None
    Amount: msgspec.Raw = msgspec.Raw(b"0")
    RequestId: str | None = None


_decode = msgspec.json.Decoder(CallDescriptor).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

_NAMES = {name.lower(): name for name in CallDescriptor.__struct_fields__ if name != "Tor"}
_EXPECTED = {"TOR": "a whole number or the name of a category"}


def decode(descriptor: bytes) -> CallDescriptor:
    """Decode a descriptor.

    Raises DescriptorError: INVALID_PARAMS, or PARSE_ERROR for a number beyond the range of a double.
    """
    try:
        found = _decode(descriptor)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = _decode_any_case(descriptor)
    tor = found.TOR or found.Tor
    if isinstance(tor, int) and abs(tor) > TOR_MAX:
        _decode_any_case(descriptor)  # refuses a number beyond the range of a double
        raise DescriptorError(Code.INVALID_PARAMS, f"TOR: expected a number of at most {TOR_MAX}")
    if found.Tor is not None and found.TOR is None:
        found.TOR = found.Tor
    for name, value in (
        ("TOR", tor if isinstance(tor, str) else None),
        ("CstmId", found.CstmId),
        ("Subject", found.Subject),
        ("DestinationPrefix", found.DestinationPrefix),
    ):
        if value is not None and len(value) > TEXT_LENGTH_MAX:
            raise DescriptorError(
                Code.INVALID_PARAMS,
                f"{name}: expected at most {TEXT_LENGTH_MAX} characters, got {len(value)}",
            )
    if found.RequestId is not None and not 1 <= len(found.RequestId) <= REQUEST_ID_LENGTH_MAX:
        raise DescriptorError(
            Code.INVALID_PARAMS,
            f"RequestId: expected 1 to {REQUEST_ID_LENGTH_MAX} characters, got {len(found.RequestId)}",
        )
    return found


def _decode_any_case(descriptor: bytes) -> CallDescriptor:
    """Decode member by member: other spellings, unknown members, and errors that name the member."""
    try:
        orjson.loads(descriptor)  # refuses what the fast decoder passes over unread: a number beyond range
        members = _decode_members(descriptor)
    except (orjson.JSONDecodeError, msgspec.DecodeError) as error:
        raise DescriptorError(Code.PARSE_ERROR, f"the call descriptor cannot be read: {error}") from None
    found = CallDescriptor()
    exact: set[str] = set()
    for given, raw in members.items():
        name = _NAMES.get(given.lower())
        if name is None or name in exact:
            continue
        if given == name:
            exact.add(name)
        setattr(found, name, raw if name == "Amount" else _member(name, raw))
    return found


_TEXT = msgspec.json.Decoder(str | None)
_TOR = msgspec.json.Decoder(int | str | None)


def _member(name: str, raw: msgspec.Raw) -> object:
    try:
        return (_TOR if name == "TOR" else _TEXT).decode(raw)
    except msgspec.ValidationError:
        shown = bytes(raw)[:40].decode(errors="replace")
        expected = _EXPECTED.get(name, "a text")
        raise DescriptorError(Code.INVALID_PARAMS, f"{name}: expected {expected}, got {shown}") from None
