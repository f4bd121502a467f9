"""The order of the files: slow ones begin, so that no worker waits for the last file of another."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Keep our order where several workers share the files; else those of most tests would begin."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have a slow test."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
