"""What every dialect of HTTP works with."""

import time
from dataclasses import dataclass, field

import orjson
from starlette.responses import Response

from cgrates_py.client import RpcClient
from cgrates_py.clock import HeldClock, SystemClock
from cgrates_py.http.metrics import HttpMetrics
from protocol.errors import WIRE, code_of


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the process that routes are made of."""

    rpc: RpcClient
    clock: SystemClock | HeldClock
    started_s: float = field(default_factory=time.monotonic)
    metrics: HttpMetrics = field(default_factory=HttpMetrics)


def json_response(document: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with a JSON document."""
    return Response(orjson.dumps(document), status, headers, media_type="application/json")


def http_status(error: str) -> int:
    """Tell the HTTP status of an error text ``CODE: sentence``."""
    return WIRE[code_of(error)].http
