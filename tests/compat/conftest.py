"""One server with the demo data for every client."""

from collections.abc import Iterator

import pytest

from tests.shell.servers import Server, serving


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("compat") / "data", "--demo") as server:
        yield server
