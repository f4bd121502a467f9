"""Answers requests in the dialect of Cyclops RC: which path means what, and what is said to others."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import msgspec
import structlog

from cgrates_py.lane import Shop
from cgrates_py.usage.cyclops import pages, pushing
from cgrates_py.usage.cyclops.asking import (
    TEXT,
    Call,
    RefusedError,
    check_json,
    given,
    inside,
    receipt_of,
    times_of,
    told,
)
from cgrates_py.usage.cyclops.books import CHARGES, LINK, RATES, USAGE, Books, CyclopsStore, day_of, rate_row
from cgrates_py.usage.cyclops.generating import Generator
from cgrates_py.usage.cyclops.options import CyclopsOptions
from cgrates_py.usage.cyclops.pushing import MeterNews, PushError
from cgrates_py.usage.cyclops.remote import Remote
from cgrates_py.usage.cyclops.scheduler import Lease, Scheduler
from cgrates_py.usage.cyclops.sources import EngineSource, RandomSource, RateSource, RuleSource
from cgrates_py.usage.cyclops.states import States
from cgrates_py.usage.cyclops.steering import Steering
from cgrates_py.usage.cyclops.times import normalised, written
from cgrates_py.usage.cyclops.udr import Udr
from protocol.usage import DialectAnswer, DialectRequest
from rater import instant
from rater.usage.records import Numbered, Row
from storage.cyclops_state import CyclopsState, Meter

_log = structlog.get_logger(__name__)

RC_VERSION = "0.2.1"
"""What we say we are; the wiki is about it."""
BESIDE_CHARACTERS = 32 << 10
"""A message of so many is read in a thread: here it would take some milliseconds."""
IDEMPOTENCY_TTL_S = 86_400
"""How long a request with an ``Idempotency-Key`` is known, at least."""

_CHANGING = frozenset({"/status", "/generate/{action}", "/scheduler/{command}"})
"""What changes something though it is a GET, as in the original, the counts of ``/status`` too: who only
looks, by HEAD, is refused."""

_Handler = Callable[[Call], Awaitable[DialectAnswer]]


class Cyclops:
    """The dialect. ``scheduler`` has to be run beside it."""

    def __init__(
        self, shop: Shop, books: Books, states: States, generator: Generator, options: CyclopsOptions
    ) -> None:
        self._shop = shop
        self._books = books
        self._states = states
        self._key_ttl_s = max(shop.settings.request_id_ttl_s, IDEMPOTENCY_TTL_S)
        frequency_ns = options.frequency_s * instant.SECOND
        self._steering = Steering(shop, states, generator, frequency_ns, self._key_ttl_s)
        self._routes: Mapping[str, Mapping[str, _Handler]] = {
            "/": {"GET": self._root},
            "/status": {"GET": self._status},
            "/rate": {"GET": self._rates, "POST": self._post_rate},
            "/rate/status": {"GET": self._rate_status},
            "/charge": {"GET": self._charges},
            "/generate/{action}": {"GET": self._steering.generate},
            "/scheduler/{command}": {"GET": self._steering.schedule},
            "/usage": {"POST": partial(self._push, pushing.read_usage)},
            "/ext/app": {"POST": partial(self._push, pushing.read_sources)},
            "/meters": {"GET": self._meters, "POST": self._post_meters},
            "/usage/users/{userid}": {"GET": self._usage_of_user},
            "/usage/resources/{meter}": {"GET": self._usage_of_meter},
        }
        self._counts = dict.fromkeys(self._routes, 0)

    @property
    def paths(self) -> Mapping[str, Sequence[str]]:
        """Every path and its methods."""
        return {path: tuple(handlers) for path, handlers in self._routes.items()}

    async def answer(self, request: DialectRequest) -> DialectAnswer:
        """Do what a request asks, or tell why not. Raises StoreError."""
        path, name = self._matched(request.Path.rstrip("/") or "/")
        if path is None:
            return DialectAnswer(404, TEXT, "Not Found")
        handlers = self._routes[path]
        looks = "GET" in handlers and path not in _CHANGING
        verb = "GET" if request.Verb == "HEAD" and looks else request.Verb
        if verb not in handlers:
            allowed = ", ".join([*handlers, *(["HEAD"] if looks else [])])
            return DialectAnswer(405, TEXT, "Method Not Allowed", {"Allow": allowed})
        self._counts[path] += 1
        try:
            return await handlers[verb](Call(name, request, self._shop.clock.now_ns()))
        except RefusedError as refused:
            return refused.answer
        except (PushError, pages.TooManyError) as error:
            return DialectAnswer(400, TEXT, str(error))

    def _matched(self, path: str) -> tuple[str | None, str]:
        """Find the route of a path, and what the path names."""
        if path in self._routes:
            return path, ""
        for route in self._routes:
            prefix, brace, _ = route.partition("{")
            if brace and path.startswith(prefix) and len(path) > len(prefix):
                return route, path[len(prefix) :]
        return None, ""

    async def _root(self, call: Call) -> DialectAnswer:
        return DialectAnswer(200, TEXT, f"CYCLOPS RC Service v{RC_VERSION}")

    async def _status(self, call: Call) -> DialectAnswer:
        self._counts["/status"] -= 1  # asking for the counts is none of them
        counts, self._counts = self._counts, dict.fromkeys(self._routes, 0)
        return DialectAnswer(200, TEXT, msgspec.json.encode(counts).decode())

    async def _rates(self, call: Call) -> DialectAnswer:
        resource = given(call, "resourcename")
        times, first, last = times_of(call)
        wanted = inside(first, last, lambda each: each.row.metric == resource)
        found = await self._books.rows(RATES, wanted, day_of(first), day_of(last))
        return DialectAnswer(Body=pages.rate_page(resource, times, found))

    async def _post_rate(self, call: Call) -> DialectAnswer:
        check_json(call)
        post = pushing.read_rate(call.asked.Body)
        if post is None:
            _log.warning("a body posted to /rate is passed over: it is no policy")
            return DialectAnswer(204)
        static = pushing.is_static(post)
        rates = pushing.literals(post.rate or {}) if static else ()

        def change(state: CyclopsState) -> CyclopsState:
            if not static:
                return replace(state, static=False)
            return replace(state, static=True, rates=rates, source=_text(post.source), time=_text(post.time))

        if rates:
            rows = [rate_row("static", name, literal, call.now_ns) for name, literal in rates]
            receipt = receipt_of(call, b"", self._key_ttl_s)
            told(receipt, await self._books.add(RATES, rows, call.now_ns, receipt))
        await self._states.change(change)  # also if the points are known: who did it before may have died
        return DialectAnswer(204)

    async def _rate_status(self, call: Call) -> DialectAnswer:
        return DialectAnswer(Body=pages.status_page(await self._states.read()))

    async def _charges(self, call: Call) -> DialectAnswer:
        account = given(call, "userid", "userId")
        times, first, last = times_of(call)
        wanted = inside(
            first, last, lambda each: each.row.account == account and each.row.link.startswith(LINK)
        )
        found = await self._books.rows(CHARGES, wanted, day_of(first), day_of(last))
        normal = {name: normalised(text) for name, text in times.items()}
        return DialectAnswer(Body=pages.charge_page(account, normal, found))

    async def _push(self, read: Callable[[str, int], list[Row]], call: Call) -> DialectAnswer:
        check_json(call)
        body = call.asked.Body
        short = len(body) < BESIDE_CHARACTERS
        rows = read(body, call.now_ns) if short else await asyncio.to_thread(read, body, call.now_ns)
        told_now = msgspec.json.encode(
            {"timestamp": written(call.now_ns), "status": 201, "message": f"stored {len(rows)} usages"}
        )
        receipt = receipt_of(call, told_now, self._key_ttl_s)
        news = await self._register({row.metric for row in rows}, call.now_ns)
        known = told(receipt, await self._books.add_usage(rows, call.now_ns, receipt, news))
        return DialectAnswer(201, Body=(told_now if known is None else known).decode())

    async def _register(self, names: set[str], now_ns: int) -> set[str]:
        """Make meters of what nobody named before, and tell them: usage that is pushed is charged."""

        def change(state: CyclopsState) -> CyclopsState:
            known = {each.name for each in state.meters}
            news = [MeterNews(name, "external", True, None) for name in sorted(names - known)]
            if not news:
                return state
            return replace(state, meters=pushing.merged(state.meters, news, now_ns))

        before, _ = await self._states.change(change)
        return names - {each.name for each in before.meters}

    async def _meters(self, call: Call) -> DialectAnswer:
        return DialectAnswer(Body=pages.meters_page((await self._states.read()).meters))

    async def _post_meters(self, call: Call) -> DialectAnswer:
        check_json(call)
        news = pushing.read_meters(call.asked.Body)

        def change(state: CyclopsState) -> CyclopsState:
            return replace(state, meters=pushing.merged(state.meters, news, call.now_ns))

        _, after = await self._states.change(change)
        return DialectAnswer(Body=pages.meters_page(after.meters))

    async def _usage_of_user(self, call: Call) -> DialectAnswer:
        times, found = await self._usage(call, lambda each: each.row.account == call.name)
        return DialectAnswer(Body=pages.user_page(call.name, times, found))

    async def _usage_of_meter(self, call: Call) -> DialectAnswer:
        times, found = await self._usage(call, lambda each: each.row.metric == call.name)
        meter = (await self._states.read()).meter(call.name) or Meter(call.name)
        return DialectAnswer(Body=pages.resource_page(meter, times, found))

    async def _usage(
        self, call: Call, wanted: Callable[[Numbered], bool]
    ) -> tuple[dict[str, str], list[Numbered]]:
        """Read usage of a time by when it was used: it may have come a day before that, or long after."""
        times, first, last = times_of(call)
        used = inside(first, last + 1, wanted)
        return times, await self._books.rows(USAGE, used, day_of(first - pushing.AHEAD_NS))


def make_cyclops(
    shop: Shop, store: CyclopsStore, options: CyclopsOptions, lease: Lease
) -> tuple[Cyclops, Scheduler]:
    """Make the dialect and its scheduler. Raises RuleError for a rule that is none."""
    books, states = Books(store), States(store)
    source: RateSource = RandomSource()
    if options.rule:
        source = RuleSource(options.rule)
    elif options.rule_engine_url:
        source = EngineSource(Remote(options.rule_engine_url))
    udr = Udr(Remote(options.udr_url)) if options.udr_url else None
    generator = Generator(books, states, shop.clock, source, udr)
    scheduler = Scheduler(lease, books, states, generator, shop.clock, options.frequency_s * instant.SECOND)
    return Cyclops(shop, books, states, generator, options), scheduler


def _text(value: object) -> str | None:
    return value[:100] if isinstance(value, str) else None
