"""Declared metrics."""

import pytest

from fructosa_exporter.metrics import Metric, counter, gauge, info


def test_a_sample_has_a_value_for_each_declared_label():
    """In order of declaration."""
    metric = gauge("fructosa_disk_free_bytes", "Free.", "device", "mountpoint")

    assert (metric, ("sda", "/"), 5.0) == metric.sample(5.0, "sda", "/")


@pytest.mark.parametrize("labels", [(), ("sda",), ("sda", "/", "more")])
def test_a_wrong_number_of_labels_is_rejected(labels):
    """Too few and too many."""
    metric = gauge("fructosa_disk_free_bytes", "Free.", "device", "mountpoint")

    with pytest.raises(ValueError, match="has labels"):
        metric.sample(5.0, *labels)


@pytest.mark.parametrize(
    "declare",
    [
        lambda: gauge("free", "One word."),
        lambda: gauge("fructosa_Disk", "Capitals."),
        lambda: gauge("fructosa_disk_reads_total", "A gauge called total."),
        lambda: counter("fructosa_disk_reads", "A counter that is not."),
        lambda: info("fructosa_disk", "Facts that do not end in info."),
        lambda: gauge("fructosa_disk", "Label.", "Mount Point"),
    ],
)
def test_an_unusual_name_is_rejected(declare):
    """When the metric is declared."""
    with pytest.raises(ValueError, match=r"fructosa|free"):
        declare()


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("fructosa_memory_used_bytes", "bytes"),
        ("fructosa_network_speed_bytes_per_second", "bytes_per_second"),
        ("fructosa_cpu_utilization_ratio", "ratio"),
        ("fructosa_cpu_threads", ""),
    ],
)
def test_the_unit_is_the_end_of_the_name(name, unit):
    """A plain number has none."""
    assert unit == gauge(name, "Help.").unit


def test_a_counter_has_the_unit_before_total():
    """As in fructosa_cpu_seconds_total."""
    assert counter("fructosa_cpu_seconds_total", "Help.").unit == "seconds"


def test_metrics_are_compared_by_identity():
    """They are used as dict keys."""
    one, other = (Metric("fructosa_a", "gauge", "Help.") for _ in range(2))

    assert one != other


@pytest.mark.parametrize("value", [None, True, "1", [1]])
def test_a_value_that_is_not_a_number_is_rejected(value):
    """When it is measured; on the page it would fail all sensors."""
    metric = gauge("fructosa_load", "Load.")

    with pytest.raises(ValueError, match=r"^fructosa_load = "):
        metric.sample(value)
