"""A stream is cut into the same values however its bytes arrive."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.framing import Framer, too_deep

GIB = 1 << 30


def cut(stream: bytes, size: int, framer: Framer | None = None) -> tuple[list[bytes], str]:
    """Feed the stream in pieces of ``size``; take lines as a decoder would that refuses all of them."""
    framer = framer or Framer()
    frames: list[bytes] = []
    for at in range(0, len(stream), size):
        frames += framer.split(framer.lines(stream[at : at + size]))
    return frames, framer.fault


VALUES = [
    pytest.param(b'{"a":1}', [b'{"a":1}'], id="no newline"),
    pytest.param(b'{"a":1}\n', [b'{"a":1}'], id="a line"),
    pytest.param(b'{"a":1}\r\n{"b":2}\r\n', [b'{"a":1}', b'{"b":2}'], id="CR LF"),
    pytest.param(b' \t\n {"a":1}', [b'{"a":1}'], id="leading whitespace"),
    pytest.param(b'{"a":1}{"b":2}[3] {}', [b'{"a":1}', b'{"b":2}', b"[3]", b"{}"], id="several on a line"),
    pytest.param(b'{\n"a":\n1\n}\n', [b'{\n"a":\n1\n}'], id="over several lines"),
    pytest.param(b'{"a":"}{"}{"b":"\\"}"}', [b'{"a":"}{"}', b'{"b":"\\"}"}'], id="brackets in strings"),
    pytest.param(b'{"a":"\\\\"}{"b":"\\\\\\""}', [b'{"a":"\\\\"}', b'{"b":"\\\\\\""}'], id="backslashes"),
    pytest.param(b'{"a":1}\n{"b"', [b'{"a":1}'], id="an unfinished one waits"),
    pytest.param('{"ä":"é€😀"}'.encode(), ['{"ä":"é€😀"}'.encode()], id="UTF-8"),
    pytest.param(b'7:{"a":1},4:[12],', [b'{"a":1}', b"[12]"], id="netstrings"),
    pytest.param(b'7:{"a":1},40:[12]', [b'{"a":1}'], id="an unfinished netstring waits"),
    pytest.param(b"0:,", [b""], id="an empty netstring"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(("stream", "expected"), VALUES)
def test_values_come_out_whole_whatever_the_pieces(stream: bytes, expected: list[bytes], size: int) -> None:
    frames, fault = cut(stream, size)

    assert (frames, fault) == (expected, "")


FAULTS = [
    pytest.param(b"hello\n", "a request begins with { or [", id="garbage"),
    pytest.param(b"\xff\xfe{}", "a request begins with { or [", id="a byte-order mark"),
    pytest.param(b'"text"\n', "a request begins with { or [", id="a bare text"),
    pytest.param(b"[" * 65, "nested deeper than 64", id="too deep"),
    pytest.param(b'{"a":"' + b"x" * 100, "longer than 100 bytes", id="too long"),
    pytest.param(b'{"a":"' + b"x" * 100 + b'"}\n', "longer than 100 bytes", id="too long, but whole"),
    pytest.param(b"101:{}", "a netstring begins with its length, at most 100, and a colon", id="announced"),
    pytest.param(b"1x:", "a netstring begins with its length, at most 100, and a colon", id="no length"),
    pytest.param(
        b"7777", "a netstring begins with its length, at most 100, and a colon", id="endless length"
    ),
    pytest.param(b"2:{}]", "a netstring ends with a comma", id="no comma"),
]


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(("stream", "expected"), FAULTS)
def test_a_stream_that_cannot_go_on_says_why_and_keeps_nothing(
    stream: bytes, expected: str, size: int
) -> None:
    framer = Framer(frame_bytes_max=100)

    frames, fault = cut(stream, size, framer)

    assert ([], expected, 0) == (frames, fault, framer.pending)


def test_values_before_a_fault_are_returned() -> None:
    assert cut(b"{}[] oops", 1000) == ([b"{}", b"[]"], "a request begins with { or [")


def test_a_value_of_endless_small_parts_is_not_scanned_for_ever() -> None:
    assert cut(b"[" + b"{}," * 100_000, 1 << 18) == ([], "more than 32768 brackets")


def test_brackets_are_counted_per_value() -> None:
    frames, fault = cut(b"{} " * 40_000, 1 << 18)

    assert (len(frames), fault) == (40_000, "")


def test_a_gigabyte_announced_is_refused_before_it_comes() -> None:
    framer = Framer()

    frames, fault = cut(b"%d:{" % GIB, 1000, framer)

    assert (frames, bool(fault), framer.pending) == ([], True, 0)


def test_whole_lines_are_handed_over_as_they_are_and_the_rest_waits() -> None:
    framer = Framer()

    block = framer.lines(b'{"a":1}\n{"b":2}\n{"c"')
    framer.decoded()

    assert (block, framer.pending, framer.clear) == (b'{"a":1}\n{"b":2}\n', 4, False)
    assert (framer.lines(b":3}\n"), framer.pending) == (b'{"c":3}\n', 0)


def test_lines_that_were_none_are_tried_once_only() -> None:
    framer = Framer()

    assert framer.split(framer.lines(b'{"a":\n')) == []
    assert framer.lines(b"1\n") == b""
    assert framer.split() == []
    assert framer.split(framer.lines(b"}\n")) == [b'{"a":\n1\n}']
    assert framer.split(framer.lines(b"\n")) == []
    assert framer.lines(b"{}\n") == b"{}\n"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
CONTAINERS = st.lists(JSON, max_size=3) | st.dictionaries(st.text(), JSON, max_size=3)


@given(
    values=st.lists(st.tuples(CONTAINERS, st.sampled_from(["", " ", "\n", "\r\n", "\n\n \t"]))),
    size=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
def test_any_run_of_values_comes_back(
    values: list[tuple[object, str]], size: int, indent: int | None, ascii_only: bool
) -> None:
    texts = [json.dumps(value, indent=indent, ensure_ascii=ascii_only) for value, _ in values]
    stream = "".join(text + after for text, (_, after) in zip(texts, values, strict=True))

    frames, fault = cut(stream.encode(errors="replace"), size)

    assert ([text.encode(errors="replace") for text in texts], "") == (frames, fault)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"[" * 64 + b"]" * 64, False),
        (b"[" * 65 + b"]" * 65, True),
        (b"[" + b"{}," * 100 + b"{}]", False),
        (b'["' + b"[" * 100 + b'"]', False),
        (b'{"a\\"":' * 65 + b"1" + b"}" * 65, True),
    ],
)
def test_depth_counts_brackets_outside_of_strings(value: bytes, expected: bool) -> None:
    assert expected == too_deep(value)
