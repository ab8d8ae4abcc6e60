"""A node's readings as plots."""

import pytest

from fructosa_bridge.web.plots import PLOTS, Curve, Plot, drawn, mean, rate
from fructosa_exporter.sensors import SENSORS

SERIES = {
    "n.net_total.eth0": [(10, 100.0), (20, 300.0), (30, 50.0), (40, 60.0)],
    "n.net_total.:x": [(20, 0.0), (30, 10.0)],
    "n.net_total.idle": [(10, 5.0), (20, 5.0), (30, 5.0)],
    "n.cpu.0": [(10, 0.2), (20, 0.4)],
    "n.cpu.1": [(10, 0.4)],
}


def find(pattern):
    """Return the series below the parts before the star."""
    return [path for path in SERIES if path.startswith(pattern.removesuffix("*"))]


def draw(*curves):
    """Return a plot of the series above."""
    return drawn(Plot("Title", "unit", curves), "n", find, SERIES.__getitem__)


def test_a_counter_is_drawn_as_its_rate_and_idle_devices_are_left_out():
    """Curves share the times; where one has no point there is none."""
    found = draw(Curve("net_total.*", "in", is_rate=True))

    assert ["eth0 in", "/x in"] == found["names"]
    assert [20, 30, 40] == found["times"]
    assert [[20.0, None, 1.0], [None, 1.0, None]] == found["values"]


def test_many_processors_are_drawn_as_their_mean():
    """A node has hundreds of them."""
    found = draw(Curve("cpu.*", "mean", is_mean=True))

    assert ["mean"] == found["names"]
    assert [[pytest.approx(0.3), 0.4]] == found["values"]


def test_without_series_there_is_no_plot():
    """A machine without fans has no empty box."""
    assert draw(Curve("none.*")) is None


def test_a_rate_skips_a_restart_from_zero():
    """It is never negative."""
    assert [(20, 20.0), (40, 1.0)] == rate(SERIES["n.net_total.eth0"])


def test_a_mean_is_taken_at_each_time():
    """Of those that have a point then."""
    assert [(1, 2.0), (2, 5.0)] == mean([[(1, 1.0)], [(1, 3.0), (2, 5.0)]])


AUTOMATIC = {"up", "scrape_duration_seconds", "scrape_samples_scraped"}


@pytest.mark.parametrize(
    "pattern", [curve.pattern for plot in PLOTS for curve in plot.curves], ids=str
)
def test_what_is_plotted_is_declared_by_a_sensor(pattern):
    """With as many labels as the pattern has stars."""
    declared = {
        metric.name: len(metric.labels) for sensor in SENSORS.values() for metric in sensor.metrics
    } | dict.fromkeys(AUTOMATIC, 1)
    name, *stars = pattern.split(".")

    assert len(stars) == declared[name]
