"""Public clients of the metering API, unmodified, run as programs of their own against one server."""

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.shell.servers import environment
from tests.threescale.vectors_runner import NOON, Runner

pytestmark = pytest.mark.slow

PROGRAMS = Path(__file__).parent / "clients"
NPM_PACKAGE = "3scale@0.7.6"
_HOME = "http://ex.org/?a=1&b=2"
_PLAN = {"state": "active", "plan_id": "gold", "plan_name": "Gold & more"}
SETUP: dict[str, Any] = {
    "services": [
        {"id": "3001", "provider_key": "client", "service_tokens": ["t/k"]},
        {"id": "3002", "provider_key": "client", "backend_version": "1", "service_tokens": ["ut"]},
        {"id": "3003", "provider_key": "client", "backend_version": "oauth", "service_tokens": ["ot"]},
    ],
    "metrics": [
        *({"service": service, "id": "m1", "name": "hits"} for service in ("3001", "3002", "3003")),
        {"service": "3001", "id": "m2", "name": "other_metric"},
    ],
    "limits": [
        {"service": "3001", "plan": "gold", "metric": "m1", "day": 5, "eternity": 50},
        {"service": "3002", "plan": "gold", "metric": "m1", "month": 10},
        {"service": "3003", "plan": "gold", "metric": "m1", "hour": 5},
    ],
    "applications": [
        {"service": "3001", "id": "app 1/b", "keys": ["k&1"], **_PLAN},
        {"service": "3001", "id": "node app", "keys": ["k1"], **_PLAN},
        {"service": "3002", "id": "u1", "user_keys": ["key 1"], **_PLAN},
        {"service": "3002", "id": "u2", "user_keys": ["node key"], **_PLAN},
        {"service": "3003", "id": "phone", **_PLAN},
        {"service": "3003", "id": "node phone", "redirect_url": _HOME, **_PLAN},
    ],
}
_OVER = "usage limits are exceeded"
_TODAY = ("2026-11-22 00:00:00 +0000", "2026-11-23 00:00:00 +0000")


@pytest.fixture
def world(runner: Runner) -> Iterator[Runner]:
    """The server with services of all three kinds, at noon of its held clock."""
    runner.hold(NOON)
    try:
        runner.set_up(SETUP)
        yield runner
    finally:
        runner.clear({"setup": SETUP, "steps": []})


def told_by(*command: str | Path, **variables: str) -> dict[str, Any]:
    """Run a program and read what it prints."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environment(**variables), check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("ThreeScalePY", "lxml"))), reason="ThreeScalePY is not installed"
)
def test_the_python_client_does_and_understands_everything_of_its_page(world: Runner) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: nobody is there
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
        told = told_by(sys.executable, PROGRAMS / "three_scale_py.py", world.wire.url, nobody)

    assert told == {
        "authrep": True,
        "authrep, all arguments": True,
        "authrep, too much": [409, _OVER],
        "authrep, wrong key": [409, 'application key "no" is invalid'],
        "authrep, unknown application": [404, 'application with id="boo" was not found'],
        "authrep, wrong token": [403, 'service token "no" or service id "3001" is invalid'],
        "authrep, unknown metric": [404, 'metric "bogus" is invalid'],
        "authrep, bad value": [403, 'usage value "x" for metric "hits" is invalid'],
        "authrep, end user": "ThreeScaleServerError",
        "authrep, by provider key": True,
        "authrep, no application": "ThreeScaleException",
        "authrep, user key": True,
        "authrep, wrong user key": [403, 'user key "no" is invalid'],
        "authrep, oauth": True,
        "authorize": [
            "Gold & more",
            ["hits", "eternity", None, None, "50", "3"],
            ["hits", "day", *_TODAY, "5", "3"],
        ],
        "authorize, too much": [409, _OVER, "Gold & more"],
        "authorize, wrong key": [409, "application key is missing", "Gold & more"],
        "authorize, unknown service": [403, 'service id "no" is invalid', None],
        "authorize, user key": [
            "Gold & more",
            ["hits", "month", "2026-11-01 00:00:00 +0000", "2026-12-01 00:00:00 +0000", "10", "1"],
        ],
        "authorize, wrong user key": [403, 'user key "no" is invalid', None],
        "report": True,
        "report, user keys": True,
        "report, by provider key": True,
        "report, unknown application": True,
        "report, wrong token": "ThreeScaleServerError",
        "report, nothing": "ThreeScaleServerError",
        "authorize, then report": [
            "Gold & more",
            True,
            [["hits", "eternity", None, None, "50", "5"], ["hits", "day", *_TODAY, "5", "5"]],
        ],
        "authorize, nobody there": "ThreeScaleConnectionError",
    }


@pytest.fixture
def npm_modules(request: pytest.FixtureRequest) -> Path:
    """Where the Node client is installed: between runs in pytest's cache."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node is not installed")
    assert request.config.cache is not None
    place = Path(request.config.cache.mkdir(NPM_PACKAGE.replace("@", "-")))
    modules = place / "node_modules"
    if not (modules / "3scale" / "package.json").is_file():
        command = (
            npm,
            "install",
            "--no-audit",
            "--no-fund",
            "--no-save",
            "--prefix",
            str(place),
            NPM_PACKAGE,
        )
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        if done.returncode:
            pytest.skip(f"{NPM_PACKAGE} cannot be installed: {done.stderr[-300:]}")
    return modules


