"""The HTTP client for Grafana: sends a request, returns the response or a readable error."""

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from fructosa_service import __version__
from fructosa_service.errors import ServiceError, visible

from .access import GrafanaAccess
from .api_errors import CHECK_URL, redirect_error

NO_RESPONSE = (
    "no response from Grafana at {url} ({reason}); check that it runs, and the URL of --push"
)

_CONNECT_TIMEOUT_S = 5.0
# The largest dashboards of Grafana have a few MiB.
_MAX_BYTES = 16 * 1024 * 1024

T = TypeVar("T")


class GrafanaClient:
    """An HTTP client that sends requests to one Grafana over one connection."""

    def __init__(self, access: GrafanaAccess) -> None:
        self.access = access
        self._session = requests.Session()
        self._session.trust_env = False  # Ignore the proxies and passwords of the environment.
        self._session.verify = _trusted_cas(access.ca)

    def __enter__(self) -> "GrafanaClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        with_credentials: bool = True,
    ) -> tuple[int, Any]:
        """Send a request; return the status and the JSON of the response, None if it has none.

        Raises: ServiceError if there is no response, or if it is too large or redirects.
        """
        request = requests.Request(
            method,
            self.access.url + path,
            json=body,
            headers={"User-Agent": f"lmaster/{__version__}", "Accept": "application/json"},
            auth=_auth(self.access) if with_credentials else None,
        )
        status, location, content = self._within_timeout(lambda: self._send(request))
        if 300 <= status < 400:
            raise ServiceError(redirect_error(self.access.url, location))
        try:
            return status, json.loads(content)
        except (ValueError, RecursionError):
            return status, None

    def _send(self, request: requests.Request) -> tuple[int, str | None, bytes]:
        """Return the status, the header Location and the content of the response."""
        content = bytearray()
        with self._session.send(
            self._session.prepare_request(request),
            timeout=(_CONNECT_TIMEOUT_S, self.access.timeout_s),
            verify=self._session.verify,
            allow_redirects=False,
            stream=True,
        ) as response:
            for chunk in response.iter_content(65536):
                content += chunk
                if len(content) > _MAX_BYTES:
                    raise ServiceError(
                        f"{self.access.url} sent a response of more than {_MAX_BYTES} bytes; "
                        f"{CHECK_URL}"
                    )
            return response.status_code, response.headers.get("Location"), bytes(content)

    def _within_timeout(self, send: Callable[[], T]) -> T:
        """Return the result of *send*, unless it takes too long.

        A socket timeout starts again with each byte, and name resolution has no timeout. So run it
        in a thread, and abandon the thread after the timeout.
        """
        results: list[T] = []
        errors: list[Exception] = []

        def run() -> None:
            try:
                results.append(send())
            except Exception as error:  # noqa: BLE001 - raised again below
                errors.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(self.access.timeout_s)
        if errors:
            raise _readable(self.access.url, errors[0]) from errors[0]
        if not results:
            raise _readable(self.access.url, TimeoutError())
        return results[0]


def _readable(url: str, error: Exception) -> Exception:
    """Return a ServiceError for an error of the connection; return any other error unchanged."""
    if isinstance(error, ServiceError):
        return error
    if not isinstance(error, (requests.exceptions.RequestException, OSError, ValueError)):
        return error
    cause = _root_cause(error)
    reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    if isinstance(error, requests.exceptions.SSLError) or isinstance(cause, ssl.SSLError):
        return ServiceError(_tls_error(url, reason))
    if isinstance(cause, TimeoutError) or isinstance(error, requests.exceptions.Timeout):
        return ServiceError(f"{url} did not respond in time; check Grafana's log, and try again")
    return ServiceError(NO_RESPONSE.format(url=url, reason=visible(reason)))


def _root_cause(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


def _tls_error(url: str, reason: str) -> str:
    if "certificate" in reason.lower():
        return (
            f"the certificate of {url} is not trusted: {reason}; give its CA with --ca FILE, and "
            "with --push the host name that is in the certificate"
        )
    return f"the TLS handshake with {url} failed ({reason}); if it serves plain HTTP, use http://"


class _BearerAuth(AuthBase):
    """A token in the header Authorization."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _auth(access: GrafanaAccess) -> AuthBase | None:
    if access.token is not None:
        return _BearerAuth(access.token)
    if access.user is not None:
        return HTTPBasicAuth(access.user.encode(), access.password)
    return None


def _trusted_cas(ca: Path | None) -> str | bool:
    """Return the file or directory of trusted CA certificates; by default those of the system."""
    if ca is not None:
        return str(ca)
    system = ssl.get_default_verify_paths()
    return system.cafile or system.capath or True
