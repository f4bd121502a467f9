"""Old changes of accounts in the archive: charges, histories and proofs are what they were before."""

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from cgrates_py.usage.records import Records
from protocol.usage import DialectRequest
from rater.account import Account
from rater.instant import DAY, text
from storage.opening import open_store
from storage.store import Commit, Committed, Entry
from storage.valkey import ValkeyStore
from tests.shell.servers import run_here

RIF = ("vdf", "rif")
DEBITS = 150


async def fill(store: ValkeyStore) -> None:
    """Make an account and take from it: first three times a commit of several lines, then one each."""
    account = Account(*RIF, credit=10**9)
    created = Entry(1, "Create", "", 10**9, Account(*RIF), account)
    assert await store.commit(Commit(RIF, 0, account, [created])) == Committed(1)
    for number in range(DEBITS):
        entries = []
        for line in range(3 if number < 3 else 1):
            after = replace(account, credit=account.credit - 10 - number)
            at_ns = number * DAY + line
            method = "DebitBalance" if number % 2 else "Debit"
            entries.append(Entry(at_ns, method, f"r{number}.{line}", 10 + number, account, after))
            account = after
        assert await store.commit(Commit(RIF, number + 1, account, entries)) == Committed(number + 2)


async def pages(store: ValkeyStore, limit: int) -> list[object]:
    """Read all charges of the account by pages of the HTTP surface."""
    records, found = Records(store), list[object]()
    path = "/charges?" + urlencode({"account": "vdf:rif", "limit": limit})
    while path:
        asked = urlsplit(path)
        query = parse_qsl(asked.query)
        answer = await records.answer(DialectRequest("GET", asked.path, "records", Query=query))
        assert answer.Status == 200, answer
        found += json.loads(answer.Body)
        link = answer.Headers.get("Link", "")
        path = link[link.index("<") + 1 : link.index(">")] if link else ""
    return found


async def test_charges_are_listed_the_same_before_and_after_they_are_archived(tmp_path: Path) -> None:
    async with open_store(tmp_path / "data", archive=tmp_path / "archive") as store:
        await fill(store)
        before = [await pages(store, limit) for limit in (7, 1000)]
        assert before[0] == before[1]
        assert len(before[0]) == DEBITS + 6
        assert (await store.archive_journals(100)).elements == 101
        assert [await pages(store, limit) for limit in (7, 1000)] == before


@pytest.fixture
async def kept(tmp_path: Path) -> Path:
    async with open_store(tmp_path / "data") as store:
        await fill(store)
    return tmp_path / "data"


def told(data_dir: Path, *words: str, code: int = 0) -> str:
    done = run_here(*words, "--data-dir", data_dir)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return str(done.stdout)


ASKED = (
    ("account", "history", "vdf:rif", "--json"),
    ("account", "history", "vdf:rif", "--at", text(20 * DAY), "--json"),
    ("charges", "export", "--account", "vdf:rif"),
    ("verify", "--json"),
)


def test_commands_tell_the_same_wherever_changes_are(kept: Path) -> None:
    before = [told(kept, *words) for words in ASKED]
    archive = ("usage", "archive", "--older-than", "30")
    moved = f"moved 0 days and {DEBITS} changes of accounts to {kept / 'archive'}\n"
    assert told(kept, *archive) == moved
    assert [told(kept, *words) for words in ASKED] == before
    assert told(kept, *archive) == moved.replace(str(DEBITS), "0")

    (file,) = (kept / "archive").iterdir()
    file.rename(kept / "elsewhere")
    finding = json.loads(told(kept, "verify", "--json", code=1))
    assert finding["Accounts"][0]["Problem"] == f"there is no archive {file}"
    assert finding["Totals"]["Unprovable"] == 1
    assert "not what their journals say" in told(kept, "verify", code=1)
    refused = run_here("account", "history", "vdf:rif", "--data-dir", kept)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.strip().endswith(f"store: there is no archive {file}")
