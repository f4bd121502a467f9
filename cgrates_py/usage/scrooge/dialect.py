"""Finds what a request of Scrooge asks for: its place, its method, who asks; then has it done."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from cgrates_py.lane import Shop
from cgrates_py.usage.scrooge import access, answers, lookups, pricing_push, push
from cgrates_py.usage.scrooge.booking import Booking
from cgrates_py.usage.scrooge.known import Known, ScroogeStore, Setups
from cgrates_py.usage.scrooge.reading import Reading
from cgrates_py.usage.scrooge.values import BodyError, day_of, read_json
from protocol.usage import DialectAnswer, DialectRequest
from rater.usage.scrooge_setup import User
from storage import passwords

ROOT = "/scrooge/api"
BESIDE_CHARACTERS = 32 << 10
"""A message of so many is read in a thread: here it would take some milliseconds."""
_PRICING = r"(?:v0\.9/pricingserviceusages|v0\.10/pricing-service-usages)"
_DAY = r"(?P<number>[0-9]{1,10})/(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"

FindUser = Callable[[DialectRequest, Known], User | None]
Refuse = Callable[[DialectRequest], DialectAnswer]


class Ask(NamedTuple):
    """A request at its place: what the path names, the set-up, and who asks (None where anyone may)."""

    request: DialectRequest
    names: dict[str, str]
    known: Known
    user: User | None


Handler = Callable[[Ask], Awaitable[DialectAnswer]]


class Place(NamedTuple):
    """What stands under a path, by method; ``find`` None: anyone may ask."""

    path: re.Pattern[str]
    handlers: dict[str, Handler]
    find: FindUser | None = access.reading_user
    refuse: Refuse = answers.no_credentials


def _at(pattern: str) -> re.Pattern[str]:
    """Compile a path; the slash at its end may be there or not."""
    return re.compile(f"{re.escape(ROOT)}/{pattern}/?")


class Scrooge:
    """The dialects of Scrooge. ``places`` may be added to by what shares its credentials."""

    def __init__(self, store: ScroogeStore, shop: Shop) -> None:
        self._shop = shop
        self.setups = Setups(store)
        self._booking = Booking(store, shop)
        self._reading = Reading(store)
        self.places = [
            Place(_at(r"v0\.9"), {"GET": self._resources}, None),
            Place(
                _at(r"v0\.9/serviceusages"),
                {"POST": self._push},
                access.pushing_user,
                lambda _: answers.empty(401),
            ),
            Place(_at(r"v0\.9/api-token-auth"), {"POST": self._token}, None),
            Place(_at(_PRICING), {"POST": self._pricing}),
            Place(_at(f"{_PRICING}/{_DAY}"), {"GET": self._pushed}),
            Place(_at(r"v0\.10/usage-types(?:/(?P<symbol>[^/]+))?"), {"GET": self._usage_types}),
            Place(_at(r"v0\.10/pricing-services(?:/(?P<symbol>[^/]+))?"), {"GET": self._pricing_services}),
            Place(_at(r"v0\.10/daily-usages"), {"GET": self._daily}),
        ]

    async def answer(self, request: DialectRequest) -> DialectAnswer:
        """Do what a request asks, or tell why not. Raises StoreError."""
        for place in self.places:
            if (match := place.path.fullmatch(request.Path)) is not None:
                names = {name: value for name, value in match.groupdict().items() if value is not None}
                return await self._answer(request, place, names)
        return answers.empty(404)

    async def _answer(self, request: DialectRequest, place: Place, names: dict[str, str]) -> DialectAnswer:
        """Check the method, then the credentials."""
        verbs = tuple(place.handlers)
        if request.Verb == "OPTIONS":
            return DialectAnswer(200, answers.TEXT, ",".join(verbs), {"Allow": ",".join(verbs)})
        handler = place.handlers.get("GET" if request.Verb == "HEAD" else request.Verb)
        if handler is None:
            return answers.not_allowed(*verbs)
        known = await self.setups.current()
        user = None
        if place.find is not None and (user := place.find(request, known)) is None:
            return place.refuse(request)
        try:
            return await handler(Ask(request, names, known, user))
        except push.RefusedError as refused:
            return refused.answer

    async def _resources(self, _: Ask) -> DialectAnswer:
        place = f"{ROOT}/v0.9/serviceusages/"
        return answers.json(200, {"serviceusages": {"list_endpoint": place, "schema": f"{place}schema/"}})

    async def _push(self, ask: Ask) -> DialectAnswer:
        return await self._booked(ask, push.read_push)

    async def _pricing(self, ask: Ask) -> DialectAnswer:
        return await self._booked(ask, pricing_push.read_pricing_push)

    async def _booked(
        self, ask: Ask, read: Callable[[DialectRequest, Known, int], push.Push]
    ) -> DialectAnswer:
        assert ask.user is not None  # noqa: S101 -- a place to push to asks for one
        asked = ask.request, ask.known, self._today()
        short = len(ask.request.Body) < BESIDE_CHARACTERS
        try:
            found = read(*asked) if short else await asyncio.to_thread(read, *asked)
        except push.RefusedError:
            if await self._booking.known(ask.request, ask.user):  # the set-up has changed since
                return answers.created(ask.request)
            raise
        return await self._booking.store(ask.request, ask.user, found)

    async def _pushed(self, ask: Ask) -> DialectAnswer:
        return await self._reading.day(ask.request, ask.names, ask.known)

    async def _daily(self, ask: Ask) -> DialectAnswer:
        return await self._reading.daily(ask.request, ask.known)

    async def _usage_types(self, ask: Ask) -> DialectAnswer:
        return lookups.usage_types(ask.request, ask.names, ask.known)

    async def _pricing_services(self, ask: Ask) -> DialectAnswer:
        return lookups.pricing_services(ask.request, ask.names, ask.known)

    async def _token(self, ask: Ask) -> DialectAnswer:
        """Give a user's key for a password."""
        try:
            given = read_json(ask.request.Body)
        except BodyError:
            given = None
        if not isinstance(given, dict):
            return answers.json(400, {"detail": "JSON parse error"})
        missing = {
            name: [pricing_push.REQUIRED]
            for name in ("username", "password")
            if not isinstance(given.get(name), str)
        }
        if missing:
            return answers.json(400, missing)
        user = ask.known.users.get(given["username"])
        kept = user.password if user is not None and user.active else None
        if (
            user is None
            or kept is None
            or not await asyncio.to_thread(passwords.matches, given["password"][:256], kept)
        ):
            return answers.json(400, {"non_field_errors": ["Unable to log in with provided credentials."]})
        return answers.json(200, {"token": user.key})

    def _today(self) -> int:
        return day_of(self._shop.clock.now_ns())
