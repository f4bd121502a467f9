"""Supervision in small: pauses between starts, addresses, ports."""

import socket

import pytest

from cgrates_py.address import Address, AddressError
from cgrates_py.child import Backoff
from cgrates_py.process import ListenError, bound, listen, reserve


@pytest.mark.parametrize(
    ("lives_s", "pauses_s"),
    [
        ([60], [0]),
        ([60, 1], [0, 0.1]),
        ([1, 1, 1, 1, 1, 1, 1, 1], [0, 0.1, 0.2, 0.5, 1, 2, 5, 5]),
        ([1, 1, 1, 60, 1], [0, 0.1, 0.2, 0, 0.1]),
    ],
)
def test_a_part_is_started_at_once_and_then_after_growing_pauses(
    lives_s: list[float], pauses_s: list[float]
) -> None:
    """A long life forgives the deaths before it; the longest pause is five seconds."""
    backoff = Backoff()

    assert pauses_s == [backoff.pause_s(lived) for lived in lives_s]


@pytest.mark.parametrize(
    ("text", "address", "shown"),
    [
        ("10.0.0.1:2001", ("10.0.0.1", 2001), "10.0.0.1:2001"),
        (":2001", ("127.0.0.1", 2001), "127.0.0.1:2001"),
        ("2001", ("127.0.0.1", 2001), "127.0.0.1:2001"),
        ("[::1]:80", ("::1", 80), "[::1]:80"),
        ("switch.example:0", ("switch.example", 0), "switch.example:0"),
    ],
)
def test_an_address_is_read_and_printed(text: str, address: tuple[str, int], shown: str) -> None:
    """IPv6 hosts stand in brackets; no host is this machine."""
    assert (address, shown) == (Address.parse(text), str(Address.parse(text)))


@pytest.mark.parametrize("text", ["", "host", "host:", "host:port", "host:65536", "host:-1", "host:²"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """A port is 0 to 65535, in plain digits."""
    with pytest.raises(AddressError, match="expected HOST:PORT"):
        Address.parse(text)


def test_a_reserved_port_is_given_to_nobody_else_but_can_be_listened_on_by_name() -> None:
    """That is how children get free ports that are still theirs after a restart."""
    with reserve("127.0.0.1", 0) as reserved:
        port = bound(reserved).port
        for _ in range(2):
            with listen("127.0.0.1", port) as listener:
                assert port == bound(listener).port
                socket.create_connection(("127.0.0.1", port)).close()


def test_a_port_in_use_is_named() -> None:
    """The error has the address and the reason."""
    with listen("127.0.0.1", 0) as taken:
        address = bound(taken)
        with pytest.raises(ListenError, match=f"cannot listen on {address}: Address already in use"):
            reserve(*address)


def test_a_host_that_does_not_exist_is_named() -> None:
    """A typing mistake in --host is no traceback."""
    with pytest.raises(ListenError, match=r"cannot listen on 256\.0\.0\.1:0"):
        listen("256.0.0.1", 0)
