"""The plots of a node's page."""

import pytest

from fructosa_bridge.web.plots import PLOTS, Curve, Plot, mean, plot_data, rate
from fructosa_exporter.sensors import SENSORS

SERIES = {
    "n.net_total.eth0": [(10, 100.0), (20, 300.0), (30, 50.0), (40, 60.0)],
    "n.net_total.:x": [(20, 0.0), (30, 10.0)],
    "n.net_total.idle": [(10, 5.0), (20, 5.0), (30, 5.0)],
    "n.cpu.0": [(10, 0.2), (20, 0.4)],
    "n.cpu.1": [(10, 0.4)],
}


def find(pattern):
    """Return the series whose paths match a pattern with a star at its end."""
    return [path for path in SERIES if path.startswith(pattern.removesuffix("*"))]


def plot(*curves):
    """Return the data of a plot of the series above."""
    return plot_data(Plot("Title", "unit", curves), "n", find, SERIES.__getitem__)


def test_a_counter_is_plotted_as_rate_without_idle_devices():
    """Curves share the times; missing points are None."""
    found = plot(Curve("net_total.*", "in", is_rate=True))

    assert ["eth0 in", "/x in"] == found["names"]
    assert [20, 30, 40] == found["times"]
    assert [[20.0, None, 1.0], [None, 1.0, None]] == found["values"]


def test_many_series_can_be_plotted_as_their_mean():
    """A node may have hundreds of CPUs."""
    found = plot(Curve("cpu.*", "mean", is_mean=True))

    assert ["mean"] == found["names"]
    assert [[pytest.approx(0.3), 0.4]] == found["values"]


def test_without_series_there_is_no_plot():
    """The page has no empty boxes."""
    assert plot(Curve("none.*")) is None


def test_a_rate_has_no_point_where_the_counter_was_reset():
    """So it is never negative."""
    assert [(20, 20.0), (40, 1.0)] == rate(SERIES["n.net_total.eth0"])


def test_a_mean_is_that_of_the_series_with_a_point():
    """At each time."""
    assert [(1, 2.0), (2, 5.0)] == mean([[(1, 1.0)], [(1, 3.0), (2, 5.0)]])


# Series that lmaster adds to each target.
AUTOMATIC = {"up", "scrape_duration_seconds", "scrape_samples_scraped"}


@pytest.mark.parametrize(
    "pattern", [curve.pattern for plot in PLOTS for curve in plot.curves], ids=str
)
def test_plotted_metrics_exist(pattern):
    """A sensor declares them, with as many labels as the pattern has stars."""
    declared = {
        metric.name: len(metric.labels) for sensor in SENSORS.values() for metric in sensor.metrics
    } | dict.fromkeys(AUTOMATIC, 1)
    name, *stars = pattern.split(".")

    assert len(stars) == declared[name]
