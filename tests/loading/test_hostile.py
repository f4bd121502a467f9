"""Folders filled by somebody who means harm: what is not read, how much is read, and what is printed."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from rater.tariff import Tariff
from storage.loading import folder as bounds
from storage.loading import load_folder
from storage.loading.folder import FILE_BYTES_MAX, Folder
from storage.loading.report import Report
from tests.loading.folders import CSV, JSON, NOW_NS, load, notices, reports, write

OUT = "expected a file inside the folder, got a link out of it"
OTHER = "expected a regular file, got something else"


@pytest.mark.parametrize("target", ["/dev/zero", "/etc/passwd", "../secret.csv", "/proc/self/environ", "/"])
def test_a_link_out_of_the_folder_is_not_read(target: str, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("A,1\n")
    folder = write(tmp_path / "folder", {})
    (folder / "Destinations.csv").symlink_to(target)

    assert [f"Destinations.csv: {OUT}"] == reports(load(folder, {}))


def test_a_folder_above_that_is_a_link_leads_nowhere_else(tmp_path: Path) -> None:
    """The folder itself may be a link: people keep one to the latest."""
    write(tmp_path / "first", {"Destinations.csv": "A,1\n"})
    (tmp_path / "latest").symlink_to("first")

    loaded = load_folder(tmp_path / "latest", Tariff(), now_ns=NOW_NS)

    assert loaded.tariff.destinations == {"A": ("1",)}


def test_pipes_and_folders_are_not_waited_for(tmp_path: Path) -> None:
    folder = write(tmp_path, {})
    os.mkfifo(folder / "Rates.csv")
    (folder / "Timings.csv").mkdir()

    assert [f"{name}: {OTHER}" for name in ("Rates.csv", "Timings.csv")] == reports(load(folder, {}))


def test_a_socket_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path, {"Destinations.csv": "A,1\n"})
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("Rates.csv")

        assert [f"Rates.csv: {OTHER}"] == reports(load(folder, {}))


def read(folder: Path, name: str, swap: Path | None) -> list[str]:
    """Look at a folder, put another file in a file's place, and read it."""
    report = Report()
    opened = Folder(folder, (name,), report, None)
    if swap is not None:
        (folder / name).unlink()
        swap.rename(folder / name)
    list(opened.lines(name)) if name.endswith("csv") else opened.document(name)
    return [str(problem) for problem in report.problems.listed()]


@pytest.mark.parametrize("name", ["Rates.csv", "destinations.json"])
def test_what_was_put_in_a_files_place_after_it_was_looked_at_is_not_read(name: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "folder", {name: "[]"})
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")

    assert read(folder, name, None) == []
    assert [f"{name}: {OTHER}"] == read(folder, name, tmp_path / "pipe")
    (folder / name).unlink()
    write(folder, {name: "[]"})
    assert [f"{name}: {OUT}"] == read(folder, name, tmp_path / "link")


