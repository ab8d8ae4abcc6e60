"""What holds for every sensor, on a machine that has everything and on the real one."""

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


def test_every_sensor_of_a_module_is_found():
    """A class without metrics is a base of others, or was forgotten half-way."""
    written = [one for one in subclasses(Sensor) if one.__module__.startswith(sensors.__name__)]

    measuring = {one for one in written if one.metrics}
    assert {Agent, *SENSORS.values()} == measuring
    assert [] == [one for one in written if not one.metrics and not one.__subclasses__()]


def test_sensors_are_in_the_order_of_their_names():
    """Wherever their modules are; the agent, which is always read, is not among them."""
    assert sorted(SENSORS, key=str.casefold) == list(SENSORS)
    assert Agent.name not in SENSORS


def test_two_sensors_of_one_name_are_refused():
    """One would hide the other; the message says where both are."""
    found = SENSORS["BootTime"]
    other = type("BootTime", (Sensor,), {"__doc__": "Another one.", "__module__": "elsewhere"})

    with pytest.raises(
        ValueError, match=r"operating_system and elsewhere both .* BootTime; rename"
    ):
        sensors._by_name([found, other])


def test_sensors_that_may_be_slow_are_read_after_all_others():
    """Of GPUs, the one that sleeps comes last."""
    slow = [sensor for sensor in SENSORS.values() if sensor.slowness]

    assert slow == [sensor for sensor in SENSORS.values() if issubclass(sensor, GPUSensor)]
    assert "GPUActivity" == max(slow, key=lambda sensor: sensor.slowness).name


@pytest.mark.parametrize("name", SENSORS)
def test_every_declared_metric_is_there_on_a_machine_that_has_everything(name):
    """And no other one."""
    sensor = machine.full(name)

    found = {sample.metric for sample in machine.samples_of(sensor)}

    assert set(sensor.metrics) == found


@pytest.mark.parametrize(
    ("reads", "missing"),
    [
        (Kernel(), r"New: nothing is recorded .* to tests/exporter/recorded/new\.tree"),
        (len, r"New: nothing is known .* into _SEEN of tests/exporter/machine\.py"),
    ],
)
def test_a_new_sensor_says_what_its_tests_miss(monkeypatch, reads, missing):
    """Rather than a KeyError."""
    new = type("New", (Sensor,), {"__doc__": "New.", "__module__": "sensors.new", "read": reads})
    monkeypatch.setitem(SENSORS, "New", new)

    with pytest.raises(LookupError, match=missing):
        machine.full("New")


@pytest.mark.parametrize("sensor", WHOLE, ids=lambda one: one.name)
def test_a_sensor_reads_the_machine_that_the_tests_run_on(sensor):
    """Numbers of declared metrics, no series twice; or what is missing."""
    try:
        samples = machine.samples_of(sensor())
    except SensorUnavailable:
        return

    assert {sample.metric for sample in samples} <= set(sensor.metrics)
    assert all(math.isfinite(sample.value) for sample in samples)
    assert all(isinstance(label, str) for sample in samples for label in sample.labels)
    series = Counter((sample.metric, sample.labels) for sample in samples)
    assert {1} >= set(series.values())


def test_a_sensor_says_in_one_line_what_it_measures():
    """It ends with a full stop and fits on a terminal; cost and rights are told too."""
    too_long = [one.name for one in WHOLE if len(one.summary()) > 100]
    unfinished = [one.name for one in WHOLE if not one.summary().endswith(".")]

    assert [] == too_long + unfinished
    assert [] == [one.name for one in WHOLE if not (one.cost and one.rights)]


def test_every_metric_says_what_it_means():
    """In sentences."""
    assert all(one.metrics for one in WHOLE)
    assert [] == [metric.name for metric in METRICS if not metric.help.endswith(".")]


def test_no_two_sensors_declare_a_metric_of_one_name():
    """A page would have two heads for it."""
    names = Counter(metric.name for metric in [*METRICS, *STATE_METRICS])

    assert [] == [name for name, number in names.items() if number > 1]


def test_every_metric_of_the_project_begins_with_its_name():
    """Those of a site's own sensors need not."""
    assert [] == [one.name for one in METRICS if not one.name.startswith("fructosa_")]


def test_a_counter_never_has_the_unit_of_a_ratio():
    """Ratios go up and down."""
    assert {"gauge"} == {metric.type for metric in METRICS if metric.unit == "ratio"}
