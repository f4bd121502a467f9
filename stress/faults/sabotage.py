"""Breaks the product on purpose, from outside: a scenario that does not notice one of these proves nothing.

The store's commit function is replaced under its own name by one that lacks a line; raters call it
all the same.
"""

import random
from importlib.resources import files

import redis.asyncio

SOURCE = files("storage").joinpath("functions.lua").read_text("utf-8")
"""The functions of the product."""

_VERSION_CHECK = "if redis.call('GETRANGE', keys[1], 0, HEAD_BYTES - 1) ~= args[1] then"
_ID_CHECK = "if redis.call('GETEX', keys[i]) then"
_JOURNAL = "redis.call('RPUSH', keys[2], args[3])"


class SabotageError(Exception):
    """The product's function no longer has the line to be taken out: this module is out of date."""


def without_version_check() -> str:
    """A commit that writes over whatever is there."""
    return _changed(_VERSION_CHECK, "if redis.call('EXISTS', keys[1]) < 0 then")


def without_id_check() -> str:
    """A commit that does not look whether a request id was there before."""
    return _changed(_ID_CHECK, "if redis.call('GETEX', keys[i]) == 'never' then")


def without_journal() -> str:
    """A commit that writes no journal."""
    return _changed(_JOURNAL, "redis.call('EXISTS', keys[2])")


async def break_store(store_url: str, library: str) -> None:
    """Put another commit function in the place of the store's, under the name that raters call."""
    async with redis.asyncio.Redis.from_url(store_url, decode_responses=True) as client:
        loaded = await client.function_list("cgr_*")
        if not loaded:
            raise SabotageError("the store has no functions of ours yet")
        for each in loaded:
            name = dict(zip(each[::2], each[1::2], strict=True)) if isinstance(each, list) else each
            version = name["library_name"].removeprefix("cgr_")
            await client.function_load(library.replace("@ID@", version), replace=True)


async def forget_disk(store_url: str) -> None:
    """Have the store keep nothing on disk from now on."""
    async with redis.asyncio.Redis.from_url(store_url) as client:
        await client.config_set("appendonly", "no")


def new_id(request_id: str, attempt: int) -> str:
    """Send every attempt under another id, as a caller must not."""
    return request_id if not attempt else f"{request_id}-again-{attempt}-{random.getrandbits(32):x}"


def _changed(line: str, instead: str) -> str:
    if SOURCE.count(line) != 1:
        raise SabotageError(f"functions.lua does not have once: {line}")
    return SOURCE.replace(line, instead)
