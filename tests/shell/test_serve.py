"""The whole server, from outside: one line, every page's example, deaths, a stop, a second start."""

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.shell.servers import Running, Server, ask, gone, run, run_here, serving, until
from tests.shell.test_http import PAGE

pytestmark = pytest.mark.slow

SNIPPET = json.dumps(
    {
        "id": 1,
        "method": "Responder.Get",
        "params": [
            {
                "Tor": 0,
                "CstmId": "vdf",
                "Subject": "rif",
                "DestinationPrefix": "0256",
                "TimeStart": "2012-02-02T17:30:00Z",
                "TimeEnd": "2012-02-02T18:30:00Z",
            }
        ],
    }
).encode()
"""What the published Python snippet sends, without a newline."""

SECRET = "s3cr3t"  # noqa: S105 -- of this test alone
CALL = ("--cstmid", "vdf", "--subject", "rif", "--dest", "0257")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("serve") / "data", "--demo") as server:
        yield server


def test_the_published_snippet_is_answered_right_after_the_ready_line(demo: Server) -> None:
    """No newline is sent; one line comes back."""
    answer = json.loads(ask(demo.rpc_port, SNIPPET))

    assert (answer["id"], answer["error"], answer["result"]["DestinationPrefix"]) == (1, None, "0256")


@pytest.mark.parametrize("url", [url for url, _, _ in PAGE])
def test_every_curl_line_of_the_page_is_answered_200(url: str, demo: Server) -> None:
    """With the demo data, as printed."""
    response = httpx.get(demo.http + url, trust_env=False)

    assert response.status_code == 200, response.text


def test_a_debit_over_http_shows_in_the_console_and_the_journal(demo: Server) -> None:
    """Three ways to one account."""
    before = json.loads(run_here("console", "account", *CALL[:4], "--server", demo.rpc, "--json").stdout)
    taken = httpx.get(
        f"{demo.http}/debitbalance?cstmid=vdf&subj=rif&dest=0257&amount=0.25&requestid=t1", trust_env=False
    )
    again = run_here(
        "console",
        "debitbalance",
        *CALL,
        "--amount",
        "0.25",
        "--request-id",
        "t1",
        "--server",
        demo.rpc,
        "--json",
    )
    history = run_here("account", "history", "vdf:rif", "--data-dir", demo.data_dir, "--json")

    assert f"{before['Credit'] - 0.25}".removesuffix(".0") == taken.text
    assert taken.text + "\n" == again.stdout
    last = json.loads(history.stdout)[-1]
    assert (last["Method"], last["RequestId"], last["Amount"]) == ("DebitBalance", "t1", "0.25")


def test_a_top_up_by_an_operator_is_seen_by_the_running_raters(demo: Server) -> None:
    """The rater's memory of the account is not stale."""
    who = ("--cstmid", "acme", "--subject", "anna")
    debit = ("console", "debitbalance", *who, "--amount", "1", "--json", "--server", demo.rpc)

    created = run_here("account", "create", "acme:anna", "--credit", "1", "--data-dir", demo.data_dir)
    first = run_here(*debit)
    run_here("account", "topup", "acme:anna", "--credit", "2.5", "--data-dir", demo.data_dir)
    second = run_here(*debit)

    assert (created.returncode, first.stdout, second.stdout) == (0, "0\n", "1.5\n")


def test_a_tariff_loaded_beside_the_running_server_is_used_without_a_restart(
    demo: Server, tmp_path: Path
) -> None:
    """``load`` finds the running store by the data directory."""
    period = {
        "TOR": 0,
        "CstmId": "new",
        "Subject": "one",
        "DestinationPrefix": "77",
        "ActivationPeriods": [
            {
                "ActivationTime": "2012-01-01T00:00:00Z",
                "Intervals": [{"Price": 0.5, "BillingUnit": 60, "ConnectFee": 1}],
            }
        ],
    }
    (tmp_path / "activation_periods.json").write_text(json.dumps([period]))
    call = ("--cstmid", "new", "--subject", "one", "--dest", "7712")
    quote = ("console", "getcost", *call, "--json", "--server", demo.rpc)

    before = run_here(*quote)
    loaded = run_here("load", tmp_path, "--data-dir", demo.data_dir)
    assert loaded.returncode == 0, loaded.stderr
    until(lambda: run_here(*quote).returncode == 0, "the new tariff")

    assert (before.returncode, "RATE_NOT_FOUND" in before.stderr) == (1, True)
    assert json.loads(run_here(*quote).stdout)["Cost"] == 0.5


