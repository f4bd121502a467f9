"""Accounts and commits to test with."""

from collections.abc import Iterator
from dataclasses import replace

from rater.account import Account
from storage.store import Answer, Commit, Entry

KEY = ("vdf", "49151123456")
BLANK = Account(*KEY)
TEN = Account(*KEY, credit=10_000_000_000)
DAY_S = 86_400


def answer(request_id: str, body: bytes = b"9.5", ttl_s: int = DAY_S) -> Answer:
    return Answer(request_id, b"digest of " + request_id.encode(), body, ttl_s)


def create(account: Account = TEN) -> Commit:
    key = (account.customer, account.subject)
    blank = Account(*key)
    return Commit(key, 0, account, [Entry(1, "create", "", account.credit, blank, account)])


def debit(version: int, before: Account, amount: int, *request_ids: str) -> Commit:
    """One debit of ``amount`` per request id, or a single one without."""
    entries, answers = [], []
    after = before
    for request_id in request_ids or ("",):
        start, after = after, replace(after, credit=after.credit - amount)
        entries.append(Entry(version + 1, "DebitBalance", request_id, amount, start, after))
        if request_id:
            answers.append(answer(request_id, str(after.credit).encode()))
    return Commit((before.customer, before.subject), version, after, entries, answers)


def ids(name: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{name}-{number}"
