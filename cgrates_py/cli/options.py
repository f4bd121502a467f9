"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE.toml", help="Settings; the environment and options win."),
]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Directory of the embedded store.  [./cgrates-data]")
]
RedisUrl = Annotated[
    str | None,
    typer.Option("--redis-url", help="Redis ≥ 7 or Valkey ≥ 8 to use instead of the embedded store."),
]
TestClock = Annotated[
    bool | None,
    typer.Option("--test-clock", help="Let POST /test/clock set and hold the time. For tests only."),
]
AdminPort = Annotated[
    int | None,
    typer.Option(help="Port of the administration alone (0: a free one).  \\[on the HTTP port]"),
]
RequireKeys = Annotated[
    bool | None,
    typer.Option("--require-keys", help="Ask for API keys even while there is none."),
]
LogJson = Annotated[bool | None, typer.Option("--log-json", help="Log one JSON object a line.")]
