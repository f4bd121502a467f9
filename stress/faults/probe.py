"""Looks at a server from outside while something is broken: what one caller is told, and how soon."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any, Final

from cgrates_py.address import Address
from stress.faults import folder
from stress.faults.load import CALL_DAY
from stress.faults.model import CALLED, CUSTOMER
from stress.faults.scenario import Findings
from stress.faults.stores import StoreServerError
from stress.faults.wire import LostError, RefusedError, RpcWire
from stress.serving import environment

IN_TIME_S: Final = 5.0
"""Every request is answered by then, if only with a code."""
BACK_S: Final = 20.0
UNAVAILABLE: Final = "STORE_UNAVAILABLE"
PROBED, *ASKED = reversed(folder.ACCOUNTS)
"""The probe has an account of its own, because nobody keeps its history."""


class Probe:
    """One caller that looks at what others meet: codes, sentences, seconds."""

    def __init__(self, rpc: Address, findings: Findings, account: str = PROBED) -> None:
        self._wire = RpcWire(rpc)
        self._findings = findings
        self._account = account

    async def ask(self, method: str, **more: Any) -> str:
        """Ask about its account once; tell the refusal's text, or nothing for a good answer."""
        started_s = time.monotonic()
        asked = {"CstmId": CUSTOMER, "Subject": self._account, "DestinationPrefix": CALLED} | more
        text = ""
        try:
            await self._wire.call(f"Responder.{method}", asked)
        except (LostError, RefusedError) as error:
            text = str(error)
        if time.monotonic() - started_s > IN_TIME_S:
            self._findings.add(f"{method} was answered after {time.monotonic() - started_s:.1f} s: {text}")
        return text

    async def changes_are_refused(self, when: str) -> None:
        """A change must be told that the store is not there, with a sentence."""
        text = await self.ask("DebitSMS", Amount="1", RequestId=f"probe {when} {time.monotonic_ns()}")
        if not is_unavailable(text):
            self._findings.add(f"{when}: a change was answered {text!r}")

    async def reads_go_on(self, when: str) -> None:
        """The account can be read, and priced for. (Behind a change of it that is refused it would wait.)"""
        quoted = await self.ask("GetCost", TimeStart=CALL_DAY, TimeEnd=CALL_DAY)
        read = await self.ask("GetAccount")
        for what, text in (("quote", quoted), ("read", read)):
            if text:
                self._findings.add(f"{when}: a {what} was answered {text!r}")

    async def back(self, when: str) -> float:
        """Wait until the account can be read and changed again; tell the seconds."""
        started_s = time.monotonic()
        text = "never asked"
        while time.monotonic() - started_s < BACK_S:
            text = await self.ask("DebitSMS", Amount="1", RequestId=f"back {when}")
            if not text:
                return round(time.monotonic() - started_s, 2)
            await asyncio.sleep(0.02)
        self._findings.add(f"{when}: not back after {BACK_S:g} s: {text}")
        return BACK_S

    def close(self) -> None:
        """Hang up."""
        self._wire.close()


def is_unavailable(text: str) -> bool:
    """Tell whether a refusal says that the store is not there, with a sentence."""
    code, _, sentence = text.partition(": ")
    return code == UNAVAILABLE and len(sentence) > len("no answer")


async def load_into(url: str, place: Path) -> None:
    """Load the folder's tariff and accounts into a store. Raises StoreServerError."""
    command = (sys.executable, "-m", "cgrates_py", "load", str(folder.write(place)), "--redis-url", url)
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=environment()
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise StoreServerError(f"load failed: {said.decode()[-1000:]}")
