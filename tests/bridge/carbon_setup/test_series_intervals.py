"""Which sensors only slower sections have."""

import re

import pytest

from fructosa_bridge.carbon_setup.series_intervals import (
    SectionInterval,
    section_interval,
    sensors_pattern,
    slower_sensors,
)
from fructosa_bridge.model.target import Target
from fructosa_bridge.naming.sensor_metrics import METRICS, OF_EACH


def target(**how):
    """Return a target with some sensors."""
    return Target(group="a", host="n1", port=1, graphite_path="n1", **how)


@pytest.mark.parametrize(
    ("how", "sensors"),
    [
        ({}, set()),
        ({"sensors": ("CPUCount", "BootTime")}, {"CPUCount", "BootTime"}),
        ({"sensors": ("CPUCount", "a_sites_own")}, set()),
        ({"sensors": ("CPUCount",), "path": "/metrics?collect[]=BootTime"}, set()),
    ],
)
def test_the_series_of_a_section_are_known_from_its_sensors(how, sensors):
    """Unless it has none, one that is not lagent's own, or a query in its path."""
    assert sensors == section_interval(target(**how)).sensors


def test_a_sensor_of_only_the_slow_sections_is_slower():
    """With the shortest interval of those that have it."""
    fast = SectionInterval(10, frozenset({"CPUPercent"}))
    slow = SectionInterval(60, frozenset({"CPUPercent", "BootTime"}))
    slowest = SectionInterval(300, frozenset({"BootTime", "CPUCount"}))

    found = slower_sensors([fast, slow, slowest])

    assert {60: ["BootTime"], 300: ["CPUCount"]} == {key: sorted(of) for key, of in found.items()}


def test_a_fast_section_without_sensors_leaves_no_slower_ones():
    """It may have any series."""
    assert {} == slower_sensors(
        [SectionInterval(10, frozenset()), SectionInterval(60, frozenset({"BootTime"}))]
    )


@pytest.mark.parametrize(
    ("series", "plain", "fructosa"),
    [
        ("fructosa_boot_time_seconds", True, True),
        ("fructosa_sensor_success.BootTime", True, True),
        ("fructosa_sensor_success.BootTimes", False, False),
        ("fructosa_boot_time_seconds_of_others", False, False),
        ("BootTime", False, True),
    ],
)
def test_a_pattern_matches_the_series_of_its_sensors(series, plain, fructosa):
    """The names of FrUCToSA 0.3 only if they are written."""
    for has_old_names, expected in ((False, plain), (True, fructosa)):
        pattern = sensors_pattern(["BootTime"], has_old_names=has_old_names)

        assert expected == bool(re.match(pattern, series))


def test_a_pattern_matches_what_is_zero_beside_its_sensors():
    """FrUCToSA 0.3 had a series of system calls, of which lagent has no metric."""
    pattern = sensors_pattern(["CPUStats"], has_old_names=True)

    assert re.match(pattern, "CPUStats.syscalls")


def test_no_metric_belongs_to_two_sensors():
    """Otherwise the rule of a slow sensor would match series of a fast one."""
    names = [*OF_EACH, *(name for names in METRICS.values() for name in names)]

    assert sorted(set(names)) == sorted(names)
