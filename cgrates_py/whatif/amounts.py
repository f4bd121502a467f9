"""Prints amounts of a comparison: exact for programs, exact and aligned for people, rounded for charts."""

from collections.abc import Iterable, Sequence

from rater.quantity import SCALE, round_half_even

_DECIMALS = 9
_MINUTE_NS = 60 * SCALE


def decimals_of(amounts: Iterable[int]) -> int:
    """Tell how many decimals it takes to print all of these amounts exactly, at least two."""
    found = 2
    for amount in amounts:
        while found < _DECIMALS and amount % 10 ** (_DECIMALS - found):
            found += 1
    return found


def aligned(amounts: Sequence[int], *, sign: bool = False, decimals: int | None = None) -> list[str]:
    """Print amounts with as many decimals as any of them needs: exact, with points in line."""
    decimals = decimals_of(amounts) if decimals is None else decimals
    return [_printed(amount // 10 ** (_DECIMALS - decimals), decimals, sign) for amount in amounts]


def rounded(amounts: Sequence[int], *, sign: bool = False) -> list[str]:
    """Print amounts for a chart: with two decimals, or more where the largest is small."""
    largest = max(map(abs, amounts), default=0)
    decimals = 2 if largest >= 10 * SCALE else 4 if largest >= SCALE // 10 else _DECIMALS
    return [
        _printed(round_half_even(amount, 10 ** (_DECIMALS - decimals)), decimals, sign) for amount in amounts
    ]


def percent(delta: int, before: int) -> str | None:
    """Tell a change in percent with two decimals; None if there was nothing before."""
    return _printed(round_half_even(delta * 10_000, before), 2, False, "") if before else None


def percent_shown(delta: int, before: int) -> str:
    """Show the same to people, with its sign."""
    return _printed(round_half_even(delta * 10_000, before), 2, True) + " %" if before else ""


def minutes(talk_ns: int) -> str:
    """Print a length in minutes with one decimal."""
    return _printed(round_half_even(talk_ns * 10, _MINUTE_NS), 1, False)


def _printed(steps: int, decimals: int, sign: bool, thousands: str = ",") -> str:
    whole, rest = divmod(abs(steps), 10**decimals)
    before = "-" if steps < 0 else "+" if sign and steps else ""
    return f"{before}{whole:{thousands}}.{rest:0{decimals}d}"
