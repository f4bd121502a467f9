"""Keeps passwords so that they can be checked and not be read: scrypt, with a salt for each."""

import hashlib
import hmac
import secrets

from rater.usage.scrooge_setup import PasswordHash

_SALT_BYTES = 16
_COST = {"n": 1 << 14, "r": 8, "p": 1}
"""16 MiB and some 50 ms: little for one who logs in, much for one who tries a list."""


def hashed(password: str) -> PasswordHash:
    """Hash a password under a new salt."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return PasswordHash(salt, _digest(password, salt))


def matches(password: str, kept: PasswordHash) -> bool:
    """Tell whether a password is the one that is kept. Slow on purpose: call it in a thread."""
    return hmac.compare_digest(_digest(password, kept.salt), kept.digest)


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, dklen=32, **_COST)
