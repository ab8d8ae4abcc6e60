"""Dashboards and sensors agree: nothing is asked for that nobody tells, and nothing forgotten."""

import re

from prometheus_client import generate_latest

from fructosa_bridge.queue.journal import Journal
from fructosa_bridge.queue.segments import Segments
from fructosa_bridge.queue.spool import Spool
from fructosa_bridge.translate.cluster_totals import TOTALS
from fructosa_bridge.web.metrics import registry
from fructosa_exporter.collector import AGE, DURATION, SUCCESS
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.sensors.agent import Agent
from fructosa_grafana.dashboards import BOARDS
from fructosa_grafana.dashboards.coverage import NOT_SHOWN, shown
from fructosa_grafana.panels.panel import BACKENDS
from tests.bridge.shown import Shown, delivery, up

DECLARED = {
    metric.name: metric.labels for sensor in (*SENSORS.values(), Agent) for metric in sensor.metrics
} | {metric.name: metric.labels for metric in (SUCCESS, DURATION, AGE)}
OWN = {"up", "scrape_duration_seconds", "scrape_samples_scraped"}
BY_DEFAULT = {
    metric.name for sensor in SENSORS.values() if sensor.on_by_default for metric in sensor.metrics
}


def leaves():
    """Return the series of all panels."""
    return [leaf for board in BOARDS for backend in BACKENDS for leaf in board.leaves(backend)]


def of_master(folder):
    """Return lmaster's own metrics, with the labels of each, in their order."""
    one = delivery(spool=Spool(1000, Journal(Segments(folder, 2**20, 60)), "x"))
    view = Shown([up("a")], deliveries=[one], queue_limits=(2**20, 60))
    page = generate_latest(registry(view)).decode()
    lines = re.findall(r"^([a-z_]+)(?:\{(.*)\})? ", page, re.MULTILINE)
    told = {name: tuple(re.findall(r'(\w+)="', labels)) for name, labels in lines}
    return told | {summed.name: ("section",) for summed in TOTALS}


def test_every_query_names_a_declared_metric_with_all_of_its_labels_in_their_order(tmp_path):
    """Of a sensor, of the agent, of lmaster, or of a scrape."""
    declared = DECLARED | of_master(tmp_path)

    for leaf in leaves():
        if leaf.metric not in OWN:
            assert declared[leaf.metric] == tuple(name for name, _ in leaf.labels), leaf.metric


def test_every_metric_that_sensors_tell_by_default_is_shown_or_left_out_with_a_reason():
    """A new sensor gets a panel, or a line in NOT_SHOWN."""
    assert set() == BY_DEFAULT - shown() - NOT_SHOWN.keys()


def test_what_is_left_out_is_neither_shown_nor_unknown():
    """The list shrinks with the panels that come."""
    assert set() == NOT_SHOWN.keys() & shown()
    assert NOT_SHOWN.keys() <= DECLARED.keys()
    assert all(NOT_SHOWN.values())


def test_counters_are_shown_as_rates_or_as_sums_since_a_start():
    """A line that only grows says little; few counters are so small that they say something."""
    from fructosa_grafana.queries.expressions import Rate

    def plain(expr, is_rate=False):
        if isinstance(expr, Rate):
            return
        if hasattr(expr, "of"):
            yield from plain(expr.of)
        elif hasattr(expr, "left"):
            yield from plain(expr.left)
            yield from plain(expr.right)
        else:
            yield expr.metric

    as_they_are = {
        metric
        for board in BOARDS
        for panel in board.panels
        for query in panel.queries
        for metric in plain(query.expr)
        if metric.endswith("_total")
    }

    small = re.compile(r"fructosa_(master_.*|edac_.*|gpu_(xid|xids|ecc|ecc_lifetime)_.*total)")
    assert [] == [metric for metric in as_they_are if not small.fullmatch(metric)]
