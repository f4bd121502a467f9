"""Bodies of reports on their way: each has a bound, and all of them have one."""

from collections.abc import Iterable
from typing import Any

import pytest
from starlette.types import Receive

from cgrates_py.http.threescale import body
from cgrates_py.http.threescale.body import FullError, Intake
from cgrates_py.http.threescale.params import BYTES_MAX, ParameterSyntaxError


def sending(*parts: bytes | None) -> Receive:
    """Make the receiving end of a body in parts; None stands for a client that goes away."""
    messages: Iterable[dict[str, Any]] = iter(
        [
            {"type": "http.disconnect"}
            if part is None
            else {"type": "http.request", "body": part, "more_body": more < len(parts)}
            for more, part in enumerate(parts, 1)
        ]
    )

    async def receive() -> dict[str, Any]:
        return next(iter(messages))

    return receive


@pytest.mark.parametrize("parts", [[b""], [b"abc"], [b"a", b"", b"bc"]])
async def test_a_body_is_read_whole_and_leaves_its_place(parts: list[bytes]) -> None:
    intake = Intake()

    async with intake.reading(sending(*parts)) as whole:
        assert (whole, intake.held_bytes) == (b"".join(parts), len(b"".join(parts)))

    assert intake.held_bytes == 0


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ([b"a", None], ParameterSyntaxError),
        ([b"a" * BYTES_MAX, b"a"], ParameterSyntaxError),
        ([b"a" * 600, b"a" * 401], FullError),
    ],
)
async def test_a_body_that_is_not_taken_leaves_its_place(
    parts: list[bytes | None], error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    if error is FullError:
        monkeypatch.setattr(body, "PENDING_BYTES_MAX", 1000)
    intake = Intake()

    with pytest.raises(error):
        async with intake.reading(sending(*parts)):
            pytest.fail("it was taken")

    assert intake.held_bytes == 0


async def test_bodies_at_one_time_have_one_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "PENDING_BYTES_MAX", 1000)
    intake = Intake()

    async with intake.reading(sending(b"a" * 600)):
        with pytest.raises(FullError, match=r"^OVERLOADED: "):
            async with intake.reading(sending(b"a" * 401)):
                pytest.fail("it was taken")
        async with intake.reading(sending(b"a" * 400)):
            assert intake.held_bytes == 1000
