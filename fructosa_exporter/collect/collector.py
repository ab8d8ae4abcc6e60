"""Scrapes into pages: which sensors are read for a scrape, and how long it waits for them.

One thread owns a collector and calls ``poll`` whenever the thread pool wakes it or the time is up
that the last ``poll`` returned. Only sensors are read in other threads.
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

    What it waits for no longer may be under way again, for another scrape.
    """

    readers: Sequence[SensorReader]
    until_s: float
    respond: Callable[[list[SensorState]], None]
    waiting: set[SensorReader] = field(default_factory=set)

    def is_ready(self, now_s: float) -> bool:
        """Tell whether there is nothing more to wait for."""
        return now_s >= self.until_s or all(reader.is_stuck for reader in self.waiting)


class Collector:
    """Has sensors read for scrapes; scrapes at one time share the readings."""

    def __init__(
        self, wake: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool = ThreadPool(wake, clock)
        self._clock = clock
        self._scrapes: list[_PendingScrape] = []
        self._under_way: set[SensorReader] = set()

    def collect(
        self,
        readers: Iterable[SensorReader],
        timeout_s: float,
        respond: Callable[[list[SensorState]], None],
    ) -> None:
        """Have *respond* called with the state of each reader, *timeout_s* from now at the latest.

        It is called from within ``poll``.
        """
        now_s = self._clock()
        scrape = _PendingScrape(tuple(readers), now_s + timeout_s, respond)
        wanted = [reader for reader in scrape.readers if reader.is_wanted(now_s)]
        wanted.sort(key=lambda reader: reader.sensor.slowness)
        for reader in wanted:
            reader.mark_submitted()
        if wanted:
            self._under_way.update(wanted)
            self._pool.submit(*wanted)
        scrape.waiting.update(reader for reader in scrape.readers if reader.is_under_way)
        self._scrapes.append(scrape)

    def poll(self) -> float:
        """Take what was read, give up what hangs, answer scrapes; return when to poll again."""
        for reader, reading in self._pool.results():
            if isinstance(reader, SensorReader):
                reader.finish(reading)
                self._under_way.discard(reader)
                for scrape in self._scrapes:
                    scrape.waiting.discard(reader)
        now_s = self._clock()
        again_s = min(self._pool.replace_slow_thread(), self._give_up(now_s))
        ready = [one for one in self._scrapes if one.is_ready(now_s)]
        self._scrapes = [one for one in self._scrapes if one not in ready]
        for scrape in ready:
            scrape.respond(
                [one.state(now_s, is_awaited=one in scrape.waiting) for one in scrape.readers]
            )
        # Who is answered may have asked again, for what need not be read again.
        pending = (now_s if one.is_ready(now_s) else one.until_s for one in self._scrapes)
        return min([again_s, *pending])

    def _give_up(self, now_s: float) -> float:
        """Note which readings are past their deadline; return when the next one will be."""
        again_s = math.inf
        for reader in self._under_way:
            stuck_at_s = None if reader.is_stuck else reader.stuck_at()
            if stuck_at_s is None:
                continue
            if now_s < stuck_at_s:
                again_s = min(again_s, stuck_at_s)
            else:
                reader.mark_stuck()
        return again_s


def collect_now(readers: Sequence[SensorReader], timeout_s: float = math.inf) -> list[SensorState]:
    """Read what is due of *readers*, and wait for it; return the state of each."""
    woken, found = threading.Event(), list[SensorState]()
    collector = Collector(woken.set)
    collector.collect(readers, timeout_s, found.extend)
    while True:
        again_s = collector.poll()
        if len(found) == len(readers):
            return found
        woken.wait(min(again_s - time.monotonic(), threading.TIMEOUT_MAX))
        woken.clear()
