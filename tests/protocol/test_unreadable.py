"""A value that can never be finished is told at once, also when its brackets do not balance."""

import pytest

from protocol import framing
from protocol.framing import Framer

GOOD = b'{"id":2,"method":"Responder.Status","params":[{}]}\n'

UNREADABLE = [
    b'{"id":1,"method":oops\n',
    b"{bad\n",
    b"[[[oops\n",
    b'{"id":1 "method"\n',
    b'{"id":1,"x":NaN\n',
    b'{"id":[1}\n',
    b'{"a":"unterminated\n',
]

CUT_OFF = [
    b"{",
    b'{"id":-',
    b'{"id":1.',
    b'{"id":1e',
    b'{"id":tr',
    b'{"a":"\\',
    b'{"a":"\\u00',
    b'{"a":"\xc3',
    b'{"id":1,"params":[{}]\n',
]


def frames(framer: Framer, data: bytes) -> list[bytes]:
    return framer.split(framer.lines(data))


@pytest.mark.parametrize("data", UNREADABLE)
def test_what_cannot_be_json_is_a_fault_at_once(data: bytes) -> None:
    framer = Framer()
    assert frames(framer, GOOD) == [GOOD.strip()]
    assert frames(framer, data) == []
    assert framer.fault


@pytest.mark.parametrize("data", CUT_OFF)
def test_what_may_go_on_is_waited_for(data: bytes) -> None:
    framer = Framer()
    assert frames(framer, data) == []
    assert not framer.fault


def test_a_lost_bracket_shows_with_the_next_request() -> None:
    framer = Framer()
    frames(framer, b'{"id":1,"params":[{}]\n')
    assert frames(framer, GOOD) == []
    assert framer.fault


def test_a_value_that_comes_a_byte_at_a_time_is_read_twice_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def fault_of(beginning: bytes) -> str:
        read.append(len(beginning))
        return ""

    monkeypatch.setattr(framing, "fault_of", fault_of)
    framer = Framer()
    value = b'{"id":"' + b"x" * 9_000
    for at in range(len(value)):
        frames(framer, value[at : at + 1])

    assert sum(read) <= 2 * len(value)
    assert read[-1] >= len(value) / 2
