"""The command line: help, usage errors, what the commands for operators do."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from cgrates_py.cli import main
from tests.shell.servers import run, run_here

JSON2012 = {
    "destinations.json": [{"Id": "NAT", "Prefixes": ["0256", "0257"]}],
    "user_budgets.json": [{"Id": "rif", "Credit": 21, "MinuteBuckets": []}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "tariff"
    made.mkdir()
    for name, document in JSON2012.items():
        (made / name).write_text(json.dumps(document))
    return made


class Ended(NamedTuple):
    """How a command ended that ran within this process, which spares the start of another."""

    returncode: int
    stdout: str
    stderr: str


Here = Callable[..., Ended]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    for name in [name for name in os.environ if name.startswith("CGRATES_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["cgrates-py", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int)
        return Ended(code, *capsys.readouterr())

    return command


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", ["serve", "balancer", "rater", "http", "load", "console", "account"]),
        (
            "serve",
            ["--data-dir", "--rpc-port", "--http-port", "--rater-port", "--host", "--raters", "--redis-url",
             "--demo", "--config", "--test-clock", "Example"],
        ),
        ("balancer", ["--rpc-port", "--rater-port", "Example"]),
        ("rater", ["--listen", "--balancer", "--redis-url", "Example"]),
        ("http", ["--http-port", "--balancer", "Example"]),
        ("load", ["PATH", "--data-dir", "--redis-url", "--format", "--dry-run", "Example"]),
        (
            "console",
            ["getcost", "debit", "debitbalance", "debitsms", "debitseconds", "getmaxsessiontime",
             "addvolumediscountseconds", "resetvolumediscountseconds", "addrecievedcallseconds",
             "resetuserbudget", "account", "status"],
        ),
        (
            "console getcost",
            ["--server", "--tor", "--cstmid", "--subject", "--dest", "--ts", "--te", "--amount",
             "--request-id", "--json", "Example"],
        ),
        ("account", ["create", "show", "topup", "list", "history"]),
        ("account create", ["--credit", "--sms", "--bucket", "Example"]),
        ("account topup", ["--credit", "negative: take", "--credit=-5", "Example"]),
    ],
)  # fmt: skip
def test_help_names_every_command_and_option(command: str, words: list[str], here: Here) -> None:
    """And shows an example."""
    result = here(*command.split(), "--help")

    assert (result.returncode, result.stderr) == (0, "")
    assert [word for word in words if word not in result.stdout] == []


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("bogus", 2, "No such command"),
        ("serve --bogus", 2, "No such option"),
        ("serve --raters 0", 2, "setting raters (the command line)"),
        ("serve --rpc-port 70000", 2, "setting rpc_port (the command line)"),
        ("serve --config nowhere.toml", 2, "no such file"),
        ("rater --listen here", 2, "expected HOST:PORT"),
        ("load nowhere --dry-run", 1, "expected a folder"),
        ("load . --format xml", 2, "expected json2012 or csv"),
        ("console getcost", 2, "--subject"),
        ("console debitsms --subject a", 2, "--amount is missing"),
        ("console debitsms --subject a --amount ten", 2, "--amount: expected a number"),
        ("console getcost --subject a --ts noon --te noon", 2, "--ts: expected an RFC 3339 time"),
        ("console status --server 127.0.0.1:1", 1, "no answer from 127.0.0.1:1"),
        ("console status --server nowhere", 2, "--server: expected HOST:PORT"),
        ("account show", 2, "name the account"),
        ("account show a --subject b", 2, "name the account"),
        ("account list", 1, "no data directory"),
        ("account topup a --credit 1", 1, "no data directory"),
        ("account create a --credit much", 2, "--credit: expected a number"),
        ("account create a --bucket NAT", 2, "expected DEST:SECONDS"),
        ("account create a --bucket NAT:1:x", 2, "must be numbers"),
    ],
)
def test_an_error_goes_to_stderr_with_a_code(
    command: str, code: int, said: str, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2 for a wrong command line, 1 for a failure; nothing on stdout, no traceback, nothing made."""
    monkeypatch.chdir(tmp_path)

    result = here(*command.split())

    assert (code, "") == (result.returncode, result.stdout)
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_operator_creates_tops_up_and_reads_an_account(tmp_path: Path) -> None:
    """Without a server: the store runs for just as long as each command."""
    at = ("--data-dir", tmp_path / "data")
    bucket = ("--bucket", "NAT:3600:10:0.01")
    steps = [
        run_here("account", "create", "vdf:rif", "--credit", "25.000000001", "--sms", "100", *bucket, *at),
        run_here("account", "create", "--cstmid", "vdf", "--subject", "rif", *at),
        run_here("account", "topup", "vdf:rif", "--credit", "10", *bucket, "--request-id", "v", *at),
        run_here("account", "topup", "vdf:rif", "--credit", "10", *bucket, "--request-id", "v", *at),
        run_here("account", "topup", "vdf:rif", "--credit", "11", "--request-id", "v", *at),
        run_here("account", "topup", "vdf:rif", "--credit", "9000000000", *at),
        run_here("account", "topup", "nobody", "--credit", "1", *at),
    ]
    shown = run_here("account", "show", "--cstmid", "vdf", "--subject", "rif", "--json", *at)
    listed = run_here("account", "list", *at)

    assert [step.returncode for step in steps] == [0, 1, 0, 0, 1, 1, 1], [step.stderr for step in steps]
    told = [f"notice: there was no store in {at[1]}, now there is a new one" in step.stderr for step in steps]
    assert told == [True, *[False] * 6], "perhaps the command was given in another place than the server"
    assert "already done" in steps[3].stdout
    account = json.loads(shown.stdout, parse_float=str)
    assert (
        account["Credit"],
        account["SmsCredit"],
        [tuple(each.values()) for each in account["MinuteBuckets"]],
    ) == ("35.000000001", 100, [("NAT", 7200, 10, "0.01")])
    assert "35.000000001" in listed.stdout
    history = json.loads(run_here("account", "history", "vdf:rif", "--json", *at).stdout)
    assert [(line["Method"], line["RequestId"], line["Amount"]) for line in history] == [
        ("Create", "", "25.000000001"),
        ("Topup", "v", "10"),
    ]


