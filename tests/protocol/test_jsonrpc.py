"""What a request means and how its answer reads, in JSON-RPC 1.0 and 2.0."""

import pytest

from protocol import jsonrpc
from protocol.dispatch import Status
from protocol.methods import NAMES


def talk(frame: bytes, status: int = Status.OK, body: bytes = b"") -> list[str]:
    """Answer every call of the frame with ``body`` (its method and descriptor if empty); return the lines."""
    lines = []
    for item in jsonrpc.decode(frame):
        if isinstance(item, jsonrpc.Call):
            echo = b'["%b",%b]' % (NAMES[item.method].encode(), item.descriptor)
            line = jsonrpc.encode(item.token, status, body or echo)
        else:
            line = jsonrpc.encode(item.token, Status.REFUSED, item.text)
        if line is not None:
            lines.append(line.decode())
    return lines


def refused(id_: str, text: str) -> str:
    return f'{{"id":{id_},"result":null,"error":"{text}"}}\n'


FIRST = [
    pytest.param(
        '{"id":1,"method":"Responder.GetCost","params":[{"A":1}]}',
        '{"id":1,"result":["Responder.GetCost",{"A":1}],"error":null}\n',
        id="usual",
    ),
    pytest.param(
        '{"ID":"x","Method":"Responder.Get","PARAMS":[{"A":1}]}',
        '{"id":"x","result":["Responder.GetCost",{"A":1}],"error":null}\n',
        id="members in any case, the page's name",
    ),
    pytest.param(
        ' {"x":[1],"id":null,"method":"Responder.DebitCents","params":[{"A":1.50},7,"more"]} ',
        '{"id":null,"result":["Responder.DebitBalance",{"A":1.50}],"error":null}\n',
        id="unknown members and extra params are ignored, numbers keep their literal",
    ),
    pytest.param(
        '{"method":"Responder.Debit","params":[]}',
        '{"id":null,"result":["Responder.Debit",{}],"error":null}\n',
        id="no id is null, empty params are the empty descriptor",
    ),
    pytest.param(
        '{"id": {"a" : [1.0, "b c"]} ,"method":"Responder.Debit","params":[{}]}',
        '{"id":{"a":[1.0,"b c"]},"result":["Responder.Debit",{}],"error":null}\n',
        id="an id may be anything, and loses its whitespace only",
    ),
    pytest.param(
        '{"id":1,"method":"Responder.Status"}',
        '{"id":1,"result":["Responder.Status",{}],"error":null}\n',
        id="status needs no params",
    ),
    pytest.param(
        '{"id":1,"jsonrpc":"1.0","method":"Responder.Debit","params":[{}]}',
        '{"id":1,"result":["Responder.Debit",{}],"error":null}\n',
        id="any other jsonrpc is 1.0",
    ),
    pytest.param("{}", refused("null", "INVALID_REQUEST: method is missing or no text"), id="empty object"),
    pytest.param(
        '{"id":1,"method":7,"params":[{}]}',
        refused("1", "INVALID_REQUEST: method is missing or no text"),
        id="a number as method",
    ),
    pytest.param(
        '{"id":1,"method":"Foo.Bar","params":[{}]}',
        refused("1", "METHOD_NOT_FOUND: no method Foo.Bar"),
        id="unknown method",
    ),
    pytest.param(
        '{"id":1,"method":"Foo\\"\\n","params":[{}]}',
        refused("1", 'METHOD_NOT_FOUND: no method Foo\\"\\n'),
        id="unknown method in need of escapes",
    ),
    pytest.param(
        '{"id":1,"method":"Responder.GetCost"}',
        refused("1", "INVALID_PARAMS: params is missing"),
        id="no params",
    ),
    pytest.param(
        '{"id":1,"method":"Responder.GetCost","params":null}',
        refused("1", "INVALID_PARAMS: params is missing"),
        id="null params",
    ),
    pytest.param(
        '{"id":1,"method":"Responder.GetCost","params":{"A":1}}',
        refused("1", "INVALID_PARAMS: params is an array of one call descriptor"),
        id="object params",
    ),
    pytest.param(
        '{"id":1,"method":"Responder.GetCost","params":[[]]}',
        refused("1", "INVALID_PARAMS: a call descriptor is an object"),
        id="an array as descriptor",
    ),
    pytest.param(
        f'{{"id":"{"x" * 5000}","method":"Responder.GetCost","params":[{{}}]}}',
        refused("null", "INVALID_REQUEST: an id longer than 4096 bytes"),
        id="a huge id",
    ),
]


