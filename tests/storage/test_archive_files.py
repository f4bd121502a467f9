"""Where an archive may be: a directory, or a place in object storage."""

import errno
import os
from pathlib import Path

import pytest

from storage import archive_files
from storage.archive_files import Directory, NoFileError, check_location, files_at, reading


@pytest.mark.parametrize(
    "text",
    [
        "ftp://host/x",
        "s3://",
        "s3://key:secret@bucket/x",
        "abfs://:secret@account.blob.core.windows.net/container",
        "file://host/x",
        "file:///",
    ],
)
def test_a_url_that_is_no_place_for_an_archive_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        check_location(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("old days", "old days/name"),
        ("file:///var/lib/old%20days", "/var/lib/old days/name"),
        ("s3://bucket/prefix/?region=eu-west-1", "s3://bucket/prefix/name"),
        ("abfs://container@account/prefix", "abfs://container@account/prefix/name"),
    ],
)
def test_an_archive_is_a_directory_or_a_url(text: str, place: str) -> None:
    assert files_at(check_location(text)).place("name") == place


def test_a_file_is_written_once_and_read_where_it_was_written(tmp_path: Path) -> None:
    files = files_at(f"file://{tmp_path}/not/there")
    assert isinstance(files, Directory)
    files.put("name", b"content")
    assert Path(files.source("name")).read_bytes() == b"content"
    with pytest.raises(FileExistsError):
        files.put("name", b"other")
    files.remove("name")
    files.remove("name")
    with pytest.raises(NoFileError, match="there is no archive /"), reading(files, "name"):
        files.source("name")


def test_nothing_stays_of_a_file_that_cannot_be_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(os, "fsync", full)
        files_at(tmp_path).put("name", b"content")
    assert list(tmp_path.iterdir()) == []
    files_at(tmp_path).put("name", b"content")
    assert [each.name for each in tmp_path.iterdir()] == ["name"]


def test_the_names_of_new_directories_are_synced_like_those_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = list[Path]()
    monkeypatch.setattr(archive_files, "_sync", synced.append)
    files_at(tmp_path / "new" / "archive").put("name", b"content")
    assert synced == [tmp_path / "new", tmp_path, tmp_path / "new" / "archive"]
