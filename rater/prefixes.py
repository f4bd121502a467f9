"""Whose prefixes begin a number: all prefixes of a tariff in one compact table.

Numbers of 18 digits (a shorter one is filled up with zeros) are cut into ranges, each with one longest
prefix. A look-up takes the number as an integer, a step by its first five digits, and a few halvings. Shorter
prefixes of the number are the parents of longer ones.

The table is one block of bytes without pointers, about 40 bytes for a prefix where a dictionary takes 150, so
that the raters of a machine can map one file (``PrefixTable.block``).
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from struct import Struct

WIDTH = 18
"""Digits that 64 bits hold. Longer prefixes, which no numbering plan has, stand in a dictionary."""

_HEAD_DIGITS_MAX = 5
"""First digits that a look-up steps by, at most; a small table has fewer."""

_MAGIC = b"cgrpfx01"
_SIZES = Struct("<8s7Q")

NOBODY = 0
"""The node of numbers that no prefix begins."""

Member = tuple[int, bool]
"""A destination's place in the table's names, and whether it has the prefix written with a plus."""


class PrefixTable:
    """The prefixes of all destinations; a node is one prefix, its group tells whose prefix that is.

    Raises ValueError for a block that ``build`` of this version did not make.
    """

    __slots__ = (
        "_groups",
        "_head_step",
        "_heads",
        "_lengths",
        "_long",
        "_long_lengths",
        "_members",
        "_nodes",
        "_offsets",
        "_parents",
        "_starts",
        "block",
    )

    def __init__(self, block: bytes | memoryview) -> None:
        view = memoryview(block)
        if len(view) < _SIZES.size or bytes(view[: len(_MAGIC)]) != _MAGIC:
            raise ValueError("no table of prefixes of this version")
        _, ranges, heads, nodes, offsets, members, long_bytes, size = _SIZES.unpack_from(view)
        if size != len(view):
            raise ValueError(f"{len(view)} bytes of a table of prefixes of {size}")
        self.block = block
        place = _SIZES.size
        taken: list[memoryview] = []
        counts = (ranges, ranges, heads + 1, nodes, nodes, offsets, members, nodes)
        for count, width in zip(counts, (8, 4, 4, 4, 4, 4, 4, 1), strict=True):
            section = view[place : place + count * width]
            taken.append(section.cast("Q") if width == 8 else section.cast("I") if width == 4 else section)
            place += -(-count * width // 8) * 8
        self._head_step = 10**WIDTH // heads
        self._starts, self._nodes, self._heads = taken[0], taken[1], taken[2]
        self._parents, self._groups, self._offsets, self._members, self._lengths = taken[3:]
        pairs = (line.split(" ") for line in bytes(view[place : place + long_bytes]).decode().splitlines())
        self._long: dict[str, int] = {prefix: int(node) for prefix, node in pairs}
        self._long_lengths = sorted({len(prefix) for prefix in self._long}, reverse=True)

    def __len__(self) -> int:
        return len(self._lengths) - 1

    def find(self, number: str) -> int:
        """Find the node of the longest prefix that begins a number (digits); NOBODY if none does."""
        if self._long_lengths:
            for length in self._long_lengths:
                if length <= len(number) and (node := self._long.get(number[:length], NOBODY)):
                    return node
        head = number[:WIDTH]
        if not (head.isascii() and head.isdigit()):
            head = _leading_digits(head)
        code = int(head.ljust(WIDTH, "0"))
        step = code // self._head_step
        heads = self._heads
        node = int(self._nodes[bisect_right(self._starts, code, heads[step], heads[step + 1]) - 1])
        while self._lengths[node] > len(head):  # begins the number only with the zeros that filled it up
            node = self._parents[node]
        return node

    def parent(self, node: int) -> int:
        """Tell the next shorter prefix that begins a node's; NOBODY if none does."""
        return int(self._parents[node])

    def length(self, node: int) -> int:
        """Tell how many digits a node's prefix has."""
        return int(self._lengths[node])

    def group(self, node: int) -> int:
        """Tell a node's group. Prefixes of the same destinations have the same."""
        return int(self._groups[node])

    def members(self, group: int) -> list[Member]:
        """List the destinations of a group, in the order of their names."""
        first, end = self._offsets[group], self._offsets[group + 1]
        return [(each >> 1, bool(each & 1)) for each in self._members[first:end]]

    def has_member(self, group: int, place: int) -> bool:
        """Tell whether a destination is of a group, however many are."""
        first, end = self._offsets[group], self._offsets[group + 1]
        found = bisect_left(self._members, place << 1, first, end)
        return bool(found < end and self._members[found] >> 1 == place)

    def prefixes(self) -> Iterator[tuple[str, int]]:
        """List every prefix (digits) with its group, in the order of numbers but for those beyond WIDTH."""
        told = NOBODY
        for start, node in zip(self._starts, self._nodes, strict=True):
            if node > told:  # nodes count in the order of prefixes; those skipped begin here, too
                digits = f"{start:0{WIDTH}d}"
                for each in range(told + 1, node + 1):
                    yield digits[: self._lengths[each]], self._groups[each]
                told = node
        for prefix, node in self._long.items():
            yield prefix, self._groups[node]


