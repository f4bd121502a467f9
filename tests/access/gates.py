"""A listener with keys over a dispatcher of which the test writes the answers, and callers that show them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from balancer.server import JsonRpcServer, Times
from protocol.access import Grant, Keyring, new_key
from protocol.dispatch import Sink, Status

SECRET = "the secret that the parts share"  # noqa: S105 -- a test's


class Echo:
    """Answers with its name and what it was asked; holds answers back while ``hold`` is set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.hold = False
        self.held: list[tuple[Sink, object]] = []
        self.asked: list[bytes] = []

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        self.asked.append(descriptor)
        if self.hold:
            self.held.append((sink, token))
        else:
            sink.answer(token, Status.OK, json.dumps(self.name).encode())

    def release(self) -> None:
        self.hold = False
        for sink, token in self.held:
            sink.answer(token, Status.OK, json.dumps(self.name).encode())
        self.held.clear()


class Caller:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, data: bytes) -> Any:
        """Send bytes, read one answer; None if the connection was closed instead."""
        self.writer.write(data)
        return await self.hear()

    async def hear(self) -> Any:
        line = await self.reader.readline()
        return json.loads(line) if line else None

    async def ask(self, method: str = "GetCost", auth: str | None = None, **descriptor: Any) -> str:
        """Ask as 1.0; the result, or the error's code. A method without a service is one of Responder."""
        name = method if "." in method else f"Responder.{method}"
        request: dict[str, Any] = {"id": 1, "method": name, "params": [descriptor]}
        if auth is not None:
            request["auth"] = auth
        return outcome(await self.say(json.dumps(request).encode() + b"\n"))

    async def login(self, key: object) -> Any:
        request = {"id": 1, "method": "Auth.Login", "params": [{"auth": key}]}
        answer = await self.say(json.dumps(request).encode() + b"\n")
        return answer["result"] or outcome(answer)


def outcome(answer: Any) -> str:
    """The result of an answer, or the code of its error; ``closed`` without one."""
    if answer is None:
        return "closed"
    error = answer.get("error")
    if isinstance(error, dict):
        error = error["message"]
    return str(error.partition(":")[0] if error else answer["result"])


class World:
    """The listener, what stands behind it, and its keys by label."""

    def __init__(self, server: JsonRpcServer, served: Echo, absent: Echo, port: int) -> None:
        self.server = server
        self.served = served
        self.absent = absent
        self.port = port
        self.records: dict[str, bytes] = {}
        self._callers: list[Caller] = []

    @property
    def keyring(self) -> Keyring:
        return self.server.gate.keyring

    def key(self, **granted: Any) -> str:
        """Make a key that is in force at once."""
        text, grant = new_key(**granted)
        self.put(grant)
        return text

    def put(self, grant: Grant) -> None:
        self.records[grant.key_id] = grant.record()
        assert self.keyring.update(self.records) == []

    def revoke(self, text: str) -> None:
        grant = self.keyring.get(text.split("_")[1])
        assert grant is not None
        self.put(grant.revoke())

    async def connect(self) -> Caller:
        caller = Caller(*await asyncio.open_connection("127.0.0.1", self.port))
        self._callers.append(caller)
        return caller

    def close(self) -> None:
        for caller in self._callers:
            caller.writer.transport.abort()


@asynccontextmanager
async def gated(
    times: Times | None = None, keyring: Keyring | None = None, **limits: Any
) -> AsyncIterator[World]:
    """Run a listener; it is open until there is a key, unless ``keyring`` says otherwise."""
    served, absent = Echo("served"), Echo("absent")
    server = JsonRpcServer(served, times=times, keyring=keyring or Keyring(SECRET), absent=absent, **limits)
    world = World(server, served, absent, await server.listen("127.0.0.1", 0))
    try:
        yield world
    finally:
        served.release()
        world.close()
        await server.stop(grace_s=0.1)
