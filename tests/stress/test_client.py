"""The page's class: results pair with their calls, exact; what goes wrong raises."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from stress.client import JSONClient, RpcError
from tests.stress.servers import Answer, answering, good, refused


async def using(answer: Answer, work: Callable[[JSONClient], Any]) -> Any:
    """Let a client work, in a thread, with a server that answers so."""

    def client(port: int) -> Any:
        with JSONClient(("127.0.0.1", port), timeout_s=5) as rpc:
            return work(rpc)

    async with answering(answer) as (port, _):
        return await asyncio.to_thread(client, port)


async def test_a_result_is_exact() -> None:
    line = b'{"id":0,"result":{"Cost":0.1234567890123456789,"Spans":2},"error":null}\n'

    result = await using(lambda _: line, lambda rpc: rpc.call("Responder.Get", {}))

    assert {"Cost": Decimal("0.1234567890123456789"), "Spans": 2} == result


async def test_answers_in_any_order_reach_their_calls() -> None:
    """The server holds all answers back and sends the last first."""
    answers: list[bytes] = []

    def answer(request: dict[str, Any]) -> bytes:
        answers.append(b'{"id":%d,"result":%d,"error":null}\n' % (request["id"], request["params"][0]))
        return b"".join(reversed(answers)) if len(answers) == 200 else b""

    result = await using(answer, lambda rpc: rpc.call_all("M", [(number,) for number in range(200)]))

    assert list(range(200)) == result


async def test_a_refusal_raises_its_text() -> None:
    with pytest.raises(RpcError, match="NO: not today"):
        await using(refused, lambda rpc: rpc.call("M"))


async def test_a_closed_connection_raises() -> None:
    with pytest.raises(ConnectionError, match="the server closed the connection"):
        await using(lambda asked: good(asked)[:5] if asked["id"] == 0 else None, _two_calls)


def _two_calls(rpc: JSONClient) -> Any:
    return rpc.call_all("M", [(), ()])
