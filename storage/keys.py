"""Every key in the store, on one page. All begin with ``cgr:``.

======================================  ======  =========================================================
key                                     type    holds
======================================  ======  =========================================================
``cgr:a:{customer/subject}``            string  the account record (``storage.records``)
``cgr:j:{customer/subject}``            list    its journal; element i made version i + 1
``cgr:r:{customer/subject}:REQUEST``    string  the stored answer to a request id; expires
``cgr:t:{tariff}:current``              string  the version of the current tariff, in decimal
``cgr:t:{tariff}:VERSION``              string  that snapshot; the last ``TARIFFS_KEPT`` of them
``cgr:p``                               hash    rater's name → tariff version it prices by, believed until
``cgr:k``                               hash    id of an API key → its record, without the secret
``cgr:l``                               string  which rater checks accounts against journals now; expires
======================================  ======  =========================================================

What stands in braces is the hash tag of Valkey Cluster: keys that one commit touches live in one slot. The
characters that would end a tag or shift its parts (``% { } /``) are percent-encoded inside it.
"""

from functools import lru_cache
from typing import NamedTuple

from storage.store import AccountKey

ACCOUNT_PREFIX = b"cgr:a:"
JOURNAL_PREFIX = b"cgr:j:"
RECORDS_AND_JOURNALS = b"cgr:[aj]:*"
"""A pattern for scans."""

TARIFF_CURRENT = b"cgr:t:{tariff}:current"

RATERS = b"cgr:p"
ACCESS = b"cgr:k"
AUDITOR = b"cgr:l"

TARIFFS_KEPT = 5
"""A reader that fell behind by fewer publications still finds the snapshot that it was told of."""

_TAGS_REMEMBERED = 65_536
"""Names of accounts kept ready, about 300 bytes each; one more costs a microsecond."""

_ESCAPES = str.maketrans({char: f"%{ord(char):02X}" for char in "%{}/"})


class AccountNames(NamedTuple):
    """The keys of one account. An answer's key is ``answer`` followed by the request id."""

    account: bytes
    journal: bytes
    answer: bytes


@lru_cache(maxsize=_TAGS_REMEMBERED)
def of_account(key: AccountKey) -> AccountNames:
    """Name the keys of an account."""
    customer, subject = key
    tag = f"{{{customer.translate(_ESCAPES)}/{subject.translate(_ESCAPES)}}}".encode()
    return AccountNames(ACCOUNT_PREFIX + tag, JOURNAL_PREFIX + tag, b"cgr:r:" + tag + b":")


def account_of(name: bytes) -> AccountKey | None:
    """Tell which account's record a key names; None for every other key."""
    return trace_of(name) if name.startswith(ACCOUNT_PREFIX) else None


def trace_of(name: bytes) -> AccountKey | None:
    """Tell whose record or journal a key names; None for every other key."""
    prefix, tag = name[: len(ACCOUNT_PREFIX)], name[len(ACCOUNT_PREFIX) :]
    if prefix not in (ACCOUNT_PREFIX, JOURNAL_PREFIX) or not (tag.startswith(b"{") and tag.endswith(b"}")):
        return None
    customer, slash, subject = tag[1:-1].decode(errors="replace").partition("/")
    return (_unescape(customer), _unescape(subject)) if slash else None


def tariff(version: int) -> bytes:
    """Name the snapshot of a tariff version."""
    return b"cgr:t:{tariff}:%d" % version


def _unescape(text: str) -> str:
    if "%" not in text:
        return text
    for char in "{}/%":
        text = text.replace(f"%{ord(char):02X}", char)
    return text
