"""Cyclops RC has no credentials of its own: it is open to this machine alone."""

from pathlib import Path

import httpx

from tests.shell.servers import serving

KEY = "the-key-of-the-tests"


def test_it_is_open_to_this_machine_and_to_no_page_of_another_site(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "data", CGRATES_ADMIN_KEY=KEY) as server,
        httpx.Client(base_url=f"{server.http}/rc") as client,
    ):
        assert client.get("/scheduler/status").text == "running"
        foreign = client.get("/scheduler/stop", headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status_code == 403
        assert client.get("/scheduler/status").text == "running"
