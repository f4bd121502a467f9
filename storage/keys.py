"""Every key in the store, on one page. All begin with ``cgr:``.

======================================  ======  =========================================================
key                                     type    holds
======================================  ======  =========================================================
``cgr:a:{customer/subject}``            string  the account record (``storage.records``)
``cgr:j:{customer/subject}``            list    its journal; element i made version i + 1 + those archived
``cgr:h:{customer/subject}``            hash    what of it is archived (``storage.journal_archive``)
``cgr:r:{customer/subject}:REQUEST``    string  the stored answer to a request id; expires
``cgr:t:{tariff}:current``              string  which version is in force when (``storage.timeline``)
``cgr:t:{tariff}:VERSION``              string  the snapshot of a version, as long as it is kept
``cgr:t:{tariff}:versions``             hash    version in decimal → what is known of it (``storage.tariffs``)
``cgr:c:{catalogue}:KIND:NAME…``        string  a document (``storage.documents``)
``cgr:x:{service}``                     list    its integration errors, the newest first
``cgr:e:{events}``                      zset    events by id
``cgr:e:{events}:last``                 string  the last id given to an event, in decimal
``cgr:b:{batches}``                     hash    id of a report for several accounts → what is to be booked
``cgr:b:{batches}:ID``                  string  the receipt of a report that was booked; expires
``cgr:d:{daybook}``                     string  the number of the last row of all books, in decimal
``cgr:d:{daybook}:marks``               hash    name of a mark → its value
``cgr:d:{daybook}:archivist``           string  which rater moves old days to the archive; expires
``cgr:d:{daybook}:archive``             hash    BOOK:DAY → where its first entries are (``storage.archive``)
``cgr:d:{daybook}:b:BOOK``              zset    days of a book that have entries, since 1970-01-01
``cgr:d:{daybook}:b:BOOK:DAY``          list    the entries of a day that are here (``storage.day_records``)
``cgr:d:{daybook}:r:ID``                string  the receipt of an append; expires
``cgr:p``                               hash    rater's name → revision of the timeline it has, believed until
``cgr:k``                               hash    id of an API key → its record, without the secret
``cgr:l``                               string  which rater checks accounts against journals now; expires
``cgr:s``                               string  which rater runs the scheduler of Cyclops RC now; expires
======================================  ======  =========================================================

What stands in braces is the hash tag of Valkey Cluster: keys that one commit touches live in one slot. The
characters that would end a tag or shift its parts (``% { } /``) are percent-encoded inside it, and those that
would shift the names of a document (``% :``) in these.
"""

from functools import lru_cache
from typing import NamedTuple

from storage.documents import DocumentKey
from storage.store import AccountKey

ACCOUNT_PREFIX = b"cgr:a:"
JOURNAL_PREFIX = b"cgr:j:"
ARCHIVED_PREFIX = b"cgr:h:"
_TRACES = frozenset({ACCOUNT_PREFIX, JOURNAL_PREFIX, ARCHIVED_PREFIX})
RECORDS_AND_JOURNALS = b"cgr:[ahj]:*"
"""A pattern for scans."""

_KINDS = b"abcdehjklprstx"
"""The letters of the table above."""
STRAYS = (b"cgr[^:]*", b"cgr:[^%b]*" % _KINDS, b"cgr:?[^:]*", RECORDS_AND_JOURNALS)
"""Patterns for scans: every name that may be one of ours with bytes of it changed, and those of accounts."""

TARIFF_CURRENT = b"cgr:t:{tariff}:current"
TARIFF_VERSIONS = b"cgr:t:{tariff}:versions"

CATALOGUE = b"cgr:c:{catalogue}:"
"""What the names of all documents begin with."""
EVENTS = b"cgr:e:{events}"
LAST_EVENT = b"cgr:e:{events}:last"
BATCHES = b"cgr:b:{batches}"

LAST_ROW = b"cgr:d:{daybook}"
MARKS = b"cgr:d:{daybook}:marks"
ARCHIVED = b"cgr:d:{daybook}:archive"
ARCHIVIST = b"cgr:d:{daybook}:archivist"