@pytest.mark.parametrize(("frame", "expected"), FIRST)
def test_version_one(frame: str, expected: str) -> None:
    assert [expected] == talk(frame.encode())


def error2(code: int, name: str, sentence: str, id_: str) -> str:
    data = f'{{"code":{code},"message":"{name}: {sentence}","data":{{"code":"{name}"}}}}'
    return f'{{"jsonrpc":"2.0","error":{data},"id":{id_}}}'


OK2 = '{"jsonrpc":"2.0","result":["Responder.GetCost",{"A":1}],"id":%s}'
CALL2 = '{"jsonrpc":"2.0","id":%s,"method":"Responder.GetCost","params":[{"A":1}]}'
NOTE2 = '{"jsonrpc":"2.0","method":"Responder.GetCost","params":[{"A":1}]}'
NO_OBJECT = error2(-32600, "INVALID_REQUEST", "a request is an object", "null")

SECOND = [
    pytest.param(CALL2 % 1, [OK2 % 1 + "\n"], id="usual"),
    pytest.param(CALL2 % '"a b"', [OK2 % '"a b"' + "\n"], id="a text as id"),
    pytest.param(CALL2 % "null", [OK2 % "null" + "\n"], id="an id of null is answered"),
    pytest.param(NOTE2, [], id="a notification is not answered"),
    pytest.param(
        '{"jsonrpc":"2.0","id":1,"method":"Responder.GetCost","params":{"A":1}}',
        [OK2 % 1 + "\n"],
        id="params by name",
    ),
    pytest.param(
        '{"jsonrpc":"2.0","id":1,"method":"Responder.Debit"}',
        ['{"jsonrpc":"2.0","result":["Responder.Debit",{}],"id":1}\n'],
        id="no params",
    ),
    pytest.param(
        '{"jsonrpc":"2.0","id":1,"method":"no"}',
        [error2(-32601, "METHOD_NOT_FOUND", "no method no", "1") + "\n"],
        id="unknown method",
    ),
    pytest.param('{"jsonrpc":"2.0","method":"no"}', [], id="a notification of an unknown method"),
    pytest.param(
        '{"jsonrpc":"2.0","method":1}',
        [error2(-32600, "INVALID_REQUEST", "method is missing or no text", "null") + "\n"],
        id="not a request, hence no notification",
    ),
    pytest.param(
        '{"jsonrpc":"2.0","id":[1],"method":"Responder.GetCost","params":[{}]}',
        [error2(-32600, "INVALID_REQUEST", "an id is a text, a number or null", "null") + "\n"],
        id="a list as id",
    ),
    pytest.param(
        '{"jsonrpc":"2.0","id":1,"method":"Responder.GetCost","params":null}',
        [error2(-32602, "INVALID_PARAMS", "params is missing", "1") + "\n"],
        id="null params",
    ),
    pytest.param(
        "[]", [error2(-32600, "INVALID_REQUEST", "an empty batch", "null") + "\n"], id="empty batch"
    ),
    pytest.param(f"[{CALL2 % 1}, {CALL2 % 2}]", [f"[{OK2 % 1},{OK2 % 2}]\n"], id="a batch is one line"),
    pytest.param(f"[{NOTE2},{NOTE2}]", [], id="a batch of notifications"),
    pytest.param(f"[{NOTE2},{CALL2 % 2},{NOTE2}]", [f"[{OK2 % 2}]\n"], id="a batch with notifications"),
    pytest.param(f"[1,{CALL2 % 1},[]]", [f"[{NO_OBJECT},{OK2 % 1},{NO_OBJECT}]\n"], id="invalid elements"),
    pytest.param(
        '[{"id":1,"method":"Responder.GetCost","params":[{}]}]',
        [
            "["
            + error2(-32600, "INVALID_REQUEST", 'a request in a batch says \\"jsonrpc\\":\\"2.0\\"', "null")
            + "]\n"
        ],
        id="a batch of 1.0",
    ),
    pytest.param(
        "[" + ",".join(["1"] * 1001) + "]",
        [
            error2(-32600, "INVALID_REQUEST", "a batch of 1001 requests; at most 1000 are taken", "null")
            + "\n"
        ],
        id="too large a batch",
    ),
]


@pytest.mark.parametrize(("frame", "expected"), SECOND)
def test_version_two(frame: str, expected: list[str]) -> None:
    assert expected == talk(frame.encode())


LOST2 = error2(-32011, "NO_RATER", "none", "1")


