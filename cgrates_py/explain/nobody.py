"""Explanations for who asks about a customer that is not its own: those of a customer that does not exist."""

from cgrates_py.explain.asked import read_asked
from cgrates_py.explain.document import Document, described, described_opinion, printed
from cgrates_py.explain.opinion import recomputed
from cgrates_py.oracle.values import Version
from protocol.descriptor import DescriptorError
from protocol.dispatch import Status
from protocol.errors import Code
from rater.book import Book
from rater.explain.pricing import explain
from rater.tariff import Tariff


def explained_to_strangers(book: Book, descriptor: bytes) -> tuple[Status, bytes]:
    """Explain by the book of an empty tariff, without any account; at once, and nothing is looked up."""
    try:
        asked = read_asked(descriptor)
    except DescriptorError as error:
        status = Status.MALFORMED if error.code is Code.PARSE_ERROR else Status.REFUSED
        return status, str(error).encode()
    if asked.call is None:
        return Status.REFUSED, f"{Code.ACCOUNT_NOT_FOUND}: no account of subject {asked.subject!r}".encode()
    told = explain(book, asked.call, None)
    verified: Document = {}
    if asked.verify:
        verified = {
            "Verified": described_opinion(recomputed([Version(told.call.start_ns, 0, Tariff())], told))
        }
    return Status.OK, printed(described(told) | verified)
