"""The edge to an lmaster that runs: one question to its pages."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import requests
from requests.auth import HTTPBasicAuth

from fructosa_service import __version__
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import ServiceError, UsageError, visible
from fructosa_service.web import secret_files
from fructosa_service.web.settings import WebSettings

from ..config.settings import MasterSettings

_CONNECT_S = 5.0
# A reload unfolds groups, for which other programs are asked.
_ANSWER_S = 60.0
# What listens on all addresses is asked on this machine's own.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked, not listened on
_NO_URL = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
_NO_LMASTER = "is this an lmaster's address? give the right one with --url"


@dataclass(frozen=True, kw_only=True)
class MasterAddress:
    """Where an lmaster is, and how it is asked."""

    url: str
    ca: Path | None = None
    user: str | None = None
    password: str = ""


@dataclass(frozen=True)
class PostResult:
    """What it said: *ok* when it did what was asked."""

    ok: bool
    text: str


def own_url(master: MasterSettings, web: WebSettings) -> str:
    """Return where the pages are of the lmaster that a configuration is for.

    Raises: UsageError when it says not where.
    """
    here = web.listen[0] if web.listen else Endpoint(master.host, master.port)
    host = _LOOPBACK.get(here.host, here.host)
    port = master.port if here.port is None else here.port
    if port == 0:
        raise UsageError("lmaster takes a free port (port = 0); say where it is with --url")
    return f"{'http' if web.tls() is None else 'https'}://{Endpoint(host, port)}"


def password(path: Path) -> str:
    """Return the one line of a file.

    Raises: UsageError when it can't be read, or is something else.
    """
    try:
        return secret_files.one_line(path, "--password-file").decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"--password-file {path}: is no text in UTF-8; write it anew") from error


def get(place: MasterAddress, path: str) -> str:
    """Return what a page says.

    Raises: ServiceError when nobody answers, or nobody who is an lmaster.
    """
    answer = _asked(place, "GET", path)
    if answer.status_code != requests.codes.ok:
        raise ServiceError(_refusal(place, path, answer))
    return answer.text


def post(place: MasterAddress, path: str) -> PostResult:
    """Ask for something to be done; it is refused with 400 and a reason.

    Raises: ServiceError when nobody answers, or nobody who is an lmaster.
    """
    answer = _asked(place, "POST", path)
    is_refused = answer.status_code == requests.codes.bad_request
    if not is_refused and answer.status_code != requests.codes.ok:
        raise ServiceError(_refusal(place, path, answer))
    if not answer.headers.get("Content-Type", "").startswith("text/plain"):
        raise ServiceError(f"{place.url}{path} answers with no text; {_NO_LMASTER}")
    return PostResult(not is_refused, answer.text)


def _asked(place: MasterAddress, method: str, path: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False  # its proxies are for the world outside
        try:
            return session.request(
                method,
                place.url.rstrip("/") + path,
                headers={"User-Agent": f"lmaster/{__version__}"},
                auth=_auth(place),
                verify=_authorities(place.ca),
                timeout=(_CONNECT_S, _ANSWER_S),
                allow_redirects=False,
            )
        except requests.exceptions.SSLError as error:
            raise ServiceError(_untrusted(place, error)) from error
        except requests.exceptions.Timeout as error:
            raise ServiceError(f"{place.url} does not answer in time; see its log") from error
        except _NO_URL as error:
            raise UsageError(f"{place.url} is no URL; write e.g. http://localhost:9889") from error
        except (requests.exceptions.RequestException, OSError) as error:
            raise ServiceError(
                f"no lmaster answers on {place.url} ({_innermost(error)}); start it, or say where "
                "it is with -c FILE or --url"
            ) from error


def _auth(place: MasterAddress) -> HTTPBasicAuth | None:
    if place.user is None:
        return None
    return HTTPBasicAuth(place.user.encode(), place.password.encode())


def _authorities(ca: Path | None) -> str | bool:
    """Return the file or folder of the authorities that are trusted; the system's without *ca*."""
    if ca is not None:
        if not ca.exists():
            raise UsageError(f"--ca {ca} is no file; name one with the authority's certificate")
        return str(ca)
    system = ssl.get_default_verify_paths()
    return system.cafile or system.capath or True


def _untrusted(place: MasterAddress, error: Exception) -> str:
    reason = _innermost(error)
    if "certificate" in reason.lower():
        return (
            f"the certificate of {place.url} is not trusted: {reason}; name its authority with "
            "--ca FILE, and the host as it stands in the certificate with --url"
        )
    return f"{place.url} speaks no TLS that is understood here ({reason}); is it http:// ?"


def _innermost(error: BaseException) -> str:
    """Return the reason at the bottom of a chain of errors."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _refusal(place: MasterAddress, path: str, answer: requests.Response) -> str:
    status = answer.status_code
    if status == requests.codes.unauthorized:
        return f"{place.url} wants a user; give --user NAME --password-file FILE"
    if status == requests.codes.forbidden:
        said = visible(" ".join(answer.text.split()))
        return f"{place.url} does not allow {path} to you: {said or 'ask as another --user'}"
    return f"{place.url}{path} answers {status}; {_NO_LMASTER}"