def test_ready_health_status_and_metrics_are_served(demo: Server) -> None:
    """What a collector and a probe ask for."""
    pages = {
        path: httpx.get(demo.http + path, trust_env=False)
        for path in ("/healthz", "/readyz", "/metrics", "/status", "/raters", "/getmem")
    }

    assert {200} == {page.status_code for page in pages.values()}
    assert "cgrates_raters_up 2.0" in pages["/metrics"].text
    assert 'cgrates_rater_store_up{rater="rater-1"} 1.0' in pages["/metrics"].text
    assert sorted(pages["/raters"].json()) == ["rater-1", "rater-2"]


def test_a_second_server_on_the_same_data_or_port_is_refused(demo: Server, tmp_path: Path) -> None:
    """A clear error, exit 1, nothing left running, and the first one goes on."""
    ports = ("--http-port", "0", "--rater-port", "0")
    same_data = run("serve", "--data-dir", demo.data_dir, "--rpc-port", "0", *ports)
    same_port = run("serve", "--data-dir", tmp_path / "other", "--rpc-port", str(demo.rpc_port), *ports)

    assert (
        same_data.returncode,
        same_data.stdout,
        same_port.returncode,
        same_port.stdout,
    ) == (1, "", 1, "")
    assert "another server runs on" in same_data.stderr
    assert f"cannot listen on {demo.rpc}: Address already in use" in same_port.stderr
    assert not (tmp_path / "other").exists()
    assert b'"error":null' in ask(demo.rpc_port, SNIPPET)


def test_whatever_part_is_killed_comes_back_and_loses_nothing(tmp_path: Path) -> None:
    """kill -9 of each part in turn; the same ports answer again, and the balance adds up."""
    with serving(tmp_path / "data") as server:
        run_here("account", "create", "a:b", "--credit", "100", "--data-dir", server.data_dir)
        debit = f"{server.http}/debitbalance?cstmid=a&subj=b&dest=1&amount=1"
        victims = ("rater", "rater'", "balancer", "store", "http")
        for number, victim in enumerate(victims, 1):
            pid = server.children()[victim]
            os.kill(pid, signal.SIGKILL)
            until(partial(gone, pid), "the end of the victim")
            with httpx.Client(trust_env=False, timeout=10) as client:
                if victim == "http":
                    until(lambda: _answers(server.http_port), "HTTP")
                response = client.get(f"{debit}&requestid=r{number}")
            assert (200, str(100 - number)) == (response.status_code, response.text), victim
            until(lambda: len(server.children()) == 5, "all parts")
        until(lambda: _raters_up(server) == 2, "both raters")


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _raters_up(server: Server) -> int:
    return len(httpx.get(server.http + "/raters", trust_env=False, timeout=10).json())


def test_a_signal_stops_everything_and_a_second_start_goes_on(tmp_path: Path) -> None:
    """Exit 0, no process left, the balance is where it was; the demo is not loaded again."""
    data = tmp_path / "data"
    debit = "/debitbalance?cstmid=vdf&subj=rif&dest=0257@amount=100"
    with serving(data, "--demo") as first:
        left = int(httpx.get(first.http + debit, trust_env=False).text)
        pids = [first.process.pid, *first.children().values()]
        status = first.stop(signal.SIGINT)
    with serving(data, "--demo") as second:
        left_then = int(httpx.get(second.http + debit, trust_env=False).text)

    assert (status, [pid for pid in pids if not gone(pid)]) == (0, [])
    assert left - 100 == left_then


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    """The kernel ends the parts; the next start finds data and ports free."""
    data = tmp_path / "data"
    with serving(data) as server:
        pids = list(server.children().values())
        server.stop(signal.SIGKILL)

    for pid in pids:
        until(partial(gone, pid), "the end of every part")
    with serving(data) as again:
        assert b"result" in ask(again.rpc_port, SNIPPET)


def test_the_test_clock_holds_the_time_of_every_part(tmp_path: Path) -> None:
    """Set over HTTP, seen by the next quote and the next session; the page exists only then."""
    with serving(tmp_path / "data", "--demo", "--test-clock") as server:
        held = httpx.post(server.http + "/test/clock", json={"now": "2012-02-02T17:30:00Z"}, trust_env=False)
        quote = httpx.get(server.http + PAGE[0][0], trust_env=False).json()
        httpx.get(server.http + "/debitsms?cstmid=vdf&subj=rif&dest=0257&amount=1", trust_env=False)
        lines = json.loads(
            run_here("account", "history", "vdf:rif", "--data-dir", server.data_dir, "--json").stdout
        )

    assert held.status_code == 200
    assert quote["Timespans"][0]["TimeStart"] == "2012-02-02T17:30:00Z"
    assert (lines[-1]["Method"], lines[-1]["Time"]) == ("DebitSMS", "2012-02-02T17:30:00Z")


