"""The log of a daemon: a rotating file where one is configured, else standard error."""

import logging
import logging.handlers
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from .config.kinds import choice, optional, whole
from .config.path_kind import PATH
from .config.settings import SectionType, option
from .errors import ServiceError

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_SYSLOG_FORMAT = "%(levelname)s %(name)s: %(message)s"
SYSLOG = Path("/dev/log")


@dataclass(frozen=True, kw_only=True)
class LoggingSettings:
    """Where the log goes, and how much of it is kept."""

    filename: Path | None = option(
        optional(PATH),
        None,
        "The log file; without it the log goes to standard error, or to syslog from a daemon in "
        "the background.",
    )
    max_bytes: int = option(
        whole("bytes", example="1073741824"),
        1073741824,
        "Size at which the file is rotated; 0 never rotates it.",
        key="maxBytes",
    )
    backup_count: int = option(
        # Every rotation renames them all, one by one.
        whole("files", at_most=10_000),
        10,
        "How many rotated files are kept.",
        key="backupCount",
    )
    level: str = option(
        choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        "INFO",
        "Messages below this level are not written.",
    )


LOGGING = SectionType(name="logging", help="The log, as in FrUCToSA 0.x.", settings=LoggingSettings)


def open_log(
    settings: LoggingSettings, syslog_as: str | None = None, syslog: Path = SYSLOG
) -> None:
    """Send the log of this process where *settings* say.

    A daemon in the background has no standard error: *syslog_as* is its name in the system's log.

    Raises: ServiceError when the file can't be written.
    """
    if settings.filename is None and syslog_as is not None:
        handler = _syslog(syslog_as, syslog)
    else:
        handler = _handler(settings)
        handler.setFormatter(logging.Formatter(_FORMAT))
    logging.basicConfig(level=settings.level, handlers=[handler], force=True)


def place_of_daemon(settings: LoggingSettings, syslog: Path = SYSLOG) -> str:
    """Return in words where the log of a daemon in the background goes."""
    if settings.filename is not None:
        return f"its log: {settings.filename}"
    if syslog.exists():
        return "its log goes to syslog, as there is no [logging] filename"
    return "its log goes nowhere: set [logging] filename, as there is no syslog here either"


class _Syslog(logging.handlers.SysLogHandler):
    """Syslog that may be away, and come back: it is tried again with each message."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Lose the message: there is nobody left to be told."""


def _syslog(name: str, place: Path) -> logging.Handler:
    handler = _Syslog(str(place), facility=logging.handlers.SysLogHandler.LOG_DAEMON)
    handler.ident = f"{name}[{os.getpid()}]: "
    handler.setFormatter(logging.Formatter(_SYSLOG_FORMAT))
    return handler


def _handler(settings: LoggingSettings) -> logging.Handler:
    if settings.filename is None:
        return logging.StreamHandler(sys.stderr)
    try:
        return logging.handlers.RotatingFileHandler(
            settings.filename,
            maxBytes=settings.max_bytes,
            backupCount=settings.backup_count,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except OSError as error:
        raise ServiceError(
            f"the log file {settings.filename} can't be written: {error.strerror}; "
            "change [logging] filename, or the folder's permissions"
        ) from error
