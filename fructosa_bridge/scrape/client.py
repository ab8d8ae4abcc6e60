"""The HTTP client of all scrapes: from a target to its page."""

import asyncio
import codecs
import contextlib
import time
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING

from aiohappyeyeballs import start_connection

from fructosa_service import __version__
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import FileError

from ..model.errors import ScrapeError
from ..model.target import Target
from ..nodes.dns_cache import DNSCache
from . import scrape_errors
from .connection import ConnectionClosed, NodeConnection
from .credentials import Credentials
from .response import ScrapeResponse, clock_off_s

if TYPE_CHECKING:
    from ssl import SSLContext

_OPENMETRICS = "application/openmetrics-text"
# Some exporters send OpenMetrics to all that mention it, whatever they prefer.
_ACCEPT = {
    "text": "text/plain;version=0.0.4,*/*;q=0.1",
    "openmetrics": f"{_OPENMETRICS};version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
}
_AGENT = f"lmaster/{__version__}"
# Servers close idle connections; most keep them for a minute between two scrapes.
_LONGEST_IDLE_S = 75
# Long pages are decoded in pieces, of which each takes a few milliseconds.
_PIECE_BYTES = 2**18
# If a node has several addresses, the next one is tried after this time.
_NEXT_ADDRESS_S = 0.25


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a target, whether it is in OpenMetrics, and how far the node's clock is off.

    *warning* is what is wrong with it, although it is usable.
    """

    text: str
    is_openmetrics: bool
    clock_off_s: float | None = None
    warning: str | None = None


class Client:
    """Fetches pages; keeps one connection per target open."""

    def __init__(self, dns: DNSCache | None = None) -> None:
        self._dns = DNSCache() if dns is None else dns
        self._connections: dict[str, NodeConnection] = {}
        self._credentials: dict[str, Credentials] = {}
        self._requests: dict[str, tuple[Target, str | None, bytes]] = {}
        self._reading = asyncio.Lock()  # long pages are read one after the other

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for connection in self._connections.values():
            connection.close()
        self._dns.close()
        await asyncio.sleep(0)  # connections are closed in the next turn of the loop

    def forget(self, target: Target) -> None:
        """Close the connection to a *target* that is no longer scraped."""
        self._requests.pop(target.identity, None)
        if connection := self._connections.pop(target.identity, None):
            connection.close()

    async def fetch(self, target: Target) -> Page:
        """Return the page of a *target*.

        Raises: ScrapeError with a text for people.
        """
        attempt = _Attempt()
        try:
            async with asyncio.timeout(target.timeout_s):
                await self._request(target, attempt)
        except FileError as error:
            raise ScrapeError(str(error)) from error
        except (TimeoutError, ConnectionClosed) as error:
            response = attempt.response
            if response is None or response.status in (0, 200):
                raise ScrapeError(_incomplete(error, target, response)) from error
        return await self._page(attempt.response, target, attempt.sent_s)

    async def _request(self, target: Target, attempt: "_Attempt") -> None:
        """Send a request on the kept connection, or on a new one; keep it."""
        credentials = self._target_credentials(target)
        request = self._request_text(target, credentials.authorization())
        context = credentials.context()
        connection = self._connections.pop(target.identity, None)
        # A node may close an idle connection at the moment of the next request.
        with contextlib.suppress(_Stale):
            if connection is not None and connection.is_open:
                return await self._exchange(connection, request, target, attempt, is_kept=True)
        connection = await self._connected(target, context)
        return await self._exchange(connection, request, target, attempt, is_kept=False)

    async def _exchange(
        self,
        connection: NodeConnection,
        request: bytes,
        target: Target,
        attempt: "_Attempt",
        *,
        is_kept: bool,
    ) -> None:
        response = attempt.response = ScrapeResponse(target)
        attempt.sent_s = time.time()
        try:
            await connection.request(request, response)
        except ConnectionClosed as error:
            if is_kept and not response.has_begun:
                attempt.response = None
                raise _Stale from error
            raise
        if is_kept and response.status == HTTPStatus.REQUEST_TIMEOUT:
            connection.close()  # some servers send that before they close an idle connection
            attempt.response = None
            raise _Stale
        if target.interval_s > _LONGEST_IDLE_S:
            connection.close()
        elif connection.is_open:
            self._connections[target.identity] = connection

    async def _connected(self, target: Target, context: "SSLContext | None") -> NodeConnection:
        """Return a new connection.

        Raises: ScrapeError if it cannot be established.
        """
        loop = asyncio.get_running_loop()
        timed_out = scrape_errors.name_timed_out
        name = (
            None if context is None else target.access.server_name or target.host.partition("%")[0]
        )
        try:
            async with asyncio.timeout(target.effective_connect_timeout_s):
                addresses = await self._dns.resolve(target.reached_at, target.port)
                timed_out = scrape_errors.connect_timed_out
                own = await start_connection(
                    addresses, happy_eyeballs_delay=_NEXT_ADDRESS_S, interleave=1
                )
                _, connection = await loop.create_connection(
                    NodeConnection, sock=own, ssl=context, server_hostname=name
                )
        except TimeoutError as error:
            raise ScrapeError(timed_out(target)) from error
        except OSError as error:
            raise ScrapeError(scrape_errors.connect_failed(error, target)) from error
        return connection

    async def _page(self, response: ScrapeResponse | None, target: Target, sent_s: float) -> Page:
        received_s = time.time()
        assert response is not None  # noqa: S101 - a request without an error has a response
        if response.status not in (0, 200):
            location, excerpt = response.location, response.excerpt()
            raise ScrapeError(
                scrape_errors.error_status(response.status, location, excerpt, target)
            )
        if response.is_long:
            async with self._reading:
                text = await _decoded(response)
        else:
            text = response.page().decode("utf-8", "surrogateescape")
        off_s = clock_off_s(response.date, sent_s, received_s)
        return Page(text, response.media == _OPENMETRICS, off_s, response.warning)

    def _request_text(self, target: Target, authorization: str | None) -> bytes:
        """Return the request, mostly the same as last time."""
        known = self._requests.get(target.identity)
        if known is None or known[0] is not target or known[1] != authorization:
            known = target, authorization, _request_text(target, authorization)
            self._requests[target.identity] = known
        return known[2]

    def _target_credentials(self, target: Target) -> Credentials:
        """Return the credentials of a *target*'s section."""
        known = self._credentials.get(target.group)
        if known is None or known.access != target.access:
            known = self._credentials[target.group] = Credentials(target.group, target.access)
        return known


