"""The nine endpoints of the published page (section HTTP of the API of 2012), and explanations."""

import uuid
from dataclasses import dataclass
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cgrates_py.descriptor_text import Descriptor, DescriptorError, quote_times
from cgrates_py.http.params import ParameterError, read_parameters
from cgrates_py.http.services import Services, json_response, refusal
from protocol.methods import Method


class Endpoint(NamedTuple):
    """One path of the page: the method behind it, and what it asks for."""

    path: str
    method: Method
    takes_amount: bool
    changes: bool


ENDPOINTS = (
    Endpoint("/getcost", Method.GET_COST, takes_amount=False, changes=False),
    Endpoint("/debitbalance", Method.DEBIT_BALANCE, takes_amount=True, changes=True),
    Endpoint("/debitsms", Method.DEBIT_SMS, takes_amount=True, changes=True),
    Endpoint("/debitseconds", Method.DEBIT_SECONDS, takes_amount=True, changes=True),
    Endpoint("/getmaxsessiontime", Method.GET_MAX_SESSION_TIME, takes_amount=True, changes=False),
    Endpoint("/addvolumediscountseconds", Method.ADD_VOLUME_DISCOUNT_SECONDS, True, True),
    Endpoint("/resetvolumediscountseconds", Method.RESET_VOLUME_DISCOUNT_SECONDS, False, True),
    Endpoint("/addrecievedcallseconds", Method.ADD_RECIEVED_CALL_SECONDS, True, True),
    Endpoint("/resetuserbudget", Method.RESET_USER_BUDGET, False, True),
    Endpoint("/explain", Method.EXPLAIN, takes_amount=False, changes=False),
)
"""The page, as a table, and ours beside it: ``/explain``."""

_PARAMETER_OF_PART = {"subject": "subj", "request_id": "requestid"}


def routes(services: Services) -> list[BaseRoute]:
    """Make the routes of this dialect."""
    made: list[BaseRoute] = []
    for endpoint in ENDPOINTS:
        route = Route(endpoint.path, _Handler(services, endpoint).answer, methods=["GET", "POST"])
        if endpoint.changes and route.methods is not None:
            route.methods.discard("HEAD")  # who asks for the headers alone does not mean to pay
        made.append(route)
    return made


@dataclass(frozen=True, slots=True)
class _Handler:
    services: Services
    endpoint: Endpoint

    async def answer(self, request: Request) -> Response:
        try:
            parameters = await read_parameters(request)
            descriptor = self._descriptor(parameters).encode()
        except ParameterError as error:
            return incorrect(error.parameter, error.reason, error.status)
        except DescriptorError as error:
            return incorrect(_PARAMETER_OF_PART.get(error.part, error.part), error.reason)
        reply = await self.services.ask(request, self.endpoint.method, descriptor)
        if reply.error is None:
            return Response(reply.result, media_type="application/json")
        return refusal(reply.error)

    def _descriptor(self, parameters: dict[str, str]) -> Descriptor:
        explains = self.endpoint.method is Method.EXPLAIN
        source = parameters.get("source") if explains else None
        for name in ("cstmid", "subj", "dest"):
            if name == "dest" and source is not None:
                continue  # the charge tells
            if name not in parameters:
                raise ParameterError(name, "is missing")
        if self.endpoint.takes_amount and "amount" not in parameters:
            raise ParameterError("amount", "is missing")
        ts, te = parameters.get("ts"), parameters.get("te")
        request_id = parameters.get("requestid")
        if self.endpoint.method is Method.GET_COST or (explains and source is None):
            if ts is None and te is None:
                ts, te = quote_times(self.services.clock.now_ns())
            elif ts is None or te is None:
                raise ParameterError("ts" if ts is None else "te", "is missing: give both times or neither")
        elif self.endpoint.changes and request_id is None:
            request_id = f"http-{uuid.uuid4().hex}"  # makes a repeat after a broken connection safe
        return Descriptor(
            cstmid=parameters["cstmid"],
            subject=parameters["subj"],
            dest=parameters.get("dest", ""),
            tor=parameters.get("tor"),
            ts=ts,
            te=te,
            amount=parameters.get("amount"),
            request_id=request_id,
            verify=parameters.get("verify") if explains else None,
            source=source,
        )


def incorrect(parameter: str, reason: str, status: int = 400) -> Response:
    """Answer that a parameter is missing or bad, in the page's words and ours."""
    return json_response({"Error": "Incorrect parameters", "Parameter": parameter, "Reason": reason}, status)
