"""The commands about versions of the tariff: on a store alone, and beside raters that follow."""

import json
from pathlib import Path
from typing import Any

import pytest

from cgrates_py import versions
from cgrates_py.cli.tariff_work import tell_followed
from cgrates_py.versions import Followed
from rater.tariff import Tariff
from storage.embedded import EmbeddedStore
from storage.valkey import ValkeyStore
from tests.shell.servers import run_here, serving
from tests.shell.test_cli import Here, here

__all__ = ["here"]

NEW_YEAR = "2030-01-01T00:00:00Z"


def priced(place: Path, price: float, **more: Any) -> Path:
    """Make a folder in which vdf:rif pays a price a second."""
    folder = place / f"at-{price}"
    folder.mkdir()
    intervals = [{"Price": price, "BillingUnit": 1}]
    rate = {
        "CstmId": "vdf",
        "Subject": "rif",
        "DestinationPrefix": "0256",
        "ActivationPeriods": [{"ActivationTime": "2012-01-01T00:00:00Z", "Intervals": intervals}],
        **more,
    }
    (folder / "activation_periods.json").write_text(json.dumps([rate]))
    return folder


@pytest.fixture
def at(tmp_path: Path) -> tuple[str, str]:
    return "--data-dir", str(tmp_path / "data")


