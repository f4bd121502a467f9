"""Composes the dialects into one application. A further dialect is one more module with ``routes``."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from cgrates_py.http import cgrates, openapi, operations, usage
from cgrates_py.http.services import Services, json_response
from cgrates_py.http.sites import own_sites_only
from cgrates_py.http.threescale import internal
from cgrates_py.http.threescale.answers import nothing_here
from cgrates_py.http.threescale.front import dialect_first

DIALECTS = (cgrates, operations, openapi, usage)
"""Each has ``routes(services)``; paths of one never shadow those of another.

That of 3scale is asked before all of them, by a shorter way.
"""


def build_app(services: Services, *, administration: bool = True) -> ASGIApp:
    """Make the ASGI application of the HTTP process; without the administration if that is served apart."""
    dialects = (*DIALECTS, internal) if administration else DIALECTS
    app = Starlette(
        routes=[route for dialect in dialects for route in dialect.routes(services)],
        exception_handlers={HTTPException: _http_problem, Exception: _fault},
    )
    app.router.redirect_slashes = False
    app.router.default = nothing_here
    return services.metrics.wrap(dialect_first(services, own_sites_only(app)))


async def _http_problem(request: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    headers = dict(problem.headers or {}) if isinstance(problem, HTTPException) else None
    text = "this path does not take that method" if status == 405 else str(problem)
    return json_response({"Error": text, "Path": request.url.path}, status, headers)


async def _fault(request: Request, fault: Exception) -> Response:
    return json_response({"Error": "INTERNAL: a fault of ours; the log has the details"}, 500)
