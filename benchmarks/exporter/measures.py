"""What is measured, of two exporters that run at the same time."""

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from .processes import Exporter
from .scraping import Scraper, samples, scraper

_WARM_UP = 20
_P99 = 0.99


@dataclass(frozen=True)
class Cost:
    """What scrapes of one exporter cost, by rounds, and what its page looks like."""

    cpu_s: tuple[float, ...]
    scrapes: int
    samples: int
    page_bytes: int
    is_packed: bool

    @property
    def cpu_ms(self) -> float:
        """The median CPU time of a scrape."""
        return statistics.median(self.cpu_s) / self.scrapes * 1e3

    @property
    def sample_us(self) -> float:
        """The median CPU time of a sample."""
        return self.cpu_ms * 1e3 / self.samples

    @property
    def page(self) -> str:
        """The page in words."""
        packed = ", gzip" if self.is_packed else ""
        return f"{self.samples:,} samples, {self.page_bytes / 1e3:.0f} kB{packed}"


def cpu(
    ours: Exporter,
    theirs: Exporter,
    rounds: int,
    scrapes: int,
    before: Callable[[], None] = lambda: None,
) -> tuple[Cost, Cost]:
    """Scrape both in turn, *rounds* times *scrapes* each; return what it cost them.

    *before* is called before each scrape.
    """
    used: tuple[list[float], list[float]] = ([], [])
    with scraper(ours) as our, scraper(theirs) as their:
        both = ((ours, our), (theirs, their))
        for _, one in both:
            _scrape(one, _WARM_UP, before)
        for _ in range(rounds):
            for (exporter, one), spent in zip(both, used, strict=True):
                began_s = exporter.cpu_s()
                _scrape(one, scrapes, before)
                spent.append(exporter.cpu_s() - began_s)
        before()
        return _cost(used[0], scrapes, our), _cost(used[1], scrapes, their)


def cpu_in_use(
    ours: Exporter, theirs: Exporter, interval_s: float, scrapes: int
) -> tuple[Cost, Cost]:
    """Scrape both at an interval, as Prometheus does; return what it cost them, idling included."""
    with scraper(ours) as our, scraper(theirs) as their:
        for one in (our, their):
            _scrape(one, 2)
        began_s = [ours.cpu_s(), theirs.cpu_s()]
        for _ in range(scrapes):
            for one in (our, their):
                time.sleep(interval_s / 2)  # right behind the other, caches would be warm
                one.scrape()
        used_s = [ours.cpu_s() - began_s[0], theirs.cpu_s() - began_s[1]]
        return _cost(used_s[:1], scrapes, our), _cost(used_s[1:], scrapes, their)


def ratio(ours: Cost, theirs: Cost) -> float:
    """Return the median of the rounds' ratios of CPU time."""
    return statistics.median(
        our / their for our, their in zip(ours.cpu_s, theirs.cpu_s, strict=True)
    )


def _cost(spent: Sequence[float], scrapes: int, one: Scraper) -> Cost:
    page, is_packed = one.page()
    return Cost(tuple(spent), scrapes, samples(page), len(page.encode()), is_packed)


def resident_kb(exporter: Exporter, *after: int) -> list[int]:
    """Return the resident memory after so many scrapes, each number counted from the start."""
    memory, done = [], 0
    with scraper(exporter) as one:
        for number in after:
            _scrape(one, number - done)
            done = number
            memory.append(exporter.resident_kb())
    return memory


def _scrape(one: Scraper, times: int, before: Callable[[], None] = lambda: None) -> None:
    for _ in range(times):
        before()
        one.scrape()


def latencies_s(exporters: Sequence[Exporter], rate_hz: float, for_s: float) -> list[list[float]]:
    """Scrape each of *exporters* at a rate, one between the scrapes of the other.

    Each scrape has its moment, however long the one before took.
    """
    count = round(rate_hz * for_s) * len(exporters)
    taken: list[list[float]] = [[] for _ in exporters]
    with ExitStack() as stack:
        scrapers = [stack.enter_context(scraper(exporter)) for exporter in exporters]
        for one in scrapers:
            _scrape(one, _WARM_UP)
        stack.enter_context(_no_collection())
        began_s = time.perf_counter()
        for number in range(count):
            due_s = began_s + number / rate_hz / len(exporters)
            time.sleep(max(0.0, due_s - time.perf_counter()))
            at = number % len(exporters)
            taken[at].append(scrapers[at].latency_s())
    return taken


def p99(values: Sequence[float]) -> float:
    """Return the 99th percentile: the least value that 99 % of *values* do not exceed."""
    return sorted(values)[math.ceil(len(values) * _P99) - 1]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the pauses of this process's garbage collector out of what it measures."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
