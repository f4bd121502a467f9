"""Bodies of several parts: the same parameters in another dress."""

import pytest

from cgrates_py.http.threescale.multipart import parse_multipart
from cgrates_py.http.threescale.params import SYNTAX, InvalidTextError, ParameterSyntaxError, Value

TYPE = b'multipart/form-data; charset=UTF-8; boundary="b b"'


def body(*parts: tuple[bytes, bytes]) -> bytes:
    """Print parts, each with the parameters of its disposition and its content."""
    pieces = [b"--b b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % part for part in parts]
    return b"".join([*pieces, b"--b b--\r\n"])


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"", {}),
        (body((b"name=a", b"1")), {"a": "1"}),
        (body((b'name="a[b]"', b"1&2+%41")), {"a": {"b": "1&2+%41"}}),
        (body((b'name="a[]"', b"1"), (b'name="a[]"', b"2")), {"a": ["1", "2"]}),
        (body((b"name=a", b"1"), (b"name=a", b"")), {"a": ""}),
        (body((b'name="\xc4\x83"', b"\xc4\x83")), {"ă": "ă"}),
        (body((b'name=a; filename="x"', b"1")), {"a": {}}),
        (body((b"nothing", b"1")), {}),
        (body((b"name=a\r\nContent-Type: text/plain", b"1")), {"a": "1"}),
    ],
)
def test_a_part_is_a_parameter(sent: bytes, expected: dict[str, Value]) -> None:
    assert parse_multipart(sent, TYPE) == expected


@pytest.mark.parametrize(
    ("sent", "kind", "message"),
    [
        (b"a=1", TYPE, SYNTAX),
        (body((b"name=a", b"1"))[:-10], TYPE, SYNTAX),
        (body((b"name=a", b"1")), b"multipart/form-data", SYNTAX),
        (body((b"name=a", b"1")), b"multipart/form-data; boundary=" + b"x" * 300, SYNTAX),
        (body((b'name="a[]"', b"1"), (b'name="a[b]"', b"1")), TYPE, SYNTAX),
        (
            body(*[(b"name=a", b"1")] * 4097),
            TYPE,
            "total number of query parameters (4097) exceeds limit (4096)",
        ),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_the_reason(
    sent: bytes, kind: bytes, message: str
) -> None:
    with pytest.raises(ParameterSyntaxError) as caught:
        parse_multipart(sent, kind)

    assert str(caught.value) == message


@pytest.mark.parametrize("part", [(b"name=a", b"\xff"), (b'name="\xff"', b"1")])
def test_what_is_no_utf_8_is_told_apart_or_replaced(part: tuple[bytes, bytes]) -> None:
    with pytest.raises(InvalidTextError):
        parse_multipart(body(part), TYPE)

    assert "\ufffd" in str(parse_multipart(body(part), TYPE, lenient=True))
