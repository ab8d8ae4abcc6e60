"""Handles requests: the pages of lagent, by path."""

import logging
import math
import os
from collections.abc import Callable, Iterable, Sequence

from fructosa_exporter.collect.collector import Collector
from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.page.rendering import PageRenderer
from fructosa_exporter.page.sensor_state import SensorState
from fructosa_service import __version__
from fructosa_service.web.log_limit import LogLimit
from fructosa_service.web.password_checks import Verdict

from .auth import Authenticator
from .connection import ServerConnection
from .jobs_page import JobsPage
from .page_response import page_response
from .request import Request
from .response import HTML, Response, text_response
from .scrape_request import (
    InvalidNumber,
    UnknownSensor,
    negotiated_format,
    page_timeout_s,
    select_sensors,
    sequence_number,
)
from .status_page import status_page

Handle = Callable[[Request, ServerConnection], None]
Admit = Callable[[Request, ServerConnection, Handle], None]

log = logging.getLogger(__name__)
log.addFilter(LogLimit())

NO_JOBS = "jobs are not read here; set [lagent] also = SlurmJobs, and restart lagent"

# Making the page for people takes longer than all else in a request, and anybody may ask for it.
_STATUS_CACHE_S = 1.0
_CHALLENGE = 'Basic realm="lagent", charset="UTF-8"'
_CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def _admit(request: Request, connection: ServerConnection, handle: Handle) -> None:
    handle(request, connection)


class RequestHandler:
    """Responds to requests. They can only read: no request changes anything.

    *admit* limits how many are handled at the same time, after their passwords were checked.
    """

    def __init__(
        self,
        readers: Sequence[SensorReader],
        collector: Collector,
        clock: Callable[[], float],
        authenticator: Authenticator | None = None,
        jobs: JobsPage | None = None,
        admit: Admit = _admit,
    ) -> None:
        self._readers = {reader.name: reader for reader in readers}
        self._on_request = [one.name for one in readers if not one.sensor.is_on_metrics_page]
        self._jobs = jobs
        self._collector = collector
        self._clock = clock
        self._authenticator = authenticator
        self._admit = admit
        self._renderer = PageRenderer()
        self._status_until_s = -math.inf

    def handle(self, request: Request, connection: ServerConnection) -> None:
        """Respond to a *request* on its *connection*, at once or later."""
        if self._authenticator is None:
            self._admit(request, connection, self._route)
        else:
            self._authenticator.authenticate(
                request.headers,
                connection.client,
                lambda verdict: self._authorize(verdict, request, connection),
            )

    def _respond(self, connection: ServerConnection, make: Callable[[], Response]) -> None:
        """Send what *make* returns; if it raises, only this response fails."""
        try:
            response = make()
        except Exception:
            log.exception("internal error while rendering a page; please report this")
            response = text_response(500, "internal error of lagent; see its log")
        connection.respond(response)

    def _authorize(self, verdict: Verdict, request: Request, connection: ServerConnection) -> None:
        if verdict is Verdict.RIGHT:
            self._admit(request, connection, self._route)
        elif verdict is Verdict.BUSY:
            text = "too many passwords are waiting to be checked; try again"
            connection.respond(text_response(429, text, Retry_After="10"))
        else:
            text = "this server requires a valid user and password"
            connection.respond(text_response(401, text, WWW_Authenticate=_CHALLENGE))

    def _route(self, request: Request, connection: ServerConnection) -> None:
        if request.method not in ("GET", "HEAD"):
            text = f"the method {request.method} is not allowed; use GET or HEAD"
            connection.respond(text_response(405, text, Allow="GET, HEAD"))
        elif request.path == "/metrics":
            self._metrics(request, connection)
        elif request.path == "/jobs" and self._jobs is not None:
            self._jobs_page(self._jobs, request, connection)
        elif request.path == "/jobs":
            connection.respond(text_response(404, NO_JOBS))
        elif request.path == "/":
            self._respond(connection, self._status_page)
        elif request.path == "/-/healthy":
            connection.respond(text_response(200, "lagent is healthy"))
        else:
            connection.respond(text_response(404, "no such page; the metrics are at /metrics"))

    def _metrics(self, request: Request, connection: ServerConnection) -> None:
        shown = {name: one for name, one in self._readers.items() if not one.is_hidden}
        try:
            readers = select_sensors(shown, request.query, self._on_request)
        except UnknownSensor as error:
            connection.respond(text_response(400, str(error)))
            return
        if "collect[]" not in request.query:
            readers += [one for one in self._readers.values() if one.is_hidden]
        self._collector.collect(
            readers,
            page_timeout_s(request.headers.get("x-prometheus-scrape-timeout-seconds")),
            lambda states: self._respond(connection, lambda: self._page(states, request)),
        )

    def _jobs_page(self, jobs: JobsPage, request: Request, connection: ServerConnection) -> None:
        try:
            after = sequence_number(request.query)
        except InvalidNumber as error:
            connection.respond(text_response(400, str(error)))
            return
        self._collector.collect(
            [jobs.reader],
            page_timeout_s(request.headers.get("x-prometheus-scrape-timeout-seconds")),
            lambda states: self._respond(connection, lambda: jobs.page(states[0], after, request)),
        )

    def _page(self, states: Sequence[SensorState], request: Request) -> Response:
        wanted = negotiated_format(request.headers.get("accept", ""))
        text, used = self._renderer.render(self._shown(states), wanted)
        return page_response(text, used, request)

    def _shown(self, states: Iterable[SensorState]) -> list[SensorState]:
        """Return the states of sensors that have found something, or are configured."""
        return [one for one in states if not self._readers[one.sensor.name].is_hidden]

    def _status_page(self) -> Response:
        now_s = self._clock()
        if now_s >= self._status_until_s:
            self._status = self._made_status_page(now_s)
            self._status_until_s = now_s + _STATUS_CACHE_S
        return self._status

    def _made_status_page(self, now_s: float) -> Response:
        states = [one.state(now_s, is_awaited=one.is_pending) for one in self._readers.values()]
        text = status_page(self._shown(states), os.uname().nodename, __version__)
        headers = {"Content-Security-Policy": _CONTENT_SECURITY_POLICY}
        return Response(200, text.encode(), HTML, headers)
