"""Declared metrics."""

import pytest

from fructosa_exporter.metrics import Metric, counter, gauge, info


def test_a_sample_has_a_value_for_each_declared_label():
    """In their order."""
    metric = gauge("fructosa_disk_free_bytes", "Free.", "device", "mountpoint")

    assert (metric, ("sda", "/"), 5.0) == metric.sample(5.0, "sda", "/")


@pytest.mark.parametrize("labels", [(), ("sda",), ("sda", "/", "more")])
def test_labels_that_are_not_declared_are_refused(labels):
    """Their number is checked."""
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
def test_a_name_that_the_field_would_not_use_is_refused(declare):
    """When it is declared, not when it is measured."""
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
def test_the_unit_is_what_the_name_ends_in(name, unit):
    """A plain number has none."""
    assert unit == gauge(name, "Help.").unit


def test_a_counter_has_the_unit_before_total():
    """As fructosa_cpu_seconds_total has."""
    assert counter("fructosa_cpu_seconds_total", "Help.").unit == "seconds"


def test_a_metric_equals_only_itself():
    """It is a key of caches."""
    one, other = (Metric("fructosa_a", "gauge", "Help.") for _ in range(2))

    assert one != other


@pytest.mark.parametrize("value", [None, True, "1", [1]])
def test_what_is_no_number_is_refused(value):
    """When it is measured: on the page it would cost all the other sensors too."""
    metric = gauge("fructosa_load", "Load.")

    with pytest.raises(ValueError, match=r"^fructosa_load = .* is no number$"):
        metric.sample(value)