def listed(here: Here, at: tuple[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(here("tariff", "versions", "--json", *at).stdout)
    return found


def test_every_load_is_a_version_with_author_note_and_hash(
    here: Here, at: tuple[str, str], tmp_path: Path
) -> None:
    first, second = priced(tmp_path, 0.1), priced(tmp_path, 0.2)
    plain = here("load", str(first), *at)
    assert [line for line in plain.stdout.splitlines() if "prices" in line] == []
    loaded = here("load", str(second), *at, "--author", "anna", "--note", "new year", "--at", NEW_YEAR)
    assert loaded.stdout.splitlines()[-2:] == [
        f"version 1 prices calls that start before {NEW_YEAR}",
        f"version 2 prices calls that start at {NEW_YEAR} or later",
    ]
    one, two = listed(here, at)
    assert (one["Version"], one["InForce"], one["Prices"]) == (1, True, [{"From": None, "Until": NEW_YEAR}])
    assert (two["Author"], two["Note"], two["Base"], two["Kept"]) == ("anna", "new year", 1, True)
    assert two["Prices"] == [{"From": NEW_YEAR, "Until": None}]
    assert len({one["Hash"], two["Hash"]}) == 2
    table = here("tariff", "versions", *at).stdout
    assert f"in force until {NEW_YEAR}" in table
    assert one["Hash"][:12] in table


def test_a_load_says_which_scheduled_version_does_not_have_its_changes(
    here: Here, at: tuple[str, str], tmp_path: Path
) -> None:
    here("load", str(priced(tmp_path, 0.1)), *at)
    here("load", str(priced(tmp_path, 0.2)), *at, "--at", NEW_YEAR)
    third = here("load", str(priced(tmp_path, 0.3)), *at)
    expected = f"notice: version 2, which prices calls that start at {NEW_YEAR} or later, does not have"
    assert third.stderr.startswith(expected)
    again = here("load", str(priced(tmp_path, 0.4)), *at, "--at", NEW_YEAR)
    assert again.stderr == ""


def test_rollbacks_go_back_change_by_change_and_say_what_is_in_force(
    here: Here, at: tuple[str, str], tmp_path: Path
) -> None:
    here("load", str(priced(tmp_path, 0.1)), *at)
    here("load", str(priced(tmp_path, 0.2)), *at, "--at", NEW_YEAR)
    here("tariff", "activate", "2", *at)
    assert here("tariff", "activate", "2", *at).stdout == "nothing to change\nversion 2 prices every call\n"
    assert here("tariff", "rollback", *at).stdout.splitlines()[0] == (
        f"version 1 prices calls that start before {NEW_YEAR}"
    )
    assert here("tariff", "rollback", *at).stdout == "version 1 prices every call\n"
    assert here("tariff", "rollback", *at).stdout == "there is no tariff for every call\n"
    nothing = here("tariff", "rollback", *at)
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "no change that can be taken back" in nothing.stderr
    assert here("tariff", "activate", "1", "--at", "now", *at).stdout.startswith(
        "there is no tariff for calls"
    )


def test_an_export_is_loaded_to_the_same_hash(here: Here, at: tuple[str, str], tmp_path: Path) -> None:
    here("load", str(priced(tmp_path, 0.1, Timezone="Europe/Berlin", AtActivation="*span")), *at)
    here("load", str(priced(tmp_path, 0.25)), *at)
    out = tmp_path / "out"
    assert here("tariff", "export", "1", str(out), *at).stdout == f"{out}: activation_periods.json\n"
    here("load", str(out), "--data-dir", str(tmp_path / "other"))
    (again,) = listed(here, ("--data-dir", str(tmp_path / "other")))
    assert again["Hash"] == listed(here, at)[0]["Hash"]
    here("tariff", "export", "current", str(tmp_path / "now"), *at)
    assert '"Price":0.25' in (tmp_path / "now/activation_periods.json").read_text()


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("tariff activate 9", 1, "no snapshot of version 9; there are 1"),
        ("tariff activate 1 --at noon", 2, "--at: expected now, or a time such as 2026-12-01T00:00:00Z"),
        ("tariff export 9 out", 1, "version 9 of the tariff is not there"),
        ("tariff export 0 out", 1, "version 0 of the tariff is not there"),
        ("tariff export current .", 1, "expected a folder that is new or empty"),
        ("load at-0.1 --at noon", 2, "--at: expected now"),
        ("load at-0.1 --note \x07", 2, "--note: expected at most 256 printable characters"),
        (f"load at-0.1 --author {'a' * 65}", 2, "--author: expected at most 64"),
    ],
)
def test_a_command_that_cannot_be_done_changes_nothing(
    command: str, code: int, said: str, here: Here, at: tuple[str, str], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    here("load", str(priced(tmp_path, 0.1)), *at)
    before = listed(here, at)
    result = here(*command.split(" "), *at)
    assert (result.returncode, result.stdout) == (code, "")
    assert said in result.stderr
    assert listed(here, at) == before


def cost(rpc: str, start: str, end: str) -> float:
    asked = ("--cstmid", "vdf", "--subject", "rif", "--dest", "0256", "--ts", start, "--te", end)
    answer = run_here("console", "getcost", *asked, "--server", rpc, "--json")
    return float(json.loads(answer.stdout)["Cost"])


def test_raters_price_by_the_start_of_calls_and_follow_a_rollback_at_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    before = ("2029-12-31T23:59:50Z", "2029-12-31T23:59:59Z")
    across = ("2029-12-31T23:59:55Z", "2030-01-01T00:00:05Z")
    after = ("2030-01-01T00:00:00Z", "2030-01-01T00:00:09Z")
    with serving(data) as server:
        run_here("load", priced(tmp_path, 1.0, AtActivation="*span"), "--data-dir", data)
        run_here("load", priced(tmp_path, 2.0), "--data-dir", data, "--at", NEW_YEAR)
        assert [cost(server.rpc, *each) for each in (before, across, after)] == [9, 15, 18]
        run_here("tariff", "rollback", "--data-dir", data)
        assert [cost(server.rpc, *each) for each in (before, across, after)] == [9, 10, 9]
        run_here("tariff", "activate", "2", "--data-dir", data)
        assert [cost(server.rpc, *each) for each in (before, across, after)] == [18, 20, 18]


@pytest.mark.asyncio
async def test_a_rater_that_does_not_follow_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(versions, "IN_FORCE_S", 0.0)
    embedded = EmbeddedStore(tmp_path / "data")
    await embedded.start()
    try:
        async with ValkeyStore(embedded.url) as store:
            await store.publish_tariff(Tariff(), 0)
            await store.tell_rater("slow", 0, 1 << 40)
            await store.tell_rater("quick", 1, 1 << 40)
            followed = await versions.in_force(store, 1)
    finally:
        await embedded.stop()
    assert followed.late == ("slow",)
    tell_followed(followed, 0, 0)
    assert capsys.readouterr().err == "notice: not yet in force on slow\n"


@pytest.mark.parametrize(("seen_ns", "said"), [(9, False), (10, True), (11, True)])
def test_an_instant_that_came_before_every_rater_was_ready_is_told(
    seen_ns: int, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_followed(Followed((), seen_ns), 10, 5)
    tell_followed(Followed((), seen_ns), 4, 5)
    assert ("came before every rater had it" in capsys.readouterr().err) == said
