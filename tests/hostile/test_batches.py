"""The answers to one batch take no more memory than is written down."""

import json

from protocol import jsonrpc
from protocol.dispatch import Status
from protocol.limits import BATCH_BYTES_MAX, BATCH_MAX


def test_answers_for_which_a_batch_has_no_room_are_refused_each_with_its_id() -> None:
    request = '{"jsonrpc":"2.0","id":%d,"method":"Responder.GetAccount","params":{}}'
    batch = "[" + ",".join(request % number for number in range(BATCH_MAX)) + "]"
    calls = jsonrpc.decode(batch.encode())
    body = b'"' + b"x" * (BATCH_BYTES_MAX // 10) + b'"'

    lines = [jsonrpc.encode(call.token, Status.OK, body) for call in calls]

    whole = lines.pop()
    assert lines == [None] * (BATCH_MAX - 1)
    assert whole is not None
    assert len(whole) < BATCH_BYTES_MAX + 250 * BATCH_MAX
    answers = json.loads(whole)
    assert list(range(BATCH_MAX)) == [answer["id"] for answer in answers]
    assert sum("result" in answer for answer in answers) == 9
    assert {"OVERLOADED"} == {answer["error"]["data"]["code"] for answer in answers[9:]}
