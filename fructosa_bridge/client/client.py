"""A client for the pages of a running lmaster, for commands."""

import argparse
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth

from fructosa_service import __version__, cli
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import FileError, ServiceError, UsageError, visible
from fructosa_service.web import secret_files
from fructosa_service.web.settings import WebSettings

from ..config.settings import DEFAULT_FILE, MasterSettings, read_config

_CONNECT_TIMEOUT_S = 5.0
# Long, as a reload may run other programs to resolve groups of nodes.
_RESPONSE_TIMEOUT_S = 60.0
_TIMEOUTS_S = (_CONNECT_TIMEOUT_S, _RESPONSE_TIMEOUT_S)
# A server that listens on all addresses is reached through the loopback address.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a client does not listen
_INVALID_URL = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
NOT_LMASTER = "{url} is not an lmaster: {reason}; set the URL of lmaster with --url"
WRONG_STATUS = "the status of {path} is {status}"


class _Zones(HTTPAdapter):
    """Connects to an address with a zone, [fe80::1%eth0], which requests would escape."""

    def get_connection_with_tls_context(self, request: Any, *more: Any, **named: Any) -> Any:
        pool = super().get_connection_with_tls_context(request, *more, **named)
        pool.host = unquote(pool.host)
        return pool


def host_header(url: str) -> dict[str, str]:
    """Return the header Host for a *url* whose address has a zone, without that."""
    place = urlsplit(url).netloc.rpartition("@")[2]
    before, zone, after = place.partition("%")
    return {"Host": f"{before}]{after.partition(']')[2]}"} if zone else {}


class CannotConnectError(ServiceError):
    """Nothing listens where lmaster should."""


@dataclass(frozen=True)
class PostResult:
    """The response to a POST; *ok* if the request was carried out."""

    ok: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class MasterClient:
    """A client for the lmaster at *url*; *ca* is the CA of its certificate.

    *timeouts_s* are how long it waits for a connection, and for the next part of a response.
    """

    url: str
    ca: Path | None = None
    user: str | None = None
    password: str = ""
    timeouts_s: tuple[float, float] = _TIMEOUTS_S

    def get(self, path: str) -> str:
        """Return the text of a page.

        Raises: ServiceError if lmaster does not respond, or if it is another server.
        """
        response = self._request("GET", path)
        if response.status_code != requests.codes.ok:
            raise ServiceError(self._problem(path, response))
        return response.text

    def post(self, path: str) -> PostResult:
        """Send a POST request, to which lmaster responds with text, and with 400 if it refuses.

        Raises: ServiceError if lmaster does not respond, or if it is another server.
        """
        response = self._request("POST", path)
        is_refused = response.status_code == requests.codes.bad_request
        if not is_refused and response.status_code != requests.codes.ok:
            raise ServiceError(self._problem(path, response))
        if not response.headers.get("Content-Type", "").startswith("text/plain"):
            raise ServiceError(self.not_lmaster(f"the response to {path} is not plain text"))
        return PostResult(not is_refused, response.text)

    def not_lmaster(self, reason: str) -> str:
        """Return the message for a response that lmaster would not give."""
        return NOT_LMASTER.format(url=self.url, reason=reason)

    def _request(self, method: str, path: str) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False  # proxies are for servers outside the cluster
            session.mount("http://", _Zones())
            session.mount("https://", _Zones())
            try:
                return session.request(
                    method,
                    self.url.rstrip("/") + path,
                    headers={"User-Agent": f"lmaster/{__version__}", **host_header(self.url)},
                    auth=self._auth(),
                    verify=self._verify(),
                    timeout=self.timeouts_s,
                    allow_redirects=False,
                )
            except requests.exceptions.SSLError as error:
                raise ServiceError(self._tls_problem(error)) from error
            except requests.exceptions.Timeout as error:
                raise ServiceError(
                    f"{self.url} does not respond in time; see the log of lmaster"
                ) from error
            except _INVALID_URL as error:
                raise UsageError(
                    f"{self.url} is not a valid URL; write e.g. http://localhost:9889"
                ) from error
            except (requests.exceptions.RequestException, OSError) as error:
                raise CannotConnectError(
                    f"cannot connect to lmaster at {self.url}: {_root_cause(error)}; start it, or "
                    "set its URL with --url, or its configuration file with -c"
                ) from error

    def _auth(self) -> HTTPBasicAuth | None:
        if self.user is None:
            return None
        return HTTPBasicAuth(self.user.encode(), self.password.encode())

    def _verify(self) -> str | bool:
        """Return the file or directory of trusted CAs: the system's, unless there is a *ca*."""
        if self.ca is not None:
            if not self.ca.exists():
                raise UsageError(
                    f"--ca {self.ca} does not exist; give the file of the CA's certificate"
                )
            return str(self.ca)
        system = ssl.get_default_verify_paths()
        return system.cafile or system.capath or True

    def _tls_problem(self, error: Exception) -> str:
        reason = _root_cause(error)
        if "certificate" in reason.lower():
            return (
                f"the certificate of {self.url} is not trusted: {reason}; give its CA with --ca "
                "FILE, and in --url a host name that the certificate has"
            )
        return f"the TLS handshake with {self.url} failed: {reason}; is it http://, not https://?"

    def _problem(self, path: str, response: requests.Response) -> str:
        status = response.status_code
        if status == requests.codes.unauthorized:
            return f"{self.url} requires a user; give --user NAME --password-file FILE"
        if status == requests.codes.forbidden:
            reason = visible(" ".join(response.text.split()))
            return f"{self.url} does not allow {path}: {reason or 'try another --user'}"
        return self.not_lmaster(WRONG_STATUS.format(path=path, status=status))


def from_arguments(arguments: argparse.Namespace) -> MasterClient:
    """Return a client for the lmaster of the command line, or else of the configuration.

    Raises: UsageError if its URL is unknown, or for a user without a password.
    """
    if (arguments.user is None) != (arguments.password_file is None):
        raise UsageError("--user and --password-file belong together; give both, or neither")
    password = "" if arguments.user is None else _read_password(arguments.password_file)
    url = arguments.url
    if url is None:
        config = read_config(cli.chosen_config(arguments.config, DEFAULT_FILE))
        url = configured_url(config.master, config.web)
    return MasterClient(url=url, ca=arguments.ca, user=arguments.user, password=password)


def configured_url(master: MasterSettings, web: WebSettings) -> str:
    """Return the URL of the lmaster that runs with a configuration on this machine.

    Raises: UsageError if it has no fixed port.
    """
    endpoint = web.endpoints(master.host, master.port)[0]
    if endpoint.port == 0:
        raise UsageError("port = 0 lets lmaster choose its port; give its URL with --url")
    host = _LOOPBACK.get(endpoint.host, endpoint.host)
    return f"{web.scheme}://{Endpoint(host, endpoint.port)}"


def _read_password(path: Path) -> str:
    try:
        return secret_files.one_line(path, "--password-file").decode()
    except UnicodeDecodeError as error:
        raise FileError(f"--password-file {path}: is not UTF-8; save it as UTF-8") from error


def _root_cause(error: BaseException) -> str:
    """Return the reason at the end of a chain of exceptions."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
