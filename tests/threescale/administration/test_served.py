"""The administration of a running server: over HTTP with a key, on a port of its own, on the command line."""

import base64
import contextlib
import http.client
import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from cgrates_py.cli import CommandError
from cgrates_py.cli.app import app
from cgrates_py.demo import FOLDERS
from tests.docs.documents import ROOT, blocks
from tests.shell.servers import Server, run_here, serving, until

KEY = "administration-0123"
AUTHREP = "/transactions/authrep.xml?provider_key=pk&service_id=5&app_id=a&usage%5Bhits%5D=1"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("served")
    with serving(place / "data", "--raters", "1", CGRATES_ADMIN_KEY=KEY) as server:
        yield server


def ask(
    root: str, verb: str, path: str, body: bytes | None = None, authorization: str | None = f"Bearer {KEY}"
) -> tuple[int, bytes, dict[str, str]]:
    headers = {} if authorization is None else {"Authorization": authorization}
    connection = http.client.HTTPConnection(root.removeprefix("http://"), timeout=10)
    connection.request(verb, path, body, headers)
    answer = connection.getresponse()
    with contextlib.closing(connection):
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


NOT_UTF8 = "Basic " + base64.b64encode(b"\xff:x").decode()
NO_KEY = ["", "Bearer", "Basic", "Basic %%%", NOT_UTF8, basic("u", ""), None]
OTHERS = ["Bearer another-01234567", "Bearer cgr_0_0", "Bearer cgr_front_0", basic("u", "another-0")]


@pytest.mark.parametrize("authorization", [*NO_KEY, *OTHERS])
def test_nothing_is_told_without_an_administrators_key(served: Server, authorization: str | None) -> None:
    status, body, headers = ask(served.http, "GET", "/internal/services/", None, authorization)
    assert status == 401
    assert json.loads(body)["error"].startswith("UNAUTHENTICATED: ")
    assert headers["www-authenticate"] == 'Bearer, Basic realm="administration"'


def test_a_key_that_may_only_charge_administers_nothing(served: Server) -> None:
    made = run_here("key", "create", "--right", "charge", "--data-dir", served.data_dir)
    key = made.stdout.split()[-1]
    until(lambda: _asks(served, key)[0] != 401, "the new key to be known")
    status, error = _asks(served, key)
    assert (status, error.partition(":")[0]) == (403, "FORBIDDEN")


def _asks(server: Server, key: str) -> tuple[int, str]:
    status, body, _ = ask(server.http, "GET", "/internal/services/", None, f"Bearer {key}")
    return status, json.loads(body).get("error", "")


@pytest.mark.parametrize(
    "authorization", [f"Bearer {KEY}", f"bearer {KEY}", basic("anybody", KEY), basic("", KEY)]
)
def test_the_key_is_a_bearer_or_a_password(served: Server, authorization: str) -> None:
    status, body, headers = ask(served.http, "GET", "/internal/services/9", None, authorization)
    assert (status, json.loads(body)) == (404, {"status": "not_found", "error": "not_found"})
    assert headers["content-type"] == "application/json"


BAD = [
    (b"{", 400, "body: is not JSON"),
    (b"\xff", 400, "body: is not JSON"),
    (b'{"service":NaN}', 400, "body: is not JSON"),
    (b"[" * 33 + b"]" * 33, 400, "body: is nested deeper than 32 levels"),
    (b'"' + b"x" * (1 << 20) + b'"', 413, "body: is longer than 1048576 bytes"),
    (b'"' + b"x" * ((1 << 20) - 100) + b'"', 413, "body: is longer than a request to a rater may be"),
    (b"", 400, "missing parameter 'service'"),
    (
        b'{"service":\r\n{"id":\n"a"}}',
        400,
        "provider_key: expected the key of the provider that owns the service",
    ),
]


@pytest.mark.parametrize(("body", "status", "error"), BAD, ids=range(len(BAD)))
def test_a_bad_body_is_refused(served: Server, body: bytes, status: int, error: str) -> None:
    answer = ask(served.http, "POST", "/internal/services/", body)
    assert (answer[0], json.loads(answer[1])) == (status, {"status": "error", "error": error})


