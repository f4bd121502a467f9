"""Which version of the tariff prices the calls that start when, and what was so before.

A timeline is a value; whoever changes it makes the next one, with the next revision, and the store swaps one
for the other in one step. Which version prices a call is a function of the call's start alone, so raters that
have the same revision agree whatever their clocks say.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator

import msgspec

from storage.store import StoreCorruptError

EVER = -(1 << 63)
"""An instant before every call that is told apart from the others."""

LATEST = (1 << 63) - 1
"""The last instant of an activation: what the record of a timeline holds."""

SNAPSHOTS_OF_OLD = 5
"""Snapshots that were kept when the store had only the number of the current version."""

PAST_MAX = 50
"""Changes that can be rolled back, one after the other; each takes some 30 bytes."""

ACTIVATIONS_MAX = 24
"""Versions that price calls by their start: a rater has each in memory, 300,000 prefixes take 100 MB."""

FORGOTTEN_AFTER_NS = 92 * 86_400 * 1_000_000_000
"""A version that priced the calls of longer ago leaves the timeline with the next change: the one after it
then prices such calls, too. Nobody brings in a call a quarter late, and raters need not hold all history."""

_FORMAT = b"\x01"

Activation = tuple[int, int]
"""(from_ns, version): the version prices the calls that start then or later, until the next activation."""


class TimelineError(ValueError):
    """A change of the timeline that cannot be made; the text says why, for people."""


class Timeline(msgspec.Struct, frozen=True, array_like=True):
    """The activations in order, the first from ``EVER`` on. Version 0 is the empty tariff.

    ``last`` is the greatest version that was ever made, ``kept`` those whose snapshots are there, ``past``
    the activations before each change, the last one last.
    """

    revision: int = 0
    last: int = 0
    activations: tuple[Activation, ...] = ((EVER, 0),)
    kept: tuple[int, ...] = ()
    past: tuple[tuple[Activation, ...], ...] = ()

    def version_at(self, start_ns: int) -> int:
        """Tell which version prices a call that starts then."""
        return self.activations[bisect_right(self.activations, start_ns, key=lambda each: each[0]) - 1][1]

    @property
    def versions(self) -> set[int]:
        """All versions that price some calls."""
        return {version for _, version in self.activations} - {0}

    def to_come(self, now_ns: int) -> tuple[Activation, ...]:
        """List the activations after an instant."""
        return tuple(each for each in self.activations if each[0] > now_ns)

    def activated(self, version: int, from_ns: int, now_ns: int) -> "Timeline":
        """Have a version price the calls that start at ``from_ns`` or later, until an activation to come.

        Activations before ``from_ns`` stay, too. The same timeline if nothing changes. Raises TimelineError.
        """
        if version not in self.kept:
            raise TimelineError(f"there is no snapshot of version {version}; there are {_listed(self.kept)}")
        if from_ns > LATEST:
            raise TimelineError("an activation can be in the year 2262 at the latest")
        from_ns = max(from_ns, EVER)
        before = [each for each in self.activations if each[0] < from_ns]
        after = [each for each in self.activations if each[0] > max(from_ns, now_ns)]
        return self._changed(_settled([*before, (from_ns, version), *after], now_ns))

    def with_version(self, from_ns: int, now_ns: int, keep: int) -> "Timeline":
        """Make the next version and have it price calls as ``activated``; ``keep`` snapshots stay."""
        version = self.last + 1
        made = msgspec.structs.replace(self, last=version, kept=(*self.kept, version))
        changed = made.activated(version, from_ns, now_ns)
        needed = changed.versions | {each for _, each in changed.past[-1]}
        newest = set(sorted(changed.kept)[-keep:])
        return msgspec.structs.replace(
            changed, kept=tuple(each for each in changed.kept if each in newest | needed)
        )

    def rolled_back(self) -> "Timeline":
        """Take back the last change that was not taken back yet. Raises TimelineError."""
        if not self.past:
            raise TimelineError("there is no change that can be taken back")
        *past, activations = self.past
        gone = {version for _, version in activations} - {0, *self.kept}
        if gone:
            raise TimelineError(f"the snapshot of version {_listed(gone)} is no longer kept")
        return msgspec.structs.replace(
            self, revision=self.revision + 1, activations=activations, past=tuple(past)
        )

    def _changed(self, activations: tuple[Activation, ...]) -> "Timeline":
        if activations == self.activations:
            return self
        if len(activations) > ACTIVATIONS_MAX:
            raise TimelineError(f"at most {ACTIVATIONS_MAX} versions can price calls by their start")
        past = (*self.past, self.activations)[-PAST_MAX:]
        return msgspec.structs.replace(self, revision=self.revision + 1, activations=activations, past=past)


def _settled(activations: Iterable[Activation], now_ns: int) -> tuple[Activation, ...]:
    """Leave out what changes nothing, and what priced no call for long."""
    kept: list[Activation] = []
    for from_ns, version in activations:
        if kept and from_ns <= now_ns - FORGOTTEN_AFTER_NS:
            kept = [(EVER, version)]
        elif not kept or kept[-1][1] != version:
            kept.append((from_ns, version))
    return tuple(kept)


def _listed(versions: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(versions))) or "none"


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Timeline).decode


def encode_timeline(timeline: Timeline) -> bytes:
    """Write a timeline; one of an older store, which nobody changed yet, is the number that stands there."""
    if timeline == Timeline():
        return b""
    plain = b"%d" % timeline.last
    return plain if timeline == decode_timeline(plain) else _FORMAT + _encode(timeline)


def decode_timeline(record: bytes | None) -> Timeline:
    """Read a timeline, also of an older store: the number of its version. Raises StoreCorruptError."""
    if not record:
        return Timeline()
    if record.isdigit():
        version = int(record)
        kept = tuple(range(max(1, version - SNAPSHOTS_OF_OLD + 1), version + 1))
        return Timeline(version, version, ((EVER, version),), kept)
    if record[:1] != _FORMAT:
        raise StoreCorruptError(f"timeline of tariffs begins {record[:8]!r}")
    try:
        timeline = _decode(record[1:])
    except msgspec.MsgspecError as error:
        raise StoreCorruptError(f"timeline of tariffs: {error}") from None
    if not timeline.activations:
        raise StoreCorruptError("timeline of tariffs: no version is in force")
    return timeline


def spans(timeline: Timeline) -> Iterator[tuple[int, int, int | None]]:
    """Go through (version, from_ns, until_ns) of a timeline; the last one ends never (None)."""
    ends = [from_ns for from_ns, _ in timeline.activations[1:]]
    for (from_ns, version), until_ns in zip(timeline.activations, [*ends, None], strict=True):
        yield version, from_ns, until_ns
