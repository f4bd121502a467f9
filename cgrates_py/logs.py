"""Logs to stderr: key and value, for eyes or as JSON. Single requests are never logged."""

import logging
import os
import sys
from typing import Any

import structlog

from cgrates_py.settings import Settings

_TRACEBACKS = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
"""Locals of a frame can hold secrets."""


def configure(settings: Settings, process: str) -> None:
    """Set up the logs of this process; every line carries its name and id."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shown: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.log_json:
        shown += [
            structlog.processors.ExceptionRenderer(_TRACEBACKS),
            structlog.processors.JSONRenderer(sort_keys=True),
        ]
    else:
        # plain tracebacks: the pretty ones print local variables, and with them secrets
        plain = structlog.dev.plain_traceback
        shown.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain))
    structlog.configure(
        processors=shown,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process, pid=os.getpid())
    logging.basicConfig(handlers=[_Forward()], level=max(level, logging.WARNING), force=True)
    logging.getLogger("balancer").setLevel(level)  # ours, though it logs as a library does


class _Forward(logging.Handler):
    """Passes what libraries log to the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(library=record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)