class _Attempt:
    """The response of a fetch, None before there is a connection; when it was asked for."""

    response: ScrapeResponse | None = None
    sent_s = 0.0


class _Stale(Exception):
    """A kept connection was closed before its response began."""


def _incomplete(
    error: TimeoutError | ConnectionClosed, target: Target, response: ScrapeResponse | None
) -> str:
    """Return what was missing when an attempt ended before its response."""
    if isinstance(error, ConnectionClosed):
        return scrape_errors.connection_lost(
            error.error, target, None if response is None else response.size
        )
    return (
        scrape_errors.connect_timed_out(target)
        if response is None
        else scrape_errors.timed_out(target, response.size)
    )


def _request_text(target: Target, authorization: str | None) -> bytes:
    lines = [
        f"GET {target.request_path} HTTP/1.1",
        f"Host: {Endpoint(target.host, target.port).in_host_header}",
        f"Accept: {_ACCEPT[target.format]}",
        f"Accept-Encoding: {'gzip' if target.access.compression else 'identity'}",
        f"User-Agent: {_AGENT}",
        f"X-Prometheus-Scrape-Timeout-Seconds: {target.timeout_s:g}",
    ]
    if authorization is not None:
        lines.append(f"Authorization: {authorization}")
    return "\r\n".join([*lines, "\r\n"]).encode()


async def _decoded(response: ScrapeResponse) -> str:
    """Return the text of a long page; all else goes on meanwhile."""
    for _ in response.pieces():
        await asyncio.sleep(0)
    page, decoder = response.page(), codecs.getincrementaldecoder("utf-8")("surrogateescape")
    parts = []
    for at in range(0, len(page), _PIECE_BYTES):
        await asyncio.sleep(0)
        parts.append(decoder.decode(page[at : at + _PIECE_BYTES]))
    await asyncio.sleep(0)
    parts.append(decoder.decode(b"", final=True))
    text = "".join(parts)
    await asyncio.sleep(0)
    return text
