"""What is served at which address: requests into answers."""

import logging
import os
from collections.abc import Callable, Sequence

from fructosa_service import __version__

from .collector import Collector, State, state
from .door import ALLOWED, BUSY, Door
from .exposition import accepts_gzip, negotiated
from .landing import landing
from .page import Page, UnknownSensor, compressed, patience, picked
from .reading import Reader
from .web.connection import Connection
from .web.request import Request
from .web.response import HTML, Response, plain

log = logging.getLogger(__name__)

# A smaller body becomes no smaller.
_GZIP_FROM_BYTES = 1024
_ASK_WHO = 'Basic realm="lagent", charset="UTF-8"'
_PAGE_RULES = "default-src 'none'; style-src 'unsafe-inline'"


class Site:
    """Answers requests. Whatever they say, sensors are read; nothing else happens."""

    def __init__(
        self,
        readers: Sequence[Reader],
        collector: Collector,
        clock: Callable[[], float],
        door: Door | None = None,
    ) -> None:
        self._readers = {reader.name: reader for reader in readers}
        self._collector = collector
        self._clock = clock
        self._door = door
        self._page = Page()

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer a *request* on its *connection*, at once or later."""
        if self._door is None:
            self._answer(request, connection)
        else:
            self._door.knock(
                request.headers, lambda verdict: self._let_in(verdict, request, connection)
            )

    def _respond(self, connection: Connection, make: Callable[[], Response]) -> None:
        """Answer with what *make* returns; a fault in it costs this answer, not the agent."""
        try:
            response = make()
        except Exception:
            log.exception("a page could not be made; please report this")
            response = plain(500, "a fault of lagent's own; its log says more")
        connection.answer(response)

    def _let_in(self, verdict: str, request: Request, connection: Connection) -> None:
        if verdict == ALLOWED:
            self._answer(request, connection)
        elif verdict == BUSY:
            text = "too many passwords wait to be checked; try again"
            connection.answer(plain(429, text, Retry_After="10"))
        else:
            text = "user and password, please"
            connection.answer(plain(401, text, WWW_Authenticate=_ASK_WHO))

    def _answer(self, request: Request, connection: Connection) -> None:
        if request.method not in ("GET", "HEAD"):
            text = f"{request.method} changes nothing here; use GET or HEAD"
            connection.answer(plain(405, text, Allow="GET, HEAD"))
        elif request.path == "/metrics":
            self._metrics(request, connection)
        elif request.path == "/":
            self._respond(connection, self._landing)
        elif request.path == "/-/healthy":
            connection.answer(plain(200, "lagent is healthy"))
        else:
            connection.answer(plain(404, "no such page; the metrics are at /metrics"))

    def _metrics(self, request: Request, connection: Connection) -> None:
        try:
            readers = picked(self._readers, request.query)
        except UnknownSensor as error:
            connection.answer(plain(400, str(error)))
            return
        within_s = patience(request.headers.get("x-prometheus-scrape-timeout-seconds"))
        self._collector.ask(
            readers,
            within_s,
            lambda states: self._respond(connection, lambda: self._rendered(states, request)),
        )

    def _rendered(self, states: Sequence[State], request: Request) -> Response:
        wanted = negotiated(request.headers.get("accept", ""))
        text, used = self._page.text(states, wanted)
        body = text.encode()
        headers = {"Vary": "Accept, Accept-Encoding"}
        is_long = len(body) >= _GZIP_FROM_BYTES
        if is_long and accepts_gzip(request.headers.get("accept-encoding", "")):
            body = compressed(body)
            headers["Content-Encoding"] = "gzip"
        return Response(200, body, used.value, headers)

    def _landing(self) -> Response:
        now_s = self._clock()
        states = [state(one, now_s, is_awaited=one.is_under_way) for one in self._readers.values()]
        text = landing(states, os.uname().nodename, __version__)
        return Response(200, text.encode(), HTML, {"Content-Security-Policy": _PAGE_RULES})
