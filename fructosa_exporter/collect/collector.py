"""Reads sensors for scrapes: which ones are due, and how long a scrape waits for them.

One thread owns a collector. It calls ``poll`` whenever the thread pool wakes it, and at the time
that the last ``poll`` returned. Other threads only read sensors.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from fructosa_exporter.page.sensor_state import SensorState
from fructosa_exporter.thread_pool import ThreadPool

from .sensor_reader import SensorReader


@dataclass(eq=False)
class _PendingScrape:
    """A scrape that waits for readings.

    A reader that is no longer in ``waiting`` may be pending again, for another scrape.
    """

    readers: Sequence[SensorReader]
    until_s: float
    respond: Callable[[list[SensorState]], None]
    waiting: set[SensorReader] = field(default_factory=set)

    def is_ready(self, now_s: float) -> bool:
        """Return whether there is nothing left to wait for."""
        return now_s >= self.until_s or all(reader.is_stuck for reader in self.waiting)


class Collector:
    """Reads sensors for scrapes; concurrent scrapes share readings."""

    def __init__(
        self, wake: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool = ThreadPool(wake, clock)
        self._clock = clock
        self._scrapes: list[_PendingScrape] = []
        self._pending: set[SensorReader] = set()

    def collect(
        self,
        readers: Iterable[SensorReader],
        timeout_s: float,
        respond: Callable[[list[SensorState]], None],
    ) -> None:
        """Read those *readers* that are due; then call *respond* with the state of each.

        It is called from ``poll``, at most *timeout_s* from now.
        """
        now_s = self._clock()
        scrape = _PendingScrape(tuple(readers), now_s + timeout_s, respond)
        due = [reader for reader in scrape.readers if reader.needs_reading(now_s)]
        due.sort(key=lambda reader: reader.sensor.slowness)
        for reader in due:
            reader.mark_submitted()
        if due:
            self._pending.update(due)
            self._pool.submit(*due)
        scrape.waiting.update(reader for reader in scrape.readers if reader.is_pending)
        self._scrapes.append(scrape)

    def poll(self) -> float:
        """Process finished and stuck readings, respond to scrapes; return when to poll again."""
        for reader, reading in self._pool.results():
            if isinstance(reader, SensorReader):
                reader.finish(reading)
                self._pending.discard(reader)
                for scrape in self._scrapes:
                    scrape.waiting.discard(reader)
        now_s = self._clock()
        next_poll_s = min(self._pool.replace_slow_thread(), self._mark_stuck(now_s))
        ready = [scrape for scrape in self._scrapes if scrape.is_ready(now_s)]
        self._scrapes = [scrape for scrape in self._scrapes if scrape not in ready]
        for scrape in ready:
            scrape.respond(
                [
                    reader.state(now_s, is_awaited=reader in scrape.waiting)
                    for reader in scrape.readers
                ]
            )
        # A client that was just served may have sent its next request, which may be ready already.
        deadlines_s = (now_s if one.is_ready(now_s) else one.until_s for one in self._scrapes)
        return min([next_poll_s, *deadlines_s])

    def _mark_stuck(self, now_s: float) -> float:
        """Mark readings past their deadline as stuck; return when the next one will be."""
        next_poll_s = math.inf
        for reader in self._pending:
            stuck_at_s = None if reader.is_stuck else reader.stuck_at()
            if stuck_at_s is None:
                continue
            if now_s < stuck_at_s:
                next_poll_s = min(next_poll_s, stuck_at_s)
            else:
                reader.mark_stuck()
        return next_poll_s


def collect_now(readers: Sequence[SensorReader], timeout_s: float = math.inf) -> list[SensorState]:
    """Read those *readers* that are due and wait for them; return the state of each."""
    woken, states = threading.Event(), list[SensorState]()
    collector = Collector(woken.set)
    collector.collect(readers, timeout_s, states.extend)
    while True:
        next_poll_s = collector.poll()
        if len(states) == len(readers):
            return states
        woken.wait(min(next_poll_s - time.monotonic(), threading.TIMEOUT_MAX))
        woken.clear()
