"""What can only be told by a pass over the whole tariff: names of a prefix, and prefixes near a number.

It reads tables that never change, so it may run in a thread beside the calls.
"""

from rater.book import Book
from rater.e164 import digits
from rater.explain.values import Explanation, Known
from rater.refusal import Reason
from rater.tariff import ANY

NAMES_MAX = 10
"""Destinations and prefixes told; more are of no help."""


def completed(chain: Book, explained: Explanation) -> Explanation:
    """Add which destinations name the prefix; or, where no prefix begins the number, which come nearest."""
    call, refusal = explained.call, explained.refusal
    book = chain.at(explained.sellers[-1].at_ns)
    if refusal is None:
        if explained.sellers[0].own or explained.prefix in {"", ANY}:
            return explained
        names = sorted(book.destinations_of(explained.prefix))[:NAMES_MAX]
        return explained._replace(known=Known(tuple(names)))
    if refusal.reason is not Reason.RATE_NOT_FOUND:
        return explained
    known = _near(digits(call.number), book.prefixes(call.customer, call.subject, call.category))
    return explained._replace(known=known)


def _near(number: str, prefixes: set[str]) -> Known:
    """Tell how much of a number is the beginning of some prefix, and the shortest that begin so."""
    left = [prefix for prefix in prefixes if prefix[:1] == number[:1]]
    matched = 0
    while left and matched < len(number):
        longer = number[: matched + 1]
        going_on = [prefix for prefix in left if prefix.startswith(longer)]
        if not going_on:
            break
        left, matched = going_on, matched + 1
    nearest = sorted(left if matched else (), key=lambda prefix: (len(prefix), prefix))
    return Known((), number[:matched], tuple(nearest[:NAMES_MAX]))
