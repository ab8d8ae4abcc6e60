"""Properties of all sensors, on a fake machine with all devices and on this machine."""

import math
from collections import Counter

import pytest

from fructosa_exporter import sensors
from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.page.sensor_state import STATE_METRICS
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sensors import SENSORS, Agent
from fructosa_exporter.sensors.gpu.gpu_sensor import GPUSensor

from .. import machine

WHOLE = [Agent, *SENSORS.values()]
METRICS = [metric for sensor in WHOLE for metric in sensor.metrics]


def subclasses(sensor):
    """Yield all classes below a class."""
    for one in sensor.__subclasses__():
        yield one
        yield from subclasses(one)


def test_every_sensor_is_discovered():
    """A class without metrics is a base class, or incomplete."""
    defined = [one for one in subclasses(Sensor) if one.__module__.startswith(sensors.__name__)]

    measuring = {one for one in defined if one.metrics}
    assert {Agent, *SENSORS.values()} == measuring
    assert [] == [one for one in defined if not one.metrics and not one.__subclasses__()]


def test_sensors_are_sorted_by_name():
    """Whatever module they are in; Agent, which is always read, is not included."""
    assert sorted(SENSORS, key=str.casefold) == list(SENSORS)
    assert Agent.name not in SENSORS


def test_two_sensors_with_one_name_are_rejected():
    """The message has both modules."""
    found = SENSORS["BootTime"]
    other = type("BootTime", (Sensor,), {"__doc__": "Another one.", "__module__": "elsewhere"})

    with pytest.raises(
        ValueError, match=r"operating_system and elsewhere both .* BootTime; rename"
    ):
        sensors._by_name([found, other])


def test_slow_sensors_are_read_after_all_others():
    """Of those of GPUs, the one that sleeps is the last."""
    slow = [sensor for sensor in SENSORS.values() if sensor.slowness]

    assert slow == [sensor for sensor in SENSORS.values() if issubclass(sensor, GPUSensor)]
    assert "GPUActivity" == max(slow, key=lambda sensor: sensor.slowness).name


@pytest.mark.parametrize("name", SENSORS)
def test_a_machine_with_all_devices_has_every_declared_metric(name):
    """And no other metric."""
    sensor = machine.full(name)

    found = {sample.metric for sample in machine.samples_of(sensor)}

    assert set(sensor.metrics) == found


@pytest.mark.parametrize(
    ("read", "missing"),
    [
        (Kernel(), r"New has no recorded files; .* tests/exporter/recorded/new\.tree"),
        (len, r"New has no reading; .* _READINGS in tests/exporter/machine\.py"),
    ],
)
def test_a_new_sensor_without_test_data_gets_an_explanation(monkeypatch, read, missing):
    """It is not a KeyError."""
    new = type("New", (Sensor,), {"__doc__": "New.", "__module__": "sensors.new", "read": read})
    monkeypatch.setitem(SENSORS, "New", new)

    with pytest.raises(LookupError, match=missing):
        machine.full("New")


@pytest.mark.parametrize("sensor", WHOLE, ids=lambda one: one.name)
def test_each_sensor_reads_this_machine(sensor):
    """It returns finite numbers of declared metrics and no duplicate series, or is unavailable."""
    try:
        samples = machine.samples_of(sensor())
    except SensorUnavailable:
        return

    assert {sample.metric for sample in samples} <= set(sensor.metrics)
    assert all(math.isfinite(sample.value) for sample in samples)
    assert all(isinstance(label, str) for sample in samples for label in sample.labels)
    series = Counter((sample.metric, sample.labels) for sample in samples)
    assert {1} >= set(series.values())


def test_each_sensor_has_a_summary_line():
    """It ends with a full stop and fits in a terminal; cost and rights are declared too."""
    too_long = [one.name for one in WHOLE if len(one.summary()) > 100]
    unfinished = [one.name for one in WHOLE if not one.summary().endswith(".")]

    assert [] == too_long + unfinished
    assert [] == [one.name for one in WHOLE if not (one.cost and one.rights)]


def test_each_metric_has_a_help_text():
    """It is a sentence."""
    assert all(one.metrics for one in WHOLE)
    assert [] == [metric.name for metric in METRICS if not metric.help.endswith(".")]


def test_metric_names_are_unique():
    """A page would otherwise have two HELP lines for one metric."""
    names = Counter(metric.name for metric in [*METRICS, *STATE_METRICS])

    assert [] == [name for name, number in names.items() if number > 1]


def test_metric_names_begin_with_the_name_of_the_project():
    """Those of a site's own sensors need not."""
    assert [] == [one.name for one in METRICS if not one.name.startswith("fructosa_")]


def test_ratios_are_gauges():
    """They go up and down."""
    assert {"gauge"} == {metric.type for metric in METRICS if metric.unit == "ratio"}
