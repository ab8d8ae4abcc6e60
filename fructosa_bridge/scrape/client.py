"""From a target to its page: connect if need be, ask, and say in one line what goes wrong."""

import asyncio
import contextlib
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING

from aiohappyeyeballs import start_connection

from fructosa_service import __version__
from fructosa_service.errors import UsageError

from ..model.errors import ScrapeError
from ..model.target import Target
from . import scrape_errors
from .connection import ConnectionClosed, NodeConnection
from .credentials import Credentials
from .dns_cache import DNSCache
from .response import ScrapeResponse

if TYPE_CHECKING:
    from ssl import SSLContext

_OPENMETRICS = "application/openmetrics-text"
# Text is what most understand; OpenMetrics is taken from those who know nothing else.
_ACCEPT = f"text/plain;version=0.0.4,{_OPENMETRICS};version=1.0.0;q=0.5,*/*;q=0.1"
_AGENT = f"lmaster/{__version__}"
# Servers close connections that rest; a minute between two scrapes most of them bear.
_LONGEST_REST_S = 75
# Of several addresses of a node the next one is tried when one has not answered for so long.
_NEXT_ADDRESS_S = 0.25


@dataclass(frozen=True, slots=True)
class Page:
    """What a node said, and whether in OpenMetrics."""

    text: str
    is_openmetrics: bool


class Client:
    """Asks for pages; connections stay open, at most one a target."""

    def __init__(self) -> None:
        self._names = DNSCache()
        self._connections: dict[str, NodeConnection] = {}
        self._credentials: dict[str, Credentials] = {}
        self._requests: dict[str, tuple[Target, str | None, bytes]] = {}

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
        self._names.close()
        await asyncio.sleep(0)  # closing is done in the loop's next turn

    def forget(self, target: Target) -> None:
        """End the connection to a *target* that is scraped no more."""
        self._requests.pop(target.identity, None)
        if connection := self._connections.pop(target.identity, None):
            connection.close()

    async def fetch(self, target: Target) -> Page:
        """Return the page of a *target*.

        Raises: ScrapeError, whose text says what a person has to know.
        """
        attempt = _Attempt()
        try:
            async with asyncio.timeout(target.timeout_s):
                await self._ask(target, attempt)
        except UsageError as error:
            raise ScrapeError(str(error)) from error
        except (TimeoutError, ConnectionClosed) as error:
            reply = attempt.reply
            if reply is None or reply.status in (0, 200):
                raise ScrapeError(_missing(error, target, reply)) from error
        return _page(attempt.reply, target)

    async def _ask(self, target: Target, attempt: "_Attempt") -> None:
        """Ask on the connection that was kept, or on a new one; keep it."""
        credentials = self._of(target)
        request = self._request(target, credentials.authorization())
        context = credentials.context()
        connection = self._connections.pop(target.identity, None)
        # A node may close a connection that rests, just when it is asked again.
        with contextlib.suppress(_Stale):
            if connection is not None and connection.is_open:
                return await self._answer(connection, request, target, attempt, is_kept=True)
        connection = await self._connected(target, context)
        return await self._answer(connection, request, target, attempt, is_kept=False)

    async def _answer(
        self,
        connection: NodeConnection,
        request: bytes,
        target: Target,
        attempt: "_Attempt",
        *,
        is_kept: bool,
    ) -> None:
        reply = attempt.reply = ScrapeResponse(target)
        try:
            await connection.ask(request, reply)
        except ConnectionClosed as error:
            if is_kept and not reply.is_begun:
                attempt.reply = None
                raise _Stale from error
            raise
        if is_kept and reply.status == HTTPStatus.REQUEST_TIMEOUT:
            connection.close()  # some servers say that before they close one that rests
            attempt.reply = None
            raise _Stale
        if target.interval_s > _LONGEST_REST_S:
            connection.close()
        elif connection.is_open:
            self._connections[target.identity] = connection

    async def _connected(self, target: Target, context: "SSLContext | None") -> NodeConnection:
        """Return a new connection.

        Raises: ScrapeError when there is none.
        """
        loop = asyncio.get_running_loop()
        name = None if context is None else target.access.server_name or target.host
        try:
            async with asyncio.timeout(target.effective_connect_timeout_s):
                addresses = await self._names.resolve(target.host, target.port)
                own = await start_connection(
                    addresses, happy_eyeballs_delay=_NEXT_ADDRESS_S, interleave=1
                )
                _, connection = await loop.create_connection(
                    NodeConnection, sock=own, ssl=context, server_hostname=name
                )
        except TimeoutError as error:
            raise ScrapeError(scrape_errors.connect_timed_out(target)) from error
        except OSError as error:
            raise ScrapeError(scrape_errors.connect_failed(error, target)) from error
        return connection

    def _request(self, target: Target, authorization: str | None) -> bytes:
        """Return what is asked: mostly the same as last time."""
        known = self._requests.get(target.identity)
        if known is None or known[0] is not target or known[1] != authorization:
            known = target, authorization, _request(target, authorization)
            self._requests[target.identity] = known
        return known[2]

    def _of(self, target: Target) -> Credentials:
        """Return the credentials of the section of a *target*."""
        known = self._credentials.get(target.group)
        if known is None or known.access != target.access:
            known = self._credentials[target.group] = Credentials(target.group, target.access)
        return known


class _Attempt:
    """How far a fetch has come: the reply, None before there is a connection."""

    reply: ScrapeResponse | None = None


class _Stale(Exception):
    """A kept connection was closed, or was about to be, before it brought an answer."""


def _missing(
    error: TimeoutError | ConnectionClosed, target: Target, reply: ScrapeResponse | None
) -> str:
    """Return what was missing when an attempt ended before its reply did."""
    if isinstance(error, ConnectionClosed):
        return scrape_errors.connection_lost(
            error.error, target, None if reply is None else reply.size
        )
    return (
        scrape_errors.connect_timed_out(target)
        if reply is None
        else scrape_errors.timed_out(target, reply.size)
    )


def _request(target: Target, authorization: str | None) -> bytes:
    lines = [
        f"GET {target.request_path} HTTP/1.1",
        f"Host: {target.name}",
        f"Accept: {_ACCEPT}",
        f"Accept-Encoding: {'gzip' if target.access.compression else 'identity'}",
        f"User-Agent: {_AGENT}",
        f"X-Prometheus-Scrape-Timeout-Seconds: {target.timeout_s:g}",
    ]
    if authorization is not None:
        lines.append(f"Authorization: {authorization}")
    return "\r\n".join([*lines, "\r\n"]).encode()


def _page(reply: ScrapeResponse | None, target: Target) -> Page:
    assert reply is not None  # noqa: S101 - who was answered has a reply
    if reply.status not in (0, 200):
        raise ScrapeError(
            scrape_errors.refusal(reply.status, reply.location, reply.excerpt(), target)
        )
    text = reply.page().decode("utf-8", "surrogateescape")
    return Page(text, reply.media == _OPENMETRICS)