RATERS = b"cgr:p"
ACCESS = b"cgr:k"
AUDITOR = b"cgr:l"
SCHEDULER = b"cgr:s"

_TAGS_REMEMBERED = 65_536
"""Names of accounts kept ready, about 300 bytes each; one more costs a microsecond."""
_DOCUMENTS_REMEMBERED = 4_096
"""Names of documents kept ready, up to 6 KB each; one more costs two microseconds."""

_TAG_ESCAPED = "{}/%"
_NAME_ESCAPED = ":%"
_ESCAPES = str.maketrans({char: f"%{ord(char):02X}" for char in _TAG_ESCAPED})
_NAME_ESCAPES = str.maketrans({char: f"%{ord(char):02X}" for char in _NAME_ESCAPED})


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


def archived_journal(key: AccountKey) -> bytes:
    """Name the archived journal of an account."""
    return ARCHIVED_PREFIX + of_account(key).journal[len(JOURNAL_PREFIX) :]


def account_of(name: bytes) -> AccountKey | None:
    """Tell which account's record a key names; None for every other key."""
    return trace_of(name) if name.startswith(ACCOUNT_PREFIX) else None


def trace_of(name: bytes) -> AccountKey | None:
    """Tell whose record or journal a key names, be it in the archive; None for every other key."""
    prefix, tag = name[: len(ACCOUNT_PREFIX)], name[len(ACCOUNT_PREFIX) :]
    if prefix not in (ACCOUNT_PREFIX, JOURNAL_PREFIX, ARCHIVED_PREFIX) or not (
        tag.startswith(b"{") and tag.endswith(b"}")
    ):
        return None
    customer, slash, subject = tag[1:-1].decode(errors="replace").partition("/")
    return (_unescape(customer), _unescape(subject)) if slash else None


def is_stray(name: bytes) -> bool:
    """Tell whether a key that one of ``STRAYS`` matches is none of ours, but perhaps was."""
    return name[: len(ACCOUNT_PREFIX)] not in _TRACES or trace_of(name) is None


def tariff(version: int) -> bytes:
    """Name the snapshot of a tariff version."""
    return b"cgr:t:{tariff}:%d" % version


@lru_cache(maxsize=_DOCUMENTS_REMEMBERED)
def document(key: DocumentKey) -> bytes:
    """Name a document."""
    kind, *names = key
    return CATALOGUE + ":".join((kind, *(name.translate(_NAME_ESCAPES) for name in names))).encode()


def document_of(name: bytes) -> DocumentKey | None:
    """Tell which document a key names; None for every other key."""
    if not name.startswith(CATALOGUE):
        return None
    parts = name[len(CATALOGUE) :].decode(errors="replace").split(":")
    return tuple(_unescape(part, _NAME_ESCAPED) for part in parts)


def documents_pattern(kind: str) -> bytes:
    """Give the pattern for scans of the documents of a kind."""
    return CATALOGUE + kind.encode() + b":*"


def errors(service_id: str) -> bytes:
    """Name the list of a service's integration errors."""
    return b"cgr:x:{%b}" % service_id.translate(_ESCAPES).encode()


def _unescape(text: str, escaped: str = _TAG_ESCAPED) -> str:
    if "%" not in text:
        return text
    for char in escaped:  # the percent sign last
        text = text.replace(f"%{ord(char):02X}", char)
    return text


def receipt(batch_id: str) -> bytes:
    """Name the receipt of a report for several accounts."""
    return BATCHES + b":" + batch_id.encode("utf-8", "surrogatepass")


def book(name: str) -> bytes:
    """Name the days of a book."""
    return b"cgr:d:{daybook}:b:" + name.encode()


def day(name: str, number: int) -> bytes:
    """Name the entries of a day of a book."""
    return b"cgr:d:{daybook}:b:%b:%d" % (name.encode(), number)


def append_receipt(request_id: str) -> bytes:
    """Name the receipt of an append to a book."""
    return b"cgr:d:{daybook}:r:" + request_id.encode("utf-8", "surrogatepass")