def test_a_folder_is_loaded_and_a_second_load_sets_the_accounts_back(folder: Path, tmp_path: Path) -> None:
    """A dry run changes nothing; the journal names the load."""
    at = ("--data-dir", tmp_path / "data")
    dry = run_here("load", folder, "--dry-run", *at)
    made_by_dry_run = (tmp_path / "data").exists()
    first = run_here("load", folder, *at)
    run_here("account", "topup", "rif", "--credit", "5", *at)
    second = run_here("load", folder, *at)
    history = json.loads(run_here("account", "history", "rif", "--json", *at).stdout)

    assert (dry.returncode, first.returncode, second.returncode, made_by_dry_run) == (0, 0, 0, False)
    assert "all is well" in dry.stdout
    assert "tariff version 1, 1 accounts changed" in first.stdout
    assert [(line["Method"], line["Amount"]) for line in history] == [
        ("Load", "21"),
        ("Topup", "5"),
        ("Load", "-5"),
    ]


def test_every_problem_of_a_folder_is_reported_and_nothing_is_loaded(folder: Path, tmp_path: Path) -> None:
    """Both bad files in one report, on stderr."""
    (folder / "destinations.json").write_text('[{"Id": "NAT", "Prefixes": ["O256"]}]')
    (folder / "user_budgets.json").write_text('[{"Id": "rif", "Credit": "much"}]')

    result = run_here("load", folder, "--data-dir", tmp_path / "data")

    assert (result.returncode, result.stdout) == (1, "")
    assert [name in result.stderr for name in JSON2012] == [True, True]
    assert "nothing was loaded" in result.stderr


def test_the_module_runs_like_the_command() -> None:
    """``python -m cgrates_py``, as the supervisor starts its parts."""
    version = run("--version")

    assert (version.returncode, version.stderr, version.stdout.startswith("cgrates-py ")) == (0, "", True)
