"""Pages for those who run the server: is it up, is it ready, what does it count, what time does it hold."""

import resource
import time
from dataclasses import dataclass
from pathlib import Path

import orjson
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from cgrates_py.address import is_loopback
from cgrates_py.clock import HELD_YEARS, ClockRangeError, HeldClock
from cgrates_py.figures import Figures, ask_figures, raters_of, unready
from cgrates_py.http.cgrates import incorrect
from cgrates_py.http.metrics import server_text
from cgrates_py.http.params import ParameterError, read_body
from cgrates_py.http.services import Services, bearer, json_response, refusal
from cgrates_py.version import product_version
from protocol.access import NO_KEY
from protocol.errors import WIRE, code_of
from rater import instant

FIGURES_DEADLINE_S = 2.0
"""Probes and collectors want to know now, not after the deadline of a call."""
CLOCK_BYTES_MAX = 1024
BACKEND_VERSION = "3.4.3"
"""The version of 3scale's backend whose API is served; its clients look for it in ``/status``."""


def routes(services: Services) -> list[BaseRoute]:
    """Make the routes of operation; the one of the test clock exists only if there is one."""
    pages = _Pages(services)
    made: list[BaseRoute] = [
        Route("/healthz", pages.healthz),
        Route("/readyz", pages.readyz),
        Route("/metrics", pages.metrics),
        Route("/status", pages.status),
        Route("/raters", pages.raters),
        Route("/getmem", pages.getmem),
    ]
    if isinstance(services.clock, HeldClock):
        made.append(Route("/test/clock", pages.hold_clock, methods=["POST"]))
    return made


@dataclass(frozen=True, slots=True)
class _Pages:
    services: Services

    async def healthz(self, request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(self, request: Request) -> Response:
        figures, error = await ask_figures(self.services.rpc, FIGURES_DEADLINE_S, self.services.probe)
        reason = error or unready(figures)
        if reason is not None:
            return json_response({"Error": reason}, 503)
        return json_response({"Ready": True, "Raters": len(raters_of(figures))})

    async def metrics(self, request: Request) -> Response:
        figures, error = await self._figures(request)
        if (refused := self._refused(error)) is not None:
            return refused
        body = self.services.metrics.text() + server_text(figures)
        return Response(body, media_type=CONTENT_TYPE_LATEST)

    async def status(self, request: Request) -> Response:
        figures, error = await self._figures(request)
        told = {"status": "ok", "version": {"backend": BACKEND_VERSION}}
        if self._refused(error) is not None:
            return json_response(told)
        now_ns = self.services.clock.now_ns()
        document = {
            "status": "ok",
            "version": {"backend": BACKEND_VERSION, "cgrates_py": product_version()},
            "Time": instant.text(now_ns),
            "UptimeSeconds": round(time.monotonic() - self.services.started_s, 3),
            "Ready": error is None and unready(figures) is None,
            "Raters": list(raters_of(figures)),
            "Requests": self.services.metrics.answered(),
            "Memory": memory(),
            "Balancer": figures if error is None else {"Error": error},
        }
        return json_response(document)

    async def raters(self, request: Request) -> Response:
        figures, error = await self._figures(request)
        if error is not None:
            return refusal(error)
        return json_response(list(raters_of(figures)))

    async def getmem(self, request: Request) -> Response:
        _, error = await self._figures(request)
        if (refused := self._refused(error)) is not None:
            return refused
        used = memory()
        return json_response([used["ResidentKB"], used["PeakKB"]])

    async def hold_clock(self, request: Request) -> Response:
        """Set the time. From this machine anybody may: who has such a server wants its time to be set."""
        if request.client is None or not is_loopback(request.client.host):
            _, error = await self._figures(request)
            if (refused := self._refused(error)) is not None:
                return refused
        assert isinstance(self.services.clock, HeldClock)  # noqa: S101 -- there is no such route otherwise
        return await _TestClock(self.services.clock).hold(request)

    async def _figures(self, request: Request) -> tuple[Figures, str | None]:
        """Ask for the figures with the caller's key: who may not have them may see no page of operation."""
        key = bearer(request)
        if key is None and self.services.guarded:
            return {}, NO_KEY
        return await ask_figures(self.services.rpc, FIGURES_DEADLINE_S, key)

    def _refused(self, error: str | None) -> Response | None:
        """Refuse the page if the server refused the caller, or did not answer where it might have."""
        if error is None or not (self.services.guarded or WIRE[code_of(error)].http in (401, 403, 429)):
            return None
        return refusal(error)


@dataclass(frozen=True, slots=True)
class _TestClock:
    clock: HeldClock

    async def hold(self, request: Request) -> Response:
        try:
            document = orjson.loads(await read_body(request, CLOCK_BYTES_MAX))
            now_ns, _ = instant.parse(document["now"])
            self.clock.hold(now_ns)
        except ParameterError as error:
            return incorrect(error.parameter, error.reason, error.status)
        except (orjson.JSONDecodeError, KeyError, TypeError, instant.InstantError, ClockRangeError):
            first, last = HELD_YEARS
            expected = f'expected {{"now": RFC 3339 time with a zone}}, from {first} to {last}'
            return incorrect("now", expected)
        return json_response({"now": instant.text(now_ns)})


def memory() -> dict[str, int]:
    """Tell the memory of this process in KiB: resident now, and its peak."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "ResidentKB": pages * resource.getpagesize() // 1024,
        "PeakKB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
