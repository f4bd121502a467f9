"""Every way to put requests on the wire, end to end: a real socket, the balancer, a rater, the answer."""

import json
import socket
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO

import pytest

from tests.shell.servers import Server

pytestmark = pytest.mark.slow

CALL = {
    "CstmId": "vdf",
    "Subject": "rif",
    "DestinationPrefix": "0256",
    "TimeStart": "2012-02-02T12:00:00Z",
    "TimeEnd": "2012-02-02T12:01:00Z",
}
COST = 12


def request(number: object, method: str = "Responder.GetCost", **more: Any) -> bytes:
    return json.dumps({"id": number, "method": method, "params": [CALL], **more}).encode()


class Wire:
    """A connection, and what can be read from it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=15)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answers: BinaryIO = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def line(self) -> Any:
        return json.loads(self.answers.readline(), parse_float=Decimal)

    def close(self) -> None:
        self.answers.close()
        self.socket.close()


@pytest.fixture
def wire(demo: Server) -> Iterator[Wire]:
    connection = Wire(demo.rpc_port)
    yield connection
    connection.close()


def test_requests_one_after_the_other_need_no_newline(wire: Wire) -> None:
    for number in range(3):
        wire.send(request(number))
        answer = wire.line()
        assert (number, COST, None) == (answer["id"], answer["result"]["Cost"], answer["error"])


def test_a_request_may_come_one_byte_at_a_time(wire: Wire) -> None:
    for byte in request("slow"):
        wire.send(bytes([byte]))

    assert ((answer := wire.line())["id"], answer["result"]["Cost"]) == ("slow", COST)


def test_many_requests_may_come_in_one_packet_with_and_without_newlines(wire: Wire) -> None:
    """And end in the middle of one; ids pair answers, which come in any order."""
    data = b"".join(request(number) + b"\n" * (number % 3) for number in range(300))
    wire.send(data[:-40])
    first = [wire.line() for _ in range(299)]
    wire.send(data[-40:])
    answers = [*first, wire.line()]

    assert set(range(300)) == {answer["id"] for answer in answers}
    assert {COST} == {answer["result"]["Cost"] for answer in answers}


def test_netstrings_are_answered_as_netstrings(wire: Wire) -> None:
    """Recognised by the first byte of a connection."""
    data = request(7)
    wire.send(b"%d:%b," % (len(data), data) * 2)

    for _ in range(2):
        length = b""
        while (byte := wire.answers.read(1)) != b":":
            length += byte
        answer = json.loads(wire.answers.read(int(length)))
        assert (answer["id"], answer["result"]["Cost"], wire.answers.read(1)) == (7, COST, b",")


def test_a_batch_of_json_rpc_2_is_one_answer_without_the_notification(wire: Wire) -> None:
    """Results as 2.0 has them, an error as an object."""
    account = {"Subject": "nobody", "Amount": 1}
    calls: list[dict[str, Any]] = [
        {"jsonrpc": "2.0", "id": 1, "method": "Responder.GetCost", "params": [CALL]},
        {"jsonrpc": "2.0", "method": "Responder.GetCost", "params": [CALL]},
        {"jsonrpc": "2.0", "id": "b", "method": "Responder.DebitBalance", "params": [account]},
    ]
    wire.send(json.dumps(calls).encode())
    answers = {answer["id"]: answer for answer in wire.line()}

    assert {1, "b"} == set(answers)
    assert (answers[1]["jsonrpc"], answers[1]["result"]["Cost"]) == ("2.0", COST)
    assert ("error" in answers[1], "result" in answers["b"]) == (False, False)
    assert answers["b"]["error"]["message"].startswith("ACCOUNT_NOT_FOUND: ")


def test_a_notification_is_done_and_not_answered(wire: Wire) -> None:
    """The credit afterwards shows that it was done, once."""

    def debit(amount: float) -> dict[str, Any]:
        who = {"CstmId": "vdf", "Subject": "rif", "Amount": amount}
        return {"method": "Responder.DebitBalance", "params": [who]}

    def credit() -> Decimal:
        wire.send(json.dumps({"id": 1, **debit(0)}).encode())
        answer = wire.line()
        assert answer["id"] == 1
        return Decimal(answer["result"])

    before = credit()
    wire.send(json.dumps({"jsonrpc": "2.0", **debit(0.1)}).encode())

    assert before - credit() == Decimal("0.1")


@pytest.mark.parametrize(
    "data",
    [
        b'{"id":1,"method":"Responder.GetCost",}',
        b"\xff\xfe\n",
        b'{"id":1,"params":[{"Amount":1e400}]}\n',
        b"[" * 10_000,
        b"1073741824:",
    ],
    ids=["a comma too many", "no UTF-8", "a number out of range", "depth 10,000", "a frame of 1 GiB"],
)
def test_what_cannot_be_read_is_answered_once_and_the_connection_closes(
    data: bytes, demo: Server, wire: Wire
) -> None:
    """After the good requests before it; other connections are not disturbed."""
    netstring = data[:1].isdigit()
    if not netstring:
        wire.send(request("good") + b"\n")
        assert wire.line()["id"] == "good"
    wire.send(data)
    last = wire.answers.read()

    found = json.loads(last[last.index(b"{") :].rstrip(b",\n"))
    assert (found["id"], found["error"].partition(":")[0]) == (None, "PARSE_ERROR")
    other = Wire(demo.rpc_port)
    other.send(request("other"))
    assert other.line()["error"] is None
    other.close()
