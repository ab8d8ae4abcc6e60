"""Measurements of two exporters that run at the same time: CPU time, memory, latency."""

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from .processes import Exporter
from .scraping import PageClient, samples, scraper

_WARM_UP = 20
_P99 = 0.99


@dataclass(frozen=True)
class ScrapeCost:
    """The CPU time of scrapes of one exporter, by round, and the size of its page."""

    cpu_s: tuple[float, ...]
    scrapes: int
    samples: int
    page_bytes: int
    is_gzip: bool

    @property
    def cpu_ms(self) -> float:
        """The median CPU time per scrape."""
        return statistics.median(self.cpu_s) / self.scrapes * 1e3

    @property
    def sample_us(self) -> float:
        """The median CPU time per sample."""
        return self.cpu_ms * 1e3 / self.samples

    @property
    def page(self) -> str:
        """The page's size as text."""
        encoding = ", gzip" if self.is_gzip else ""
        return f"{self.samples:,} samples, {self.page_bytes / 1e3:.0f} kB{encoding}"


def cpu(
    ours: Exporter,
    theirs: Exporter,
    rounds: int,
    scrapes: int,
    before_scrape: Callable[[], None] = lambda: None,
) -> tuple[ScrapeCost, ScrapeCost]:
    """Scrape both in turn, *rounds* times *scrapes* each; return the cost of each.

    *before_scrape* is called before each scrape.
    """
    rounds_s: tuple[list[float], list[float]] = ([], [])
    with scraper(ours) as our, scraper(theirs) as their:
        both = ((ours, our), (theirs, their))
        for _, client in both:
            _scrape(client, _WARM_UP, before_scrape)
        for _ in range(rounds):
            for (exporter, client), spent_s in zip(both, rounds_s, strict=True):
                started_s = exporter.cpu_s()
                _scrape(client, scrapes, before_scrape)
                spent_s.append(exporter.cpu_s() - started_s)
        before_scrape()
        return _cost(rounds_s[0], scrapes, our), _cost(rounds_s[1], scrapes, their)


def cpu_at_interval(
    ours: Exporter, theirs: Exporter, interval_s: float, scrapes: int
) -> tuple[ScrapeCost, ScrapeCost]:
    """Scrape both at an interval, as Prometheus does; return the cost of each, with idle time."""
    with scraper(ours) as our, scraper(theirs) as their:
        for client in (our, their):
            _scrape(client, 2)
        started_s = [ours.cpu_s(), theirs.cpu_s()]
        for _ in range(scrapes):
            for client in (our, their):
                time.sleep(interval_s / 2)  # right after the other, caches would be warm
                client.scrape()
        used_s = [ours.cpu_s() - started_s[0], theirs.cpu_s() - started_s[1]]
        return _cost(used_s[:1], scrapes, our), _cost(used_s[1:], scrapes, their)


def ratio(ours: ScrapeCost, theirs: ScrapeCost) -> float:
    """Return the median of the rounds' ratios of CPU time."""
    return statistics.median(
        our / their for our, their in zip(ours.cpu_s, theirs.cpu_s, strict=True)
    )


def _cost(spent_s: Sequence[float], scrapes: int, client: PageClient) -> ScrapeCost:
    page, is_gzip = client.page()
    return ScrapeCost(tuple(spent_s), scrapes, samples(page), len(page.encode()), is_gzip)


def resident_kb(exporter: Exporter, *counts: int) -> list[int]:
    """Return the resident memory after each number of scrapes in *counts*."""
    memory, done = [], 0
    with scraper(exporter) as client:
        for count in counts:
            _scrape(client, count - done)
            done = count
            memory.append(exporter.resident_kb())
    return memory


def _scrape(
    client: PageClient, times: int, before_scrape: Callable[[], None] = lambda: None
) -> None:
    for _ in range(times):
        before_scrape()
        client.scrape()


def latencies_s(
    exporters: Sequence[Exporter], rate_hz: float, duration_s: float
) -> list[list[float]]:
    """Scrape *exporters* alternately, each at a rate; return the latencies by exporter.

    Each scrape has a fixed due time, however long the previous one took.
    """
    count = round(rate_hz * duration_s) * len(exporters)
    latencies: list[list[float]] = [[] for _ in exporters]
    with ExitStack() as stack:
        clients = [stack.enter_context(scraper(exporter)) for exporter in exporters]
        for client in clients:
            _scrape(client, _WARM_UP)
        stack.enter_context(_without_garbage_collection())
        started_s = time.perf_counter()
        for number in range(count):
            due_s = started_s + number / rate_hz / len(exporters)
            time.sleep(max(0.0, due_s - time.perf_counter()))
            index = number % len(exporters)
            latencies[index].append(clients[index].latency_s())
    return latencies


def p99(values: Sequence[float]) -> float:
    """Return the 99th percentile: the smallest value that 99 % of *values* do not exceed."""
    return sorted(values)[math.ceil(len(values) * _P99) - 1]


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Keep this process's garbage collection out of the measurement."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
