"""Keys are followed in the store, and one that is away is told once."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cgrates_py.access import AccessError, keys
from cgrates_py.settings import load
from protocol.access import Keyring

ANYWHERE = ".".join("0000")


async def test_a_store_that_does_not_run_is_told_once_and_nobody_gets_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store of this directory was there before, so there may be keys in it."""
    (tmp_path / "appendonlydir").mkdir()
    looks = asyncio.Queue[None]()
    monkeypatch.setattr(keys, "POLL_S", 0)
    monkeypatch.setattr(keys, "FIRST_READ_S", 0)
    monkeypatch.setattr("storage.embedded.url_if_running", lambda _: looks.put_nowait(None))
    settings = load(data_dir=tmp_path)
    keyring = keys.make_keyring(settings, ANYWHERE, "")

    with capture_logs() as lines:
        async with keys.following(settings, keyring):
            keys.check_reachable(settings, ANYWHERE, keyring)
            for _ in range(5):
                await looks.get()

    assert [line["event"] for line in lines if line["log_level"] == "warning"] == [
        "the store is away, nobody is let in by a key of it"
    ]
    assert keyring.lacking.startswith("UNAUTHENTICATED")
    assert str(keyring.find("cgr_0_0")).startswith("STORE_UNAVAILABLE")


def test_a_directory_that_never_had_a_store_is_named_as_the_cause(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match=r"there was never a store in the data directory .*nowhere"):
        keys.check_reachable(load(data_dir=tmp_path / "nowhere"), ANYWHERE, Keyring(required=True))
