"""Whatever is done to the files of a folder, loading answers: a report, or a tariff that compiles."""

import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rater.compiler import compile_tariff
from rater.tariff import Tariff
from tests.loading.folders import CSV, JSON, load

SPLINTERS = (
    b"",
    b",",
    b";",
    b'"',
    b"\n",
    b"-",
    b"0",
    b"9" * 40,
    b"1e400",
    b"*any",
    b"\xff",
    b"\0",
    b"[",
    b"{}",
    b"null",
    b":",
)


def damaged(files: Mapping[str, str], chance: random.Random) -> dict[str, str | bytes]:
    """Overwrite a few stretches of a few files."""
    result: dict[str, str | bytes] = dict(files)
    for _ in range(chance.randint(1, 4)):
        name = chance.choice(sorted(files))
        found = result[name]
        data = found.encode() if isinstance(found, str) else found
        start = chance.randrange(len(data) + 1)
        result[name] = data[:start] + chance.choice(SPLINTERS) + data[start + chance.randrange(6) :]
    return result


@pytest.mark.parametrize("files", [CSV, JSON], ids=["CSV", "JSON"])
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 32))
def test_damage_is_reported_or_harmless(tmp_path: Path, files: Mapping[str, str], seed: int) -> None:
    loaded = load(tmp_path, damaged(files, random.Random(seed)))

    if loaded.problem_count:
        assert (Tariff(), ()) == (loaded.tariff, loaded.accounts)
        assert all(problem.expected and problem.got for problem in loaded.problems)
    else:
        compile_tariff(loaded.tariff)
