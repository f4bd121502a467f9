"""``verify`` and ``account history --at``, on a stopped server's directory and on a store that runs."""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import redis

from cgrates_py.cli import main
from cgrates_py.demo import FOLDERS
from rater.account import Account
from rater.instant import text
from storage import keys, records
from storage.embedded import EmbeddedStore


class Ended(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


Here = Callable[..., Ended]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Here:
    """Run a command within this process on an empty data directory."""
    for name in [name for name in os.environ if name.startswith("CGRATES_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CGRATES_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["cgrates-py", *arguments])
        capsys.readouterr()  # what the test itself had logged
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(int(ended.value.code or 0), *capsys.readouterr())

    return command


async def tampered(data_dir: Path, key: tuple[str, str]) -> None:
    """Give an account a unit more of money, behind the product's back."""
    store = EmbeddedStore(data_dir)
    await store.start()
    try:
        with redis.Redis.from_url(store.url) as admin:
            name = keys.of_account(key).account
            record = admin.get(name)
            assert isinstance(record, bytes)
            richer = records.encode_account(Account(*key, credit=6_000_000_000))
            admin.set(name, record[: records.HEAD_BYTES] + richer)
    finally:
        await store.stop()


def test_verify_says_that_all_is_well_then_which_account_is_not(here: Here, tmp_path: Path) -> None:
    here("account", "create", "vdf:rif", "--credit", "5")
    here("account", "topup", "vdf:rif", "--credit", "2.5")
    here("account", "create", "vdf:minu", "--credit", "5")
    assert _last(here("verify")) == (0, "all is well: 2 accounts are what their journals say")

    asyncio.run(tampered(tmp_path, ("vdf", "minu")))
    wrong = here("verify")

    assert _last(wrong) == (1, "1 of 2 accounts are not what their journals say")
    rows = [re.split(r"\s*[│┃]\s*", line)[1:-1] for line in wrong.stdout.splitlines() if "vdf:" in line]
    assert rows[0][:6] == ["vdf:minu", "1", "1", "5", "6", "1"]
    assert rows[1] == ["vdf:rif", "2", "2", "7.5", "7.5", "0", "whole"]
    assert here("verify", "--account", "vdf:rif").returncode == 0
    assert here("verify", "--account", "vdf:rif", "--account", "vdf:minu").returncode == 1
    told = json.loads(here("verify", "--json").stdout)
    minu, rif = told["Accounts"]
    assert minu.pop("Problem") == "credit: 5 by the journal, 6 in the record"
    assert minu == {
        "Account": "vdf:minu", "Version": 1, "Entries": 1, "CreditByJournal": "5", "CreditByRecord": "6",
        "Difference": "1", "Whole": False,
    }  # fmt: skip
    assert (rif["Whole"], rif["Problem"]) == (True, "")
    assert told["Totals"] == {
        "Accounts": 2, "NotWhole": 1, "Unprovable": 0, "Versions": 3, "Entries": 3, "CreditByJournal": "12.5",
        "CreditByRecord": "13.5", "Difference": "1",
    }  # fmt: skip
    assert told["Cut"] == []


def test_an_account_that_is_not_there_is_a_finding_beside_those_that_are(here: Here) -> None:
    here("account", "create", "vdf:rif", "--credit", "5")
    asked = ("verify", "--account", "vdf:rif", "--account", "vdf:nobody")
    told = json.loads(here(*asked, "--json").stdout)
    assert {each["Account"]: each["Problem"] for each in told["Accounts"]} == {
        "vdf:rif": "",
        "vdf:nobody": "there is no such account",
    }
    totals = told["Totals"]
    assert (totals["Accounts"], totals["NotWhole"], totals["Unprovable"]) == (2, 1, 1)
    assert _last(here(*asked)) == (1, "1 of 2 accounts are not what their journals say")


async def unrecorded(data_dir: Path, key: tuple[str, str]) -> None:
    """Take an account's record away and leave its journal."""
    store = EmbeddedStore(data_dir)
    await store.start()
    with redis.Redis.from_url(store.url) as admin:
        admin.delete(keys.of_account(key).account)
    await store.stop()


def test_sums_have_just_the_accounts_of_which_both_credits_are_known(here: Here, tmp_path: Path) -> None:
    here("account", "create", "vdf:rif", "--credit", "5")
    here("account", "create", "vdf:minu", "--credit", "7")
    asyncio.run(unrecorded(tmp_path, ("vdf", "minu")))
    totals = json.loads(here("verify", "--json").stdout)["Totals"]
    assert (totals["CreditByJournal"], totals["CreditByRecord"], totals["Difference"]) == ("5", "5", "0")
    assert (totals["NotWhole"], totals["Unprovable"]) == (1, 1)
    assert "1 not whole, 1 of them not in the sums" in " ".join(here("verify").stdout.split())


@pytest.mark.parametrize("as_json", [True, False])
def test_verify_tells_of_a_change_that_it_had_to_cut_off(as_json: bool, here: Here, tmp_path: Path) -> None:
    here("account", "create", "vdf:rif", "--credit", "5")
    here("account", "topup", "vdf:rif", "--credit", "2.5")
    (path,) = (tmp_path / "appendonlydir").glob("*.incr.aof")
    path.write_bytes(path.read_bytes()[:-5])

    told = here("verify", *(("--json",) if as_json else ()))

    (kept,) = path.parent.glob("*.cut-at-*")
    assert told.returncode == 1
    assert f"an unfinished change of {kept.stat().st_size} bytes was cut off" in told.stderr
    if as_json:
        answer = json.loads(told.stdout)
        assert answer["Cut"] == [{"Bytes": kept.stat().st_size, "Unfinished": True, "Kept": str(kept)}]
        assert answer["Accounts"][0]["CreditByRecord"] == "5"
    else:
        assert _last(told) == (1, "1 accounts are what their journals say, but a last change is lost")
    assert _last(here("verify")) == (0, "all is well: 1 accounts are what their journals say")


@pytest.mark.parametrize("command", [("verify",), ("account", "list"), ("account", "show", "a")])
def test_no_store_is_made_in_a_directory_that_has_none(
    command: tuple[str, ...], here: Here, tmp_path: Path
) -> None:
    ended = here(*command)
    assert ended[:2] == (1, "")
    assert f"there is no store in {tmp_path}" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_verify_of_nothing_is_json_too(here: Here, tmp_path: Path) -> None:
    asyncio.run(_opened(tmp_path))
    assert json.loads(here("verify", "--json").stdout)["Accounts"] == []


async def _opened(data_dir: Path) -> None:
    store = EmbeddedStore(data_dir)
    await store.start()
    await store.stop()


def test_a_key_that_only_looks_like_an_account_is_told_and_does_not_keep_others_from_being_examined(
    here: Here, tmp_path: Path
) -> None:
    async def misspelt() -> None:
        store = EmbeddedStore(tmp_path)
        await store.start()
        with redis.Redis.from_url(store.url) as admin:
            admin.set(b"cgr:a:{a%2fx/\xff}", b"1")
        await store.stop()

    here("account", "create", "vdf:rif", "--credit", "5")
    asyncio.run(misspelt())
    told = json.loads(here("verify", "--json").stdout)
    assert [each["Whole"] for each in told["Accounts"]] == [False, True]
    assert told["Totals"]["NotWhole"] == 1


def test_what_was_written_under_a_changed_name_is_told(here: Here, tmp_path: Path) -> None:
    """The account is as it was before the change that bytes were changed of, and its journal, too."""
    strays = [
        b"cfr",
        b"cgr*a:{vdf/rif}",
        b"cgr:a:{vdf+rif}",
        b"cgr:j:{vdf/rif",
        b"cgr:z:{vdf/rif}",
        b"cgr:aa{v/r}",
    ]

    async def changed() -> None:
        store = EmbeddedStore(tmp_path)
        await store.start()
        with redis.Redis.from_url(store.url) as admin:
            for name in strays:
                admin.set(name, b"1")
        await store.stop()

    here("account", "create", "vdf:rif", "--credit", "5")
    here("load", str(FOLDERS[0]))
    assert json.loads(here("verify", "--json").stdout)["Strays"] == []
    asyncio.run(changed())
    told = here("verify", "--json")
    found = json.loads(told.stdout)
    assert (told.returncode, found["Totals"]["NotWhole"]) == (1, 0)
    assert found["Strays"] == sorted(name.decode() for name in strays[1:]), "others may use the store, too"
    assert "cgr:z:{vdf/rif} is no key of ours" in here("verify").stdout


def _last(ended: Ended) -> tuple[int, str]:
    return ended.returncode, ended.stdout.splitlines()[-1]


def test_an_account_as_it_was_at_any_instant(here: Here) -> None:
    before = text(time.time_ns())
    here("account", "create", "vdf:rif", "--credit", "5", "--bucket", "NAT:60")
    between = text(time.time_ns())
    here("account", "topup", "vdf:rif", "--credit", "2", "--request-id", "voucher")
    after = text(time.time_ns())

    def at(instant: str) -> Ended:
        return here("account", "history", "vdf:rif", "--at", instant, "--json")

    then, now = json.loads(at(between).stdout), json.loads(at(after).stdout)

    assert (between, "Create", "") == (then["At"], then["Method"], then["RequestId"])
    assert (then["Account"]["Credit"], then["Account"]["Version"]) == (5, 1)
    assert [each["Seconds"] for each in then["Account"]["MinuteBuckets"]] == [60]
    assert (
        now["Method"], now["RequestId"], now["Account"]["Credit"], now["Account"]["Version"]
    ) == ("Topup", "voucher", 7, 2)  # fmt: skip
    early = at(before)
    assert early[:2] == (1, "")
    assert f"there was no account vdf:rif at {before}: it begins at {then['Entry']}" in early.stderr
    assert "Credit" in here("account", "history", "vdf:rif", "--at", after).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("account", "history", "vdf:rif", "--at", "noon"), 2, "--at: expected an RFC 3339 time with a zone"),
        (("account", "history", "a", "--at", "2026-01-01T00:00:00Z"), 1, "there is no store in"),
        (("verify", "--data-dir", "nowhere"), 1, "there is no data directory nowhere"),
        (("verify", "--redis-url", "redis://127.0.0.1:1"), 1, "cannot reach the store"),
    ],
)
def test_what_cannot_be_told_is_said_plainly(
    arguments: tuple[str, ...], code: int, said: str, here: Here
) -> None:
    ended = here(*arguments)
    assert (code, "") == ended[:2]
    assert said in ended.stderr
