"""Certificates as an operator makes them: with openssl."""

import subprocess
from pathlib import Path

import pytest


def self_signed(folder: Path, name: str) -> tuple[str, str]:
    """Make a certificate of its own for 127.0.0.1; tell the files of it and of its key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    _openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"),
        *("-keyout", str(key), "-out", str(cert)),
    )
    return str(cert), str(key)


def _openssl(*arguments: str) -> None:
    try:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("there is no openssl on this machine")
