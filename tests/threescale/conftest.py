"""One server with a held clock and an administrator for all cases."""

from collections.abc import Iterator

import pytest

from tests.shell.servers import serving
from tests.threescale.vectors_runner import Runner

ADMIN_KEY = "the-key-of-the-tests"


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    place = tmp_path_factory.mktemp("threescale") / "data"
    with serving(place, "--test-clock", CGRATES_ADMIN_KEY=ADMIN_KEY) as server:
        running = Runner(server.http, ADMIN_KEY)
        yield running
        running.wire.close()
