"""The counters of balancer and raters, as ``Responder.Metrics`` answers them: one JSON object."""

import asyncio
from typing import Any

import orjson

from cgrates_py.client import DEADLINE_S, RpcClient
from protocol.errors import Code
from protocol.methods import NAMES, Method

Figures = dict[str, Any]


async def ask_figures(
    rpc: RpcClient, deadline_s: float = DEADLINE_S, auth: str | None = None
) -> tuple[Figures, str | None]:
    """Ask for the counters; an empty dict and the error's text if there are none to get."""
    try:
        async with asyncio.timeout(deadline_s):
            reply = await rpc.call(NAMES[Method.METRICS], b"{}", auth)
    except TimeoutError:
        return {}, f"{Code.NO_RATER}: the balancer does not answer"
    if reply.error is not None:
        return {}, reply.error
    figures = orjson.loads(reply.result)
    return (figures, None) if isinstance(figures, dict) else ({}, f"{Code.INTERNAL}: no counters")


def unready(figures: Figures) -> str | None:
    """Tell why no call would be answered, as an error's text; None if some rater can do its work.

    A rater that does not tell of its store counts as one that reaches it.
    """
    raters = raters_of(figures)
    if not raters:
        return f"{Code.NO_RATER}: no rater is up"
    if not any(counters.get("store_up", 1) for counters in raters.values()):
        return f"{Code.STORE_UNAVAILABLE}: no rater reaches the store"
    return None


def raters_of(figures: Figures) -> dict[str, dict[str, int]]:
    """Tell the raters that are up by name, each with its counters."""
    raters = figures.get("raters", [])
    return {rater["name"]: {"in_flight": rater.get("in_flight", 0)} | rater["counters"] for rater in raters}
