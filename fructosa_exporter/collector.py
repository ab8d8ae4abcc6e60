"""Scrapes into pages: which sensors are read for a scrape, and how long it waits for them.

One thread owns a collector and calls ``look`` whenever the crew wakes it or the time is up that
the last ``look`` returned. Only sensors are read in other threads.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .crew import Crew
from .metrics import gauge
from .reading import Reader, Reading

_DIGITS = 6

SUCCESS = gauge(
    "fructosa_sensor_success",
    "1 if the sensor's last reading worked (also where the machine has nothing to read), else 0.",
    "sensor",
)
DURATION = gauge(
    "fructosa_sensor_duration_seconds",
    "How long the sensor's last reading took; while it hangs, how long it does so far.",
    "sensor",
    digits=_DIGITS,
)
AGE = gauge(
    "fructosa_sensor_age_seconds",
    "Time since the sensor's last reading.",
    "sensor",
    digits=_DIGITS,
)
METRICS = (SUCCESS, DURATION, AGE)


class State(NamedTuple):
    """What a page says of one sensor: *reading* is None when the page could not wait for it."""

    reader: Reader
    reading: Reading | None
    duration_s: float | None
    age_s: float | None

    @property
    def is_success(self) -> bool:
        """Whether the page has what the sensor has to tell, be it nothing."""
        return self.reading is not None and self.reading.error is None


def state(reader: Reader, now_s: float, is_awaited: bool) -> State:
    """Return what can be said of *reader* at *now_s*; its last reading, unless one *is_awaited*."""
    last, began_s = reader.last, reader.began_s
    age_s = None if last is None else max(0.0, now_s - last.began_s)
    if is_awaited:
        duration_s = None if began_s is None else max(0.0, now_s - began_s)
        return State(reader, None, duration_s, age_s)
    return State(reader, last, None if last is None else last.duration_s, age_s)


@dataclass(eq=False)
class _Scrape:
    """A scrape that waits for readings.

    What it waits for no longer may be under way again, for another scrape.
    """

    readers: Sequence[Reader]
    until_s: float
    answer: Callable[[list[State]], None]
    waiting: set[Reader] = field(default_factory=set)

    def is_ready(self, now_s: float) -> bool:
        """Tell whether there is nothing more to wait for."""
        return now_s >= self.until_s or all(reader.is_stuck for reader in self.waiting)


class Collector:
    """Has sensors read for scrapes; scrapes at one time share the readings."""

    def __init__(
        self, wake: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._crew = Crew(wake, clock)
        self._clock = clock
        self._scrapes: list[_Scrape] = []
        self._under_way: set[Reader] = set()

    def ask(
        self, readers: Iterable[Reader], within_s: float, answer: Callable[[list[State]], None]
    ) -> None:
        """Have *answer* called with the state of each reader, *within_s* seconds from now.

        It is called from within ``look``.
        """
        now_s = self._clock()
        scrape = _Scrape(tuple(readers), now_s + within_s, answer)
        wanted = [reader for reader in scrape.readers if reader.is_wanted(now_s)]
        wanted.sort(key=lambda reader: reader.sensor.waits_for_device)
        for reader in wanted:
            reader.begin()
        if wanted:
            self._under_way.update(wanted)
            self._crew.submit(*wanted)
        scrape.waiting.update(reader for reader in scrape.readers if reader.is_under_way)
        self._scrapes.append(scrape)

    def look(self) -> float:
        """Take what was read, give up what hangs, answer scrapes; return when to look again."""
        for reader, reading in self._crew.results():
            if isinstance(reader, Reader):
                reader.finish(reading)
                self._under_way.discard(reader)
                for scrape in self._scrapes:
                    scrape.waiting.discard(reader)
        now_s = self._clock()
        again_s = min(self._crew.overtake(), self._give_up(now_s))
        ready = [one for one in self._scrapes if one.is_ready(now_s)]
        self._scrapes = [one for one in self._scrapes if one not in ready]
        for scrape in ready:
            scrape.answer(
                [state(one, now_s, is_awaited=one in scrape.waiting) for one in scrape.readers]
            )
        # Who is answered may have asked again, for what need not be read again.
        asked = (now_s if one.is_ready(now_s) else one.until_s for one in self._scrapes)
        return min([again_s, *asked])

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
                reader.stick()
        return again_s


def read_now(readers: Sequence[Reader], within_s: float = math.inf) -> list[State]:
    """Read what is due of *readers*, and wait for it; return the state of each."""
    woken, found = threading.Event(), list[State]()
    collector = Collector(woken.set)
    collector.ask(readers, within_s, found.extend)
    while True:
        again_s = collector.look()
        if len(found) == len(readers):
            return found
        woken.wait(min(again_s - time.monotonic(), threading.TIMEOUT_MAX))
        woken.clear()
