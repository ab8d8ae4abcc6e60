"""The edge to a Grafana that runs: one question to its HTTP API."""

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from fructosa_service import __version__
from fructosa_service.errors import ServiceError, UsageError, visible
from fructosa_service.web import secret_files

from .api_errors import NO_GRAFANA, moved
from .base_url import address

_CONNECT_S = 5.0
# Grafana's largest dashboards have some MiB.
_MOST_BYTES = 16 * 1024 * 1024

T = TypeVar("T")
Model = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a Grafana is, and how it is asked; *answer_s* is its time for one answer."""

    url: str
    ca: Path | None = None
    token: str | None = field(default=None, repr=False)
    user: str | None = None
    password: bytes = field(default=b"", repr=False)
    answer_s: float = 60.0

    @property
    def who(self) -> str | None:
        """The option that says who asks."""
        if self.token is not None:
            return "--token-file"
        return None if self.user is None else "--user"


def place(
    url: str,
    *,
    ca: Path | None = None,
    token_file: Path | None = None,
    user: str | None = None,
    password_file: Path | None = None,
) -> Place:
    """Return the place that a command line names.

    Raises: UsageError with the option that can't be used.
    """
    if (user is None) != (password_file is None):
        raise UsageError("--user and --password-file go together; give both, or neither")
    if user is not None and token_file is not None:
        raise UsageError("--token-file says who asks, and so does --user; give one of them")
    if ca is not None:
        _check_authorities(ca)
    return Place(
        url=address(url, "--push"),
        ca=ca,
        token=None if token_file is None else secret_files.token(token_file, "--token-file"),
        user=user,
        password=secret_files.one_line(password_file, "--password-file") if password_file else b"",
    )


class Api:
    """Questions to a Grafana, over one connection."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._session = requests.Session()
        self._session.trust_env = False  # its proxies and passwords are for the world outside
        self._session.verify = _authorities(place.ca)

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def ask(
        self, method: str, path: str, body: Model | None = None, is_known: bool = True
    ) -> tuple[int, Any]:
        """Return the status of an answer, and what its JSON says, None where it has none.

        Unless *is_known*, it isn't told who asks.

        Raises: ServiceError when no answer comes, or one that is too much, or sends elsewhere.
        """
        url = self.place.url
        request = requests.Request(
            method,
            url + path,
            json=body,
            headers={"User-Agent": f"lmaster/{__version__}", "Accept": "application/json"},
            auth=_auth(self.place) if is_known else None,
        )
        status, elsewhere, content = self._within(lambda: self._answer(request))
        if 300 <= status < 400:
            raise ServiceError(moved(url, elsewhere))
        try:
            return status, json.loads(content)
        except (ValueError, RecursionError):
            return status, None

    def _answer(self, request: requests.Request) -> tuple[int, str | None, bytes]:
        """Return the status, the header Location and the content of an answer."""
        content = bytearray()
        with self._session.send(
            self._session.prepare_request(request),
            timeout=(_CONNECT_S, self.place.answer_s),
            verify=self._session.verify,
            allow_redirects=False,
            stream=True,
        ) as answer:
            for chunk in answer.iter_content(65536):
                content += chunk
                if len(content) > _MOST_BYTES:
                    raise ServiceError(
                        f"{self.place.url} answers with more than {_MOST_BYTES} bytes; {NO_GRAFANA}"
                    )
            return answer.status_code, answer.headers.get("Location"), bytes(content)

    def _within(self, ask: Callable[[], T]) -> T:
        """Return what *ask* does, unless it takes too long.

        A time limit of a socket begins anew with each byte, and to look up a name has none; so
        it's done in a thread, which is left alone when time is up.
        """
        done: list[T] = []
        failed: list[Exception] = []

        def run() -> None:
            try:
                done.append(ask())
            except Exception as error:  # noqa: BLE001 - raised again below
                failed.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(self.place.answer_s)
        if failed:
            raise _told(self.place.url, failed[0]) from failed[0]
        if not done:
            raise _told(self.place.url, TimeoutError())
        return done[0]


def _told(url: str, error: Exception) -> Exception:
    """Return a failure in words for the person who pushes."""
    if isinstance(error, ServiceError):
        return error
    if not isinstance(error, (requests.exceptions.RequestException, OSError, ValueError)):
        return error
    reason = _innermost(error)
    why = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    if isinstance(error, requests.exceptions.SSLError) or isinstance(reason, ssl.SSLError):
        return ServiceError(_untrusted(url, why))
    if isinstance(reason, TimeoutError) or isinstance(error, requests.exceptions.Timeout):
        return ServiceError(f"{url} does not answer in time; see Grafana's log, and try again")
    return ServiceError(
        f"no Grafana answers on {url} ({visible(why)}); start it, or give its address with --push"
    )


def _innermost(error: BaseException) -> BaseException:
    """Return the reason at the bottom of a chain of errors."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


def _untrusted(url: str, why: str) -> str:
    if "certificate" in why.lower():
        return (
            f"the certificate of {url} is not trusted: {why}; name its authority with --ca FILE, "
            "and the host as it stands in the certificate with --push"
        )
    return f"{url} speaks no TLS that is understood here ({why}); is it http:// ?"


class _Bearer(AuthBase):
    """A token in the header Authorization."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _auth(place: Place) -> AuthBase | None:
    if place.token is not None:
        return _Bearer(place.token)
    if place.user is not None:
        return HTTPBasicAuth(place.user.encode(), place.password)
    return None


def _authorities(ca: Path | None) -> str | bool:
    """Return the file or folder of the authorities that are trusted; the system's without *ca*."""
    if ca is not None:
        return str(ca)
    system = ssl.get_default_verify_paths()
    return system.cafile or system.capath or True


def _check_authorities(ca: Path) -> None:
    """Raise UsageError unless *ca* is a file, or a folder of files, of certificates (PEM)."""
    if ca.is_dir():
        return
    if b"CERTIFICATE-----" not in secret_files.content(ca, "--ca"):
        raise UsageError(f"--ca {ca}: holds no certificate; give a PEM file that does")
    try:
        ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise UsageError(f"--ca {ca}: can't be used; give a whole PEM file") from error
