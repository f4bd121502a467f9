"""The verdict after a run: every answer, every journal line and every balance against the model."""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cgrates_py.address import Address
from rater.account import Account
from storage.journal import JournalLine
from storage.limits import StoreLimits
from storage.store import StoreError
from storage.valkey import ValkeyStore
from stress.faults import folder
from stress.faults.load import History
from stress.faults.model import CUSTOMER, Balance, Line, Record, check_account
from stress.serving import environment

GAUGE = "cgrates_conservation_difference"
VERIFY_CHARS = 1000
"""The end of what ``verify`` prints has its findings and the sums."""
CREATED = frozenset({"Create", "Load", "opening"})
"""Journal lines of no request: they made the account."""


async def judge_store(
    store_url: str,
    history: History,
    accounts: Sequence[str] = folder.ACCOUNTS,
    archive: Path | None = None,
) -> list[str]:
    """List what is wrong in the store after ``history``: nothing, if all is as promised.

    ``archive`` is where a clock that went on may have let old changes move. Every account is proved from its
    journal by ``verify``, and then compared with the model by the harness.
    """
    found = await verified(store_url, archive)
    records = history.by_account()
    async with ValkeyStore(store_url, StoreLimits(deadline_s=20.0), archive) as store:
        for account in accounts:
            problems = await _judge_account(store, account, records.get(account, []))
            found += [f"{account}: {problem}" for problem in problems]
    return found


async def verified(store_url: str, archive: Path | None = None) -> list[str]:
    """Ask ``cgrates-py verify``, as an operator would; list what it finds."""
    place = {} if archive is None else {"CGRATES_ARCHIVE_DIR": str(archive)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "cgrates_py", "verify", "--redis-url", store_url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment() | place,
    )
    said, _ = await process.communicate()
    return [f"verify: {said.decode()[-VERIFY_CHARS:]}"] if process.returncode else []


async def _judge_account(store: ValkeyStore, account: str, records: Sequence[Record]) -> list[str]:
    key = (CUSTOMER, account)
    opening = folder.opening(account)
    try:
        stored = await store.verify(key)
        if stored is None:
            return ["is gone"]
        lines = lines_of(await store.journal(key))
    except StoreError as error:
        return [f"not proved by its journal: {error}"]
    final = balance_of(stored.account)
    asked = [line for line in lines if line.kind not in CREATED]
    return await asyncio.to_thread(check_account, opening, records, asked, final)


def balance_of(account: Account) -> Balance:
    """Tell the balances of an account of the store."""
    seconds = sum(bucket.seconds_ns for bucket in account.buckets)
    return Balance(account.credit, account.sms, seconds, account.volume_discount_ns)


def lines_of(journal: Iterable[JournalLine]) -> list[Line]:
    """Tell the balance after each line of a whole journal."""
    fields: dict[str, Any] = {"credit": 0, "sms": 0, "volume_discount_ns": 0, "buckets": ()}
    found = []
    for line in journal:
        fields |= {change.field: change.after for change in line.changes}
        seconds = sum(bucket.seconds_ns for bucket in fields["buckets"])
        after = Balance(fields["credit"], fields["sms"], seconds, fields["volume_discount_ns"])
        found.append(Line(line.request_id, line.method, after))
    return found


async def judge_gauge(http: Address) -> list[str]:
    """Read the server's own running check; a server without one has nothing to say."""
    reader, writer = await asyncio.open_connection(*http)
    writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
    text = (await reader.read()).decode()
    writer.close()
    told = [line.split() for line in text.splitlines() if line.startswith(GAUGE)]
    return [f"the gauge {' '.join(words)} is not 0" for words in told if float(words[-1]) != 0]