def test_no_request_breaks_the_connection_that_carries_everybodys_calls(served: Server) -> None:
    """The balancer would end it for more brackets or bytes than it takes, and not before it sees the key."""
    brackets = b"[" + b"[]," * 20_000 + b"[]]"
    status, body, _ = ask(served.http, "POST", "/internal/services/", brackets, "Bearer nobody")
    assert (status, json.loads(body)["error"]) == (400, "body: has more than 16384 brackets")

    long = b'{"x":"' + b"a" * ((1 << 20) - 2_000) + b'"}'
    status, body, _ = ask(served.http, "POST", "/internal/services/", long, "Bearer " + "k" * 8_000)
    assert (status, json.loads(body)["error"]) == (413, "body: is longer than a request to a rater may be")


def test_the_page_shows_what_an_administrator_is_answered(served: Server) -> None:
    assert run_here("account", "create", "tel.example:1002", "--data-dir", served.data_dir).returncode == 0
    assert run_here("load", FOLDERS[-1], "--data-dir", served.data_dir).returncode == 0
    page = (ROOT / "docs/THREESCALE_ADMINISTRATION.md").read_text()
    (asked,) = [each.text for each in blocks(page) if "curl -u any:" in each.text and each.language == "sh"]
    (told,) = [each.text for each in blocks(page) if each.language == "text"]
    answers = []
    for line in asked.splitlines()[1:]:
        _, _, _, *options, url = shlex.split(line)
        body = options[-1].encode() if options else None
        path = url.removeprefix("http://127.0.0.1:8001")
        status, answer, _ = ask(served.http, options[1] if options else "GET", path, body)
        assert status == 200
        answers.append(answer.decode())
    assert answers == told.splitlines()


def test_with_an_administrators_key_all_of_our_own_api_asks_for_one(served: Server) -> None:
    for path, status in (("/raters", 401), ("/getmem", 401), ("/transactions/authorize.xml", 403)):
        assert ask(served.http, "GET", path, None, None)[0] == status
    assert ask(served.http, "GET", "/raters")[0] == 200


def test_a_change_is_known_to_the_next_call(served: Server) -> None:
    """Ten times over: the rater remembers what it found before."""

    def change(verb: str, path: str, body: object) -> None:
        status, answer, _ = ask(served.http, verb, "/internal/" + path, json.dumps(body).encode())
        assert status < 300, answer

    change("POST", "services/", {"service": {"id": "5", "provider_key": "pk"}})
    change("POST", "services/5/metrics/m", {"metric": {"name": "hits"}})
    change("POST", "services/5/applications/a", {"application": {"state": "active", "plan_id": "p"}})
    for number in range(10):
        change("PUT", "services/5/plans/p/usagelimits/m/eternity", {"usagelimit": {"eternity": number + 1}})
        assert [ask(served.http, "GET", AUTHREP)[0] for _ in range(2)] == [200, 409]
    stats = ask(served.http, "GET", "/internal/services/5/applications/a/stats?metric=hits&period=eternity")
    assert json.loads(stats[1])["stats"]["value"] == 10


def test_what_is_encoded_in_a_path_names_and_does_not_separate(served: Server) -> None:
    root = "/internal/services/s%2F1"
    assert ask(served.http, "PUT", root, b'{"service":{"provider_key":"odd"}}')[0] == 200
    assert json.loads(ask(served.http, "GET", root + "/")[1])["service"]["id"] == "s/1"
    assert ask(served.http, "HEAD", root)[:2] == (200, b"")
    assert ask(served.http, "GET", "/internal/services/%FF")[0] == 400
    assert ask(served.http, "DELETE", root)[0] == 200


def test_prices_pass_exactly(served: Server) -> None:
    for path, body in (
        ("services/6", b'{"service":{"provider_key":"exact"}}'),
        ("services/6/metrics/m", b'{"metric":{"name":"hits"}}'),
        ("services/6/metrics/m/rates", b'{"rates":[{"tiers":[{"start":0,"price":0.100000000000000001}]}]}'),
    ):
        status, answer, _ = ask(served.http, "PUT", "/internal/" + path, body)
        assert status == 200, answer
    shown = json.loads(ask(served.http, "GET", "/internal/services/6/metrics/m/rates")[1])
    assert shown["rates"][0]["tiers"] == [{"start": 0, "price": "0.100000000000000001"}]


