"""The log events of the library; the only module that knows structlog.

Where the application configured structlog, its processors are used; else events go to the standard library's
logging under the name `persistence`, which shows nothing until the application configures it. An application
that configures structlog has imported it; where nobody has, it is not imported here either, since that takes
longer than all else that this package imports. Event names are
`noun.verb_past`. Events carry entity types, table names, counts, durations and codes: never keys or values.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, Protocol

LOGGER_NAME = "persistence"

logging.getLogger(LOGGER_NAME).addHandler(logging.NullHandler())


class EventLog(Protocol):
    """What the library writes its events to; a structlog logger is one."""

    def debug(self, event: str, **data: Any) -> Any:
        """Record an event of everyday work."""

    def info(self, event: str, **data: Any) -> Any:
        """Record an event that operators want to see."""

    def warning(self, event: str, **data: Any) -> Any:
        """Record an event that somebody should look at."""


class _StandardLogging:
    """Write events as `event key=value ...` lines to the standard library's logging."""

    def __init__(self) -> None:
        self._logger = logging.getLogger(LOGGER_NAME)

    def hears(self, level: int) -> bool:
        """Tell whether anybody listens to events of a level."""
        return self._logger.isEnabledFor(level)

    def debug(self, event: str, **data: Any) -> None:
        self._write(logging.DEBUG, event, data)

    def info(self, event: str, **data: Any) -> None:
        self._write(logging.INFO, event, data)

    def warning(self, event: str, **data: Any) -> None:
        self._write(logging.WARNING, event, data)

    def _write(self, level: int, event: str, data: dict[str, Any]) -> None:
        if self._logger.isEnabledFor(level):
            text = " ".join(f"{name}={value!r}" for name, value in data.items())
            self._logger.log(level, "%s", f"{event} {text}".rstrip())


def event_log() -> EventLog:
    """Give the log for the application's present configuration; ask once per unit of work, not per event."""
    structlog = sys.modules.get("structlog")
    if structlog is not None and structlog.is_configured():
        log: EventLog = structlog.get_logger(LOGGER_NAME)
        return log
    return _STANDARD


def is_heard(log: EventLog, level: int) -> bool:
    """Tell whether an event may be seen by anybody, so that its data is worth collecting.

    Args:
        log: what `event_log` gave.
        level: a level of the standard library's logging.
    """
    return log is not _STANDARD or _STANDARD.hears(level)


_STANDARD = _StandardLogging()
