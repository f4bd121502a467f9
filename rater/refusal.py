"""Refusals a caller can provoke: values, not exceptions, in a documented order of precedence."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why an operation on an account was refused; the first that holds, in this order, is the answer."""

    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    TARIFF_PLAN_NOT_FOUND = "TARIFF_PLAN_NOT_FOUND"
    RATE_NOT_FOUND = "RATE_NOT_FOUND"
    RATE_NOT_ACTIVE = "RATE_NOT_ACTIVE"
    CALL_TOO_LONG = "INVALID_PARAMS"
    BUCKET_NOT_FOUND = "BUCKET_NOT_FOUND"
    INSUFFICIENT_CREDIT = "INSUFFICIENT_CREDIT"
    AMOUNT_OUT_OF_RANGE = "AMOUNT_OUT_OF_RANGE"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal with its reason and one sentence for the person who reads the switch's log."""

    reason: Reason
    sentence: str

    @property
    def code(self) -> str:
        """The code on the wire."""
        return self.reason.value

    def __str__(self) -> str:
        return f"{self.reason.value}: {self.sentence}"
