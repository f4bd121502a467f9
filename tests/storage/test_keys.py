"""The names of keys: those of the table are known, and a name with a changed byte is a stray."""

import re
from fnmatch import fnmatchcase

import pytest

from storage import keys


def _stray(name: str) -> bool:
    """Tell what a scan by the patterns and the look at what it finds come to."""
    found = any(fnmatchcase(name, pattern.decode().replace("[^", "[!")) for pattern in keys.STRAYS)
    return found and keys.is_stray(name.encode())


def test_no_key_of_the_table_is_a_stray() -> None:
    named = re.findall(r"^``(cgr:\S+?)``", keys.__doc__ or "", re.M)
    assert len(named) > 20
    assert [name for name in named if _stray(name)] == []


@pytest.mark.parametrize("place", range(3, 25))
def test_a_record_under_a_name_with_a_changed_byte_is_a_stray_or_that_of_another_account(place: int) -> None:
    name = keys.of_account(("customer", "subject")).account.decode()
    for byte in range(32, 127):
        changed = name[:place] + chr(byte) + name[place + 1 :]
        another = keys.trace_of(changed.encode()) is not None
        known = changed[4:6] in {f"{letter}:" for letter in "abcdehjklprstx"} and changed[4] not in "ahj"
        assert changed[:4] == "cgr:" or _stray(changed)
        assert another or known or _stray(changed), changed
