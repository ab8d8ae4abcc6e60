"""Scrapes as Prometheus makes them: on one connection that is kept, gzip and its Accept header."""

import gzip
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

from .processes import CannotRun, Exporter

# As Prometheus 2.45 sends them.
HEADERS = {
    "User-Agent": "Prometheus/2.45.0",
    "Accept": "application/openmetrics-text;version=1.0.0,"
    "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "Accept-Encoding": "gzip",
    "X-Prometheus-Scrape-Timeout-Seconds": "10",
}


class Scraper:
    """One scraper of one exporter."""

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection

    def scrape(self) -> bytes:
        """Return a page, as it came over the wire."""
        return self._ask()[0]

    def page(self) -> tuple[str, bool]:
        """Return a page as text, and whether it came packed."""
        body, encoding = self._ask()
        is_packed = encoding == "gzip"
        return (gzip.decompress(body) if is_packed else body).decode(), is_packed

    def latency_s(self) -> float:
        """Scrape; return how long it took until the page was there."""
        began_s = time.perf_counter()
        self.scrape()
        return time.perf_counter() - began_s

    def _ask(self) -> tuple[bytes, str | None]:
        self._connection.request("GET", "/metrics", headers=HEADERS)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200 or not body:
            raise CannotRun(f"port {self._connection.port} answers {answer.status}, no page")
        return body, answer.getheader("Content-Encoding")


@contextmanager
def scraper(exporter: Exporter) -> Iterator[Scraper]:
    """Connect to *exporter* until the block ends."""
    connection = HTTPConnection("127.0.0.1", exporter.port, timeout=30)
    try:
        yield Scraper(connection)
    finally:
        connection.close()


def samples(page: str) -> int:
    """Return how many samples a page has."""
    return sum(1 for line in page.splitlines() if line and not line.startswith("#"))
