"""Imports point one way, and the checker that says so can say otherwise."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("rater", "protocol", "storage", "balancer", "cgrates_py", "stress")


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--config", str(root / "pyproject.toml"), "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_point_one_way() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("rater/rating.py", "import storage.keys"),
        ("protocol/errors.py", "import rater.quantity"),
        ("balancer/pool.py", "import rater.quantity"),
        ("storage/keys.py", "import protocol.errors"),
        ("cgrates_py/address.py", "import stress.figures"),
        ("cgrates_py/oracle/pricing.py", "import rater.rate"),
    ],
)
def test_an_import_the_other_way_is_found(module: str, line: str, tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("*.so", "__pycache__", "demo")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    source = tmp_path / module
    source.write_text(f"{source.read_text()}\n{line}\n")
    result = lint(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "BROKEN" in result.stdout