@pytest.mark.slow
def test_the_administration_can_have_a_port_of_its_own(tmp_path: Path) -> None:
    """There is no key at all, so nobody is let in: elsewhere on loopback none is asked for."""
    with serving(tmp_path / "data", "--raters", "1", "--admin-port", "0") as server:
        apart = f"http://127.0.0.1:{server.admin_port}"
        assert server.admin_port != server.http_port
        assert ask(server.http, "GET", "/internal/services/")[:2] == (404, b"")
        for authorization in (None, f"Bearer {KEY}", basic("u", KEY)):
            assert ask(apart, "GET", "/internal/services/", None, authorization)[0] == 401
        assert ask(apart, "GET", "/healthz")[0] == 404
        assert ask(server.http, "GET", "/healthz")[0] == 200
        made = run_here("key", "create", "--right", "admin", "--data-dir", server.data_dir)
        key = made.stdout.split()[-1]
        until(
            lambda: ask(apart, "GET", "/internal/services/", None, f"Bearer {key}")[0] == 200,
            "the new key to be known",
        )


COMMANDS: list[tuple[str, int, str]] = [
    ("service create 20 --provider-key k --mode 1 --default --require-referrers", 0, "service 20 is kept\n"),
    (
        "service create 21 --mode 7 --provider-key k",
        1,
        "!backend_version: expected one of 1, 2, oauth\n",
    ),
    ("service show 99", 1, "!there is no service 99\n"),
    ("metric create 20 m hits", 0, "metric m is kept\n"),
    ("metric create 20 n deep --parent m", 0, "metric n is kept\n"),
    ("metric delete 20 m", 1, '!metric "m" has children: deep\n'),
    ("limit set 20 p m --day 5 --eternity 9", 0, "limits of plan p on m are set\n"),
    ("limit set 20 p m", 2, "!nothing to set: give --minute, --day or another period\n"),
    ("limit delete 20 p m eternity", 0, "the eternity limit of plan p on m is deleted\n"),
    ("limit delete 20 p m eternity", 1, "!plan p has no eternity limit on m\n"),
    ("limit set 20 p x --day 5", 1, "!there is no metric x in service 20\n"),
    ("metric delete 20 x", 1, "!there is no metric x in service 20\n"),
    ("metric list 21", 1, "!there is no service 21\n"),
    ("rate set 20 n --tier 0:1", 0, "a rate of n is set\n"),
    ("rate delete 20 n", 0, "rates of metric n deleted: 1\n"),
    ("rate delete 20 n", 1, "!metric n has no rates\n"),
    ("rate set 20 m --tier 0:0.1 --tier 10:0.05 --over day", 0, "a rate of m is set\n"),
    ("rate set 20 m --tier 0:0.2 --from 2026-01-01T00:00:00Z", 0, "a rate of m is set\n"),
    ("rate set 20 m --tier 0:0.3 --from 2026-01-01T01:00:00+01:00", 0, "a rate of m is set\n"),
    ("rate set 20 m --tier cheap", 2, "!--tier: expected START:PRICE, got 'cheap'\n"),
    ("rate set 20 m --tier 0:x", 1, "!rates[1].tiers[0].price: expected a number\n"),
    ("rate set 20 m --tier 0:1 --from noon", 2, "!--from: expected an RFC 3339 time"),
    (
        "application create 20 a --plan p --plan-name Gold --user-key u --key k",
        0,
        "application a is created\n",
    ),
    ("key create 20 a k2", 0, "k2\n"),
    ("key create 20 a k3", 0, "k3\n"),
    ("key delete 20 a k", 0, "key k of application a is deleted\n"),
    ("key delete 20 a k", 1, "!application a has no key k\n"),
    ("user-key create 20 a u2", 0, "user key u2 names application a\n"),
    ("user-key delete 20 a u", 0, "user key u of application a is deleted\n"),
    ("user-key delete 20 a u", 1, "!application a has no user key u\n"),
    ("filter create 20 a '*.ex.org'", 0, "filter *.ex.org of application a is kept\n"),
    ("filter create 20 a ü/é?", 0, "filter ü/é? of application a is kept\n"),
    ("filter delete 20 a '*.ex.org'", 0, "filter *.ex.org of application a is deleted\n"),
    ("filter delete 20 a '*.ex.org'", 1, "!application a has no filter *.ex.org\n"),
    ("application create 20 a", 1, "!there is one of that id already\n"),
    ("application create 20 b --account t:no", 1, "!account: there is no account t:no\n"),
    ("application change 20 a --state off", 0, "application a is changed\n"),
    ("application change 20 c --state off", 1, "!there is no application c in service 20\n"),
    ("token create 20 tok", 0, "tok\n"),
    ("token create 20 ''", 1, "!Service token cannot be blank\n"),
    ("token create 20 gone", 0, "gone\n"),
    ("token delete 20 gone", 0, "token gone of service 20 is deleted\n"),
    ("token delete 20 gone", 1, "!there is no token gone of service 20\n"),
]

