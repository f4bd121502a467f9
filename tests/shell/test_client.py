"""The asynchronous client: pairs answers with calls, keeps its connection, stays within bounds."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cgrates_py import client
from cgrates_py.address import Address
from cgrates_py.client import Reply, RpcClient
from tests.shell.conftest import Handler, ScriptedBalancer, listening


@asynccontextmanager
async def talking(handler: Handler, deadline_s: float = 10) -> AsyncIterator[RpcClient]:
    """A client of a server that does what ``handler`` does."""
    async with listening(handler) as port:
        rpc = RpcClient(Address("127.0.0.1", port), deadline_s)
        try:
            yield rpc
        finally:
            await rpc.close()


async def test_answers_in_any_order_find_their_calls() -> None:
    """The server answers the last call first."""
    calls = 3

    async def backwards(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests = [json.loads(await reader.readline()) for _ in range(calls)]
        for request in reversed(requests):
            answer = {"id": request["id"], "result": request["params"][0], "error": None}
            writer.write(json.dumps(answer).encode() + b"\n")
        await reader.read()

    async with talking(backwards) as rpc:
        replies = await asyncio.gather(*(rpc.call("m", b'{"n":%d}' % number) for number in range(calls)))

    assert [Reply(b'{"n": %d}' % number) for number in range(calls)] == replies


async def test_the_text_of_a_result_is_kept_to_the_last_digit(balancer: ScriptedBalancer) -> None:
    """No number is read on the way."""
    text = '{"Cost":0.300000000,"Big":123456789012345678901234567890}'
    balancer.answer = lambda *_: text
    rpc = RpcClient(Address("127.0.0.1", balancer.port))

    reply = await rpc.call("Responder.GetCost", b"{}")
    await rpc.close()

    assert Reply(text.encode()) == reply


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_a_call_that_nobody_answers_ends_at_the_deadline() -> None:
    """An error of ours, not silence."""
    async with talking(_silence, deadline_s=0.05) as rpc:
        reply = await rpc.call("Responder.GetCost", b"{}")

    assert (reply.result, reply.error, rpc.in_flight) == (b"", "NO_RATER: no answer within 0.05 s", 0)


async def test_one_call_too_many_is_refused_at_once() -> None:
    """The bound of calls in flight is answered, not queued."""
    async with talking(_silence, deadline_s=60) as rpc:
        waiting = [asyncio.ensure_future(rpc.call("m", b"{}")) for _ in range(client.IN_FLIGHT_MAX)]
        await asyncio.sleep(0)  # lets every call begin

        reply = await rpc.call("m", b"{}")
        for call in waiting:
            call.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    assert reply.error is not None
    assert reply.error.startswith("OVERLOADED: ")
    assert rpc.in_flight == 0


async def test_a_peer_that_speaks_something_else_is_left() -> None:
    """Bytes that are no answer end the connection; the call goes on over the next one."""
    spoken: list[bytes] = [b"HTTP/1.1 400 Bad Request\n"]

    async def odd_at_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = json.loads(await reader.readline())["id"]
        writer.write(spoken.pop() if spoken else b'{"id":%d,"result":1,"error":null}\n' % number)
        await reader.read()

    async with talking(odd_at_first) as rpc:
        reply = await rpc.call("m", b"{}")

    assert Reply(b"1") == reply


def test_amounts_of_a_document_for_eyes_stay_texts() -> None:
    """Every number is shown as it came."""
    assert client.plain_json(b'{"a":0.10,"b":1e2,"c":[7]}') == {"a": "0.10", "b": "1e2", "c": ["7"]}
