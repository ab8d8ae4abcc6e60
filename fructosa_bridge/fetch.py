"""The edge to the nodes: one HTTP request for a page."""

import contextlib
import math
from dataclasses import dataclass
from types import TracebackType

import aiohttp
from yarl import URL

from fructosa_service import __version__
from fructosa_service.errors import UsageError

from . import faults
from .body import Body, looks_like, media_type, stranger, too_long
from .credentials import Credentials
from .errors import ScrapeError
from .model import Target
from .names import Names

_OPENMETRICS = "application/openmetrics-text"
# Text is what most understand; OpenMetrics is taken from those who know nothing else.
_ACCEPT = f"text/plain;version=0.0.4,{_OPENMETRICS};version=1.0.0;q=0.5,*/*;q=0.1"
_AGENT = f"lmaster/{__version__}"
# A connection outlives the pause between two scrapes, for intervals up to a minute.
_IDLE_S = 75.0
_EXCERPT_BYTES = 200


@dataclass(frozen=True, slots=True)
class Page:
    """What a node said, and whether in OpenMetrics."""

    text: str
    is_openmetrics: bool


class Client:
    """Asks for pages; connections stay open, at most one a target."""

    def __init__(self) -> None:
        self._names = Names()
        # Unpacking is Body's, which bounds it: older aiohttp unpacks a chunk to any size.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, ttl_dns_cache=60, keepalive_timeout=_IDLE_S, resolver=self._names
            ),
            # The environment's proxies are for the world outside, not for a cluster's nodes.
            trust_env=False,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._credentials: dict[str, Credentials] = {}

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()
        await self._names.close()

    async def fetch(self, target: Target) -> Page:
        """Return the page of a *target*.

        Raises: ScrapeError, whose text says what a person has to know.
        """
        progress = _Progress()
        try:
            return await self._page(target, progress)
        except UsageError as error:
            raise ScrapeError(str(error)) from error
        except aiohttp.ServerTimeoutError as error:
            raise ScrapeError(faults.unconnected(target)) from error
        except TimeoutError as error:
            raise ScrapeError(faults.late(target, progress.size)) from error
        except aiohttp.ClientConnectorCertificateError as error:
            cause = error.certificate_error
            raise ScrapeError(faults.connecting(_os_error(cause), target)) from error
        except aiohttp.ClientConnectorError as error:
            raise ScrapeError(faults.connecting(error.os_error, target)) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ScrapeError(faults.broken(error, target, progress.size)) from error

    async def _page(self, target: Target, progress: "_Progress") -> Page:
        credentials = self._of(target)
        async with self._session.get(
            URL(target.url, encoded=True),
            headers=_headers(target, credentials.authorization()),
            timeout=_timeout(target),
            allow_redirects=False,
            ssl=credentials.context() or True,
            server_hostname=target.access.server_name,
        ) as answer:
            if answer.status != 200:
                raise ScrapeError(await _refusal(answer, target))
            return await _read(answer, target, progress)

    def _of(self, target: Target) -> Credentials:
        """Return the credentials of the section of a *target*."""
        known = self._credentials.get(target.group)
        if known is None or known.access != target.access:
            known = self._credentials[target.group] = Credentials(target.group, target.access)
        return known


def session() -> Client:
    """Return the client of all scrapes."""
    return Client()


class _Progress:
    """How far an answer has come: the bytes of its page, None before there is one."""

    body: Body | None = None

    @property
    def size(self) -> int | None:
        return None if self.body is None else self.body.size


def _os_error(error: Exception) -> OSError:
    return error if isinstance(error, OSError) else OSError(str(error))


def _headers(target: Target, authorization: str | None) -> dict[str, str]:
    headers = {
        "Accept": _ACCEPT,
        "Accept-Encoding": "gzip" if target.access.compression else "identity",
        "User-Agent": _AGENT,
        "X-Prometheus-Scrape-Timeout-Seconds": f"{target.timeout_s:g}",
    }
    if authorization is not None:
        headers["Authorization"] = authorization
    return headers


def _timeout(target: Target) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=target.timeout_s,
        connect=target.connecting_s,
        ceil_threshold=math.inf,  # a timeout is never rounded up to whole seconds
    )


async def _read(answer: aiohttp.ClientResponse, target: Target, progress: _Progress) -> Page:
    media = media_type(answer.headers.get("Content-Type", ""))
    if what := stranger(media):
        raise _strange(what, target)
    if (answer.content_length or 0) > target.limit_bytes:
        raise too_long(target.limit_bytes)
    body = Body(answer.headers.get("Content-Encoding", ""), target.limit_bytes)
    progress.body = body
    while chunk := await answer.content.readany():
        body.add(chunk)
    page = body.whole()
    if what := looks_like(page):
        raise _strange(what, target)
    return Page(page.decode("utf-8", "surrogateescape"), media == _OPENMETRICS)


def _strange(what: str, target: Target) -> ScrapeError:
    return ScrapeError(f"{what}; check port, and path, now {target.page}")


async def _refusal(answer: aiohttp.ClientResponse, target: Target) -> str:
    start = ""
    if media_type(answer.headers.get("Content-Type", "")) in ("text/plain", ""):
        # That it ends early, or not in time, must not hide what the answer was.
        with contextlib.suppress(aiohttp.ClientError, OSError, ValueError, ScrapeError):
            body = Body(answer.headers.get("Content-Encoding", ""), 2**16)
            body.add(await answer.content.read(_EXCERPT_BYTES))
            start = body.so_far()[:_EXCERPT_BYTES].decode("utf-8", "replace").strip()
    return faults.refusal(answer.status, answer.headers, start, target)
