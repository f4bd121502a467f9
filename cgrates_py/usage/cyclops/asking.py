"""A request of Cyclops RC as its handlers read it: parameters, times, the id by which it is done once."""

from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple

from cgrates_py.usage.cyclops.times import read_time
from protocol.usage import DialectAnswer, DialectRequest
from rater.usage.records import Numbered
from storage.daybook import Appended, KnownReceipt, MarkMoved, Receipt

TEXT = "text/plain"
KEY_CHARACTERS_MAX = 255
CONFLICT = "Idempotency-Key: was used before with other content"
RETRY_TTL_S = 60
"""How long what the HTTP front sends again is known."""


class RefusedError(Exception):
    """What was asked is not done; the answer tells why."""

    def __init__(self, status: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.answer = DialectAnswer(status, TEXT, text, headers)


class Call(NamedTuple):
    """A request that matched: what its path names, and the rest of it."""

    name: str
    asked: DialectRequest
    now_ns: int


def given(call: Call, *names: str) -> str:
    """Tell a parameter by any of its names. Raises RefusedError if it is missing."""
    for name, value in call.asked.Query:
        if name in names and value:
            return value
    raise RefusedError(400, f"{names[0]}: this parameter is missing")


def times_of(call: Call) -> tuple[dict[str, str], int, int]:
    """Read ``from`` and ``to``: as they were written, and in nanoseconds. Raises RefusedError."""
    times, read = {}, []
    for name in ("from", "to"):
        times[name] = given(call, name)
        try:
            read.append(read_time(times[name]))
        except ValueError:
            raise RefusedError(400, f"{name}: expected a time like 2015-06-10 03:59:00") from None
    return times, read[0], read[1]


def inside(first: int, last: int, wanted: Callable[[Numbered], bool]) -> Callable[[Numbered], bool]:
    """Want of these only rows after ``first`` and before ``last``."""
    return lambda each: first < each.row.at_ns < last and wanted(each)


def check_json(call: Call) -> None:
    """Check that a body is said to be JSON. Raises RefusedError."""
    kind = call.asked.Headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError(415, "Content-Type: expected application/json")


def receipt_of(call: Call, body: bytes, key_ttl_s: int) -> Receipt | None:
    """Have a request done once: by the id its sender gave it, else by that of our front, if any.

    Raises RefusedError for an id that is too long.
    """
    asked = call.asked
    digest = blake2b(f"{asked.Verb} {asked.Path}\n{asked.Body}".encode(), digest_size=16).digest()
    own = asked.Headers.get("idempotency-key")
    if own:
        if len(own) > KEY_CHARACTERS_MAX:
            raise RefusedError(400, f"Idempotency-Key: at most {KEY_CHARACTERS_MAX} characters")
        return Receipt(f"cyclops/key/{own}", digest, body, key_ttl_s)
    if asked.RetryId:
        return Receipt(f"cyclops/retry/{asked.RetryId}", digest, body, RETRY_TTL_S)
    return None


def told(receipt: Receipt | None, outcome: Appended | KnownReceipt | MarkMoved) -> bytes | None:
    """Tell what was answered before; None: this is the first time. Raises RefusedError for other content."""
    assert not isinstance(outcome, MarkMoved)  # noqa: S101 -- what is posted moves no marks
    if isinstance(outcome, Appended):
        return None
    if receipt is not None and outcome.digest != receipt.digest:
        raise RefusedError(409, CONFLICT)
    return outcome.body
