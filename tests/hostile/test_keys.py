"""Hostile bytes where keys are asked for: nothing of them gets past the gate, and every answer says why."""

import asyncio
import contextlib
import re

import pytest

from protocol.access import Keyring
from protocol.errors import Code
from stress.hostile import corpus
from tests.access.gates import SECRET, gated

INPUTS = 400
CODES = {code.value.encode() for code in Code}


@pytest.mark.parametrize("protocol", ["jsonrpc", "netstring"])
async def test_whatever_a_stranger_sends_no_request_of_it_is_served(protocol: str) -> None:
    source = corpus.Source(protocol, seed=1)
    inputs = [*source.entries.values(), *(source.made() for _ in range(INPUTS))]
    told: set[bytes] = set()
    async with gated(keyring=Keyring(SECRET, required=True)) as world:
        for data in inputs:
            caller = await world.connect()
            answer = b""
            with contextlib.suppress(ConnectionError):  # closed while it still sent
                for piece in source.pieces(data):
                    caller.writer.write(piece)
                caller.writer.write_eof()
                answer = await caller.reader.read()
            caller.writer.close()
            codes = set(re.findall(rb'"(?:error|message)":"([A-Z_]+)', answer))
            assert bool(codes) == bool(answer)
            told |= codes
            await asyncio.sleep(0)

        assert (world.served.asked, world.absent.asked) == ([], [])
        assert told <= CODES
        assert {b"UNAUTHENTICATED", b"PARSE_ERROR"} <= told
