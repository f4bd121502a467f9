"""What an explanation is asked by: a call descriptor, and the members ``Verify`` and ``Source`` beside it."""

import re
from typing import NamedTuple, TypeVar

import msgspec

from protocol.descriptor import CallDescriptor, DescriptorError, decode
from protocol.errors import Code

_SOURCE = re.compile(r"calls:([1-9][0-9]{0,17})(?:\.(0|[1-9][0-9]{0,5}))?")
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Source(NamedTuple):
    """A line of an account's journal: the version that its commit made, and its place in it, from 0.

    ``line`` None: the only charge of the commit.
    """

    version: int
    line: int | None = None

    def __str__(self) -> str:
        return f"calls:{self.version}" + ("" if self.line is None else f".{self.line}")


class Asked(NamedTuple):
    """The question: about a call, or about a charge of the account (``source``)."""

    descriptor: CallDescriptor
    verify: bool
    source: Source | None


def read_asked(descriptor: bytes) -> Asked:
    """Read the argument of Responder.Explain. Raises DescriptorError."""
    asked = decode(descriptor)
    members = {name.lower(): bytes(raw) for name, raw in _decode_members(descriptor).items()}
    verify = _member(members, "verify", _BOOLEAN, "expected true or false")
    source = _member(members, "source", _TEXT, "expected calls:VERSION or calls:VERSION.LINE")
    return Asked(asked, bool(verify), read_source(source) if source else None)


def read_source(text: str) -> Source:
    """Read ``calls:VERSION[.LINE]``, as lists of charges tell it. Raises DescriptorError."""
    match = _SOURCE.fullmatch(text)
    if match is None:
        reason = f"Source: expected calls:VERSION or calls:VERSION.LINE, got {text[:40]!r}"
        raise DescriptorError(Code.INVALID_PARAMS, reason)
    return Source(int(match[1]), None if match[2] is None else int(match[2]))


_Value = TypeVar("_Value")
_BOOLEAN = msgspec.json.Decoder(bool | None)
_TEXT = msgspec.json.Decoder(str | None)


def _member(
    members: dict[str, bytes], name: str, decoder: "msgspec.json.Decoder[_Value]", expected: str
) -> _Value:
    try:
        return decoder.decode(members.get(name, b"null"))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise DescriptorError(Code.INVALID_PARAMS, f"{name.capitalize()}: {expected}") from None