def build(destinations: Mapping[str, Iterable[str]]) -> PrefixTable:
    """Make the table of destinations' prefixes as written; their places are those of the sorted names.

    An empty prefix begins nothing.
    """
    groups: dict[str, int] = {}
    members: list[tuple[int, ...]] = [()]
    extended: dict[tuple[int, int], int] = {}
    for place, name in enumerate(sorted(destinations)):
        for prefix in destinations[name]:
            plus = prefix[:1] == "+"
            bare = prefix[1:] if plus else prefix
            step = groups.get(bare, 0), place << 1 | plus
            group = extended.get(step)
            if group is None:
                known = members[step[0]]
                group = step[0]
                if not known or known[-1] >> 1 != place:
                    group = len(members)
                    members.append((*known, step[1]))
                extended[step] = group
            groups[bare] = group
    groups.pop("", None)
    return PrefixTable(_block(groups, members))


def _block(groups: dict[str, int], members: list[tuple[int, ...]]) -> bytes:
    ordered = sorted(groups)
    short = [prefix for prefix in ordered if len(prefix) <= WIDTH]
    starts, nodes, parents = _ranges(short)
    long_lines: list[str] = []
    number_of: dict[str, int] = {}
    lengths = array("B", (0, *map(len, short)))
    of_group = array("I", (0, *(groups[prefix] for prefix in short)))
    if len(short) < len(ordered):
        number_of = {prefix: node for node, prefix in enumerate(short, 1)}
        for prefix in (each for each in ordered if len(each) > WIDTH):
            number_of[prefix] = len(lengths)
            long_lines.append(f"{prefix} {len(lengths)}\n")
            beginnings = (prefix[:length] for length in range(len(prefix) - 1, 0, -1))
            parents.append(next((number_of[each] for each in beginnings if each in number_of), NOBODY))
            lengths.append(len(prefix))
            of_group.append(groups[prefix])
    offsets = array("I", accumulate(map(len, members), initial=0))
    flat = array("I", (each for group in members for each in group))
    head_step = 10 ** (WIDTH - min(len(str(len(starts))) - 1, _HEAD_DIGITS_MAX))
    heads = array("I", (bisect_right(starts, head) for head in range(0, 10**WIDTH + 1, head_step)))
    text = "".join(long_lines).encode()
    sections = (starts, nodes, heads, parents, of_group, offsets, flat, lengths)
    parts = [_padded(section.tobytes()) for section in sections]
    size = _SIZES.size + sum(map(len, parts)) + len(text)
    counts = (len(starts), len(heads) - 1, len(lengths), len(offsets), len(flat), len(text), size)
    return b"".join((_SIZES.pack(_MAGIC, *counts), *parts, text))


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


def _ranges(ordered: Sequence[str]) -> "tuple[array[int], array[int], array[int]]":
    """Cut the numbers where prefixes (in the order of text, so parents come first) begin and end.

    Tells where ranges start, the node of each, and the parent of each node. Nodes count from one.
    """
    starts, nodes, parents = array("Q", (0,)), array("I", (NOBODY,)), array("I", (NOBODY,))
    open_nodes = [NOBODY]
    open_ends = [10**WIDTH]
    steps = [10 ** (WIDTH - length) for length in range(WIDTH + 1)]
    for node, prefix in enumerate(ordered, 1):
        step = steps[len(prefix)]
        start = int(prefix) * step
        while open_ends[-1] <= start:
            _open(starts, nodes, open_ends.pop(), _under(open_nodes))
        parents.append(open_nodes[-1])
        _open(starts, nodes, start, node)
        open_nodes.append(node)
        open_ends.append(start + step)
    while len(open_ends) > 1:
        end = open_ends.pop()
        if end < 10**WIDTH:
            _open(starts, nodes, end, _under(open_nodes))
    return starts, nodes, parents


def _under(open_nodes: list[int]) -> int:
    open_nodes.pop()
    return open_nodes[-1]


def _open(starts: "array[int]", nodes: "array[int]", start: int, node: int) -> None:
    if starts[-1] == start:  # whatever was to begin here has no number of its own
        nodes[-1] = node
    else:
        starts.append(start)
        nodes.append(node)


def _leading_digits(text: str) -> str:
    place = 0
    while place < len(text) and "0" <= text[place] <= "9":
        place += 1
    return text[:place]
