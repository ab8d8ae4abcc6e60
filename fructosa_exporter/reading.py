"""Sensors into readings: when each is read again, and what a failure costs.

A sensor is read when a page is asked for, never on a timer. Within its ``time_interval`` the
last reading is served again.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .errors import SensorUnavailable
from .metrics import Sample, gauge
from .sensor import Sensor

log = logging.getLogger(__name__)

# Scrapers jitter: a scrape that comes a little early must not be served the old reading, or
# every now and then an interval would have none.
SLACK = 0.1

SUCCESS = gauge(
    "fructosa_sensor_success",
    "1 if the sensor's last reading worked (also where the machine has nothing to read), else 0.",
    "sensor",
)
DURATION = gauge(
    "fructosa_sensor_duration_seconds", "How long the sensor's last reading took.", "sensor"
)
AGE = gauge("fructosa_sensor_age_seconds", "Time since the sensor's last reading.", "sensor")
METRICS = (SUCCESS, DURATION, AGE)


@dataclass(frozen=True)
class Reading:
    """What one look of a sensor gave; *absent* says what the machine lacks, *error* what failed."""

    samples: tuple[Sample, ...]
    began_s: float
    duration_s: float
    absent: str | None = None
    error: str | None = None


def is_due(age_s: float, time_interval_s: float) -> bool:
    """Tell whether a reading of *age_s* seconds is to be replaced."""
    return age_s >= time_interval_s * (1 - SLACK)


class Reader:
    """One sensor, its last reading, and the one place where its errors are caught."""

    def __init__(
        self,
        sensor: Sensor,
        time_interval_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sensor = sensor
        self._time_interval_s = time_interval_s
        self._clock = clock
        self._last: Reading | None = None
        self._lock = threading.Lock()

    @property
    def last(self) -> Reading | None:
        """The last reading, however old; None before the first."""
        return self._last

    def reading(self) -> Reading:
        """Return the last reading, a new one if that is old. Scrapes at one time share one."""
        asked_s = self._clock()
        with self._lock:
            last = self._last
            if last is None or self._is_due(last, asked_s):
                self._last = self._read()
                self._report(last, self._last)
            return self._last  # type: ignore[return-value]  # set above

    def _is_due(self, last: Reading, asked_s: float) -> bool:
        # A reading that ended while a scrape waited for it is shared, however long it took:
        # else the scrapes that came meanwhile would measure one after the other.
        ended_s = last.began_s + last.duration_s
        return asked_s >= ended_s and is_due(asked_s - last.began_s, self._time_interval_s)

    def samples(self) -> Iterator[Sample]:
        """Yield the reading's samples, and how it went."""
        reading, name = self.reading(), self.sensor.name
        yield from reading.samples
        yield SUCCESS.sample(int(reading.error is None), name)
        yield DURATION.sample(reading.duration_s, name)
        yield AGE.sample(self._clock() - reading.began_s, name)

    def _read(self) -> Reading:
        began_s = self._clock()
        samples: tuple[Sample, ...] = ()
        absent = error = None
        try:
            samples = tuple(self.sensor.samples())  # all of a sensor, or nothing
        # psutil raises the second where a kernel lacks what others have.
        except (SensorUnavailable, NotImplementedError) as reason:
            absent = str(reason)
        except Exception as reason:  # noqa: BLE001 - a sensor must not cost the page
            error = f"{type(reason).__name__}: {reason}"
        return Reading(samples, began_s, self._clock() - began_s, absent, error)

    def _report(self, before: Reading | None, now: Reading) -> None:
        """Log a failure when it begins and when it ends, not at every scrape."""
        failed = before.error if before else None
        if now.error and now.error != failed:
            log.error("sensor %s failed, its samples are missing: %s", self.sensor.name, now.error)
        elif failed and not now.error and not now.absent:
            log.info("sensor %s can be read again", self.sensor.name)


def page(readers: Iterable[Reader]) -> Iterator[Sample]:
    """Yield the samples of all *readers*."""
    for reader in readers:
        yield from reader.samples()
