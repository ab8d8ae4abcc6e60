"""A client for the unix socket of a running lmaster, at which people ask for jobs."""

import http.client
import json
import socket
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fructosa_service.errors import ServiceError, UsageError, visible_path

NOT_RUNNING = "lmaster with [jobs] does not listen at {path} ({reason})"
NO_ANSWER = "lmaster at {path} does not answer: {reason}"
NOT_LMASTER = "what listens at {path} is not lmaster: {reason}; set its socket with --socket"
_TIMEOUT_S = 60.0


class NotRunningError(ServiceError):
    """Nothing listens at the socket."""


class UnknownJobError(ServiceError):
    """lmaster knows no such job, or none that this user may see."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(str(self._path))
        except OSError as error:
            raise NotRunningError(
                NOT_RUNNING.format(path=visible_path(self._path), reason=error.strerror or error)
            ) from error


class JobClient:
    """Asks the lmaster that listens at *path*."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def job(self, name: str) -> list[dict[str, Any]]:
        """Return the records of a job, one for each of its parts or tasks.

        Raises: UnknownJobError, UsageError if *name* is no job id, NotRunningError, ServiceError.
        """
        return self._get(f"/job/{quote(name, safe='')}")

    def jobs(self, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the records of jobs, the newest first.

        Raises: UsageError if lmaster refuses a parameter, NotRunningError, ServiceError.
        """
        return self._get(f"/jobs?{urlencode(parameters)}")

    def _get(self, target: str) -> list[dict[str, Any]]:
        connection = _Connection(self._path)
        try:
            connection.request("GET", target)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ServiceError(
                NO_ANSWER.format(path=visible_path(self._path), reason=reason)
            ) from error
        finally:
            connection.close()
        return self._records(response.status, text)

    def _records(self, status: int, text: str) -> list[dict[str, Any]]:
        message = text.strip()
        if status == HTTPStatus.NOT_FOUND:
            raise UnknownJobError(message)
        if status == HTTPStatus.BAD_REQUEST:
            raise UsageError(message)
        if status in (HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE):
            raise ServiceError(message)
        try:
            found = json.loads(text) if status == HTTPStatus.OK else None
        except ValueError:
            found = None
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            reason = f"its answer has the status {status}"
            raise ServiceError(NOT_LMASTER.format(path=visible_path(self._path), reason=reason))
        return found
