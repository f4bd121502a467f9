"""Where dynamic rates come from: a formula, a rule engine, or chance."""

import ast
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal, DecimalException, localcontext
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from simpleeval import (  # type: ignore[import-untyped]  # -- it ships no types
    DEFAULT_OPERATORS,
    InvalidExpression,
    SimpleEval,
)

from cgrates_py.usage.cyclops.remote import Remote
from rater import instant
from rater.usage.cyclops import DIGITS, number

RULE_CHARACTERS_MAX = 1_000
"""A formula has no loops, so this bounds its time."""
RANDOM_RATES = (1, 2, 3)

_UNSAFE = (ast.Pow, ast.LShift, ast.RShift, ast.BitAnd, ast.BitOr, ast.BitXor, ast.Invert)
_NODES = (
    *(ast.Expr, ast.Name, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Constant),
)


class RuleError(Exception):
    """A formula cannot be computed. The text says why."""


class Occasion(NamedTuple):
    """What a dynamic rate may depend on: ``usage`` is what was used and is not charged yet, by ``users``."""

    meter: str
    at_ns: int
    usage: Decimal = Decimal(0)
    users: int = 0


class RateSource(Protocol):
    """Tells the rate of a meter."""

    wants_usage: bool
    """Whether a rate depends on what was used."""

    async def rate(self, occasion: Occasion) -> str:
        """Tell the rate in decimal. Raises RemoteError or RuleError."""


class RandomSource:
    """1, 2 or 3, as the original did."""

    wants_usage = False

    def __init__(self, choose: Callable[[Sequence[int]], int] = secrets.choice) -> None:
        self._choose = choose

    async def rate(self, occasion: Occasion) -> str:
        """Choose one."""
        return str(self._choose(RANDOM_RATES))


class EngineSource:
    """What a rule engine answers to ``GET rate/RESOURCE``: ``{"resource": …, "rate": …}``."""

    wants_usage = False

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def rate(self, occasion: Occasion) -> str:
        """Ask for it. Raises RemoteError or RuleError."""
        answer = await self._remote.get(f"rate/{quote(occasion.meter, safe='')}")
        rate = answer.get("rate") if isinstance(answer, dict) else None
        return _checked(rate, f"the rule engine about {occasion.meter}")


class RuleSource:
    """A formula over ``meter``, ``usage``, ``users``, ``time`` and parts of the time, in UTC.

    Numbers are decimals with 34 digits, so 0.1 is a tenth.
    """

    wants_usage = True

    def __init__(self, formula: str) -> None:
        """Read the formula. Raises RuleError if it is none."""
        if len(formula) > RULE_CHARACTERS_MAX:
            raise RuleError(f"a formula has at most {RULE_CHARACTERS_MAX} characters")
        self._formula = formula
        try:
            found = ast.parse(formula.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise RuleError(f"{formula[:60]!r} is no formula: {error}") from None
        self._parsed = ast.Expr(found)

    async def rate(self, occasion: Occasion) -> str:
        """Compute it. Raises RuleError."""
        try:
            with localcontext(Context(prec=DIGITS)):
                value = _evaluator(occasion).eval(self._formula, self._parsed)
        except (InvalidExpression, DecimalException, ArithmeticError, TypeError, ValueError) as error:
            raise RuleError(f"the rule for {occasion.meter}: {error}") from None
        except (RecursionError, MemoryError, AttributeError, KeyError) as error:
            raise RuleError(f"the rule for {occasion.meter} cannot be computed: {error}") from None
        return _checked(value, f"the rule for {occasion.meter}")


def _evaluator(occasion: Occasion) -> Any:
    moment = datetime.fromtimestamp(occasion.at_ns // instant.SECOND, UTC)
    names = {
        "meter": occasion.meter,
        "usage": occasion.usage,
        "users": Decimal(occasion.users),
        "time": Decimal(occasion.at_ns // instant.SECOND),
        "minute": Decimal(moment.minute),
        "hour": Decimal(moment.hour),
        "weekday": Decimal(moment.isoweekday()),
        "day": Decimal(moment.day),
        "month": Decimal(moment.month),
        "year": Decimal(moment.year),
    }
    operators = {kind: does for kind, does in DEFAULT_OPERATORS.items() if kind not in _UNSAFE}
    operators[ast.Mod] = _remainder
    functions = {"min": min, "max": max, "abs": abs}
    evaluator = SimpleEval(operators=operators, functions=functions, names=names)
    evaluator.nodes = {kind: does for kind, does in evaluator.nodes.items() if kind in _NODES}
    evaluator.nodes[ast.Constant] = _constant
    return evaluator


def _remainder(left: Any, right: Any) -> Decimal:
    """Divide and keep the rest; of a text this operator would fill in a form of any width."""
    return Decimal(left) % Decimal(right)


def _constant(node: ast.Constant) -> object:
    value = node.value
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return Decimal(repr(value))
    raise InvalidExpression(f"{value!r} is neither a number nor a text")


def _checked(rate: object, what: str) -> str:
    if isinstance(rate, bool) or not isinstance(rate, str | int | Decimal):
        raise RuleError(f"{what}: expected a number")
    try:
        return str(number(str(rate)))  # a text may say +.5, which is no number of JSON
    except ValueError as error:
        raise RuleError(f"{what}: {error}") from None