SHOWN: list[tuple[str, object]] = [
    ("metric list 20 --json", ["m", "n"]),
    ("limit list 20 p --json", [5]),
    ("rate list 20 m --json", ["0.1", "0.3"]),
    ("application list 20 --json", ["off"]),
    ("key list 20 a --json", ["k2", "k3"]),
    ("user-key list 20 a --json", ["u2"]),
    ("filter list 20 a --json", ["ü/é?"]),
    ("application usage 20 a --json", [0]),
    ("token list --json", ["tok"]),
    ("service list --json", ["active"]),
]


def threescale(server: Server, command: str) -> tuple[int, str]:
    """Do a command as ``main`` would, in this process; what goes to stderr begins with ``!``."""
    done = CliRunner().invoke(app, ["threescale", *shlex.split(command), "--data-dir", str(server.data_dir)])
    structlog.reset_defaults()
    if isinstance(done.exception, CommandError):
        return done.exception.code, f"!{done.exception}\n"
    return done.exit_code, done.output


def test_the_commands_keep_what_they_are_told_and_say_what_is_wrong(served: Server) -> None:
    for command, code, said in COMMANDS:
        assert (code, said) == ((done := threescale(served, command))[0], done[1][: len(said)]), command
    for command, expected in SHOWN:
        rows = json.loads(threescale(served, command)[1])
        rows = [row for row in rows if isinstance(row, str) or _of_these_commands(row)]
        assert [row if isinstance(row, str) else _main(row) for row in rows] == expected, command
        assert threescale(served, command.removesuffix(" --json"))[0] == 0


def _of_these_commands(row: dict[str, object]) -> bool:
    """Tell whether a row is about service 20: other tests have made others."""
    return row.get("provider_key", "k") == "k" and row.get("service_id", "20") == "20"


def test_a_limit_for_ever_is_told_to_be_one_in_all() -> None:
    said = " ".join(CliRunner().invoke(app, ["threescale", "limit", "set", "--help"]).output.split())
    assert "At most so many in all." in said


def test_an_application_is_shown_with_all_that_lets_it_in(served: Server) -> None:
    made = [
        threescale(served, command)
        for command in (
            "service create 30 --provider-key shown",
            "application create 30 a --key k --user-key u --referrer-filter f",
            "key create 30 a",
        )
    ]
    assert [code for code, _ in made] == [0, 0, 0]
    key = made[-1][1].strip()
    assert len(key) == 32
    shown = json.loads(threescale(served, "application show 30 a --json")[1])
    assert shown["application_keys"] == ["k", key]
    assert (shown["user_keys"], shown["referrer_filters"]) == (["u"], ["f"])
    assert f"k, {key}" in threescale(served, "application show 30 a")[1]


def _main(row: dict[str, object]) -> object:
    """Tell what a row is about."""
    tiers = row.get("tiers")
    if isinstance(tiers, list):
        return tiers[0]["price"]
    for name in ("service_token", "current_value", "value", "day", "state", "id"):
        if name in row:
            return row[name]
    raise AssertionError(row)


def test_a_command_without_a_store_says_so_and_makes_none(tmp_path: Path) -> None:
    done = run_here("threescale", "service", "list", "--data-dir", tmp_path / "none")
    assert done.returncode == 1
    assert "there is no data directory" in done.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_load_takes_a_catalogue_once(tmp_path: Path) -> None:
    folder = tmp_path / "api"
    folder.mkdir()
    document = {
        "services": [{"id": "1", "provider_key": "k"}],
        "applications": [{"service": "1", "id": "a", "account": "t:payer"}],
    }
    (folder / "threescale.json").write_text(json.dumps(document))
    place = ("--data-dir", tmp_path / "data")
    refused = run_here("load", folder, *place)
    assert refused.returncode == 1
    assert "problem: threescale.json $.applications[0].account: there is no account t:payer" in refused.stderr
    assert run_here("account", "create", "t:payer", *place).returncode == 0
    for changed in (2, 0):
        loaded = run_here("load", folder, *place)
        assert loaded.returncode == 0, loaded.stderr
        assert f"{folder} (threescale): 1 services, 1 applications" in loaded.stdout
        assert f"{changed} services, applications and tokens changed" in loaded.stdout
