"""The whole server with keys: what starts, what is asked for, when it is in force, and what never leaks."""

import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.access.certificates import self_signed
from tests.shell.servers import (
    COMMAND,
    DEADLINE_S,
    Running,
    Server,
    ask,
    environment,
    gone,
    run,
    run_here,
    serving,
    until,
)

ADMIN = "an-administrator-with-a-long-key"
DEBIT = '{"id":1%s,"method":"Responder.DebitBalance","params":[{"CstmId":"%s","Subject":"%s","Amount":1}]}\n'
ANYWHERE = "0.0.0.0"  # noqa: S104 -- what is reached from elsewhere is what is tested
pytestmark = pytest.mark.slow


class Keyed:
    """A server with the demo data and one key of each kind."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.charge = self.create("--right", "charge")
        self.tenant = self.create("--right", "charge", "--tenant", "tel.example")
        self.read = self.create("--right", "read")

    def create(self, *options: str) -> str:
        made = run_here("key", "create", *options, "--data-dir", self.server.data_dir)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    def debit(self, key: str | None, customer: str = "tel.example", subject: str = "1001") -> str:
        """Debit one over the socket: the result or the code."""
        auth = f',"auth":"{key}"' if key else ""
        answer = json.loads(ask(self.server.rpc_port, (DEBIT % (auth, customer, subject)).encode()))
        return str(answer["error"] or answer["result"]).partition(":")[0]

    def get(self, path: str, key: str | None = None) -> tuple[int, str, str]:
        """Ask by HTTP: status, body, and how to identify oneself."""
        headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
        request = urllib.request.Request(self.server.http + path, headers=headers)  # noqa: S310 -- ours
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=DEADLINE_S) as answer:
                return answer.status, answer.read().decode(), ""
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), error.headers.get("WWW-Authenticate", "")


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    with serving(tmp_path_factory.mktemp("keys") / "data", "--demo") as server:
        made = Keyed(server)
        until(lambda: made.debit(made.read) == "FORBIDDEN", "the last key to be in force")
        yield made


def test_keys_are_asked_for_over_the_socket(keyed: Keyed) -> None:
    assert keyed.debit(None) == "UNAUTHENTICATED"
    assert keyed.debit("cgr_0_0") == "UNAUTHENTICATED"
    assert keyed.debit(keyed.read) == "FORBIDDEN"
    assert float(keyed.debit(keyed.charge)) == float(keyed.debit(keyed.tenant)) + 1


def test_a_tenant_hears_the_same_about_anothers_account_as_about_none(keyed: Keyed) -> None:
    answers = [
        ask(keyed.server.rpc_port, (DEBIT % (f',"auth":"{keyed.tenant}"', customer, "rif")).encode())
        for customer in ("vdf", "ghost")
    ]
    own = ask(keyed.server.rpc_port, (DEBIT % (f',"auth":"{keyed.tenant}"', "tel.example", "rif")).encode())
    assert answers == [own] * 2
    assert b"ACCOUNT_NOT_FOUND" in own
    assert "error" not in keyed.debit(keyed.charge, "vdf", "rif")


PAGES = ["/metrics", "/raters", "/getmem", "/getcost?cstmid=vdf&subj=rif&dest=0256"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_ask_for_a_key(path: str, keyed: Keyed) -> None:
    for wrong in (None, "", "cgr_0_0"):
        status, body, how = keyed.get(path, wrong)
        assert (status, "UNAUTHENTICATED" in body, how) == (401, True, "Bearer"), wrong
    assert keyed.get(path, keyed.read)[0] == 200
    assert keyed.get(path, keyed.tenant)[0] == (404 if "cstmid=vdf" in path else 403)


def test_the_status_tells_strangers_that_there_is_a_server_and_nothing_else(keyed: Keyed) -> None:
    shown = {key: set(json.loads(keyed.get("/status", key)[1])) for key in (None, "cgr_0_0", keyed.tenant)}
    assert all(members == {"status", "version"} for members in shown.values())
    assert set(json.loads(keyed.get("/status", keyed.read)[1])) > {"status", "version", "Raters"}


def test_changes_over_http_go_by_the_callers_key(keyed: Keyed) -> None:
    path = "/debitbalance?cstmid=tel.example&subj=1003&dest=&amount=0"
    assert [keyed.get(path, key)[0] for key in (None, keyed.read, keyed.tenant)] == [401, 403, 200]


def test_health_and_readiness_need_no_key(keyed: Keyed) -> None:
    assert keyed.get("/healthz")[:2] == (200, "ok\n")
    assert keyed.get("/readyz")[:2] == (200, '{"Ready":true,"Raters":2}')


def test_a_limited_key_is_answered_429(keyed: Keyed) -> None:
    key = keyed.create("--right", "read", "--rate", "1")
    until(lambda: keyed.get("/getmem", key)[0] != 401, "the key to be in force")
    until(lambda: keyed.get("/getmem", key)[0] == 429, "the second request of a second")


def test_the_console_shows_the_key_of_its_environment_or_this_machines(keyed: Keyed, tmp_path: Path) -> None:
    debit = ("console", "debitbalance", "--cstmid", "tel.example", "--subject", "1002", "--amount", "0")
    at = ("--server", keyed.server.rpc)
    data = str(keyed.server.data_dir)
    assert run_here(*debit, *at, CGRATES_DATA_DIR=data).returncode == 0
    assert "UNAUTHENTICATED" in run_here(*debit, *at, CGRATES_DATA_DIR=str(tmp_path)).stderr
    assert run_here(*debit, *at, CGRATES_API_KEY=keyed.charge).returncode == 0
    assert "FORBIDDEN" in run_here(*debit, *at, CGRATES_DATA_DIR=data, CGRATES_API_KEY=keyed.read).stderr


def test_a_revoked_key_is_out_without_a_restart(keyed: Keyed) -> None:
    key = keyed.create("--right", "charge", "--label", "short-lived")
    until(lambda: keyed.debit(key) != "UNAUTHENTICATED", "the key to be in force")
    key_id = key.split("_")[1]
    assert (
        run_here("key", "revoke", key_id, "--data-dir", keyed.server.data_dir).stdout == f"revoked {key_id}\n"
    )
    until(lambda: keyed.debit(key) == "UNAUTHENTICATED", "the key to be out")
    listed = json.loads(run_here("key", "list", "--json", "--data-dir", keyed.server.data_dir).stdout)
    assert [(row["Label"], row["State"]) for row in listed if row["Id"] == key_id] == [
        ("short-lived", "revoked")
    ]


def test_a_key_is_revoked_by_all_of_it_too_and_no_error_repeats_a_secret(tmp_path: Path) -> None:
    place = ("--data-dir", tmp_path / "data")
    key = run_here("key", "create", "--right", "read", *place).stdout.strip()
    _, key_id, secret = key.split("_")

    unknown = [
        run_here("key", "revoke", text, *place) for text in (f"cgr_{'0' * 12}_{secret}", secret, "CGR_" + key)
    ]
    done = run_here("key", "revoke", key, *place)

    assert [(ended.returncode, ended.stdout, secret in ended.stderr) for ended in unknown] == [
        (1, "", False)
    ] * 3
    assert f"there is no key {'0' * 12}" in unknown[0].stderr
    assert (done.returncode, done.stdout) == (0, f"revoked {key_id}\n")


def test_keys_stay_in_force_when_the_balancer_is_started_again(keyed: Keyed) -> None:
    before = keyed.server.children()["balancer"]
    subprocess.run(["kill", "-9", str(before)], check=True)
    until(lambda: gone(before), "the balancer to die")

    def answered() -> bool:
        try:
            return keyed.debit(keyed.charge) not in ("NO_RATER", "STORE_UNAVAILABLE")
        except (OSError, ValueError):
            return False

    until(answered, "the balancer to be back")
    assert keyed.debit(None) == "UNAUTHENTICATED"
    assert keyed.debit(keyed.read) == "FORBIDDEN"


def test_nothing_secret_is_in_logs_metrics_errors_the_process_list_or_the_store(keyed: Keyed) -> None:
    for key in (keyed.charge, keyed.tenant, keyed.read, keyed.charge[:-1] + "x"):
        keyed.debit(key)
        keyed.get("/metrics", key)
        keyed.get("/getcost?cstmid=&subj=x", key)
    secret = (keyed.server.data_dir / "secret").read_text().strip()
    secrets = [key.split("_")[2] for key in (keyed.charge, keyed.tenant, keyed.read)] + [secret]

    said = keyed.server.log.read_text() + keyed.get("/metrics", keyed.charge)[1]
    said += keyed.get("/status", keyed.charge)[1] + keyed.get("/getcost", keyed.charge + "x")[1]
    said += run_here("key", "list", "--json", "--data-dir", keyed.server.data_dir).stdout
    for process in [keyed.server.process.pid, *keyed.server.children().values()]:
        said += Path(f"/proc/{process}/cmdline").read_text()
    for file in keyed.server.data_dir.rglob("*"):
        if file.is_file() and file.name != "secret":
            said += file.read_bytes().decode("latin-1")
    assert len(said) > 1000
    assert [each for each in secrets if each in said] == []


def test_the_files_of_the_secret_and_the_socket_are_their_owners_alone(keyed: Keyed) -> None:
    assert (keyed.server.data_dir / "secret").stat().st_mode & 0o077 == 0
    assert keyed.server.data_dir.stat().st_mode & 0o077 == 0


EXPOSED = [
    ("serve", "--rpc-port", "0", "--http-port", "0", "--rater-port", "0", "--host", ANYWHERE),
    ("balancer", "--rpc-port", "0", "--rater-port", "0", "--host", ANYWHERE),
    ("rater", "--listen", f"{ANYWHERE}:0"),
]


@pytest.mark.parametrize("command", EXPOSED, ids=lambda command: command[0])
def test_off_loopback_nothing_starts_without_a_key(command: tuple[str, ...], tmp_path: Path) -> None:
    refused = run(*command, "--data-dir", tmp_path / "data")
    assert refused.returncode == 1
    assert "can be reached from other machines, and there is no API key" in refused.stderr
    assert refused.stdout == ""
    never_a_store = "there was never a store in the data directory" in refused.stderr
    assert never_a_store is (command[0] == "balancer")  # the others have made theirs


KEYED = [(command, how) for command in EXPOSED for how in ("a key in the store", "an admin key")]
KEYED.remove((EXPOSED[1], "a key in the store"))  # a balancer alone has no store of its own


@pytest.mark.parametrize(("command", "how"), KEYED)
def test_off_loopback_what_starts_asks_for_keys(command: tuple[str, ...], how: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    more = {"CGRATES_ADMIN_KEY": ADMIN}
    if how == "a key in the store":
        made = run_here("key", "create", "--right", "admin", "--data-dir", data)
        key, more = made.stdout.strip(), {}
    else:
        key = ADMIN
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*COMMAND, *command, "--data-dir", str(data)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment(**more),
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"rpc=0\.0\.0\.0:(\d+)", line)
        assert found is not None, (line, (tmp_path / "log").read_text())
        request = '{"id":1%s,"method":"Responder.Status","params":[{}]}\n'
        assert b"UNAUTHENTICATED" in ask(int(found[1]), (request % "").encode())
        answer = ask(int(found[1]), (request % f',"auth":"{key}"').encode())
        assert b"version" in answer
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE_S)
        assert process.stdout is not None
        process.stdout.close()


def test_http_off_loopback_does_not_start_before_a_balancer_that_asks_for_no_keys(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        refused = run("http", "--host", ANYWHERE, "--http-port", "0", "--balancer", server.rpc)
    assert refused.returncode == 1
    assert "asks for no API keys" in refused.stderr


def test_http_off_loopback_passes_on_nothing_without_a_key(tmp_path: Path) -> None:
    """Also when the balancer behind it asks for none, and comes up later."""
    front = Running(
        tmp_path / "log", "http", "--host", ANYWHERE, "--http-port", "0", "--balancer", "127.0.0.1:1"
    )
    try:
        port = int(front.line().rpartition(":")[2])
        for path in (*PAGES, "/debitbalance?cstmid=a&subj=b&dest=&amount=1"):
            answer = ask(port, f"GET {path} HTTP/1.0\r\n\r\n".encode())
            assert answer.startswith(b"HTTP/1.1 401"), path
        assert ask(port, b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")
    finally:
        front.stop()


def test_a_short_admin_key_is_no_setting_off_loopback() -> None:
    refused = run("balancer", CGRATES_ADMIN_KEY="too short", CGRATES_HOST=ANYWHERE)
    assert refused.returncode == 2
    assert "admin_key" in refused.stderr
    assert "too short" not in refused.stderr


def test_the_whole_server_speaks_tls(tmp_path: Path) -> None:
    """Every part finds every other: raters, probes, HTTP and the console."""
    cert, key = self_signed(tmp_path, "server")
    config = tmp_path / "cgrates.toml"
    authority, _ = self_signed(tmp_path, "authority")  # of others: the parts go by the certificate itself
    config.write_text(f'tls_cert = "{cert}"\ntls_key = "{key}"\ntls_ca = "{authority}"\n')
    with serving(tmp_path / "data", "--demo", "--config", str(config)) as server:
        started_s = time.monotonic()
        told = run_here("console", "status", "--server", server.rpc, CGRATES_TLS_CERT=cert)
        assert told.stdout.startswith("Connected raters:\nrater-"), told.stderr
        by_authority = run_here("console", "status", "--server", server.rpc, CGRATES_TLS_CA=cert)
        assert by_authority.returncode == 0, by_authority.stderr
        assert run_here("console", "status", "--server", server.rpc, CGRATES_TLS_CA=authority).returncode == 1
        assert run_here("console", "status", "--server", server.rpc).returncode == 1
        curl = ["curl", "-sS", "--noproxy", "*", "--cacert", cert]
        page = f"https://127.0.0.1:{server.http_port}/readyz"
        ready = subprocess.run([*curl, page], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        assert ready.stdout == '{"Ready":true,"Raters":2}', ready.stderr
        assert time.monotonic() - started_s < DEADLINE_S
