"""The state of a sensor on a page."""

import pytest

from fructosa_exporter.page.reading import Reading
from fructosa_exporter.page.sensor_state import STATE_METRICS, SensorState
from fructosa_exporter.sensor import Sensor


def state(reading):
    """Return the state of a sensor with a *reading*, or None."""
    return SensorState(Sensor.__new__(Sensor), reading, None, 1.0, 0.0, False, False)


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (Reading(began_s=0, duration_s=1), True),
        (Reading(began_s=0, duration_s=1, unavailable="no battery"), True),
        (Reading(began_s=0, duration_s=1, error="OSError: gone"), False),
        (None, False),
    ],
)
def test_a_sensor_succeeds_unless_it_failed_or_was_not_ready(reading, expected):
    """It also succeeds if the machine has nothing to read."""
    assert expected is state(reading).is_success


def test_metrics_about_sensors_have_the_label_sensor():
    """And no other label."""
    assert {("sensor",)} == {metric.labels for metric in STATE_METRICS}
