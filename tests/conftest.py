"""For all tests: slow files begin, so that no worker waits for the last of another; each has its own logs."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog


def pytest_configure(config: pytest.Config) -> None:
    """Keep our order where several workers share the files; else those of most tests would begin."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have a slow test."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


_configure = structlog.configure


def _configure_uncached(**settings: Any) -> None:
    """Set up logs as asked, but keep no logger: the process goes on with other tests, and other outputs."""
    _configure(**{**settings, "cache_logger_on_first_use": False})


@pytest.fixture(autouse=True)
def logs_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave logs as they were: a command that ran within a test pointed them to that test's outputs."""
    monkeypatch.setattr(structlog, "configure", _configure_uncached)
    yield
    structlog.reset_defaults()
