"""Settings: where each comes from, and what is said about a bad one."""

from pathlib import Path
from typing import Any

import pytest

from cgrates_py import settings


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "cgrates.toml"


def test_the_defaults_are_the_ports_of_the_published_page() -> None:
    """2001, 8000 and 2000 on this machine alone."""
    loaded = settings.load()

    assert (
        loaded.host,
        loaded.rpc_port,
        loaded.http_port,
        loaded.rater_port,
    ) == ("127.0.0.1", 2001, 8000, 2000)


@pytest.mark.parametrize(
    ("option", "environment", "file", "expected"),
    [
        (1, "2", "3", 1),
        (None, "2", "3", 2),
        (None, None, "3", 3),
        (None, None, None, 2001),
    ],
)
def test_the_command_line_wins_over_the_environment_over_the_file(
    option: int | None,
    environment: str | None,
    file: str | None,
    expected: int,
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each source gives way to the one before it."""
    if environment is not None:
        monkeypatch.setenv("CGRATES_RPC_PORT", environment)
    config.write_text(f"rpc_port = {file}\n" if file else "")

    assert expected == settings.load(config, rpc_port=option).rpc_port


def test_every_bad_setting_is_named_with_its_origin(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One report for all of them, so that nobody mends one at a time."""
    monkeypatch.setenv("CGRATES_RATERS", "many")
    config.write_text("rpc_prot = 1\nrpc_address = 'nowhere'\n")

    with pytest.raises(settings.SettingsError) as raised:
        settings.load(config, http_port=70_000)

    lines = sorted(str(raised.value).splitlines())
    assert [
        "setting http_port (the command line): Input should be less than or equal to 65535",
        "setting raters (the environment, CGRATES_RATERS): Input should be a valid integer,"
        " unable to parse string as an integer",
        f"setting rpc_address ({config}): expected HOST:PORT, got 'nowhere'",
        f"setting rpc_prot ({config}): no such setting",
    ] == lines


@pytest.mark.parametrize("text", ["raters = ", "not toml"])
def test_a_file_that_is_no_toml_is_refused(text: str, config: Path) -> None:
    """The error names the file."""
    config.write_text(text)

    with pytest.raises(settings.SettingsError, match=str(config)):
        settings.load(config)


def test_a_missing_file_is_refused(config: Path) -> None:
    """A typing mistake in --config does not start a server with defaults."""
    with pytest.raises(settings.SettingsError, match="no such file"):
        settings.load(config)


def test_the_environment_gives_another_process_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the supervisor has, its children have."""
    given = settings.load(rpc_port=7, name="s3", test_clock=True, data_dir=Path("/d"), log_level="debug")
    for name, text in given.environment().items():
        monkeypatch.setenv(name, text)

    assert given.model_dump() == settings.load().model_dump()


def test_a_secret_does_not_show_when_settings_are_printed() -> None:
    """Logs and tracebacks print settings."""
    hidden = "s3cr3t"

    assert hidden not in repr(settings.load(secret=hidden))


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ({}, 92),
        ({"redis_url": "redis://10.0.0.2/0"}, 0),
        ({"redis_url": "redis://10.0.0.2/0", "archive_dir": "s3://bucket/prefix"}, 92),
        ({"redis_url": "redis://10.0.0.2/0", "archive_after_days": 7}, 7),
        ({"archive_after_days": 0}, 0),
    ],
)
def test_what_is_old_is_archived_by_itself_where_all_parts_see_the_archive(
    given: dict[str, Any], days: int
) -> None:
    """A directory of one host is no place for what others have to read."""
    assert settings.load(**given).archives_after_days == days


def test_an_archive_in_a_place_that_cannot_be_is_refused() -> None:
    """The error names the setting."""
    with pytest.raises(settings.SettingsError, match=r"archive_dir .*: expected a directory, or a URL"):
        settings.load(archive_dir="ftp://host/x")
