"""The commands ``tariff diff``, ``lint`` and ``show``: what they print, and how they end."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cgrates_py.cli import main
from tests.docs.documents import ROOT

RETAIL = ROOT / "cgrates_py/demo/retail"
CLASSIC = ROOT / "cgrates_py/demo/classic"

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    for name in [name for name in os.environ if name.startswith("CGRATES_")]:
        monkeypatch.delenv(name)

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cgrates-py", "tariff", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int)
        return (code, *capsys.readouterr())

    return run


@pytest.fixture
def dearer(tmp_path: Path) -> Path:
    made = tmp_path / "dearer"
    shutil.copytree(RETAIL, made)
    rates = made / "Rates.csv"
    rates.write_text(rates.read_text().replace("4_MOBILE_PEAK,0.05,0.285", "4_MOBILE_PEAK,0.05,0.3"))
    return made


def test_equal_tariffs_end_with_0_and_different_ones_with_1(command: Command, dearer: Path) -> None:
    assert command("diff", RETAIL, RETAIL) == (0, "nothing differs (2 subjects compared)\n", "")
    code, out, err = command("diff", RETAIL, dearer)
    assert (code, err) == (1, "")
    assert "0.285/60s" in out
    assert "+5.26" in out


def test_the_json_of_a_difference_has_every_number(command: Command, dearer: Path) -> None:
    code, out, _ = command("diff", RETAIL, dearer, "--json")
    told = json.loads(out)

    assert (code, told["equal"], told["subjects_compared"]) == (1, False, 2)
    (change, *_) = told["groups"][0]["changes"]
    assert [change[name] for name in ("what", "before", "after", "percent")] == [
        "price",
        "0.285/60s",
        "0.3/60s",
        "5.26",
    ]
    assert len(change["numbers"]) > 100


def test_the_csv_of_a_difference_is_a_line_for_each_change(command: Command, dearer: Path) -> None:
    code, out, _ = command("diff", RETAIL, dearer, "--csv")
    head, *rows = out.splitlines()

    assert code == 1
    assert head == '"subjects","numbers","from","to","when","what","before","after","percent"'
    (row,) = rows
    assert row.startswith('"tel.example:*any","4168 4169 ')
    assert row.endswith(',,,"Mon–Fri 08:00–20:00","price","0.285/60s","0.3/60s",5.26')


def test_a_tariff_that_cannot_be_read_ends_with_2(command: Command, tmp_path: Path) -> None:
    for arguments in (("diff", RETAIL, tmp_path), ("lint", tmp_path)):
        code, out, err = command(*arguments)
        assert (code, out) == (2, "")
        assert "cannot be loaded" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("diff", RETAIL, RETAIL, "--at", "now", "--from", "now"), "give --at, or --from and --to"),
        (("diff", RETAIL, RETAIL, "--at", "tomorrow"), "--at: expected an RFC 3339 time"),
        (
            ("diff", RETAIL, RETAIL, "--from", "2027-01-01T00:00:00Z", "--to", "2026-01-01T00:00:00Z"),
            "--to: expected a time after --from",
        ),
        (("diff", RETAIL, RETAIL, "--subject", "1001"), "--subject: expected CUSTOMER:SUBJECT"),
        (("diff", RETAIL, RETAIL, "--json", "--csv"), "give one of --json, --csv"),
        (("lint", RETAIL, "--cost", RETAIL), "--cost-subject: say who buys"),
        (("show", "49x", "--tariff", RETAIL), "NUMBER: expected digits"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_wrong_option_is_named(command: Command, arguments: tuple[str, ...], words: str) -> None:
    code, out, err = command(*arguments)

    assert (code, out) == (2, "")
    assert words in err


def test_one_subject_is_compared_alone(command: Command, dearer: Path) -> None:
    assert command("diff", RETAIL, dearer, "--subject", "tel.example:acme")[0] == 0
    assert command("diff", RETAIL, dearer, "--subject", "tel.example:1001")[0] == 1


def test_lint_ends_with_1_only_with_errors(command: Command, dearer: Path) -> None:
    code, out, _ = command("lint", RETAIL)
    assert code == 0
    assert out.splitlines()[-1].startswith("1 warning, ")

    code, out, _ = command("lint", RETAIL, "--cost", dearer, "--cost-subject", "tel.example:*any", "--json")
    assert code == 1
    assert "below-cost" in {each["code"] for each in json.loads(out)}


def test_a_number_is_shown_with_its_week_and_calls(command: Command) -> None:
    arguments = ("show", "+40722123456", "--tariff", RETAIL, "--at", "2026-11-23T10:00:00Z")
    code, out, _ = command(*arguments, "--json")
    told = json.loads(out)

    assert (code, told["prefix"], told["plan"], told["price"]) == (0, "+4072", "RETAIL", "0.066/60s by 1s")
    assert [call["total"] for call in told["calls"]] == ["0.086", "0.218", "0.68"]
    assert len({part["date"] for part in told["week"]}) == 7
    assert "Tue 11-24" in command(*arguments)[1]


def test_a_customer_has_to_be_named_where_there_are_several(command: Command, tmp_path: Path) -> None:
    for name in ("north", "south"):
        rows = f"{name},call,*any,,P,\n"
        with (tmp_path / "RatingProfiles.csv").open("a") as stream:
            stream.write(rows)
    (tmp_path / "RatingPlans.csv").write_text("P,D,*any,10\n")
    (tmp_path / "DestinationRates.csv").write_text("D,*any,R,*up,4,0,\n")
    (tmp_path / "Rates.csv").write_text("R,0,1,60s,1s,0s\n")

    code, _, err = command("show", "49123", "--tariff", tmp_path)
    assert code == 2
    assert "(north, south): say which" in err
    assert command("show", "49123", "--tariff", tmp_path, "--customer", "north")[0] == 0


def test_a_number_without_a_price_is_a_refusal(command: Command) -> None:
    code, _, err = command("show", "99", "--tariff", CLASSIC, "--subject", "nobody")

    assert code == 1
    assert "a call to 99 is refused: RATE_NOT_FOUND" in err
