"""Nested parameters: what names and values mean, and which are refused."""

from urllib.parse import quote_plus, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgrates_py.http.threescale import params
from cgrates_py.http.threescale.params import InvalidTextError, ParameterSyntaxError, Value, parse

READ: list[tuple[bytes, dict[str, Value]]] = [
    (b"", {}),
    (b"a=1", {"a": "1"}),
    (b"a=1&b=2", {"a": "1", "b": "2"}),
    (b"&&a=1&&", {"a": "1"}),
    (b"a", {"a": None}),
    (b"a=", {"a": ""}),
    (b"=1", {}),
    (b"a=1=2", {"a": "1=2"}),
    (b"a=1;b=2", {"a": "1;b=2"}),
    (b"a=1&a=2", {"a": "2"}),
    (b"a+b=c+d", {"a b": "c d"}),
    (b"a=%2B%26%3D%25", {"a": "+&=%"}),
    (b"a=x=%3D%0A%0D=", {"a": "x==\n\r="}),
    (b"a=%c4%83\xc4\x83", {"a": "ăă"}),
    (b"usage[hits]=1", {"usage": {"hits": "1"}}),
    (b"usage%5Bhits%5D=1", {"usage": {"hits": "1"}}),
    (b"usage[b]=1&usage[a]=2&usage[b]=3", {"usage": {"b": "3", "a": "2"}}),
    (b"usage[hits]", {"usage": {"hits": None}}),
    (b"a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
    (b"usage[hits]=1&usage=5", {"usage": "5"}),
    (b"usage&usage[hits]=1", {"usage": {"hits": "1"}}),
    (b"a[]=1&a[]=2", {"a": ["1", "2"]}),
    (b"a[]", {"a": [None]}),
    (b"a[][b]=1&a[][c]=2&a[][b]=3", {"a": [{"b": "1", "c": "2"}, {"b": "3"}]}),
    (b"a[][b][c]=1&a[][b][d]=2&a[][b][c]=3", {"a": [{"b": {"c": "1", "d": "2"}}, {"b": {"c": "3"}}]}),
    (b"a[x][]=1&a[x][]=2", {"a": {"x": ["1", "2"]}}),
    (b"a[][]=1&a[][]=2", {"a": [["1"], ["2"]]}),
    (b"[a]=1", {"[a]": "1"}),
    (b"a[=1", {"a[": "1"}),
    (b"a[b=1", {"a": {"[b": "1"}}),
    (b"a[b]c=1", {"a": {"b": {"c": "1"}}}),
    (b"a]=1", {"a]": "1"}),
    (b"a[b[c]=1", {"a": {"b[c": "1"}}),
]


@pytest.mark.parametrize(("encoded", "expected"), READ)
def test_a_query_means_what_its_brackets_say(encoded: bytes, expected: dict[str, Value]) -> None:
    assert parse(encoded) == expected
    assert list(parse(encoded)) == list(expected)


BROKEN = "Invalid query parameters: invalid %-encoding"


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        (b"a=%zz", BROKEN),
        (b"a=1%", BROKEN),
        (b"a=%2&b=2", BROKEN),
        (b"%=1", BROKEN),
        (b"usage[]=1&usage[hits]=1", params.SYNTAX),
        (b"usage[hits]=1&usage[]=1", params.SYNTAX),
        (b"usage=5&usage[hits]=1", params.SYNTAX),
        (b"a[b]=1&a[b][c]=1", params.SYNTAX),
        (b"a" + b"[b]" * 32 + b"=1", params.SYNTAX),
        (b"a" * 200 + b"[b]" * 40 + b"=1", params.SYNTAX),
        (b"&" * 4096, "total number of query parameters (4097) exceeds limit (4096)"),
        (b"a=1&" * 5000, "total number of query parameters (5001) exceeds limit (4096)"),
        (b"a" * (params.BYTES_MAX + 1), "total query size exceeds limit (4194304)"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(encoded: bytes, message: str) -> None:
    with pytest.raises(ParameterSyntaxError) as caught:
        parse(encoded)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    "encoded", [b"a" + b"[b]" * 31 + b"=1", b"&" * 4095, b"a=" + b"x" * (params.BYTES_MAX - 2)]
)
def test_what_just_fits_is_taken(encoded: bytes) -> None:
    parse(encoded)


@pytest.mark.parametrize("encoded", [b"a=%F0%90%28%BC", b"%F0%90%28%BC=1", b"a[\xff]=1", b"a=\xc4"])
def test_what_is_no_utf_8_is_told_apart_or_replaced(encoded: bytes) -> None:
    with pytest.raises(InvalidTextError):
        parse(encoded)

    assert "\ufffd" in str(parse(b"b=1&" + encoded, lenient=True))


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: "[" not in name[1:]), st.text()))
def test_what_was_encoded_is_read_back(pairs: dict[str, str]) -> None:
    encoded = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs.items())

    assert parse(encoded.encode()) == pairs


@given(st.lists(st.sampled_from([b"%3D", b"%0a", b"=", b"a", b"_", b" ", b"\n", b"\r\n", b"%41", b"."])))
def test_escapes_are_decoded_as_the_standard_library_does(pieces: list[bytes]) -> None:
    value = b"".join(pieces)

    assert parse(b"n=" + value) == {"n": unquote_to_bytes(value).decode()}


@given(st.binary(max_size=60), st.booleans())
def test_no_bytes_are_answered_with_anything_but_the_two_refusals(encoded: bytes, lenient: bool) -> None:
    try:
        parse(encoded, lenient=lenient)
    except ParameterSyntaxError:
        pass
    except InvalidTextError:
        assert not lenient


@given(st.lists(st.sampled_from(["a", "[", "]", "[]", "[b]", "=", "&", "1"]), max_size=40))
def test_no_order_of_brackets_is_more_than_a_name(pieces: list[str]) -> None:
    try:
        read = parse("".join(pieces).encode())
    except ParameterSyntaxError:
        return
    assert "" not in read
