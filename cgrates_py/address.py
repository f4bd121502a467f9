"""Addresses of servers as people write them: ``HOST:PORT``, IPv6 hosts in brackets."""

import ipaddress
import socket
from typing import NamedTuple, Self


class AddressError(ValueError):
    """The text is no ``HOST:PORT``."""


class Address(NamedTuple):
    """A TCP address. Prints as it is written."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``HOST:PORT``; ``PORT`` and ``:PORT`` mean 127.0.0.1. Raises AddressError."""
        host, _, port = text.rpartition(":")
        if not port.isdecimal() or not port.isascii() or len(port) > 5 or int(port) > 65535:
            raise AddressError(f"expected HOST:PORT, got {text[:100]!r}")
        return cls(host.strip("[]") or "127.0.0.1", int(port))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Tell whether whoever listens on ``host`` can be reached from this machine alone."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(each[4][0]).partition("%")[0]).is_loopback for each in found)
