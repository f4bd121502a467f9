"""What every dialect of HTTP works with."""

import time
from dataclasses import dataclass, field
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from cgrates_py.address import Address, is_loopback
from cgrates_py.client import Reply, RpcClient
from cgrates_py.clock import HeldClock, SystemClock, open_clock
from cgrates_py.http.metrics import HttpMetrics
from cgrates_py.secret import known_secret
from cgrates_py.settings import Settings
from cgrates_py.tls import client_tls
from protocol.access import FRONT_ID, METERING_ID, NO_KEY, PROBE_ID, derived_key
from protocol.errors import WIRE, code_of
from protocol.limits import FRAME_BYTES_MAX
from protocol.methods import NAMES, Method

AROUND_BYTES: Final = 1024
"""What a request line has around its descriptor: number, method and key."""


@dataclass(slots=True)
class Epoch:
    """When the last change of the catalogue was answered here: raters asked later must know it.

    ``ns`` are nanoseconds since the epoch of the machine's clock, never of a held one; 0: none yet.
    """

    ns: int = 0

    def advance(self) -> None:
        """Note that a change was answered now."""
        self.ns = max(self.ns + 1, time.time_ns())


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the process that routes are made of."""

    rpc: RpcClient
    clock: SystemClock | HeldClock
    probe: str | None = None
    """The key by which this process itself asks; None: it knows none."""
    guarded: bool = False
    """Whether a request without a key is refused here already, whatever the balancer would say."""
    metering: str | None = None
    """The key by which metered usage is asked for: its callers show credentials of their own; None: none."""
    cyclops_context: str = "/rc"
    """What the paths of Cyclops RC begin with."""
    descriptor_bytes_max: int = FRAME_BYTES_MAX - AROUND_BYTES
    """The longest descriptor that the balancer takes."""
    local: bool = True
    """Whether this machine alone can reach this process."""
    epoch: Epoch = field(default_factory=Epoch)
    started_s: float = field(default_factory=time.monotonic)
    metrics: HttpMetrics = field(default_factory=HttpMetrics)

    async def ask(self, request: Request, method: Method, descriptor: bytes) -> Reply:
        """Ask the server for a caller, with the key that the caller shows; the server judges it."""
        key = bearer(request)
        if key is None and self.guarded:
            return Reply(error=NO_KEY)
        return await self.rpc.call(NAMES[method], descriptor, key)


def open_services(settings: Settings) -> Services:
    """Make the services that the settings name. Raises SecretError or TlsError."""
    secret = known_secret(settings)
    front, probe, metering = (
        derived_key(secret, part) if secret else "" for part in (FRONT_ID, PROBE_ID, METERING_ID)
    )
    rpc = RpcClient(Address.parse(settings.rpc_address), key=front, tls=client_tls(settings))
    local = is_loopback(settings.host)
    guarded = settings.require_keys or not local
    return Services(
        rpc,
        open_clock(settings.clock_file),
        probe or None,
        guarded,
        metering or None,
        settings.cyclops_context,
        settings.frame_bytes_max - AROUND_BYTES,
        local,
    )


def bearer(request: Request) -> str | None:
    """Tell the key in ``Authorization: Bearer KEY``; None without one."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def json_response(document: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with a JSON document."""
    return Response(orjson.dumps(document), status, headers, media_type="application/json")


def http_status(error: str) -> int:
    """Tell the HTTP status of an error text ``CODE: sentence``."""
    return WIRE[code_of(error)].http


def refusal(error: str) -> Response:
    """Answer with what the server refused, and why."""
    status = http_status(error)
    if status == 400:
        return json_response({"Error": "Incorrect parameters", "Reason": error}, status)
    headers = {503: {"Retry-After": "1"}, 429: {"Retry-After": "1"}, 401: {"WWW-Authenticate": "Bearer"}}
    return json_response({"Error": error}, status, headers.get(status))
