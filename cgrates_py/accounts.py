"""What an operator does to accounts: create, top up, load; each change is one commit with its journal line.

No rater takes part: the version that a commit compares keeps both sides honest.
"""

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from hashlib import sha256

from rater import quantity
from rater.account import Account, MinuteBucket
from storage.store import (
    AccountKey,
    AccountStore,
    Answer,
    Commit,
    Committed,
    Entry,
    Stored,
)

ATTEMPTS_MAX = 100
"""Lost races with raters before giving up: each lost one means that another's debit went through."""
BUCKET_PRIORITY_MAX = 1_000_000


class AccountError(Exception):
    """What was asked cannot be done; nothing changed."""


def parse_name(text: str) -> AccountKey:
    """Read ``[CSTM:]SUBJECT``."""
    customer, colon, subject = text.partition(":")
    return (customer, subject) if colon else ("", text)


def parse_amount(what: str, text: str) -> int:
    """Read an amount of a command line. Raises AccountError."""
    try:
        value = quantity.parse(text)
    except quantity.QuantityError as error:
        raise AccountError(f"{what}: {error}") from None
    if abs(value) > quantity.AMOUNT_MAX:
        raise AccountError(f"{what}: is beyond ±9000000000")
    return value


def parse_bucket(text: str) -> MinuteBucket:
    """Read ``DEST:SECONDS[:PRIORITY[:PRICE]]``. Raises AccountError."""
    destination, *rest = text.split(":")
    if not destination or not 1 <= len(rest) <= 3:
        raise AccountError(f"bucket: expected DEST:SECONDS[:PRIORITY[:PRICE]], got {text!r}")
    seconds_ns = parse_amount("bucket seconds", rest[0])
    try:
        priority = int(rest[1]) if len(rest) > 1 else 0
        price = Decimal(rest[2]) if len(rest) > 2 else Decimal(0)
    except (ValueError, InvalidOperation):
        raise AccountError(f"bucket: priority and price must be numbers, got {text!r}") from None
    if seconds_ns < 0 or abs(priority) > BUCKET_PRIORITY_MAX or not 0 <= price <= 1_000_000:
        raise AccountError(f"bucket: a number of {text!r} is out of range")
    return MinuteBucket(destination, seconds_ns, priority, price)


async def create(store: AccountStore, account: Account, now_ns: int) -> None:
    """Create an account. Raises AccountError if there is one."""
    key = (account.customer, account.subject)
    blank = Account(account.customer, account.subject)
    entry = Entry(now_ns, "Create", "", account.credit, blank, account)
    outcome = await store.commit(Commit(key, 0, account, [entry]))
    if not isinstance(outcome, Committed):
        raise AccountError(f"there is an account {name_of(key)} already")


async def topup(
    store: AccountStore, key: AccountKey, gift: Account, now_ns: int, request_id: str | None, ttl_s: int
) -> tuple[Account, bool]:
    """Add ``gift``'s amounts to an account; tell what it is then, and whether this request changed it.

    Under a request id a repeat changes nothing; one with other content raises AccountError, like an account
    that does not exist or a sum out of range.
    """
    digest = sha256(repr(gift).encode()).digest()
    stored = await store.read(key)
    for _ in range(ATTEMPTS_MAX):
        if stored is None:
            raise AccountError(f"there is no account {name_of(key)}")
        account = added(stored.account, gift)
        entry = Entry(now_ns, "Topup", request_id or "", gift.credit, stored.account, account)
        body = quantity.text(account.credit).encode()
        answers = [Answer(request_id, digest, body, ttl_s)] if request_id else []
        outcome = await store.commit(Commit(key, stored.version, account, [entry], answers))
        if isinstance(outcome, Committed):
            return account, True
        known = outcome.answers.get(request_id) if request_id else None
        if known is not None:
            if known.digest != digest:
                raise AccountError(f"request id {request_id} was used before with other content")
            return await _present(store, key), False
        stored = outcome.stored
    raise AccountError(f"account {name_of(key)} changes too fast; try again")


async def load_account(store: AccountStore, account: Account, overwrite: bool, now_ns: int) -> bool:
    """Bring an account of a data file into the store; tell whether anything changed.

    One that exists stays as it is unless ``overwrite``.
    """
    key = (account.customer, account.subject)
    stored = await store.read(key)
    for _ in range(ATTEMPTS_MAX):
        if stored is not None and (not overwrite or stored.account == account):
            return False
        before = stored or Stored(0, Account(account.customer, account.subject))
        entry = Entry(now_ns, "Load", "", account.credit - before.account.credit, before.account, account)
        outcome = await store.commit(Commit(key, before.version, account, [entry]))
        if isinstance(outcome, Committed):
            return True
        stored = outcome.stored
    raise AccountError(f"account {name_of(key)} changes too fast; try again")


def added(account: Account, gift: Account) -> Account:
    """Add the amounts and buckets of ``gift`` to an account. Raises AccountError beyond the range."""
    buckets = list(account.buckets)
    for given in gift.buckets:
        for place, bucket in enumerate(buckets):
            if replace(bucket, seconds_ns=given.seconds_ns) == given:
                buckets[place] = replace(bucket, seconds_ns=bucket.seconds_ns + given.seconds_ns)
                break
        else:
            buckets.append(given)
    sums = (account.credit + gift.credit, account.sms + gift.sms, account.traffic + gift.traffic)
    if any(abs(value) > quantity.AMOUNT_MAX for value in (*sums, *(each.seconds_ns for each in buckets))):
        raise AccountError("the sum is beyond ±9000000000")
    return replace(account, credit=sums[0], sms=sums[1], traffic=sums[2], buckets=tuple(buckets))


def name_of(key: AccountKey) -> str:
    """Print an account's name as ``parse_name`` reads it."""
    customer, subject = key
    return f"{customer}:{subject}" if customer or ":" in subject else subject


async def _present(store: AccountStore, key: AccountKey) -> Account:
    stored = await store.read(key)
    if stored is None:
        raise AccountError(f"there is no account {name_of(key)}")
    return stored.account
