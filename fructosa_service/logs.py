"""The log of a daemon: a rotating file if one is configured, otherwise standard error or syslog."""

import logging
import logging.handlers
import os
import sys
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from .config.kinds import choice, optional, whole
from .config.path_kind import PATH
from .config.settings import SectionType, option
from .errors import ServiceError, without_secrets
from .untrusted.files import open_to_append
from .untrusted.log_text import indented, one_line

LOGS_TO = "it logs to {path}"

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_SYSLOG_FORMAT = "%(levelname)s %(name)s: %(message)s"
SYSLOG = Path("/dev/log")
CANNOT_WRITE = (
    "cannot write the log, %s: %s; messages may be missing from it; free disk space there"
)
STAYS_IN_OLD_FILE = (
    "%s was renamed or removed, and the new file cannot be opened: %s; messages stay in the old one"
)


@dataclass(frozen=True, kw_only=True)
class LoggingSettings:
    """Where log messages go, which of them, and when files are rotated."""

    filename: Path | None = option(
        optional(PATH),
        None,
        "The log file. If unset, messages go to standard error, or to syslog from a daemon in the "
        "background. It is opened again after it was renamed or removed, as by logrotate.",
    )
    max_bytes: int = option(
        whole("bytes", example="1073741824"),
        1073741824,
        "Size at which the file is rotated; 0 disables rotation.",
        key="maxBytes",
    )
    backup_count: int = option(
        # Each rotation renames all of them, one by one.
        whole("files", at_most=10_000),
        10,
        "Number of rotated files to keep.",
        key="backupCount",
    )
    level: str = option(
        choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        "INFO",
        "Messages below this level are not logged.",
    )


LOGGING = SectionType(name="logging", help="The log, as in FrUCToSA 0.x.", settings=LoggingSettings)


def open_log(
    settings: LoggingSettings, syslog_as: str | None = None, syslog: Path = SYSLOG
) -> None:
    """Send the log messages of this process where *settings* say.

    *syslog_as* is the name for syslog of a daemon in the background, which has no standard error.

    Raises: ServiceError if the file can't be written.
    """
    if settings.filename is None and syslog_as is not None:
        handler = _syslog(syslog_as, syslog)
    else:
        handler = _handler(settings)
        handler.setFormatter(LineFormatter(_FORMAT))
    logging.basicConfig(level=settings.level, handlers=[handler], force=True)


def reopen_log() -> None:
    """Open the log file again if its name is that of another file by now, as logrotate asks."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _LogFile):
            handler.follow_name()


def log_location(settings: LoggingSettings, syslog: Path = SYSLOG) -> str:
    """Return in words where a daemon in the background logs to."""
    if settings.filename is not None:
        return LOGS_TO.format(path=settings.filename)
    if syslog.exists():
        return "it logs to syslog, because [logging] filename is not set"
    return (
        "its log is lost, as this machine has no syslog; set [logging] filename in a configuration "
        "file, and give that with -c"
    )


class LineFormatter(logging.Formatter):
    """Formats a message as one line of bounded length, whatever others have put into it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line of a message."""
        record.message = one_line(without_secrets(record.message))
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """Return the lines of a traceback, which cannot be taken for messages."""
        return indented(without_secrets(super().formatException(ei)))


class _LogFile(logging.handlers.RotatingFileHandler):
    """A rotating file, which is opened again if its name is that of another file by now."""

    _is_in_old_file = False
    _failures = 0  # messages since it could be written last

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message to the file of that name."""
        self.follow_name()
        before = self._failures
        super().emit(record)
        if self._failures == before:
            self._failures = 0

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say once on standard error that the disk refuses messages: no traceback for each."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):  # a bug
            super().handleError(record)
            return
        self._failures += 1
        if self._failures == 1:
            args = (self.baseFilename, error.strerror)
            text = logging.LogRecord("log", logging.ERROR, "", 0, CANNOT_WRITE, args, None)
            logging.StreamHandler().handle(text)

    def follow_name(self) -> None:
        """Open the file of that name if it is another one."""
        self.acquire()
        try:
            if self.stream is not None and self._was_replaced(self.stream):
                self._reopen(self.stream)
        finally:
            self.release()

    def _open(self) -> TextIOWrapper:
        fd = open_to_append(Path(self.baseFilename))
        return os.fdopen(fd, "a", encoding=self.encoding, errors=self.errors)

    def _was_replaced(self, stream: TextIOWrapper) -> bool:
        try:
            named = Path(self.baseFilename).stat()
        except FileNotFoundError:
            return True
        except OSError:  # the folder cannot be read, but the file is open
            return False
        return not os.path.samestat(named, os.fstat(stream.fileno()))

    def _reopen(self, stream: TextIOWrapper) -> None:
        try:
            self.stream = self._open()
        except OSError as error:
            if not self._is_in_old_file:
                self._is_in_old_file = True
                args = (self.baseFilename, error.strerror)
                text = logging.LogRecord("log", logging.ERROR, "", 0, STAYS_IN_OLD_FILE, args, None)
                super().emit(text)
            return
        self._is_in_old_file = False
        stream.close()


class _Syslog(logging.handlers.SysLogHandler):
    """Syslog, to which each message connects again if it was down."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Drop the message: there is nowhere else to report it."""


def _syslog(name: str, address: Path) -> logging.Handler:
    handler = _Syslog(str(address), facility=logging.handlers.SysLogHandler.LOG_DAEMON)
    handler.ident = f"{name}[{os.getpid()}]: "
    handler.setFormatter(LineFormatter(_SYSLOG_FORMAT))
    return handler


def _handler(settings: LoggingSettings) -> logging.Handler:
    if settings.filename is None:
        return logging.StreamHandler(sys.stderr)
    try:
        return _LogFile(
            settings.filename,
            maxBytes=settings.max_bytes,
            backupCount=settings.backup_count,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except OSError as error:
        raise ServiceError(
            f"the log file {settings.filename} cannot be written: {error.strerror}; "
            "change [logging] filename, or the permissions of the directory"
        ) from error