def test_the_parts_run_as_single_processes(tmp_path: Path) -> None:
    """A balancer, a rater that joins it with the shared secret, an HTTP front, on one store."""
    with serving(tmp_path / "data", "--demo") as store_owner:
        url = f"unix://{store_owner.data_dir}/store.sock"
        balancer = Running(
            tmp_path / "balancer.log", "balancer", "--rpc-port", "0", "--rater-port", "0", secret=SECRET
        )
        listening = dict(part.split("=") for part in balancer.line().split()[1:])
        rater = Running(
            *(tmp_path / "rater.log", "rater", "--balancer", listening["raters"], "--redis-url", url),
            secret=SECRET,
        )
        front = Running(tmp_path / "http.log", "http", "--balancer", listening["rpc"], "--http-port", "0")
        http = "http://" + front.line().split("=")[1].strip()
        direct = Running(tmp_path / "direct.log", "rater", "--listen", "127.0.0.1:0", "--redis-url", url)
        direct_port = int(direct.line().rpartition(":")[2])

        ready = httpx.get(http + "/getcost?cstmid=vdf&subj=rif&dest=0257", trust_env=False, timeout=10)
        answer = ask(direct_port, SNIPPET)
        statuses = [part.stop() for part in (front, rater, direct, balancer)]

    assert (ready.status_code, b'"error":null' in answer, statuses) == (200, True, [0, 0, 0, 0])


def test_a_rater_joins_by_the_secret_of_the_data_directory(tmp_path: Path) -> None:
    """Parts on one machine need no setting; a rater with another secret stays out."""
    with serving(tmp_path / "data", "--demo") as store_owner:
        data = store_owner.data_dir
        balancer = Running(
            *(tmp_path / "balancer.log", "balancer", "--data-dir", data),
            *("--rpc-port", "0", "--rater-port", "0"),
        )
        listening = dict(part.split("=") for part in balancer.line().split()[1:])
        joining = ("--balancer", listening["raters"], "--data-dir", data)
        stranger = Running(tmp_path / "stranger.log", "rater", *joining, secret=SECRET[::-1])
        until(lambda: "no link" in stranger.log.read_text(), "the stranger to be turned away")
        rater = Running(tmp_path / "rater.log", "rater", *joining)
        until(lambda: " is up" in balancer.log.read_text(), "the rater to join")
        answer = ask(int(listening["rpc"].rpartition(":")[2]), SNIPPET)
        statuses = [part.stop() for part in (stranger, rater, balancer)]

    assert (b'"error":null' in answer, statuses) == (True, [0, 0, 0])
    assert (data / "secret").stat().st_mode & 0o777 == 0o600


def test_a_store_that_cannot_be_reached_ends_the_start(tmp_path: Path) -> None:
    """A clear error and exit 1, before anything else runs."""
    free = ("--rpc-port", "0", "--http-port", "0", "--rater-port", "0")

    result = run("serve", "--redis-url", f"unix://{tmp_path}/none.sock", *free)

    assert (result.returncode, result.stdout) == (1, "")
    assert "Traceback" not in result.stderr
    assert "started" not in result.stderr


def test_a_second_signal_ends_everything_at_once(tmp_path: Path) -> None:
    """Even while a part does not stop."""
    with serving(tmp_path / "data") as server:
        pids = server.children()
        os.kill(pids["http"], signal.SIGSTOP)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: "stopping" in server.log.read_text(), "the first signal to be heard")
        status = server.stop()

    assert status == 1
    for pid in pids.values():
        until(partial(gone, pid), "the end of every part")


def test_a_signal_during_the_start_ends_it_in_order(tmp_path: Path) -> None:
    """Exit 0 without a ready line, and nothing is left."""
    data = tmp_path / "data"
    free = ("--rpc-port", "0", "--http-port", "0", "--rater-port", "0")
    starting = Running(tmp_path / "log", "serve", "--data-dir", data, *free)
    until(lambda: "child=balancer" in starting.log.read_text(), "the first parts")

    status = starting.stop()

    assert (status, starting.line()) == (0, "")
    pids = [int(pid) for pid in re.findall(r"child_pid=(\d+)", starting.log.read_text())]
    assert pids
    assert [pid for pid in pids if not gone(pid)] == []
