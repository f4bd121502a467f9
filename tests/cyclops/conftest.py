"""One server with a held clock for all cases: each has its own names and its own hour."""

from collections.abc import Iterator

import pytest

from tests.cyclops.wire import Service
from tests.shell.servers import serving

ADMIN_KEY = "the-key-of-the-tests"


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("cyclops") / "data", "--test-clock", CGRATES_RATERS="1") as server:
        running = Service(server.http)
        assert running.get("/scheduler/stop").status == 200
        yield running
        running.wire.close()
