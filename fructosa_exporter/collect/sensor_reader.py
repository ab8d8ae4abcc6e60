"""Sensors into readings: when each is read again, and what a failure costs.

A sensor is read when a page is asked for, never on a timer. Within its ``time_interval`` the
last reading is served again.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import Family, Key, Rows
from fructosa_exporter.page.exposition import SeriesTemplate
from fructosa_exporter.page.reading import NO_SERIES, Reading
from fructosa_exporter.page.sensor_state import SensorState
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.thread_pool import Task

log = logging.getLogger(__name__)

# Scrapers jitter: a scrape that comes a little early must not be served the old reading, or
# every now and then an interval would have none.
SLACK = 0.1


def is_due(age_s: float, time_interval_s: float) -> bool:
    """Tell whether a reading of *age_s* seconds is to be replaced."""
    return age_s >= time_interval_s * (1 - SLACK)


class SensorReader(Task):
    """One sensor, its last reading, and the one place where its errors are caught.

    ``run`` runs in a thread of the pool. All else belongs to whoever submits the reader.
    """

    def __init__(self, sensor: Sensor, clock: Callable[[], float] = time.monotonic) -> None:
        self.sensor = sensor
        self.last: Reading | None = None
        self.is_under_way = False
        self.is_stuck = False
        self._clock = clock
        self._template = NO_SERIES

    @property
    def name(self) -> str:
        """The name of its sensor."""
        return self.sensor.name

    def is_wanted(self, now_s: float) -> bool:
        """Tell whether a page that is asked for at *now_s* needs a new reading."""
        if self.is_under_way:
            return False
        options = self.sensor.options
        return self.last is None or is_due(now_s - self.last.began_s, options.time_interval)

    def mark_submitted(self) -> None:
        """Note that it was submitted: scrapes that come now share the reading."""
        self.is_under_way = True

    def stuck_at(self) -> float | None:
        """Return when a reading under way counts as stuck; None while it has not begun."""
        began_s = self.began_s
        return None if began_s is None else began_s + self.sensor.options.deadline

    def mark_stuck(self) -> None:
        """Note that pages no longer wait for the reading under way."""
        self.is_stuck = True
        log.error(
            "sensor %s has hung for %g s; pages are served without it until it returns",
            self.name,
            self.sensor.options.deadline,
        )

    def finish(self, reading: Reading) -> None:
        """Take the *reading* that was under way."""
        before, self.last = self.last, reading
        if self.is_stuck:
            log.info("sensor %s returned after %.1f s", self.name, reading.duration_s)
        self.is_under_way = self.is_stuck = False
        self._report(before, reading)

    def state(self, now_s: float, is_awaited: bool) -> SensorState:
        """Return what can be said of the sensor at *now_s*.

        That is its last reading, unless a new one *is_awaited*.
        """
        last, began_s = self.last, self.began_s
        age_s = None if last is None else max(0.0, now_s - last.began_s)
        if is_awaited:
            duration_s = None if began_s is None else max(0.0, now_s - began_s)
        else:
            duration_s = None if last is None else last.duration_s
        return SensorState(
            self.sensor,
            None if is_awaited else last,
            last,
            duration_s,
            age_s,
            self.is_under_way,
            self.is_stuck,
        )

    def run(self) -> Reading:
        """Read the sensor: all of it, or nothing."""
        began_s = self._clock()
        try:
            template, values, families = self._measured()
        # psutil raises the second where a kernel lacks what others have.
        except (SensorUnavailable, NotImplementedError) as reason:
            return self._without(began_s, absent=str(reason))
        except PermissionError as reason:
            error = f"{reason}; the sensor needs {self.sensor.rights}"
            return self._without(began_s, error=error, is_denied=True)
        # A plug-in may even want to end the program; it must not cost the page.
        except (Exception, SystemExit) as reason:  # noqa: BLE001
            return self._without(began_s, error=f"{type(reason).__name__}: {reason}")
        return Reading(
            began_s=began_s,
            duration_s=self._clock() - began_s,
            template=template,
            values=values,
            families=families,
        )

    def _without(self, began_s: float, **why: Any) -> Reading:
        return Reading(began_s=began_s, duration_s=self._clock() - began_s, **why)

    def _measured(self) -> tuple[SeriesTemplate, tuple[float, ...], tuple[Family, ...]]:
        keys: list[Key] = []
        values: list[float] = []
        families: list[Family] = []
        for item in self.sensor.samples():
            if isinstance(item, Rows):
                keys += item.keys
                values += item.values
            elif isinstance(item, Family):
                families.append(item)
            else:
                metric, labels, value = item
                keys.append((metric, labels))
                values.append(value)
        if keys != self._template.keys:
            self._template = SeriesTemplate(keys)
        return self._template, self._template.checked(values), tuple(families)

    def _report(self, before: Reading | None, now: Reading) -> None:
        """Log a failure when it begins and when it ends, not at every scrape."""
        failed = before.error if before else None
        if now.error and now.error != failed:
            log.error("sensor %s failed, its samples are missing: %s", self.name, now.error)
        elif failed and not now.error and not now.absent:
            log.info("sensor %s can be read again", self.name)
