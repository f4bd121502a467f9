"""The world's telephone prefixes, worked out from the number patterns of ``phonenumbers``.

A pattern is followed digit by digit. A prefix is complete when whatever digit comes next makes no difference.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

NON_GEOGRAPHIC = "001"
"""The region of numbers that belong to no country (satellites, international freephone)."""

DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several sequences."""

    sequences: "tuple[Sequence, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """An item ``least`` to ``most`` times."""

    item: "Item"
    least: int
    most: int


Item = frozenset[str] | Choice | Repeat
Sequence = tuple[Item, ...]
State = frozenset[Sequence]


class PatternError(ValueError):
    """A pattern uses more than digits, classes, groups, alternatives and counts."""


def prefixes(pattern: str, digits_max: int) -> Iterator[str]:
    """List the shortest prefixes that a pattern tells apart, cut at ``digits_max`` digits."""
    sequence, position = _alternatives(pattern, 0)
    if position != len(pattern):
        raise PatternError(pattern)
    pending: list[tuple[str, State]] = [("", frozenset({(sequence,)}))]
    while pending:
        prefix, state = pending.pop()
        following = {digit: _after(state, digit) for digit in DIGITS}
        if len(prefix) >= digits_max or len(set(following.values())) == 1:
            yield prefix
        else:
            pending.extend((prefix + digit, after) for digit, after in following.items() if after)


def _after(state: State, digit: str) -> State:
    """Tell what may follow once ``digit`` was read."""
    left: set[Sequence] = set()
    pending = list(state)
    while pending:
        sequence = pending.pop()
        if not sequence:
            continue
        head, tail = sequence[0], sequence[1:]
        if isinstance(head, Choice):
            pending.extend(chosen + tail for chosen in head.sequences)
        elif isinstance(head, Repeat):
            if head.least == 0:
                pending.append(tail)
            if head.most:
                again = Repeat(head.item, max(0, head.least - 1), head.most - 1)
                pending.append((head.item, again, *tail) if again.most else (head.item, *tail))
        elif digit in head:
            left.add(tail)
    return frozenset(left)


def _alternatives(pattern: str, position: int) -> tuple[Choice, int]:
    sequences: list[Sequence] = []
    while True:
        items: list[Item] = []
        while position < len(pattern) and pattern[position] not in "|)":
            item, position = _item(pattern, position)
            least, most, position = _count(pattern, position)
            items.append(item if (least, most) == (1, 1) else Repeat(item, least, most))
        sequences.append(tuple(items))
        if position == len(pattern) or pattern[position] == ")":
            return Choice(tuple(sequences)), position
        position += 1


def _item(pattern: str, position: int) -> tuple[Item, int]:
    if pattern.startswith("(?:", position):
        choice, end = _alternatives(pattern, position + 3)
        return choice, end + 1
    if pattern.startswith("\\d", position):
        return frozenset(DIGITS), position + 2
    if pattern[position] == "[":
        end = pattern.index("]", position)
        return _digit_class(pattern[position + 1 : end]), end + 1
    if pattern[position] in DIGITS:
        return frozenset(pattern[position]), position + 1
    raise PatternError(pattern)


def _digit_class(text: str) -> frozenset[str]:
    found: set[str] = set()
    position = 0
    while position < len(text):
        if text[position + 1 : position + 2] == "-":
            found.update(DIGITS[int(text[position]) : int(text[position + 2]) + 1])
            position += 3
        else:
            found.add(text[position])
            position += 1
    return frozenset(found)


def _count(pattern: str, position: int) -> tuple[int, int, int]:
    if pattern[position : position + 1] == "?":
        return 0, 1, position + 1
    if pattern[position : position + 1] != "{":
        return 1, 1, position
    end = pattern.index("}", position)
    least, _, most = pattern[position + 1 : end].partition(",")
    return int(least), int(most or least), end + 1


@dataclass(frozen=True, slots=True)
class Country:
    """A region's calling code, its prefixes on top of that, and those of its mobile numbers."""

    region: str
    code: str
    areas: tuple[str, ...]
    mobiles: tuple[str, ...]


def countries(digits_max: int) -> Iterator[Country]:
    """List every country in order of calling code; full prefixes, each in one country and group only.

    The main country of a calling code comes first and has the bare code; the others have what their own
    patterns begin with. Where a country's mobile numbers look like its other numbers, it has none listed.
    """
    taken: set[str] = set()
    for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        if NON_GEOGRAPHIC in regions:
            continue
        for region in (regions[0], *sorted(regions[1:])):
            fixed, mobile = pattern_of(region, "fixed_line"), pattern_of(region, "mobile")
            mobiles = () if mobile == fixed else _free(code, mobile, digits_max, taken)
            areas = (str(code),) if region == regions[0] else _free(code, fixed, digits_max, taken)
            yield Country(region, str(code), areas, mobiles)


def pattern_of(region: str, kind: str) -> str:
    """Look up the pattern of a kind of number in a region; empty if it has none."""
    metadata = PhoneMetadata.metadata_for_region(region)
    description = getattr(metadata, kind, None)
    return (description.national_number_pattern if description is not None else None) or ""


def _free(code: int, pattern: str, digits_max: int, taken: set[str]) -> tuple[str, ...]:
    """Expand a pattern into the prefixes that no earlier country took, and take them."""
    found = {f"{code}{prefix}" for prefix in prefixes(pattern, digits_max) if prefix} if pattern else set()
    found -= taken
    taken |= found
    return tuple(sorted(found))


@lru_cache(maxsize=2)
def every_prefix(digits_max: int) -> Mapping[str, str]:
    """Map every prefix of every kind of number to its destination's name, such as ``DE_MOBILE``."""
    found: dict[str, str] = {}
    kinds = ("mobile", "fixed_line", "toll_free", "premium_rate", "shared_cost", "voip", "uan", "pager")
    for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        if NON_GEOGRAPHIC in regions:
            continue
        for region in sorted(regions):
            for kind in kinds:
                pattern = pattern_of(region, kind)
                name = f"{region}_{kind.upper()}"
                for prefix in prefixes(pattern, digits_max) if pattern else ():
                    found.setdefault(f"{code}{prefix}", name)
    return found
