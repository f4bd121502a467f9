"""Runs the examples of a document as a reader would who has just started the demo."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

from typer.main import get_command

from cgrates_py.cli.app import app
from stress.__main__ import COMMANDS
from tests.docs.documents import ROOT, Block, commands, matches
from tests.shell.servers import DEADLINE_S, Server, environment


class Reader:
    """Follows a document beside a server: in a directory with its data, with our commands in the path."""

    def __init__(self, place: Path, server: Server) -> None:
        self._place = place
        self._ports = {"2001": str(server.rpc_port), "8000": str(server.http_port)}
        programs = place / "bin"
        programs.mkdir()
        script = programs / "cgrates-py"
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m cgrates_py "$@"\n')
        script.chmod(0o755)
        (place / ".curlrc").write_text("silent\nshow-error\nnoproxy = *\n")
        (place / "cgrates_py").symlink_to(ROOT / "cgrates_py")
        self._environment = environment(
            PATH=f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            HOME=str(place),
            CGRATES_RPC_ADDRESS=server.rpc,
            NO_COLOR="1",
            TERM="dumb",
        )

    def follow(self, found: list[Block]) -> None:
        """Do what every block says, in order; a text block after Python is what that prints."""
        printed = ""
        for block in found:
            where = f"line {block.line}"
            match block.language:
                case "console":
                    for command, expected in commands(block.text):
                        self._expect(expected, self._shell(command), f"{where}: {command}")
                case "python":
                    assert not printed, f"{where}: nothing told what the example before prints"
                    printed = self._run(sys.executable, "-P", "-c", self._here(block.text))
                case "text":
                    if printed:
                        self._expect(block.text, printed, where)
                    printed = ""
                case "jsonrpc":
                    self._speak(block.text, where)
                case "csv" | "json" | "toml":
                    self._write(block)
                case "sh":
                    for line in block.text.splitlines():
                        check_command(line)
                case other:
                    raise AssertionError(f"{where}: nobody knows how to check a block of {other!r}")
        assert not printed, "nothing told what the last example prints"

    def series(self) -> set[str]:
        """Tell the names of the server's metrics."""
        page = self._shell("curl http://127.0.0.1:8000/metrics")
        return set(re.findall(r"^# TYPE (\w+) ", page, re.MULTILINE))

    def _expect(self, expected: str, actual: str, where: str) -> None:
        shown = self._there(actual)
        assert matches(expected, shown), f"{where}\nexpected:\n{expected}\ngot:\n{shown}"

    def _shell(self, command: str) -> str:
        return self._run("sh", "-c", self._here(command))

    def _run(self, *arguments: str) -> str:
        return subprocess.run(
            arguments,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self._place,
            env=self._environment,
            timeout=DEADLINE_S,
            check=False,
        ).stdout

    def _here(self, text: str) -> str:
        return re.sub(r'(127\.0\.0\.1(?::|", ))(2001|8000)\b', lambda m: m[1] + self._ports[m[2]], text)

    def _there(self, text: str) -> str:
        for page, port in self._ports.items():
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{page}")
        return text

    def _speak(self, text: str, where: str) -> None:
        """Send the lines after ``-->``, expect those after ``<--`` and nothing more; then the next ones."""
        for sends in re.findall(r"(?:^-->.*\n)+(?:^<--.*\n)*", text, re.MULTILINE):
            lines = sends.splitlines()
            sent = "\n".join(line[4:] for line in lines if line.startswith("--> "))
            expected = "\n".join(line[4:] for line in lines if line.startswith("<-- "))
            self._expect(expected, self._ask(sent), f"{where}: {sent}")

    def _ask(self, text: str) -> str:
        with socket.create_connection(("127.0.0.1", int(self._ports["2001"])), timeout=10) as caller:
            caller.sendall(text.encode())
            caller.shutdown(socket.SHUT_WR)
            with caller.makefile("rb") as answers:
                return answers.read().decode()

    def _write(self, block: Block) -> None:
        if block.file is None:
            assert block.language == "json", f"line {block.line}: which file is this?"
            json.loads(block.text)
            return
        path = self._place / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)


def check_command(line: str) -> None:
    """Check a command that is not run: the options of ours exist, and so do targets of make."""
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        del words[0]
    if ">" in words:
        del words[words.index(">") :]
    match words:
        case []:
            pass
        case ["cgrates-py", *arguments]:
            _check_arguments(arguments)
        case ["make", target]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), line
        case ["python", "-m", "stress", command, *_]:
            assert command in COMMANDS, line
        case [".venv/bin/python", "-m", "stress", command, *_]:
            assert command in COMMANDS, line
        case ["." | "cp" | "curl" | "duckdb" | "git" | "openssl" | "valkey-cli", *_]:
            pass
        case ["pytest" | "ruff" | "mypy", *_]:
            pass
        case _:
            raise AssertionError(f"nobody knows how to check {line!r}")


def _check_arguments(arguments: list[str]) -> None:
    command = get_command(app)
    while (more := getattr(command, "commands", None)) and arguments and arguments[0] in more:
        command, arguments = more[arguments[0]], arguments[1:]
    assert not getattr(command, "commands", None), f"{arguments} names no command"
    command.make_context("cgrates-py", list(arguments))