@pytest.mark.parametrize("name", ["Rates.csv", "user_budgets.json"])
def test_a_file_of_a_gigabyte_is_not_begun(name: str, tmp_path: Path) -> None:
    folder = write(tmp_path, {})
    with (folder / name).open("wb") as huge:
        huge.truncate(1 << 30)

    assert [f"{name}: expected at most {FILE_BYTES_MAX} bytes, got {1 << 30} bytes"] == reports(
        load(folder, {})
    )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hundred lines, values or bytes are too many."""
    monkeypatch.setattr(bounds, "LINES_MAX", 100)
    monkeypatch.setattr(bounds, "JSON_VALUES_MAX", 100)
    yield


@pytest.mark.usefixtures("small")
def test_a_file_of_more_lines_than_are_kept_is_one_problem(tmp_path: Path) -> None:
    assert reports(load(tmp_path / "as many", {"Destinations.csv": "A,1\n" * 100})) == []
    assert [
        f"Destinations.csv:101:1: expected at most 100 lines and {FILE_BYTES_MAX} bytes, got more"
    ] == reports(load(tmp_path / "more", {"Destinations.csv": "A,1\n" * 200}))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("document", ["[" + "1," * 200 + "1]", "[" * 101, json.dumps([{}] * 60)])
def test_a_document_of_more_values_than_are_kept_is_not_parsed(document: str, tmp_path: Path) -> None:
    (problem,) = reports(load(tmp_path, {"destinations.json": document}))

    assert problem.startswith("destinations.json: expected at most 100 values, got ")


@pytest.mark.parametrize("name", ["Rates.csv", "destinations.json"])
def test_a_file_that_grows_while_it_is_read_is_left_at_its_bound(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "folder", {name: "#\n" * 30})
    report = Report()
    opened = Folder(folder, (name,), report, None)
    monkeypatch.setattr(os, "fstat", lambda _: os.stat_result((0o100644, *[0] * 9)))
    monkeypatch.setattr(bounds, "FILE_BYTES_MAX", 50)
    list(opened.lines(name)) if name.endswith("csv") else opened.document(name)

    (problem,) = report.problems.listed()
    assert (problem.file, problem.got) == (name, "more")


@pytest.mark.parametrize(
    "document", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, '[{"a":' * 50_000 + "1" + "}]" * 50_000]
)
def test_a_document_nested_without_end_is_a_problem(document: str, tmp_path: Path) -> None:
    (problem,) = reports(load(tmp_path, {**JSON, "user_budgets.json": document}))

    assert problem.startswith("user_budgets.json")


ARCHIVES = {
    "gzip": b"\x1f\x8b\x08\0",
    "zip": b"PK\x03\x04\xff",
    "bzip2": b"BZh9\xff",
    "xz": b"\xfd7zXZ\0",
    "zstd": b"\x28\xb5\x2f\xfd",
}


@pytest.mark.parametrize("head", ARCHIVES.values(), ids=ARCHIVES)
def test_an_archive_is_no_text_and_is_not_unpacked(head: bytes, tmp_path: Path) -> None:
    told = reports(load(tmp_path, {"Destinations.csv": head + b"\n"}))

    assert told[0].startswith("Destinations.csv:1:1: expected UTF-8 text")


@pytest.mark.parametrize("zone", ["../../etc/passwd", "/etc/passwd", "UTC/../UTC", "."])
def test_a_time_zone_names_no_file(zone: str, tmp_path: Path) -> None:
    told = reports(load(tmp_path, {"Timings.csv": f"DAY,,,,,,{zone}\n"}))

    assert told[0].startswith("Timings.csv:1:7: expected an IANA time zone")


def test_the_bounds_are_on_the_page_of_limits() -> None:
    page = " ".join((Path(__file__).parents[2] / "docs/OPERATIONS.md").read_text().split())
    lines, values = f"{bounds.LINES_MAX:,} lines of {bounds.LINE_BYTES_MAX >> 10} KiB", bounds.JSON_VALUES_MAX

    assert f"at most {FILE_BYTES_MAX >> 20} MiB, {lines} each (CSV) or {values:,} values (JSON)" in page


def test_an_id_is_a_name_and_never_a_path(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"Destinations.csv": "../../up,1\n/etc/passwd,2\n"})

    assert (loaded.tariff.destinations, reports(loaded)) == ({"../../up": ("1",), "/etc/passwd": ("2",)}, [])


def test_a_report_gives_no_orders_to_a_terminal(tmp_path: Path) -> None:
    """Neither by a value nor by the name of a file, which may be no UTF-8 either."""
    folder = write(tmp_path, {**CSV, "Rates.csv": "R1,0,\x1b[31m,60s,1s,0s\n"})
    (folder / "a\x1b]0;x\x07.csv").write_text("")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\n.csv")).write_text("")
    loaded = load(folder, {})

    for line in reports(loaded) + notices(loaded):
        assert line.isprintable()
        line.encode()
    assert len(notices(loaded)) >= 2
