"""Answers requests in the dialect of Cyclops RC: which path means what, and what is said to others."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from typing import NamedTuple

import msgspec
import structlog

from cgrates_py.lane import Shop
from cgrates_py.usage.cyclops import pages, pushing
from cgrates_py.usage.cyclops.books import CHARGES, LINK, RATES, USAGE, Books, CyclopsStore, day_of, rate_row
from cgrates_py.usage.cyclops.generating import ConflictError, Generator, Run
from cgrates_py.usage.cyclops.options import CyclopsOptions
from cgrates_py.usage.cyclops.pushing import MeterNews, PushError
from cgrates_py.usage.cyclops.remote import Remote, RemoteError
from cgrates_py.usage.cyclops.scheduler import Command, Lease, Scheduler
from cgrates_py.usage.cyclops.sources import EngineSource, RandomSource, RateSource, RuleError, RuleSource
from cgrates_py.usage.cyclops.states import States
from cgrates_py.usage.cyclops.times import normalised, read_time, written
from cgrates_py.usage.cyclops.udr import Udr
from protocol.usage import DialectAnswer, DialectRequest
from rater import instant
from rater.usage.cyclops import Window
from rater.usage.records import Numbered, Row
from storage.cyclops_state import CyclopsState, Meter
from storage.daybook import Appended, KnownReceipt, MarkMoved, Receipt

_log = structlog.get_logger(__name__)

RC_VERSION = "0.2.1"
"""What we say we are; the wiki is about it."""
FAILED = "Operation Failed"
CONFLICT = "Idempotency-Key: was used before with other content"
RETRY_TTL_S = 60
"""How long what the HTTP front sends again is known."""
IDEMPOTENCY_TTL_S = 86_400
"""How long a push with an ``Idempotency-Key`` is."""

_TEXT = "text/plain"
_CHANGING = frozenset({"/generate/{action}", "/scheduler/{command}"})
"""What changes something though it is a GET, as in the original: who only looks, by HEAD, is refused."""


class RefusedError(Exception):
    """What was asked is not done; the answer tells why."""

    def __init__(self, status: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.answer = DialectAnswer(status, _TEXT, text, headers)


class _Call(NamedTuple):
    """A request that matched: what its path names, and the rest of it."""

    name: str
    asked: DialectRequest
    now_ns: int


_Handler = Callable[[_Call], Awaitable[DialectAnswer]]


class Cyclops:
    """The dialect. ``scheduler`` has to be run beside it."""

    def __init__(
        self, shop: Shop, books: Books, states: States, generator: Generator, options: CyclopsOptions
    ) -> None:
        self._shop = shop
        self._books = books
        self._states = states
        self._generator = generator
        self._frequency_ns = options.frequency_s * instant.SECOND
        self._request_ttl_s = max(shop.settings.request_id_ttl_s, IDEMPOTENCY_TTL_S)
        self._routes: Mapping[str, Mapping[str, _Handler]] = {
            "/": {"GET": self._root},
            "/status": {"GET": self._status},
            "/rate": {"GET": self._rates, "POST": self._post_rate},
            "/rate/status": {"GET": self._rate_status},
            "/charge": {"GET": self._charges},
            "/generate/{action}": {"GET": self._generate},
            "/scheduler/{command}": {"GET": self._schedule},
            "/usage": {"POST": partial(self._push, pushing.read_usage)},
            "/ext/app": {"POST": partial(self._push, pushing.read_sources)},
            "/meters": {"GET": self._meters, "POST": self._post_meters},
            "/usage/users/{userid}": {"GET": self._usage_of_user},
            "/usage/resources/{meter}": {"GET": self._usage_of_meter},
        }
        self._runs = set[asyncio.Task[Run]]()
        self._counts = dict.fromkeys(self._routes, 0)

    @property
    def paths(self) -> Mapping[str, Sequence[str]]:
        """Every path and its methods."""
        return {path: tuple(handlers) for path, handlers in self._routes.items()}

    async def answer(self, request: DialectRequest) -> DialectAnswer:
        """Do what a request asks, or tell why not. Raises StoreError."""
        path, name = self._matched(request.Path.rstrip("/") or "/")
        if path is None:
            return DialectAnswer(404, _TEXT, "Not Found")
        handlers = self._routes[path]
        looks = "GET" in handlers and path not in _CHANGING
        verb = "GET" if request.Verb == "HEAD" and looks else request.Verb
        if verb not in handlers:
            allowed = ", ".join([*handlers, *(["HEAD"] if looks else [])])
            return DialectAnswer(405, _TEXT, "Method Not Allowed", {"Allow": allowed})
        self._counts[path] += 1
        try:
            return await handlers[verb](_Call(name, request, self._shop.clock.now_ns()))
        except RefusedError as refused:
            return refused.answer
        except (PushError, pages.TooManyError) as error:
            return DialectAnswer(400, _TEXT, str(error))

    def _matched(self, path: str) -> tuple[str | None, str]:
        """Find the route of a path, and what the path names."""
        if path in self._routes:
            return path, ""
        for route in self._routes:
            prefix, brace, _ = route.partition("{")
            if brace and path.startswith(prefix) and len(path) > len(prefix):
                return route, path[len(prefix) :]
        return None, ""

    async def _root(self, call: _Call) -> DialectAnswer:
        return DialectAnswer(200, _TEXT, f"CYCLOPS RC Service v{RC_VERSION}")

    async def _status(self, call: _Call) -> DialectAnswer:
        self._counts["/status"] -= 1  # asking for the counts is none of them
        counts, self._counts = self._counts, dict.fromkeys(self._routes, 0)
        return DialectAnswer(200, _TEXT, msgspec.json.encode(counts).decode())

    async def _rates(self, call: _Call) -> DialectAnswer:
        resource = _given(call, "resourcename")
        times, first, last = _times(call)
        wanted = _inside(first, last, lambda each: each.row.metric == resource)
        found = await self._books.rows(RATES, wanted, day_of(first), day_of(last))
        return DialectAnswer(Body=pages.rate_page(resource, times, found))

    async def _post_rate(self, call: _Call) -> DialectAnswer:
        _check_json(call)
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
            receipt = self._receipt(call, b"")
            _told(receipt, await self._books.add(RATES, rows, call.now_ns, receipt))
        await self._states.change(change)  # also if the points are known: who did it before may have died
        return DialectAnswer(204)

    async def _rate_status(self, call: _Call) -> DialectAnswer:
        return DialectAnswer(Body=pages.status_page(await self._states.read()))

    async def _charges(self, call: _Call) -> DialectAnswer:
        account = _given(call, "userid", "userId")
        times, first, last = _times(call)
        wanted = _inside(
            first, last, lambda each: each.row.account == account and each.row.link.startswith(LINK)
        )
        found = await self._books.rows(CHARGES, wanted, day_of(first), day_of(last))
        normal = {name: normalised(text) for name, text in times.items()}
        return DialectAnswer(Body=pages.charge_page(account, normal, found))

    async def _generate(self, call: _Call) -> DialectAnswer:
        action = call.name.lower()
        if action == "t-cdr":
            return DialectAnswer(200, _TEXT, "The T-Nova cdr generation was successful")
        receipt = self._receipt(call, b"")
        try:
            if action == "rate":
                done = await self._to_its_end(self._generator.rates([call.now_ns], receipt))
            elif action == "cdr":
                window = Window(call.now_ns - self._frequency_ns, call.now_ns)
                done = await self._to_its_end(self._generator.charges([window], receipt))
            else:
                return DialectAnswer(200, _TEXT, FAILED)
        except ConflictError:
            raise RefusedError(409, CONFLICT) from None
        except (RemoteError, RuleError) as error:
            _log.warning("nothing generated", action=action, reason=str(error))
            return DialectAnswer(200, _TEXT, FAILED)
        return DialectAnswer(200, _TEXT, f"The {action} generation was successful" if done.rows else FAILED)

    async def _to_its_end(self, run: Coroutine[None, None, Run]) -> Run:
        """Wait for a run, which goes on if nobody waits any more: begun anew it would take as long again."""
        task = asyncio.create_task(run)
        self._runs.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Run]) -> None:
        self._runs.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("a run ended early", reason=str(error))

    async def _schedule(self, call: _Call) -> DialectAnswer:
        try:
            command = Command(call.name.lower())
        except ValueError:
            said = "Unsupported command - use either start, restart, stop, status or force"
            return DialectAnswer(200, _TEXT, said)
        if command is Command.FORCE:
            self._shop.run(self._force(call.now_ns))
            return DialectAnswer(200, _TEXT, "Records pulled manually")
        if command is Command.STATUS:
            running = (await self._states.read()).running
            return DialectAnswer(200, _TEXT, "running" if running else "stopped")

        def change(state: CyclopsState) -> CyclopsState:
            if command is Command.STOP:
                return replace(state, running=False)
            if command is Command.START and state.running:
                return state
            return replace(state, running=True, started_ns=call.now_ns)

        before, _ = await self._states.change(change)
        said = {
            Command.START: "Scheduler has already been started" if before.running else "Scheduler started",
            Command.STOP: "Scheduler stopped" if before.running else "Scheduler was not running",
            Command.RESTART: "Scheduler restarted",
        }[command]
        return DialectAnswer(200, _TEXT, said)

    async def _force(self, now_ns: int) -> None:
        """Rate and charge now, also while the scheduler is stopped; it is said to be done before it is."""
        try:
            await self._generator.rates([now_ns])
        except (RemoteError, RuleError) as error:
            _log.warning("forced run: no rates", reason=str(error))
        except Exception:
            _log.exception("forced run failed")
            return
        try:
            await self._generator.charges([Window(now_ns - self._frequency_ns, now_ns)])
        except Exception:
            _log.exception("forced run failed")

    async def _push(self, read: Callable[[str, int], list[Row]], call: _Call) -> DialectAnswer:
        _check_json(call)
        rows = read(call.asked.Body, call.now_ns)
        news = await self._register({row.metric for row in rows}, call.now_ns)
        body = msgspec.json.encode(
            {"timestamp": written(call.now_ns), "status": 201, "message": f"stored {len(rows)} usages"}
        )
        receipt = self._receipt(call, body)
        known = _told(receipt, await self._books.add_usage(rows, call.now_ns, receipt, news))
        return DialectAnswer(201, Body=(body if known is None else known).decode())

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

    async def _meters(self, call: _Call) -> DialectAnswer:
        return DialectAnswer(Body=pages.meters_page((await self._states.read()).meters))

    async def _post_meters(self, call: _Call) -> DialectAnswer:
        _check_json(call)
        news = pushing.read_meters(call.asked.Body)

        def change(state: CyclopsState) -> CyclopsState:
            return replace(state, meters=pushing.merged(state.meters, news, call.now_ns))

        _, after = await self._states.change(change)
        return DialectAnswer(Body=pages.meters_page(after.meters))

    async def _usage_of_user(self, call: _Call) -> DialectAnswer:
        times, found = await self._usage(call, lambda each: each.row.account == call.name)
        return DialectAnswer(Body=pages.user_page(call.name, times, found))

    async def _usage_of_meter(self, call: _Call) -> DialectAnswer:
        times, found = await self._usage(call, lambda each: each.row.metric == call.name)
        meter = (await self._states.read()).meter(call.name) or Meter(call.name)
        return DialectAnswer(Body=pages.resource_page(meter, times, found))

    async def _usage(
        self, call: _Call, wanted: Callable[[Numbered], bool]
    ) -> tuple[dict[str, str], list[Numbered]]:
        """Read usage of a time by when it was used: it may have come a day before that, or long after."""
        times, first, last = _times(call)
        inside = _inside(first, last + 1, wanted)
        return times, await self._books.rows(USAGE, inside, day_of(first - pushing.AHEAD_NS))

    def _receipt(self, call: _Call, body: bytes) -> Receipt | None:
        """Have a request done once: by the id its sender gave it, else by that of our front, if any."""
        asked = call.asked
        digest = blake2b(f"{asked.Verb} {asked.Path}\n{asked.Body}".encode(), digest_size=16).digest()
        own = asked.Headers.get("idempotency-key")
        if own:
            return Receipt(f"cyclops/key/{own[:256]}", digest, body, self._request_ttl_s)
        if asked.RetryId:
            return Receipt(f"cyclops/retry/{asked.RetryId}", digest, body, RETRY_TTL_S)
        return None


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


def _told(receipt: Receipt | None, outcome: Appended | KnownReceipt | MarkMoved) -> bytes | None:
    """Tell what was answered before; None: this is the first time. Raises RefusedError for other content."""
    assert not isinstance(outcome, MarkMoved)  # noqa: S101 -- what is posted moves no marks
    if isinstance(outcome, Appended):
        return None
    if receipt is not None and outcome.digest != receipt.digest:
        raise RefusedError(409, CONFLICT)
    return outcome.body


def _given(call: _Call, *names: str) -> str:
    """Tell a parameter by any of its names. Raises RefusedError if it is missing."""
    for name, value in call.asked.Query:
        if name in names and value:
            return value
    raise RefusedError(400, f"{names[0]}: this parameter is missing")


def _times(call: _Call) -> tuple[dict[str, str], int, int]:
    """Read ``from`` and ``to``: as they were written, and in nanoseconds. Raises RefusedError."""
    times, read = {}, []
    for name in ("from", "to"):
        times[name] = _given(call, name)
        try:
            read.append(read_time(times[name]))
        except ValueError:
            raise RefusedError(400, f"{name}: expected a time like 2015-06-10 03:59:00") from None
    return times, read[0], read[1]


def _inside(first: int, last: int, wanted: Callable[[Numbered], bool]) -> Callable[[Numbered], bool]:
    """Want of these only rows after ``first`` and before ``last``."""
    return lambda each: first < each.row.at_ns < last and wanted(each)


def _check_json(call: _Call) -> None:
    kind = call.asked.Headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError(415, "Content-Type: expected application/json")


def _text(value: object) -> str | None:
    return value[:100] if isinstance(value, str) else None
