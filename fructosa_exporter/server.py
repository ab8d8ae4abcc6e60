"""The edge to the network: serves the page over HTTP."""

import logging
import sys
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fructosa_service.errors import ServiceError
from fructosa_service.kinds import Endpoint

from .exposition import CONTENT_TYPE, Renderer
from .reading import Reader, page

log = logging.getLogger(__name__)

_PLAIN = "text/plain; charset=utf-8"
_READ_TIMEOUT_S = 60  # longer than scrape intervals usually are, so that connections are kept


class UnknownSensor(Exception):
    """A request for a sensor that this agent does not read."""


class Pages:
    """What is served, independent of how: a page of all readers, or of those asked for."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = {reader.sensor.name: reader for reader in readers}
        self._renderer = Renderer()

    def metrics(self, collect: Sequence[str] = ()) -> str:
        """Return the page of the sensors named in *collect*; of all when it is empty.

        Raises: UnknownSensor for a name that is not read here; the text lists those that are.
        """
        if unknown := [name for name in collect if name not in self._readers]:
            known = ", ".join(self._readers)
            raise UnknownSensor(f"{unknown[0]!r} is not read here; collect[] may be {known}")
        chosen = [self._readers[name] for name in dict.fromkeys(collect)]
        return self._renderer.page(page(chosen or self._readers.values()))


class _Handler(BaseHTTPRequestHandler):
    """One connection; it is kept open for the next scrape."""

    protocol_version = "HTTP/1.1"
    timeout = _READ_TIMEOUT_S
    # Else the page, sent behind its head, would wait until the scraper's kernel acknowledges
    # that: 40 ms on a connection that is kept. A buffer would help pages below 8 KiB alone.
    disable_nagle_algorithm = True
    server: "Server"

    def do_GET(self) -> None:
        """Answer a GET, and a HEAD without the body."""
        try:
            url = urlsplit(self.path)
        except ValueError:
            text = "the address is no URL; the metrics are at /metrics\n"
            self._answer(HTTPStatus.BAD_REQUEST, text)
            return
        if url.path == "/metrics":
            self._metrics(parse_qs(url.query).get("collect[]", []))
        elif url.path == "/":
            self._answer(HTTPStatus.OK, "lagent: the metrics of this node are at /metrics\n")
        else:
            self._answer(HTTPStatus.NOT_FOUND, "no such page; the metrics are at /metrics\n")

    do_HEAD = do_GET  # noqa: N815

    def _metrics(self, collect: list[str]) -> None:
        try:
            text = self.server.pages.metrics(collect)
        except UnknownSensor as error:
            self._answer(HTTPStatus.BAD_REQUEST, f"{error}\n")
        else:
            self._answer(HTTPStatus.OK, text, CONTENT_TYPE)

    def _answer(self, status: HTTPStatus, text: str, content_type: str = _PLAIN) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        """Tell nobody which Python serves."""
        return "lagent"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log requests at DEBUG: they come every few seconds for ever."""
        log.debug("%s %s", self.address_string(), format % args)


class Server(ThreadingHTTPServer):
    """Listens on an address; each connection has a thread of its own."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, host: str, port: int, pages: Pages) -> None:
        self.pages = pages
        self.address_family = AF_INET6 if ":" in host else AF_INET
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise ServiceError(
                f"can't listen on {Endpoint(host, port)}: {error}; "
                "give another --host or --port, or stop what listens there"
            ) from error

    def server_bind(self) -> None:
        """Bind without the reverse look-up of names that http.server does."""
        super(ThreadingHTTPServer, self).server_bind()

    @property
    def url(self) -> str:
        """Where the page is."""
        host, port = self.server_address[:2]
        return f"http://{Endpoint(str(host), port)}/metrics"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log at DEBUG that a scraper went away; anything else is a fault of ours."""
        level = logging.DEBUG if isinstance(sys.exception(), OSError) else logging.ERROR
        log.log(level, "the request of %s failed", client_address[0], exc_info=True)

    def stop(self) -> None:
        """End serve_forever from within a signal handler."""
        # shutdown() waits for the loop, which stands still while the handler runs in it.
        Thread(target=self.shutdown).start()
