"""The table of metrics that lmaster uses."""

from fructosa_exporter.metrics import gauge
from fructosa_exporter.reference.metric_table import metric_table
from fructosa_exporter.sensor import Sensor


class One(Sensor):
    """One metric."""

    ONLY = gauge("fructosa_one_metric", "Only.")


class Two(Sensor):
    """Two metrics."""

    FIRST = gauge("fructosa_first_metric", "First.")
    SECOND = gauge("fructosa_second_metric", "Second.", "of")


def test_the_table_is_a_python_module():
    """It has the metrics of each sensor by name, and those about each sensor."""
    names = {}

    exec(metric_table([One, Two], [One.ONLY]), names)  # noqa: S102 - our own text

    assert ("fructosa_one_metric",) == names["OF_EACH"]
    assert {
        "One": ("fructosa_one_metric",),
        "Two": ("fructosa_first_metric", "fructosa_second_metric"),
    } == names["METRICS"]
    assert names["__doc__"].startswith("The metrics on a page of lagent")
