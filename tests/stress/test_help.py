"""What the programs of ``stress`` say about themselves."""

import pytest

from stress.__main__ import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_help_names_the_program_as_it_is_called(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And says in a sentence what it does."""
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])

    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert said.startswith(f"usage: python -m stress {name} ")
    assert ". " in " ".join(said.split()).replace(".\n", ". ")
