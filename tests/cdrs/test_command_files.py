"""Where ``rate`` reads and writes: never over what it reads, and by whichever versions are in force."""

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cgrates_py.cdrs import writers
from cgrates_py.cdrs.blocks import Lines
from cgrates_py.cdrs.writers import Output
from cgrates_py.cli import CommandError
from cgrates_py.cli.cdr_work import laid_out
from tests.cdrs.files import rows_of
from tests.shell.test_cli import Here, here
from tests.shell.test_tariff_versions import NEW_YEAR, at, priced

__all__ = ["at", "here"]

READING: dict[str, Any] = {
    "layout": None,
    "map_file": None,
    "column": [],
    "format_name": None,
    "adjust": {},
    "international": [],
    "national": [],
}


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        (["calls.csv"], "expected a file of its own, got the file of call records"),
        (["sub/../calls.csv"], "expected a file of its own, got the file of call records"),
        (["link.csv"], "expected a file of its own, got the file of call records"),
        (["out.csv", "out.csv"], "expected a file of its own, got another output"),
        (["none/out.csv"], "there is no directory"),
    ],
)
def test_an_output_never_takes_the_place_of_the_records_or_of_another(
    outputs: list[str], expected: str, tmp_path: Path
) -> None:
    calls = tmp_path / "calls.csv"
    calls.write_text("")
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.csv").symlink_to(calls)

    with pytest.raises(CommandError, match=expected):
        laid_out(str(calls), outputs=[None, *(tmp_path / name for name in outputs)], **READING)


def test_a_file_that_cannot_be_written_is_named_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writers._Csv, "write", full)
    with (
        pytest.raises(OSError, match=r"No space left on device: '.*out\.csv'"),
        Output(tmp_path / "out.csv") as out,
    ):
        out.write(pa.table({"a": ["1"]}), pa.table({"cost": ["0.1"]}))

    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "calls.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("one\ntwo\n",))
    writer.start()
    lines = Lines(str(pipe))
    try:
        assert (b"".join(lines.blocks(quotes=True)), lines.bytes_total) == (b"one\ntwo\n", None)
    finally:
        lines.close()
        writer.join()


def test_each_call_is_rated_by_the_version_of_its_start(
    here: Here, at: tuple[str, str], tmp_path: Path
) -> None:
    here("load", str(priced(tmp_path, 0.1)), *at)
    here("load", str(priced(tmp_path, 0.2)), *at, "--at", NEW_YEAR)
    calls, out = tmp_path / "calls.csv", tmp_path / "out.csv"
    calls.write_text(
        "CstmId,Subject,Destination,TimeStart,TimeEnd\n"
        "vdf,rif,0256,2029-12-31T23:59:59Z,2030-01-01T00:00:09Z\n"
        "vdf,rif,0256,2030-01-01T00:00:00Z,2030-01-01T00:00:10Z\n"
    )

    costs = []
    for version in ([], ["--version", "1"], ["--version", "2"]):
        here("rate", str(calls), "--out", str(out), *version, *at)
        costs.append([row["cost"] for row in rows_of(out)])

    assert costs == [["1", "2"], ["1", "1"], ["2", "2"]]
