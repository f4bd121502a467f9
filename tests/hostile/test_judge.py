"""Every rule by which hostile runs are judged, shown to be able to fail."""

import pytest

from stress.hostile import judge

GOOD_LINES = [
    b"",
    b'{"id":1,"result":2,"error":null}\n',
    b'{"id":1,"result":null,"error":"ACCOUNT_NOT_FOUND: no account"}\n',
    b'{"jsonrpc":"2.0","result":0,"id":"a"}\n',
    b'{"jsonrpc":"2.0","error":{"code":-32011,"message":"NO_RATER: x","data":{"code":"NO_RATER"}},"id":1}\n',
    b'[{"jsonrpc":"2.0","result":0,"id":1}]\n',
]
BAD_LINES = [
    (b'{"id":1,"result":2,"error":null}', "the last line does not end"),
    (b"\n", "no JSON"),
    (b"oops\n", "no JSON"),
    (b'{"id":NaN,"result":2,"error":null}\n', "no JSON"),
    (b'{"id":"\xff","result":2,"error":null}\n', "no JSON"),
    (b'{"id":1e,"result":2,"error":null}\n', "no JSON"),
    (b'{"id":1,"result":2}\n', "an answer with the members"),
    (b'{"jsonrpc":"2.0","result":0}\n', "an answer with the members"),
    (b"[]\n", "no answer"),
    (b"[1]\n", "no answer"),
    (b'{"id":1,"result":null,"error":"oops"}\n', "an error without a code"),
    (b'{"id":1,"result":null,"error":"OOPS: x"}\n', "an error without a code"),
    (b'{"id":1,"result":null,"error":7}\n', "an error without a code"),
    (b'{"id":1,"result":null,"error":"INTERNAL: x"}\n', "a fault of ours"),
    (
        b'{"jsonrpc":"2.0","error":{"code":-1,"message":"NO_RATER: x","data":{"code":"NO_RATER"}},"id":1}\n',
        "NO_RATER with the number",
    ),
    (b'{"id":1,"result":"Traceback (most recent call last)","error":null}\n', "leaks b'Traceback'"),
    (b'{"id":1,"result":"<object at 0x7f>","error":null}\n', "leaks b'object at 0x'"),
    (b'{"id":1,"result":"server.py","error":null}\n', "leaks b'.py'"),
]
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n0"
BAD_HTTP = [
    (b"garbage", "no HTTP response"),
    (b"HTTP/1.1 200 OK\r\n", "no HTTP response"),
    (b"HTTP/1.1 200 OK\r\n\r\n", "a response without a length"),
    (OK[:-1], "a response that is not whole"),
    (OK[:-1] + b"x", "status 200 with a body that is no JSON"),
    (OK + b"x", "no HTTP response"),
    (OK.replace(b"200", b"418"), "status 418"),
    (OK.replace(b"200", b"400"), "status 400 without a code"),
    (b'HTTP/1.1 404 Not Found\r\ncontent-length: 16\r\n\r\n{"Error":"oops"}', "status 404 without a code"),
    (b'HTTP/1.1 404 Not Found\r\ncontent-length: 12\r\n\r\n{"error":""}', "status 404 without a code"),
    (
        b'HTTP/1.1 500 Internal Server Error\r\ncontent-length: 23\r\n\r\n{"Error":"INTERNAL: x"}',
        "a fault of ours",
    ),
]


def usage(status: int, body: bytes) -> bytes:
    head = b"HTTP/1.1 %d OK\r\nContent-Type: application/vnd.3scale-v2.0+xml\r\n" % status
    return head + b"content-length: %d\r\n\r\n%b" % (len(body), body)


GOOD_USAGE = [
    usage(200, b"<status><plan/></status>"),
    usage(409, b"<status><plan/></status>"),
    usage(202, b""),
    b'HTTP/1.1 404 Not Found\r\ncontent-length: 21\r\n\r\n{"error":"not_found"}',
    usage(404, b'<error code="metric_invalid">metric</error>'),
    b"HTTP/1.1 204 No Content\r\nallow: x\r\n\r\n" + usage(202, b""),
]
BAD_USAGE = [
    (usage(200, b"<status><plan></status>"), "status 200 with a body that is no XML"),
    (usage(200, b"<error/>"), "status 200 with the document 'error'"),
    (usage(409, b"<error/>"), "status 409 without a code"),
    (usage(400, b"<error>x</error>"), "status 400 without a code"),
    (usage(500, b""), "status 500 about usage"),
    (usage(202, b"")[:-2], "no HTTP response"),
]


@pytest.mark.parametrize("received", GOOD_LINES)
def test_a_good_line_is_good(received: bytes) -> None:
    assert judge.stream(b"{", received) == []


@pytest.mark.parametrize(("received", "problem"), BAD_LINES)
def test_a_bad_line_is_found(received: bytes, problem: str) -> None:
    assert any(each.startswith(problem) for each in judge.stream(b"{", received))


@pytest.mark.parametrize(
    ("sent", "problems"),
    [
        (b'{"id":1}', ["nothing was answered"]),
        (b"1", ["nothing was answered"]),
        (b" \r\n", []),
        (b'{"jsonrpc":"2.0","method":"x"}', []),
    ],
)
def test_silence_is_for_notifications_alone(sent: bytes, problems: list[str]) -> None:
    assert problems == judge.silence(sent, b"")


def test_netstrings_are_expected_after_a_digit() -> None:
    answer = GOOD_LINES[1].strip()

    assert judge.stream(b"1:", b"%d:%b," % (len(answer), answer)) == []
    assert judge.stream(b"1:", answer + b"\n")
    assert judge.stream(b"1:", b"%d:%b," % (len(answer) + 1, answer))


def test_what_the_client_sent_itself_is_no_leak() -> None:
    received = b'{"id":"Traceback","result":0,"error":null}\n'

    assert judge.stream(b'{"id":"Traceback"}', received) == []
    assert judge.stream(b"{}", received)


def test_a_good_response_is_good() -> None:
    assert judge.http(b"GET", OK + b"HTTP/1.1 100 Continue\r\n\r\n" + OK) == []


@pytest.mark.parametrize("received", GOOD_USAGE)
def test_a_good_answer_about_usage_is_good(received: bytes) -> None:
    assert judge.http(b"GET", received + OK) == []


@pytest.mark.parametrize(("received", "problem"), [*BAD_HTTP, *BAD_USAGE])
def test_a_bad_response_is_found(received: bytes, problem: str) -> None:
    assert any(each.startswith(problem) for each in judge.http(b"GET", received))


def test_an_unproved_peer_gets_no_more_than_a_hello() -> None:
    assert judge.closed(b"x" * 100) == []
    assert judge.closed(b"x" * 300)
