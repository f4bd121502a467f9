"""Versions that the store keeps are compared as the folders that they were loaded from."""

from pathlib import Path

from tests.cdrs.files import RETAIL
from tests.shell.servers import run

CALLS = """\
Tenant,Subject,Destination,TimeStart,TimeEnd
tel.example,x,40722123456,2026-01-30T10:00:00Z,2026-01-30T10:01:30Z
tel.example,acme,40213123456,2026-01-30T11:00:00Z,2026-01-30T11:10:00Z
"""


def test_versions_of_the_store_are_compared(tmp_path: Path) -> None:
    calls, other, data = tmp_path / "calls.csv", tmp_path / "other", ("--data-dir", tmp_path / "data")
    calls.write_text(CALLS)
    other.mkdir()
    for path in RETAIL.glob("*.csv"):
        (other / path.name).write_text(path.read_text().replace("RO_MOBILE,+4072\n", ""))
    for folder in (RETAIL, other):
        assert run("load", folder, *data).returncode == 0

    done = run("whatif", calls, "--before", "1", "--after", "current", *data, "--csv")

    folders = run("whatif", calls, "--before", RETAIL, "--after", other, "--csv")
    assert done.returncode == 0, done.stderr
    assert folders.stdout == done.stdout
    assert "RO_MOBILE" in done.stdout
