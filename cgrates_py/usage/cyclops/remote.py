"""Asks other services over HTTP: bounded in time, tries and bytes, and not at all while they fail."""

import asyncio
import time
from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException
from typing import Any

import httpx
import msgspec

TIMEOUT_S = 1.0
"""Of one try: two of them fit into the time that a request has."""
TRIES = 2
BODY_BYTES_MAX = 8 << 20
FAILURES_MAX = 5
"""So many requests that fail in a row open the circuit."""
OPEN_S = 30.0
"""How long nothing is asked then; afterwards one request tries."""
AT_ONCE = 8
"""Requests under way together."""

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class RemoteError(Exception):
    """The other service did not answer, or not what it should. The text says what happened."""


class Breaker:
    """Tells whether a service may be asked: not for a while after it failed several times in a row."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures = 0
        self._open_until = 0.0

    @property
    def closed(self) -> bool:
        """Whether the service may be asked."""
        return self._failures < FAILURES_MAX or self._now() >= self._open_until

    def succeeded(self) -> None:
        """Note an answer."""
        self._failures = 0

    def failed(self) -> None:
        """Note that there was none."""
        self._failures += 1
        if self._failures >= FAILURES_MAX:
            self._open_until = self._now() + OPEN_S


class Remote:
    """One service. Numbers of its answers are Decimal or int, never rounded."""

    def __init__(
        self, url: str, transport: httpx.AsyncBaseTransport | None = None, breaker: Breaker | None = None
    ) -> None:
        self._url = url.rstrip("/") + "/"
        self._breaker = breaker or Breaker()
        self._limit = asyncio.Semaphore(AT_ONCE)
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, transport=transport, trust_env=False)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """Ask for a JSON document. Raises RemoteError."""
        async with self._limit:
            for left in reversed(range(TRIES)):
                if not self._breaker.closed:
                    raise RemoteError(f"{self._url} failed too often and is left alone for {OPEN_S:g} s")
                try:
                    async with asyncio.timeout(TIMEOUT_S):
                        document = await self._try(path, query)
                except (httpx.HTTPError, TimeoutError, RemoteError) as error:
                    self._breaker.failed()
                    if not left:
                        raise RemoteError(f"{self._url}{path}: {str(error) or 'no answer in time'}") from None
                else:
                    self._breaker.succeeded()
                    return document
        raise AssertionError("the last try returns or raises")

    async def _try(self, path: str, query: Mapping[str, str] | None) -> Any:
        body = bytearray()
        async with self._client.stream("GET", self._url + path, params=query) as response:
            if response.status_code != httpx.codes.OK:
                raise RemoteError(f"answered {response.status_code}")
            async for part in response.aiter_bytes():
                body += part
                if len(body) > BODY_BYTES_MAX:
                    raise RemoteError(f"answered more than {BODY_BYTES_MAX} bytes")
        try:
            return _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, DecimalException, RecursionError) as error:
            raise RemoteError(f"answered no JSON: {error}") from None
