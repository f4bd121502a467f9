"""Reads the settings of a command."""

from pathlib import Path
from typing import Any

from cgrates_py import settings
from cgrates_py.cli import USAGE, CommandError


def load_settings(config: Path | None, **given: Any) -> settings.Settings:
    """Read the settings under the options given. Raises CommandError (usage) if one is bad."""
    try:
        return settings.load(config, **given)
    except settings.SettingsError as error:
        raise CommandError(str(error), USAGE) from None
