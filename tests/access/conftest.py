"""The tests of access run on the event loop that the server runs on."""

import asyncio
from collections.abc import Callable, Mapping

import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give uvloop to pytest-asyncio."""
    return {"uvloop": uvloop.new_event_loop}
