"""Which version prices calls that start when: changes, what they keep, and how they are taken back."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.store import StoreCorruptError
from storage.timeline import (
    ACTIVATIONS_MAX,
    EVER,
    FORGOTTEN_AFTER_NS,
    LATEST,
    PAST_MAX,
    Timeline,
    TimelineError,
    decode_timeline,
    encode_timeline,
    spans,
)

NOW = 1_800_000_000 * 10**9
HOUR = 3600 * 10**9
KEEP = 4

changes = st.lists(
    st.one_of(
        st.tuples(st.just("load"), st.none() | st.integers(-3, 6)),
        st.tuples(st.integers(1, 12), st.none() | st.integers(-3, 6)),
        st.tuples(st.just("rollback"), st.none()),
    ),
    max_size=14,
)
"""Loads, activations of a version, and rollbacks; from so many hours from now on, or for all calls."""
lawful = settings(max_examples=200, derandomize=True, deadline=None)


def after(timeline: Timeline, change: tuple[str | int, int | None], now_ns: int = NOW) -> Timeline:
    """Make a change, or none if it cannot be made."""
    what, hours = change
    from_ns = EVER if hours is None else now_ns + hours * HOUR
    try:
        if what == "rollback":
            return timeline.rolled_back()
        if isinstance(what, int):
            return timeline.activated(what, from_ns, now_ns)
        return timeline.with_version(from_ns, now_ns, KEEP)
    except TimelineError:
        return timeline


def made(*all_changes: tuple[str | int, int | None]) -> Timeline:
    timeline = Timeline()
    for change in all_changes:
        timeline = after(timeline, change)
    return timeline


@pytest.mark.parametrize(
    ("all_changes", "expected"),
    [
        ([], "0"),
        ([("load", None)], "1"),
        ([("load", None), ("load", None)], "2"),
        ([("load", 2)], "0, 1 from 2"),
        ([("load", None), ("load", 2)], "1, 2 from 2"),
        ([("load", None), ("load", 2), ("load", None)], "3, 2 from 2"),
        ([("load", None), ("load", 2), ("load", 1)], "1, 3 from 1, 2 from 2"),
        ([("load", None), ("load", 1), ("load", 2)], "1, 2 from 1, 3 from 2"),
        ([("load", None), ("load", 2), ("load", 2)], "1, 3 from 2"),
        ([("load", None), ("load", -2)], "1, 2 from -2"),
        ([("load", None), ("load", -1), ("load", -2)], "1, 3 from -2"),
        ([("load", None), ("load", -1), ("load", None)], "3"),
        ([("load", None), ("load", 2), (1, 2)], "1"),
        ([("load", None), ("load", None), (1, None)], "1"),
        ([("load", None), ("load", None), (1, 3)], "2, 1 from 3"),
        ([("load", None), ("load", None), ("rollback", None)], "1"),
        ([("load", None), ("load", 2), ("rollback", None)], "1"),
        ([("load", None), ("load", 2), (1, None), ("rollback", None)], "1"),
        ([("load", None)] * 3 + [("rollback", None)] * 2, "1"),
        ([("load", None)] * 3 + [("rollback", None), ("load", None), ("rollback", None)], "2"),
    ],
)
def test_a_change_keeps_what_is_to_come_and_what_was(
    all_changes: list[tuple[str | int, int | None]], expected: str
) -> None:
    told = [
        str(version) if from_ns == EVER else f"{version} from {(from_ns - NOW) // HOUR}"
        for from_ns, version in made(*all_changes).activations
    ]
    assert ", ".join(told) == expected


@lawful
@given(changes)
def test_a_timeline_is_in_order_and_every_version_in_it_is_kept(
    all_changes: list[tuple[str | int, int | None]],
) -> None:
    timeline = Timeline()
    for change in all_changes:
        before, timeline = timeline, after(timeline, change)
        starts = [from_ns for from_ns, _ in timeline.activations]
        assert starts[0] == EVER
        assert starts == sorted(set(starts))
        assert timeline.versions <= set(timeline.kept)
        assert all(one != other for (_, one), (_, other) in pairwise(timeline.activations))
        assert len(timeline.kept) <= KEEP + len(timeline.activations) + len(before.activations)
        assert timeline.revision == before.revision + (timeline != before)
        assert decode_timeline(encode_timeline(timeline)) == timeline


@lawful
@given(changes, st.none() | st.integers(-3, 6), st.integers(-4, 7))
def test_a_load_prices_what_it_says_and_leaves_the_rest(
    all_changes: list[tuple[str | int, int | None]], from_h: int | None, start_h: int
) -> None:
    """It prices the starts from its instant until an activation that is to come; others as before."""
    before = made(*all_changes)
    loaded = after(before, ("load", from_h))
    start_ns = NOW + start_h * HOUR
    begins = EVER if from_h is None else NOW + from_h * HOUR
    ends = min((each[0] for each in before.activations if each[0] > max(begins, NOW)), default=None)
    mine = start_ns >= begins and (ends is None or start_ns < ends)
    assert loaded.version_at(start_ns) == (loaded.last if mine else before.version_at(start_ns))


@lawful
@given(changes, st.sampled_from(["load", 1, 2, 3]), st.none() | st.integers(-3, 6))
def test_a_rollback_gives_back_what_was_before_the_change(
    all_changes: list[tuple[str | int, int | None]], what: str | int, from_h: int | None
) -> None:
    before = made(*all_changes)
    changed = after(before, (what, from_h))
    if changed != before:
        assert changed.rolled_back().activations == before.activations
        assert changed.rolled_back().past == before.past[-PAST_MAX + 1 :]
        assert changed.rolled_back().last == changed.last


def test_what_priced_no_call_for_long_is_forgotten_by_the_next_change() -> None:
    timeline = made(("load", None), ("load", 1), ("load", 2))
    later_ns = NOW + 2 * HOUR + FORGOTTEN_AFTER_NS
    assert after(timeline, ("load", 5), later_ns - 1).versions == {2, 3, 4}
    assert after(timeline, ("load", 5), later_ns).versions == {3, 4}


def test_a_change_that_cannot_be_made_says_why() -> None:
    one = made(("load", None))
    with pytest.raises(TimelineError, match="no snapshot of version 2; there are 1"):
        one.activated(2, EVER, NOW)
    with pytest.raises(TimelineError, match="no change that can be taken back"):
        Timeline().rolled_back()
    with pytest.raises(TimelineError, match="version 1 is no longer kept"):
        msgspec.structs.replace(made(("load", None), ("load", None)), kept=(2,)).rolled_back()
    for hours in range(1, ACTIVATIONS_MAX):
        one = one.with_version(NOW + hours * HOUR, NOW, KEEP)
    with pytest.raises(TimelineError, match=f"at most {ACTIVATIONS_MAX} versions"):
        one.with_version(NOW + ACTIVATIONS_MAX * HOUR, NOW, KEEP)


def test_an_older_store_has_the_number_of_its_version() -> None:
    timeline = decode_timeline(b"7")
    assert (timeline.revision, timeline.last, timeline.activations) == (7, 7, ((EVER, 7),))
    assert timeline.kept == (3, 4, 5, 6, 7)
    assert encode_timeline(timeline) == b"7"
    assert decode_timeline(None) == decode_timeline(b"") == Timeline()
    assert encode_timeline(Timeline()) == b""


@pytest.mark.parametrize("record", [b"\x01", b"\x02\x90", b"\x01\x95\x01\x01\x90\x90\x90", b"x", b"-1"])
def test_a_timeline_that_is_none_is_not_read(record: bytes) -> None:
    with pytest.raises(StoreCorruptError):
        decode_timeline(record)


def test_the_spans_of_a_timeline_follow_each_other() -> None:
    timeline = made(("load", None), ("load", 1))
    assert list(spans(timeline)) == [(1, EVER, NOW + HOUR), (2, NOW + HOUR, None)]


def test_an_activation_is_at_an_instant_that_can_be_stored() -> None:
    """Years that a call may be asked for begin and end outside."""
    first = Timeline().with_version(EVER, 0, 5)
    early = first.with_version(-(1 << 65), 0, 5)
    assert decode_timeline(encode_timeline(early)) == early
    assert early.activations == ((EVER, 2),)
    last = first.with_version(LATEST, 0, 5)
    assert decode_timeline(encode_timeline(last)) == last
    with pytest.raises(TimelineError, match="2262"):
        first.activated(1, LATEST + 1, 0)
