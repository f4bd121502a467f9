"""What every request of the administration works with: reads, atomic changes, and how it says no."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from cgrates_py.clock import Clock
from rater.account import Account
from rater.metering.catalogue import GENERATION_DIGITS, Application, Provider, Service, UserKey
from storage.documents import (
    DocumentKey,
    DocumentStore,
    ListStore,
    Replacement,
    application_key,
    provider_key,
    service_key,
    user_key_key,
)
from storage.store import AccountKey, AccountStore, Commit, Entry

ATTEMPTS_MAX = 100
"""Lost races before giving up; each lost one means that another change went through."""

AT_ONCE = 100
"""Changes under way together: enough to share round trips, little enough to hold in memory."""

Members = dict[str, Any]
"""The members of a JSON object."""

T = TypeVar("T")
R = TypeVar("R")


class AdministrationStore(DocumentStore, ListStore, Protocol):
    """The catalogue, and what is listed beside accounts."""


class RefusedError(Exception):
    """What was asked is not done; ``status`` and ``document`` are the answer."""

    def __init__(self, status: int, error: str, said: str = "error") -> None:
        super().__init__(error)
        self.status = status
        self.document: Members = {"status": said, "error": error}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: the status of HTTP, and the JSON object (None: no body)."""

    status: int
    document: Members | None


@dataclass(frozen=True, slots=True)
class Call:
    """A request that matched a route: what its path names, its query and its body (None: it has none).

    ``retry_id`` is the same in what is sent again after a broken connection; empty: nothing is sent again.
    """

    names: dict[str, str]
    query: dict[str, str]
    body: Any
    retry_id: str = ""

    def secret(self, digits: int, *names: str) -> str:
        """Make hexadecimal digits that nobody can guess, the same ones for what is sent again."""
        if not self.retry_id:
            return secrets.token_hex(digits // 2)
        made_of = "\0".join((self.retry_id, *names)).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(made_of, digest_size=digits // 2).hexdigest()


Plan = tuple[Sequence[Replacement], T]
"""What to change, and what to answer once it is done."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts that requests are answered with."""

    store: AdministrationStore
    accounts: AccountStore
    clock: Clock

    async def change(self, plan: Callable[[], Awaitable[Plan[T]]]) -> T:
        """Read, decide and replace, again if another came between. What ``plan`` raises ends it."""
        for _ in range(ATTEMPTS_MAX):
            changes, answer = await plan()
            if not changes or await self.store.replace(changes):
                return answer
        raise RefusedError(409, "the catalogue changes too fast; try again")

    async def provider(self, key: str) -> Provider | None:
        """Read a provider; None if there is none."""
        value = await self._document(provider_key(key))
        return value if isinstance(value, Provider) else None

    async def find_service(self, service_id: str) -> Service | None:
        """Read a service; None if there is none."""
        value = await self._document(service_key(service_id))
        return value if isinstance(value, Service) else None

    async def service(self, service_id: str) -> Service:
        """Read a service. Raises RefusedError if there is none."""
        service = await self.find_service(service_id)
        if service is None:
            raise not_found("service not found")
        return service

    async def stored_application(self, service_id: str, app_id: str) -> Application | None:
        """Read what is stored of an application, also what a service deleted since left behind."""
        value = await self._document(application_key(service_id, app_id))
        return value if isinstance(value, Application) else None

    async def application(self, service_id: str, app_id: str) -> Application:
        """Read an application of a service as it is now. Raises RefusedError if there is none."""
        service = await self.find_service(service_id)
        application = await self.stored_application(service_id, app_id)
        if service is None or not belongs(application, service):
            raise not_found("application not found")
        assert application is not None  # noqa: S101 -- belongs says so
        return application

    async def applications(self, service: Service) -> list[Application]:
        """List the applications of a service by id. Slow: it reads those of all services."""
        every = await self.store.list_documents("application")
        return [each for each in every if isinstance(each, Application) and belongs(each, service)]

    async def user_key(self, service_id: str, user_key: str) -> UserKey | None:
        """Read whose a user key is; None if it is nobody's."""
        value = await self._document(user_key_key(service_id, user_key))
        return value if isinstance(value, UserKey) else None

    async def has_account(self, key: AccountKey) -> bool:
        """Tell whether there is an account."""
        return await self.accounts.read(key) is not None

    async def ensure_account(self, key: AccountKey) -> None:
        """Make an empty account unless there is one."""
        if await self.has_account(key):
            return
        account = Account(*key)
        entry = Entry(self.clock.now_ns(), "Create", "", 0, account, account)
        await self.accounts.commit(Commit(key, 0, account, [entry]))  # a conflict: another made it

    async def _document(self, key: DocumentKey) -> object:
        (value,) = await self.store.documents([key])
        return value


async def in_waves(items: Sequence[T], work: Callable[[T], Awaitable[R]]) -> list[R]:
    """Do the work for each, many at a time so that they share round trips; tell what came of it, in order."""
    done: list[R] = []
    for start in range(0, len(items), AT_ONCE):
        done += await asyncio.gather(*map(work, items[start : start + AT_ONCE]))
    return done


def belongs(application: Application | None, service: Service) -> bool:
    """Tell whether an application is of this service, and not of a deleted one of the same id."""
    return application is not None and application.service_generation == service.generation


def new_generation() -> str:
    """Make a name that tells what is created now from all that had its id before."""
    return secrets.token_hex(GENERATION_DIGITS // 2)


def not_found(error: str) -> RefusedError:
    """Make the refusal for what does not exist."""
    return RefusedError(404, error, "not_found")


def bad(error: str) -> RefusedError:
    """Make the refusal for a request that contradicts itself or the catalogue."""
    return RefusedError(400, error)
