"""What can only be told by a pass over the whole tariff: names of a prefix, and prefixes near a number.

It reads tables that never change, so it may run in a thread beside the calls.
"""

from collections.abc import Iterable
from heapq import nsmallest

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
        named = book.destinations_of(explained.prefix)
        names = sorted(name for name in named if ";" not in name)  # a bucket's, made of those that it joins
        return explained._replace(known=Known(tuple(names[:NAMES_MAX])))
    if refusal.reason is not Reason.RATE_NOT_FOUND:
        return explained
    known = _near(digits(call.number), book.each_prefix(call.customer, call.subject, call.category))
    return explained._replace(known=known)


def _near(number: str, prefixes: Iterable[str]) -> Known:
    """Tell how much of a number is the beginning of some prefix, and the shortest that begin so.

    One pass that keeps only what is nearest so far: there may be a million prefixes.
    """
    begun = ""
    nearest: set[str] = set()
    for prefix in prefixes:
        if not prefix.startswith(begun):
            continue
        shared = len(begun)
        while shared < min(len(prefix), len(number)) and prefix[shared] == number[shared]:
            shared += 1
        if shared > len(begun):
            begun = number[:shared]
            nearest = {prefix}
        elif begun:
            nearest.add(prefix)
    return Known((), begun, tuple(nsmallest(NAMES_MAX, nearest, lambda prefix: (len(prefix), prefix))))
