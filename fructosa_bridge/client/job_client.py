"""A client for the unix socket of a running lmaster, at which people ask for jobs."""

import http.client
import json
import re
import socket
import struct
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from fructosa_service.errors import ServiceError, UsageError, visible_path

from ..job_server.queries import SLURM_AGE
from .job_records import NO_RECORDS, checked
from .target_list import printable

NOT_RUNNING = "lmaster with [jobs] does not listen at {path}: {reason}"
NO_ANSWER = "lmaster at {path} does not answer: {reason}"
NOT_LMASTER = "what listens at {path} is not lmaster: {reason}; set its socket with --socket"
BUSY = "too many ask at the same time; try again"
TOO_LONG = "its answer is longer than {limit} bytes; ask for fewer jobs"
CUT_OFF = "it exited while it answered"
FAILED = "it failed to answer; see its log"
_AGE = re.compile("[0-9]{1,12}")
_TIMEOUT_S = 60.0
# How long to wait while others ask, so many that lmaster has not accepted all of them.
_ACCEPT_S = 10.0
_TIMEVAL = struct.Struct("@ll")  # seconds and microseconds
_MOST_BYTES = 2**28
_MOST_OF_MESSAGE = 1000


class JobAnswer(NamedTuple):
    """Records of jobs; how long ago Slurm was read; and of an archive when it was written last.

    *written_s* is None if a running lmaster has answered.
    """

    records: list[dict[str, Any]]
    slurm_age_s: float | None = None
    written_s: float | None = None


class NotRunningError(ServiceError):
    """Nothing listens at the socket."""


class UnknownJobError(ServiceError):
    """lmaster knows no such job, or none that this user may see."""


_ERRORS: Mapping[int, type[Exception]] = {
    HTTPStatus.NOT_FOUND: UnknownJobError,
    HTTPStatus.BAD_REQUEST: UsageError,
    HTTPStatus.FORBIDDEN: ServiceError,
    HTTPStatus.TOO_MANY_REQUESTS: ServiceError,
    HTTPStatus.SERVICE_UNAVAILABLE: ServiceError,
}


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # In the kernel, in the order in which they came, many can wait until lmaster accepts them.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(_ACCEPT_S))
        try:
            self.sock.connect(str(self._path))
            self.sock.settimeout(self.timeout)
        except BlockingIOError:
            raise _no_answer(self._path, BUSY) from None
        except OSError as error:
            raise NotRunningError(
                NOT_RUNNING.format(path=visible_path(self._path), reason=error.strerror or error)
            ) from error


def _timeval(seconds: float) -> bytes:
    return _TIMEVAL.pack(int(seconds), int(seconds % 1 * 1e6))


class JobClient:
    """Asks the lmaster that listens at *path*."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def job(self, name: str, *, every_run: bool = False) -> JobAnswer:
        """Return the records of a job, one for each of its parts or tasks, or one for each run.

        Raises: UnknownJobError, UsageError if *name* is no job id, NotRunningError, ServiceError.
        """
        query = "?runs=all" if every_run else ""
        return self._get(f"/job/{quote(name, safe='', errors='replace')}{query}")

    def jobs(self, parameters: Mapping[str, str]) -> JobAnswer:
        """Return the records of jobs, the newest first.

        Raises: UsageError if lmaster refuses a parameter, NotRunningError, ServiceError.
        """
        # What is not valid Unicode is compared as the archive has it.
        return self._get(f"/jobs?{urlencode(parameters, errors='replace', safe=',')}")

    def _get(self, target: str) -> JobAnswer:
        connection = _Connection(self._path)
        try:
            connection.request("GET", target)
            response = connection.getresponse()
            content = response.read(_MOST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise _no_answer(self._path, printable(reason).strip()) from error
        finally:
            connection.close()
        if len(content) > _MOST_BYTES:
            raise _no_answer(self._path, TOO_LONG.format(limit=_MOST_BYTES))
        if response.length:
            raise _no_answer(self._path, CUT_OFF)
        text = content.decode("utf-8", "replace")
        if response.status != HTTPStatus.OK:
            raise self._error(response.status, response.headers.get_content_type(), text)
        try:
            age = response.headers.get(SLURM_AGE, "")
            return JobAnswer(checked(json.loads(text)), _seconds(age))
        except (ValueError, RecursionError):
            raise self._not_lmaster(NO_RECORDS) from None

    def _error(self, status: int, content_type: str, text: str) -> Exception:
        """Return the error that an answer without records stands for, with its message."""
        kind = _ERRORS.get(status)
        if kind is not None and content_type == "text/plain":
            return kind(printable(text.strip()[:_MOST_OF_MESSAGE]))
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return _no_answer(self._path, FAILED)
        return self._not_lmaster(f"its answer has the status {status}")

    def _not_lmaster(self, reason: str) -> ServiceError:
        return ServiceError(NOT_LMASTER.format(path=visible_path(self._path), reason=reason))


def _seconds(text: str) -> float | None:
    return float(text) if _AGE.fullmatch(text) else None


def _no_answer(path: Path, reason: str) -> ServiceError:
    return ServiceError(NO_ANSWER.format(path=visible_path(path), reason=reason))
