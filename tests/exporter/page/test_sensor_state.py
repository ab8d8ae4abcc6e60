"""What a page says of a sensor besides its samples."""

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
        (Reading(began_s=0, duration_s=1, absent="no battery"), True),
        (Reading(began_s=0, duration_s=1, error="OSError: gone"), False),
        (None, False),
    ],
)
def test_a_sensor_succeeds_unless_it_failed_or_was_not_waited_for(reading, expected):
    """Where the machine has nothing to read, that is what there is to say."""
    assert expected is state(reading).is_success


def test_each_metric_of_the_state_has_the_sensor_as_its_label():
    """And no other one."""
    assert {("sensor",)} == {metric.labels for metric in STATE_METRICS}
