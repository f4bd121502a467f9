"""The stream between balancer and rater, as msgpack objects one after the other; and the handshake before it.

The rater connects and waits. Each end proves that it knows the shared secret without sending it, over nonces
of both, so that a recorded proof is worth nothing on another connection, and neither end's proof can serve
for the other's::

    balancer → rater   ["hello", version, nonce, incarnation]
    rater → balancer   ["rater", version, name, nonce, proof]
    balancer → rater   ["welcome", proof]

Then, at any time::

    balancer → rater   [seq, method, descriptor, seq, method, descriptor, …]      (empty: still here)
    rater → balancer   [seq, status, body, seq, status, body, …]
    rater → balancer   {counter: number, …}          once a second
    rater → balancer   "leave"                       send nothing more
    balancer → rater   "left"                        nothing more follows

**Identity.** A balancer takes a random incarnation when it starts and never uses a seq twice. So
(incarnation, seq) names a request for ever: when a rater dies, its unanswered requests go to another under
the same seq, and a request without a RequestId of its own is still done once. Nothing is sent for it: see
``identity``.
"""

import hashlib
import hmac
import secrets
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]  # -- msgpack ships no types
import msgspec

from protocol.limits import (
    ANSWER_BYTES_MAX,
    COUNTERS_MAX,
    ENVELOPE_ITEMS_MAX,
    HANDSHAKE_BYTES_MAX,
    NAME_CHARS_MAX,
    STREAM_BYTES_MAX,
)

VERSION: Final = 1
LEAVE: Final = "leave"
LEFT: Final = "left"
NONCE_BYTES: Final = 32


class EnvelopeError(Exception):
    """The peer broke this protocol, or could not prove who it is. The peer's fault; the link closes."""


def new_incarnation() -> str:
    """Make the name of one run of a balancer: 128 random bits in hex."""
    return secrets.token_hex(16)


def new_nonce() -> bytes:
    """Make a nonce for one handshake."""
    return secrets.token_bytes(NONCE_BYTES)


def identity(incarnation: str, seq: object) -> str:
    """Name a request for ever. Whoever keeps such names keeps them apart from the callers' RequestIds."""
    return f"#{incarnation}-{seq}"


pack = msgspec.msgpack.Encoder().encode
"""Pack one object."""

ALIVE: Final = pack([])
"""What the balancer says to a heartbeat."""


def pack_items(items: list[Any]) -> bytes:
    """Pack a flat array of requests or answers, cut into envelopes of a bounded length."""
    if len(items) <= ENVELOPE_ITEMS_MAX:
        return pack(items)
    cuts = range(0, len(items), ENVELOPE_ITEMS_MAX)
    return b"".join(pack(items[cut : cut + ENVELOPE_ITEMS_MAX]) for cut in cuts)


def handshake_unpacker() -> msgpack.Unpacker:
    """Make the parser for a peer that has proved nothing yet: it takes little."""
    return msgpack.Unpacker(max_buffer_size=HANDSHAKE_BYTES_MAX)


def stream_unpacker() -> msgpack.Unpacker:
    """Make the parser for a peer that has proved itself. Beyond a limit it raises."""
    return msgpack.Unpacker(
        max_buffer_size=STREAM_BYTES_MAX,
        max_bin_len=ANSWER_BYTES_MAX,
        max_str_len=HANDSHAKE_BYTES_MAX,
        max_array_len=ENVELOPE_ITEMS_MAX,
        max_map_len=COUNTERS_MAX,
        max_ext_len=0,
    )


def _proof(secret: bytes, role: bytes, name: str, nonces: bytes) -> bytes:
    encoded = name.encode()
    message = b"cgrates_py %d %b %d:%b" % (VERSION, role, len(encoded), encoded)
    return hmac.digest(secret, message + nonces, hashlib.sha256)


def _list(message: object, kind: str, length: int) -> list[Any]:
    if not isinstance(message, list) or len(message) != length or message[0] != kind:
        raise EnvelopeError(f"expected the message {kind!r}")
    return message


def _nonce(value: object) -> bytes:
    if not isinstance(value, bytes) or len(value) != NONCE_BYTES:
        raise EnvelopeError(f"a nonce has {NONCE_BYTES} bytes")
    return value


def _version(value: object) -> None:
    if value != VERSION:
        raise EnvelopeError(f"the peer speaks version {value!r} of the envelope, this end {VERSION}")


class BalancerHandshake:
    """The balancer's half: send ``hello``, give the answer to ``check``, send what it returns."""

    __slots__ = ("_nonce", "_secret", "hello", "name")

    def __init__(self, secret: bytes, incarnation: str, nonce: bytes) -> None:
        self._secret = secret
        self._nonce = nonce
        self.hello = pack(["hello", VERSION, nonce, incarnation])
        self.name = ""
        """The rater's name, once it has proved itself."""

    def check(self, message: object) -> bytes:
        """Check the rater's proof and return the welcome. Raises EnvelopeError."""
        _, version, name, nonce, proof = _list(message, "rater", 5)
        _version(version)
        if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARS_MAX or not name.isprintable():
            raise EnvelopeError(f"a rater's name is a printable text of 1 to {NAME_CHARS_MAX} characters")
        nonces = self._nonce + _nonce(nonce)
        expected = _proof(self._secret, b"rater", name, nonces)
        if not isinstance(proof, bytes) or not hmac.compare_digest(expected, proof):
            raise EnvelopeError(f"rater {name!r} does not know the secret")
        self.name = name
        return pack(["welcome", _proof(self._secret, b"balancer", name, nonces)])


class RaterHandshake:
    """The rater's half: give the hello to ``answer``, send what it returns, give the welcome to ``check``."""

    __slots__ = ("_name", "_nonce", "_nonces", "_secret", "incarnation")

    def __init__(self, secret: bytes, name: str, nonce: bytes) -> None:
        self._secret = secret
        self._name = name
        self._nonce = nonce
        self._nonces = b""
        self.incarnation = ""
        """The balancer's, once it said hello."""

    def answer(self, message: object) -> bytes:
        """Answer the hello with this end's proof. Raises EnvelopeError."""
        _, version, nonce, incarnation = _list(message, "hello", 4)
        _version(version)
        if not isinstance(incarnation, str) or not incarnation:
            raise EnvelopeError("an incarnation is a text")
        self.incarnation = incarnation
        self._nonces = _nonce(nonce) + self._nonce
        proof = _proof(self._secret, b"rater", self._name, self._nonces)
        return pack(["rater", VERSION, self._name, self._nonce, proof])

    def check(self, message: object) -> None:
        """Check the balancer's proof. Raises EnvelopeError."""
        _, proof = _list(message, "welcome", 2)
        expected = _proof(self._secret, b"balancer", self._name, self._nonces)
        if not isinstance(proof, bytes) or not hmac.compare_digest(expected, proof):
            raise EnvelopeError("the balancer does not know the secret")


def counters_of(message: dict[Any, Any]) -> dict[str, int]:
    """Check a heartbeat's counters. Raises EnvelopeError."""
    for name, count in message.items():
        if not isinstance(name, str) or not isinstance(count, int):
            raise EnvelopeError("a heartbeat is a map of texts to numbers")
    return message
