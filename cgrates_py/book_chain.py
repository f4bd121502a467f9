"""Chains the compiled versions of a timeline, so that each call is priced by the version of its start."""

from collections.abc import Mapping

from rater.book import FOREVER, Book
from storage.timeline import Timeline


def chained(timeline: Timeline, books: Mapping[int, Book]) -> Book:
    """Make the first link of a chain; ``books`` has every version of the timeline, 0 too if it is in it."""
    first, later_ns = None, FOREVER
    for from_ns, version in reversed(timeline.activations):
        first = books[version].as_version(version, first, later_ns)
        later_ns = from_ns
    assert first is not None  # noqa: S101 -- a timeline has at least one
    return first
