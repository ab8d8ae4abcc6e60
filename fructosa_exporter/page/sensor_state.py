"""What a page says of a sensor besides its samples, as plain values."""

from typing import NamedTuple

from fructosa_exporter.metrics import gauge
from fructosa_exporter.sensor import Sensor

from .reading import Reading

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
STATE_METRICS = (SUCCESS, DURATION, AGE)


class SensorState(NamedTuple):
    """What a page says of one *sensor*.

    *reading* is what the page shows, None when it could not wait for it; *last* is the newest
    reading that there is.
    """

    sensor: Sensor
    reading: Reading | None
    last: Reading | None
    duration_s: float | None
    age_s: float | None
    is_under_way: bool
    is_stuck: bool

    @property
    def is_success(self) -> bool:
        """Whether the page has what the sensor has to tell, be it nothing."""
        return self.reading is not None and self.reading.error is None
