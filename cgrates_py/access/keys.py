"""Keeps a keyring on what the store has, and tells whether a listener may be reached from elsewhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog

from cgrates_py.access import AccessError
from cgrates_py.address import is_loopback
from cgrates_py.settings import Settings
from protocol.access import Keyring
from storage.store import StoreError
from storage.valkey import ValkeyStore

POLL_S = 0.5
"""How often the keys are read: a key that is made or revoked is so everywhere within a second."""
FIRST_READ_S = 2.0
"""How long a start waits for the store; longer, and it begins without letting anybody in."""

_log = structlog.get_logger(__name__)


def make_keyring(settings: Settings, host: str, secret: str) -> Keyring:
    """Make the keyring of a server on ``host``, not yet knowing what the store has."""
    return Keyring(
        secret,
        settings.admin_key.get_secret_value(),
        required=settings.require_keys or not is_loopback(host),
        known=not (_store_url(settings) or _had_store(settings)),
    )


def _store_url(settings: Settings) -> str | None:
    """Tell where the store is, if it runs."""
    if settings.redis_url:
        return settings.redis_url
    from storage.embedded import url_if_running  # noqa: PLC0415 -- a restart of a part of serve does without

    return url_if_running(settings.data_dir)


def _had_store(settings: Settings) -> bool:
    """Tell whether a store was ever begun in the data directory; keys are then to be waited for."""
    return (settings.data_dir / "appendonlydir").exists()


def _cause(settings: Settings) -> str:
    """Tell why no key was found, where that is not plain."""
    if settings.redis_url or _had_store(settings):
        return ""
    return (
        f" (there was never a store in the data directory {settings.data_dir} to look for one:"
        " is it the server's, or do you mean --redis-url?)"
    )


def check_reachable(settings: Settings, host: str, keyring: Keyring) -> None:
    """Raise AccessError if ``host`` is reached from elsewhere and no caller can have a key."""
    if not is_loopback(host) and not keyring.admits_somebody and keyring.known:
        raise AccessError(
            f"{host} can be reached from other machines, and there is no API key{_cause(settings)}: make one"
            ' with "cgrates-py key create", or set CGRATES_ADMIN_KEY, or listen on 127.0.0.1'
        )


@contextlib.asynccontextmanager
async def following(settings: Settings, keyring: Keyring) -> AsyncIterator[None]:
    """Read the keys, at most FIRST_READ_S, and keep following them meanwhile."""
    first = asyncio.Event()
    task = asyncio.create_task(_follow(settings, keyring, first), name="keys")
    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(first.wait(), FIRST_READ_S)
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _follow(settings: Settings, keyring: Keyring, first: asyncio.Event) -> None:
    away = False
    while True:
        url = _store_url(settings)
        if not url and keyring.known:
            first.set()
        elif not url and not away:
            _log.warning(
                "the store is away, nobody is let in by a key of it", data_dir=str(settings.data_dir)
            )
            away = True
        try:
            if url:
                async with ValkeyStore(url) as store:
                    while True:
                        _take(keyring, await store.access_keys())
                        first.set()
                        if away:
                            _log.info("the keys can be read again")
                        away = False
                        await asyncio.sleep(POLL_S)
        except (StoreError, OSError) as error:
            if not away:
                _log.warning("the keys cannot be read, those known stay in force", reason=str(error))
            away = True
        except Exception:  # keys must be followed as long as anybody is let in by them
            _log.exception("the keys cannot be read, those known stay in force")
            away = True
        await asyncio.sleep(POLL_S)


def _take(keyring: Keyring, records: dict[str, bytes]) -> None:
    asked = not keyring.open
    for key_id in keyring.update(records):
        _log.error("the record of a key cannot be read, it opens nothing", key=key_id)
    if not asked and not keyring.open:
        _log.info("there is an API key now: from here on everybody is asked for one")