def test_the_node_client_does_and_understands_everything_of_its_page(
    world: Runner, npm_modules: Path
) -> None:
    told = told_by(
        *(
            "node",
            "-r",
            PROGRAMS / "plain_http.js",
            PROGRAMS / "three_scale.js",
            world.wire.url.rpartition(":")[2],
        ),
        NODE_PATH=os.fspath(npm_modules),
    )

    def reports(used: int) -> list[list[str | None]]:
        return [["hits", "eternity", str(used), "50", None], ["hits", "day", str(used), "5", _TODAY[0]]]

    def month(used: int) -> list[str]:
        return ["hits", "month", str(used), "10", "2026-11-01 00:00:00 +0000"]

    def hour(used: int) -> list[str]:
        return ["hits", "hour", str(used), "5", "2026-11-22 12:00:00 +0000"]

    plan = "Gold & more"
    assert told == {
        "authrep": [200, plan, *reports(1)],
        "authrep, more": [200, plan, *reports(3)],
        "authrep, too much": [409, None, _OVER, plan, *reports(3)],
        "authrep, wrong key": [409, None, 'application key "no" is invalid', plan, *reports(3)],
        "authrep, unknown application": [
            404,
            "application_not_found",
            'application with id="boo" was not found',
        ],
        "authrep, wrong token": [
            403,
            "service_token_invalid",
            'service token "no" or service id "3001" is invalid',
        ],
        "authrep, bad value": [403, "usage_value_invalid", 'usage value "x" for metric "hits" is invalid'],
        "authrep, end user": [
            400,
            "end_users_no_longer_supported",
            "End-users are no longer supported, do not specify the user_id parameter",
        ],
        "authrep, by provider key": [200, plan, *reports(3)],
        "authrep_with_user_key": [200, plan, month(1)],
        "authrep_with_user_key, wrong": [403, "user_key_invalid", 'user key "no" is invalid'],
        "oauth_authrep": [200, plan, hour(4)],
        "oauth_authrep, too much": [409, None, _OVER, plan, hour(4)],
        "authorize": [200, plan, *reports(3)],
        "authorize, too much": [409, None, _OVER, plan, *reports(3)],
        "authorize, unknown metric": [404, "metric_invalid", 'metric "bogus" is invalid'],
        "authorize_with_user_key": [200, plan, month(1)],
        "authorize_with_user_key, wrong": [403, "user_key_invalid", 'user key "no" is invalid'],
        "oauth_authorize": [200, plan, hour(4)],
        "oauth_authorize, wrong redirect": [409, None, 'redirect_url "http://no" is invalid', plan, hour(4)],
        "oauth_authorize, not oauth": [409, None, "oauth is not enabled", plan, *reports(3)],
        "report": [202],
        "report, default service": [202],
        "report, user key": [202],
        "report, unknown service": [403, "service_id_invalid", 'service id "no" is invalid'],
        "report, tokens inside": [
            403,
            "provider_key_or_service_token_required",
            "Provider key or service token are required",
        ],
        "authorize, afterwards": [200, plan, *reports(5)],
    }
