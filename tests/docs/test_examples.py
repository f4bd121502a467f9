"""Runs every example of README and docs/ against one server with the demo data, and compares what it says."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.documents import DOCUMENTS, ROOT, blocks, commands, matches, table
from tests.docs.running import Reader, check_command
from tests.shell.servers import serving


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    if shutil.which("curl") is None:
        pytest.skip("the documents ask with curl, which is not on this machine")
    place: Path = tmp_path_factory.mktemp("docs")
    with serving(place / "cgrates-data", "--demo") as server:
        yield Reader(place, server)


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_example_does_what_the_document_says(document: Path, reader: Reader) -> None:
    """No document relies on what another has changed."""
    reader.follow(blocks(document.read_text()))


def test_the_table_of_series_is_what_the_server_has(reader: Reader) -> None:
    told = {series for series, _ in table((ROOT / "docs/OPERATIONS.md").read_text(), "series")}

    assert reader.series() == told


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a … c", "a b\nb c", True),
        ("a … c", "ac", True),
        ("a  \n", "a", True),
        ("a", "a b", False),
        ("", "said anyway", False),
        ("a.c", "abc", False),
    ],
)
def test_an_output_is_compared_to_its_end(expected: str, actual: str, same: bool) -> None:
    assert same == matches(expected, actual)


def test_a_console_block_is_its_commands_with_their_outputs() -> None:
    text = "$ one \\\n    --more\nsaid\n$ two\n"

    assert list(commands(text)) == [("one --more", "said\n"), ("two", "")]


@pytest.mark.parametrize(
    "line", ["make sense", "cgrates-py serve --hots 1", "cgrates-py dance", "python -m stress out", "rm -r x"]
)
def test_a_command_that_is_not_run_is_checked_all_the_same(line: str) -> None:
    with pytest.raises(Exception, match=r".+"):
        check_command(line)
