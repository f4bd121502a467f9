"""What callers wrote is shown to operators, and steers nothing on their terminal."""

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest

from cgrates_py.visible import visible, visible_lines
from tests.shell.servers import run_here

EVIL = "x\x1b[m\x9b\ny\u202e"
SHOWN = r"x\x1b[m\x9b\x0ay\u202e"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("rif", "rif"),
        ("ţară 東京 👩‍👩‍👧", "ţară 東京 👩‍👩‍👧"),
        (EVIL, SHOWN),
        ("\0\t\a\b", r"\x00\x09\x07\x08"),
        ("\x7f\r", r"\x7f\x0d"),
        ("a\u2028b\u2029\x85", r"a\u2028b\u2029\x85"),
        ("\u061c\u200e\u200f\u2069", r"\u061c\u200e\u200f\u2069"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_steers_a_terminal_is_written_as_its_escape(text: str, shown: str) -> None:
    assert shown == visible(text)


def test_lines_of_ours_stay_lines() -> None:
    assert visible_lines("a\x1b\nb\r\n") == "a\\x1b\nb\\x0d\n"


def test_a_name_and_a_request_id_neither_steer_nor_split_a_row(tmp_path: Path) -> None:
    def here(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_here(*arguments, CGRATES_DATA_DIR=str(tmp_path))

    who = ("--cstmid", "t", "--subject", EVIL)
    said = [
        here("account", "create", *who, "--credit", "1"),
        here("account", "create", *who),
        here("account", "topup", *who, "--credit", "1", "--request-id", f"[bold]{EVIL}"),
        here("account", "show", *who),
        here("account", "list"),
        here("account", "history", *who),
        here("verify"),
        here("account", "list", "--csv"),
        here("account", "history", *who, "--csv"),
    ]

    for ended in said:
        text = ended.stdout + ended.stderr
        assert visible_lines(text) == text, ended
        assert SHOWN in text or ended is said[4]  # the list of accounts is so wide that it folds its cells
    history, listed = said[5].stdout, said[7].stdout
    assert f"│ [bold]{SHOWN} │" in history
    assert len(list(csv.reader(io.StringIO(listed)))) == len(listed.splitlines()) == 2
    (account,) = json.loads(here("account", "list", "--json").stdout)
    assert account["Subject"] == EVIL
