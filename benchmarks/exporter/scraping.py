"""Scrapes as Prometheus does: over a persistent connection, with gzip and its Accept header."""

import gzip
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

from .processes import CannotRun, Exporter

# The request headers of Prometheus 2.45.
HEADERS = {
    "User-Agent": "Prometheus/2.45.0",
    "Accept": "application/openmetrics-text;version=1.0.0,"
    "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "Accept-Encoding": "gzip",
    "X-Prometheus-Scrape-Timeout-Seconds": "10",
}


class PageClient:
    """An HTTP client that scrapes one exporter."""

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection

    def scrape(self) -> bytes:
        """Scrape; return the body of the response, which may be compressed."""
        return self._get()[0]

    def page(self) -> tuple[str, bool]:
        """Scrape; return the page as text, and whether it was sent in gzip."""
        body, encoding = self._get()
        is_gzip = encoding == "gzip"
        return (gzip.decompress(body) if is_gzip else body).decode(), is_gzip

    def latency_s(self) -> float:
        """Scrape; return the time until the whole page was received."""
        started_s = time.perf_counter()
        self.scrape()
        return time.perf_counter() - started_s

    def _get(self) -> tuple[bytes, str | None]:
        self._connection.request("GET", "/metrics", headers=HEADERS)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != 200 or not body:
            raise CannotRun(
                f"port {self._connection.port} responded {response.status} without a page"
            )
        return body, response.getheader("Content-Encoding")


@contextmanager
def scraper(exporter: Exporter) -> Iterator[PageClient]:
    """Connect to *exporter* until the block ends."""
    connection = HTTPConnection("127.0.0.1", exporter.port, timeout=30)
    try:
        yield PageClient(connection)
    finally:
        connection.close()


def samples(page: str) -> int:
    """Return the number of samples on a page."""
    return sum(1 for line in page.splitlines() if line and not line.startswith("#"))
