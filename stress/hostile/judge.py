"""Judges what a server sent to a hostile client: coded and whole, or nothing. Pure.

Each function returns what is wrong, one sentence each; an empty list is a good answer.
"""

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

from protocol.errors import WIRE, Code

_LEAKS = re.compile(rb"Traceback|object at 0x|<class '|Decimal\(|got b'|\.py\b|Exception\b")
"""What only a fault of ours puts on a wire: traces, and Python's names of things."""
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) [A-Za-z' -]*\r\n")
_HTTP_PAGE_ERRORS = {"Incorrect parameters", "no such path", "this path does not take that method"}
_HTTP_STATUSES = {200, 404, 405, 408, 413, 414, 503} | {wire.http for wire in WIRE.values()}
_USAGE_TYPE = b"content-type: application/vnd.3scale-v2.0+xml"
_USAGE_STATUSES = {200, 202, 400, 403, 404, 409, 422, 429, 503}
_USAGE_DOCUMENTS = {200: ("status",), 409: ("status", "error")}
"""Of every other status it is an error; 409 is also for a request id that was used for something else."""
_NO_CONTENT = 204


def leaks(sent: bytes, received: bytes) -> list[str]:
    """Tell what the server let out that the client had not sent itself."""
    found = {match[0] for match in _LEAKS.finditer(received)}
    return [f"leaks {text!r}" for text in sorted(found) if text not in sent]


def lines(sent: bytes, received: bytes) -> list[str]:
    """Judge the lines of a connection."""
    problems = leaks(sent, received)
    *whole, rest = received.split(b"\n")
    if rest:
        problems.append("the last line does not end")
    for line in whole:
        problems += _answer(line)
    return problems


def stream(sent: bytes, received: bytes) -> list[str]:
    """Judge a JSON-RPC connection: what began with a digit is answered in netstrings, all else in lines."""
    return netstrings(sent, received) if sent[:1].isdigit() else lines(sent, received)


def silence(sent: bytes, received: bytes) -> list[str]:
    """Judge an end without a word: only notifications, which JSON-RPC 2.0 has, are answered by nothing."""
    if received or not sent.strip(b" \t\r\n") or b"2.0" in sent or b"\\u" in sent:
        return []
    return ["nothing was answered"]


def netstrings(sent: bytes, received: bytes) -> list[str]:
    """Judge the netstrings of a connection."""
    problems = leaks(sent, received)
    rest = received
    while rest:
        head, colon, tail = rest.partition(b":")
        length = int(head) if colon and head.isdigit() and len(head) < 9 else -1
        if length < 0 or tail[length : length + 1] != b",":
            return [*problems, f"no netstring: {rest[:60]!r}"]
        problems += _answer(tail[:length])
        rest = tail[length + 1 :]
    return problems


def http(sent: bytes, received: bytes) -> list[str]:
    """Judge the responses of an HTTP connection: each whole, errors with a reason in JSON or XML."""
    problems = leaks(sent, received)
    rest = received
    while rest:
        match = _STATUS.match(rest)
        head, blank, rest = rest.partition(b"\r\n\r\n")
        if match is None or not blank:
            return [*problems, f"no HTTP response: {head[:60]!r}"]
        status = int(match[1])
        if status == 100:
            continue
        length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
        if length is None and status == _NO_CONTENT:
            continue
        if length is None:
            return [*problems, "a response without a length"]
        if b"HEAD" in sent and (not rest or rest.startswith(b"HTTP/1.1 ")):
            continue  # an answer to HEAD has a length and no body
        if len(rest) < int(length[1]):
            return [*problems, "a response that is not whole"]
        body, rest = rest[: int(length[1])], rest[int(length[1]) :]
        judged = _usage_body if _USAGE_TYPE in head.lower() else _http_body
        problems += judged(status, head, body)
    return problems


def closed(received: bytes) -> list[str]:
    """Judge what an unproved peer of the registration port got: the hello, and nothing else."""
    return [] if len(received) < 200 else [f"an unproved peer got {len(received)} bytes"]


def _usage_body(status: int, head: bytes, body: bytes) -> list[str]:
    """Judge an answer about usage: nothing, or a document of XML that is about what its status says."""
    problems = [] if status in _USAGE_STATUSES else [f"status {status} about usage"]
    if not body:
        return problems
    try:
        root = ET.fromstring(body)  # noqa: S314 -- the server under attack is ours
    except ET.ParseError as error:
        return [*problems, f"status {status} with a body that is no XML: {error}: {body[:60]!r}"]
    if root.tag not in _USAGE_DOCUMENTS.get(status, ("error",)):
        problems.append(f"status {status} with the document {root.tag!r:.20}")
    elif root.tag == "error" and not root.get("code"):
        problems.append(f"status {status} without a code: {body[:80]!r}")
    return problems


def _http_body(status: int, head: bytes, body: bytes) -> list[str]:
    problems = [] if status in _HTTP_STATUSES else [f"status {status}"]
    if status == 200 and b"application/json" not in head:
        return problems
    try:
        document = _strict(body)
    except ValueError as error:
        return [*problems, f"status {status} with a body that is no JSON: {error}: {body[:60]!r}"]
    if status >= 400 and not _told(document):
        problems.append(f"status {status} without a code: {body[:80]!r}")
    if status == 500:
        problems.append(f"a fault of ours: {body[:80]!r}")
    return problems


def _told(document: Any) -> bool:
    """Tell whether an error has its reason: a code, a page's sentence, or the administration's."""
    if not isinstance(document, dict):
        return False
    said = document.get("Error")
    if isinstance(said, str):
        return said in _HTTP_PAGE_ERRORS or _coded(said)
    return bool(document.get("error")) and isinstance(document["error"], str)


def _answer(line: bytes) -> list[str]:
    try:
        answer = _strict(line)
    except ValueError as error:
        return [f"no JSON: {error}: {line[:80]!r}"]
    each = answer if isinstance(answer, list) and answer else [answer]
    return [problem for one in each for problem in _one(one)]


def _one(answer: Any) -> list[str]:
    if not isinstance(answer, dict):
        return [f"no answer: {answer!r:.80}"]
    second = answer.get("jsonrpc") == "2.0"
    error = answer.get("error")
    if second:
        expected = {"jsonrpc", "id", "error"} if "error" in answer else {"jsonrpc", "id", "result"}
    else:
        expected = {"id", "result", "error"}
    if answer.keys() != expected:
        return [f"an answer with the members {sorted(answer)}"]
    if error is None:
        return []
    text = error.get("message") if second and isinstance(error, dict) else error
    if not isinstance(text, str) or not _coded(text):
        return [f"an error without a code: {text!r:.80}"]
    code = Code(text.partition(":")[0])
    if second and (error.get("code") != str(WIRE[code].rpc) or error.get("data") != {"code": code.value}):
        return [f"{code} with the number {error.get('code')}"]
    return [f"a fault of ours: {text!r:.80}"] if code is Code.INTERNAL else []


def _coded(text: str) -> bool:
    code, colon, sentence = text.partition(": ")
    return code in Code.__members__ and bool(colon) and bool(sentence)


def _strict(text: bytes) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(text.decode("utf-8"), parse_constant=refuse, parse_int=str, parse_float=str)
