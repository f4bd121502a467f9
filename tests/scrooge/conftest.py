"""One server with a held clock and an administrator for all cases."""

from collections.abc import Iterator

import pytest

from tests.scrooge.runner import ADMIN_KEY, Runner
from tests.shell.servers import serving


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    place = tmp_path_factory.mktemp("scrooge")
    with serving(place / "data", "--test-clock", CGRATES_ADMIN_KEY=ADMIN_KEY) as server:
        running = Runner(server, place)
        yield running
        running.wire.close()
