"""The console: each command asks the server once and shows the answer."""

import asyncio
import json
import subprocess
from typing import Any

import pytest

from tests.shell.conftest import ScriptedBalancer
from tests.shell.servers import run

WHO = ("--cstmid", "vdf", "--subject", "rif", "--dest", "0256")
TIMES = ("--ts", "2012-02-02T17:30:00Z", "--te", "2012-02-02T18:30:00+01:00")
DESCRIPTOR = {"CstmId": "vdf", "Subject": "rif", "DestinationPrefix": "0256"}
TIMED = {"TimeStart": TIMES[1], "TimeEnd": TIMES[3]}


async def console(balancer: ScriptedBalancer, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command beside the loop that the scripted balancer lives in."""
    server = f"127.0.0.1:{balancer.port}"
    return await asyncio.to_thread(run, "console", *arguments, "--server", server)


@pytest.mark.parametrize(
    ("command", "more", "method", "descriptor"),
    [
        ("getcost", TIMES, "GetCost", TIMED),
        (
            "debit",
            (*TIMES, "--tor", "1", "--request-id", "x"),
            "Debit",
            TIMED | {"TOR": "1", "RequestId": "x"},
        ),
        ("debitbalance", ("--amount", "0.10"), "DebitBalance", {"Amount": "0.10"}),
        ("debitsms", ("--amount", "-5"), "DebitSMS", {"Amount": "-5"}),
        ("debitseconds", ("--amount", "60"), "DebitSeconds", {"Amount": "60"}),
        ("getmaxsessiontime", ("--amount", "3600"), "GetMaxSessionTime", {"Amount": "3600"}),
        ("addvolumediscountseconds", ("--amount", "6"), "AddVolumeDiscountSeconds", {"Amount": "6"}),
        ("resetvolumediscountseconds", (), "ResetVolumeDiscountSeconds", {}),
        ("addrecievedcallseconds", ("--amount", "6"), "AddRecievedCallSeconds", {"Amount": "6"}),
        ("resetuserbudget", (), "ResetUserBudget", {}),
        ("account", (), "GetAccount", {}),
    ],
)
async def test_every_command_asks_for_its_method(
    command: str, more: tuple[str, ...], method: str, descriptor: dict[str, Any], balancer: ScriptedBalancer
) -> None:
    """Amounts go out as written, and --json prints the result as it came."""
    balancer.answer = lambda *_: '{"x":0.10}'

    result = await console(balancer, command, *WHO, *more, "--json")

    assert (result.returncode, result.stdout, result.stderr) == (0, '{"x":0.10}\n', "")
    assert [(f"Responder.{method}", DESCRIPTOR | descriptor)] == balancer.asked


CALL_COST = json.dumps(
    {
        "TOR": 0,
        "Cost": 540,
        "Timespans": [
            {
                "TimeStart": "2012-02-02T17:30:00Z",
                "TimeEnd": "2012-02-02T18:00:00Z",
                "Interval": {"StartTime": "", "EndTime": "18:00:00", "Price": 0.2, "BillingUnit": 1},
                "MinuteInfo": None,
            },
            {
                "TimeStart": "2012-02-02T18:00:00Z",
                "TimeEnd": "2012-02-02T18:30:00Z",
                "Interval": None,
                "MinuteInfo": {"DestinationId": "NAT", "Quantity": 1800, "Price": 0},
            },
        ],
    }
)


@pytest.mark.parametrize(
    ("command", "answer", "words"),
    [
        (("getcost", *WHO), CALL_COST, ["Cost", "540", "00:00:00-18:00:00", "0.2", "NAT (1800 s)"]),
        (("debitbalance", *WHO, "--amount", "1"), "20.5", ["20.5 credit left"]),
        (("getmaxsessiontime", *WHO, "--amount", "9"), "9", ["9 seconds allowed"]),
        (("resetuserbudget", *WHO), "0", ["done"]),
        (
            ("account", *WHO),
            '{"Credit":1.50,"MinuteBuckets":[{"DestinationId":"NAT","Seconds":60}]}',
            ["Credit", "1.50", "MinuteBuckets", "NAT", "60"],
        ),
        (("status",), '"Connected raters:\\nrater-1"', ["Connected raters:", "rater-1"]),
    ],
)
async def test_without_json_the_answer_is_for_eyes(
    command: tuple[str, ...], answer: str, words: list[str], balancer: ScriptedBalancer
) -> None:
    """Numbers are the texts that the server sent."""
    balancer.answer = lambda *_: answer

    result = await console(balancer, *command)

    assert (result.returncode, result.stderr) == (0, "")
    assert [word for word in words if word not in result.stdout] == []


async def test_a_refusal_goes_to_stderr_with_code_1(balancer: ScriptedBalancer) -> None:
    """The server's text, nothing on stdout."""
    balancer.answer = lambda *_: "!INSUFFICIENT_CREDIT: 3 SMS left"

    result = await console(balancer, "debitsms", *WHO, "--amount", "5", "--json")

    assert (
        result.returncode,
        result.stdout,
        result.stderr,
    ) == (1, "", "cgrates-py: INSUFFICIENT_CREDIT: 3 SMS left\n")
