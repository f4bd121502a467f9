"""The secret that a balancer and its raters share: a setting, or a file of the data directory."""

import os
import secrets
from pathlib import Path

from cgrates_py.settings import Settings

FILE = "secret"
_BYTES = 32


class SecretError(Exception):
    """The file of the secret cannot be read or made. The text says which and why."""


def shared_secret(settings: Settings) -> str:
    """Tell the secret of these settings; without one, read the data directory's file or make it.

    The file is readable by its owner alone. Raises SecretError.
    """
    given = settings.secret.get_secret_value()
    if given:
        return given
    path = settings.data_dir / FILE
    try:
        found = _read(path)
        if found is None:
            settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = _make(path) or _read(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"cannot read or make {path}: {error}") from None
    if not found:
        raise SecretError(f"{path} is empty: remove it, and a new secret is made")
    return found


def known_secret(settings: Settings) -> str:
    """Tell the secret of these settings, empty if there is none. Raises SecretError."""
    given = settings.secret.get_secret_value()
    path = settings.data_dir / FILE
    try:
        return given or _read(path) or ""
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"cannot read {path}: {error}") from None


def _read(path: Path) -> str | None:
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        return None


def _make(path: Path) -> str | None:
    """Make the file with a new secret, whole or not at all; None if it is there already."""
    draft = path.with_name(f".{FILE}.{os.getpid()}")
    made = secrets.token_hex(_BYTES)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(made + "\n")
    try:
        path.hardlink_to(draft)  # fails if another process made it meanwhile
    except FileExistsError:
        return None
    finally:
        draft.unlink()
    return made
