"""Reads one sensor: decides when it is due, and catches its errors.

A sensor is read when it is scraped, never on a timer. Within its ``time_interval``, scrapes get the
last reading again.
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

HAS_HUNG = "sensor %s has hung for %g s; pages are served without it until it returns"
HAS_FAILED = "sensor %s failed, its samples are missing: %s"
HAS_NOT_BEGUN = "sensor %s cannot begin, so that it is only read for pages: %s"
HAS_NOT_CLOSED = "sensor %s cannot be closed: %s"
WORKS_AGAIN = "sensor %s can be read again"
IS_SHOWN = "sensor %s has found something, and is read from now on"
NEEDS_RIGHTS = "{reason}; the sensor needs {rights}"

# Scrapes jitter. If one that comes slightly early got the old reading, now and then an interval
# would have no new one.
SLACK = 0.1
# How long a sensor that has found nothing is left alone: hardware and its driver may come later.
HIDDEN_S = 60.0


def is_due(age_s: float, time_interval_s: float) -> bool:
    """Return whether a sensor with a reading of *age_s* has to be read again."""
    return age_s >= time_interval_s * (1 - SLACK)


class SensorReader(Task):
    """Reads one sensor, keeps its last reading, and is the only place that catches its errors.

    While it *is_hidden*, pages do not have it, and it is read once a minute: until it finds
    something. ``run`` runs in a thread of the pool; everything else in the thread that submits the
    reader.
    """

    def __init__(self, sensor: Sensor, clock: Callable[[], float] = time.monotonic) -> None:
        self.sensor = sensor
        self.last: Reading | None = None
        self.is_hidden = False
        self.is_pending = False
        self.is_stuck = False
        self._clock = clock
        self._template = NO_SERIES

    @property
    def name(self) -> str:
        """The name of the sensor."""
        return self.sensor.name

    def begin(self) -> None:
        """Start what the sensor does between readings; if that fails, it is only read."""
        try:
            self.sensor.begin()
        except Exception as error:  # noqa: BLE001 - as in run()
            log.error(HAS_NOT_BEGUN, self.name, f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Stop what ``begin`` has started."""
        try:
            self.sensor.close()
        except Exception as error:  # noqa: BLE001 - as in run()
            log.error(HAS_NOT_CLOSED, self.name, f"{type(error).__name__}: {error}")

    def needs_reading(self, now_s: float) -> bool:
        """Return whether a scrape at *now_s* needs a new reading."""
        if self.is_pending:
            return False
        interval_s = self.sensor.options.time_interval
        if self.is_hidden:
            interval_s = max(HIDDEN_S, interval_s)
        return self.last is None or is_due(now_s - self.last.began_s, interval_s)

    def mark_submitted(self) -> None:
        """Mark it as submitted to a pool; scrapes from now on share the reading."""
        self.is_pending = True

    def stuck_at(self) -> float | None:
        """Return when the running reading counts as stuck; None if none is running."""
        began_s = self.began_s
        return None if began_s is None else began_s + self.sensor.options.deadline

    def mark_stuck(self) -> None:
        """Mark the running reading as stuck; scrapes no longer wait for it."""
        self.is_stuck = True
        log.error(HAS_HUNG, self.name, self.sensor.options.deadline)

    def finish(self, reading: Reading) -> None:
        """Take the *reading* that ``run`` returned."""
        before, self.last = self.last, reading
        if self.is_stuck:
            log.info("sensor %s returned after %.1f s", self.name, reading.duration_s)
        self.is_pending = self.is_stuck = False
        if self.is_hidden and not reading.unavailable:
            self.is_hidden = False
            log.info(IS_SHOWN, self.name)
        self._log_change(before, reading)

    def state(self, now_s: float, is_awaited: bool) -> SensorState:
        """Return the state of the sensor at *now_s*.

        Its reading is the last one, or None if a new one *is_awaited*.
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
            self.is_pending,
            self.is_stuck,
        )

    def run(self) -> Reading:
        """Read the sensor; return all of its samples or, if it fails, none."""
        began_s = self._clock()
        try:
            template, values, families = self._measure()
        # psutil raises NotImplementedError if this kernel lacks a feature.
        except (SensorUnavailable, NotImplementedError) as reason:
            return self._empty_reading(began_s, unavailable=str(reason))
        except PermissionError as reason:
            error = NEEDS_RIGHTS.format(reason=reason, rights=self.sensor.rights)
            return self._empty_reading(began_s, error=error, is_permission_denied=True)
        # SystemExit too: a plug-in that exits must not end the agent.
        except (Exception, SystemExit) as reason:  # noqa: BLE001
            return self._empty_reading(began_s, error=f"{type(reason).__name__}: {reason}")
        return Reading(
            began_s=began_s,
            duration_s=self._clock() - began_s,
            template=template,
            values=values,
            families=families,
        )

    def _empty_reading(self, began_s: float, **reason: Any) -> Reading:
        return Reading(began_s=began_s, duration_s=self._clock() - began_s, **reason)

    def _measure(self) -> tuple[SeriesTemplate, tuple[float, ...], tuple[Family, ...]]:
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
        return self._template, self._template.validated(values), tuple(families)

    def _log_change(self, before: Reading | None, now: Reading) -> None:
        """Log a failure when it begins and when it ends, not at every scrape."""
        failed = before.error if before else None
        if now.error and now.error != failed:
            log.error(HAS_FAILED, self.name, now.error)
        elif failed and not now.error and not now.unavailable:
            log.info(WORKS_AGAIN, self.name)