def test_a_batch_leaves_when_its_last_answer_is_there() -> None:
    first, second = jsonrpc.decode(f"[{CALL2 % 1},{CALL2 % 2}]".encode())

    assert jsonrpc.encode(second.token, Status.OK, b"2") is None
    last = jsonrpc.encode(first.token, Status.REFUSED, b"NO_RATER: none")
    assert f'[{{"jsonrpc":"2.0","result":2,"id":2}},{LOST2}]\n'.encode() == last


MALFORMED = [
    pytest.param(b'{"id":1,"method":"Responder.GetCost",}', id="trailing comma"),
    pytest.param(b'{"id":NaN,"method":"Responder.GetCost","params":[{}]}', id="NaN"),
    pytest.param(b'{"id":1e400,"method":"Responder.GetCost","params":[{}]}', id="beyond range as id"),
    pytest.param(b'{"id":1,"x":1e400,"method":"Responder.GetCost","params":[{}]}', id="beyond range, unread"),
    pytest.param(b'{"id":1,"method":"Responder.GetCost","params":[{},1e400]}', id="beyond range, extra"),
    pytest.param(b'{"id":%b,"method":"Responder.Debit","params":[{}]}' % (b"9" * 400), id="400 digits"),
    pytest.param(b'{"id":1,"method":"Responder.GetCost","params":[{"A":"\xff"}]}', id="invalid UTF-8"),
    pytest.param(b'{"id":"\xc0\xaf","method":"Responder.GetCost","params":[{}]}', id="overlong UTF-8"),
    pytest.param(b'{"id":"\\x","method":"Responder.GetCost","params":[{}]}', id="unknown escape"),
    pytest.param(b'{"id":"a\nb","method":"Responder.GetCost","params":[{}]}', id="control character"),
    pytest.param(b'{"id":01,"method":"Responder.GetCost","params":[{}]}', id="leading zero"),
    pytest.param(b'{"id":1]', id="crossed brackets"),
    pytest.param(b'{"a":' * 65 + b"1" + b"}" * 65, id="too deep"),
    pytest.param(b"{} {}", id="two values"),
]


@pytest.mark.parametrize("frame", MALFORMED)
def test_what_is_no_json_or_beyond_a_limit_is_malformed(frame: bytes) -> None:
    with pytest.raises(jsonrpc.MalformedError):
        jsonrpc.decode(frame)


def test_usual_lines_are_decoded_together() -> None:
    line = b'{"method":"Responder.GetCost","params":[{"A":1.50}],"id":7}\n'

    requests = jsonrpc.decode_lines(line * 100 + b"\n" + line)

    assert requests is not None
    assert [(bytes(request.id), request.method, bytes(request.params[0])) for request in requests] == [
        (b"7", "Responder.GetCost", b'{"A":1.50}')
    ] * 101


UNUSUAL = [
    pytest.param(b'{"Method":"a","params":[{}],"id":7}\n', id="another case"),
    pytest.param(b'{"method":"a","params":[{}],"id":7,"x":1}\n', id="unknown member"),
    pytest.param(b'{"method":"a","params":[{},1],"id":7}\n', id="extra params"),
    pytest.param(b'{"method":"a","params":[],"id":7}\n', id="no params"),
    pytest.param(b'{"method":"a","params":[{}],"id":7}{}\n', id="two on a line"),
    pytest.param(b'{"method":"a","params":[' + b"[" * 100 + b"]" * 100 + b'],"id":7}\n', id="too deep"),
    pytest.param(b'{"method":"a","params":[' + b"[" * 9999 + b"]" * 9999 + b'],"id":7}\n', id="far too deep"),
    pytest.param(b'{"method":"a","params":[{"b":"\xff"}],"id":7}\n', id="invalid UTF-8"),
    pytest.param(b"[1]\n", id="a batch"),
]


@pytest.mark.parametrize("line", UNUSUAL)
def test_an_unusual_line_is_left_to_the_slow_path_with_its_whole_block(line: bytes) -> None:
    usual = b'{"method":"a","params":[{}],"id":7}\n'

    assert jsonrpc.decode_lines(usual + line + usual) is None


@pytest.mark.parametrize(
    "text", ['{"method":"a","params":[{}]}', '{"method":"a","params":[{}],"id":null,"jsonrpc":"2.0"}']
)
def test_a_decoded_request_prints_as_it_came(text: str) -> None:
    requests = jsonrpc.decode_lines(text.encode() + b"\n")

    assert requests is not None
    assert [text.encode()] == [request.frame() for request in requests]


def test_a_malformed_stream_gets_one_answer_with_id_null() -> None:
    assert jsonrpc.encode_malformed("why") == b'{"id":null,"result":null,"error":"PARSE_ERROR: why"}\n'
