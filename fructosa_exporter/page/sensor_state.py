"""The state of a sensor as a page shows it, and the metrics about it."""

from typing import NamedTuple

from fructosa_exporter.metrics import gauge
from fructosa_exporter.sensor import Sensor

from .reading import Reading

_DIGITS = 6

SUCCESS = gauge(
    "fructosa_sensor_success",
    "1 if the last reading of the sensor succeeded or found nothing to read, else 0.",
    "sensor",
)
DURATION = gauge(
    "fructosa_sensor_duration_seconds",
    "Duration of the last reading of the sensor; while it hangs, the time since it started.",
    "sensor",
    digits=_DIGITS,
)
AGE = gauge(
    "fructosa_sensor_age_seconds",
    "Time since the last reading of the sensor.",
    "sensor",
    digits=_DIGITS,
)
STATE_METRICS = (SUCCESS, DURATION, AGE)


class SensorState(NamedTuple):
    """The state of one *sensor*, for one page.

    *reading* is what the page shows, None if it was not finished in time; *last* is the newest
    reading. *is_pending* is set from when a reading is requested until it returns; *is_stuck* if it
    has exceeded the sensor's deadline.
    """

    sensor: Sensor
    reading: Reading | None
    last: Reading | None
    duration_s: float | None
    age_s: float | None
    is_pending: bool
    is_stuck: bool

    @property
    def is_success(self) -> bool:
        """Whether the page has all samples of the sensor, even if there are none."""
        return self.reading is not None and self.reading.error is None
