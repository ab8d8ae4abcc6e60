"""Dashboards and sensors agree: panels query existing metrics, and no metric is forgotten."""

import re

from fructosa_bridge.naming.schemes import DECLARED
from fructosa_bridge.slurm.metrics import METRICS as OF_SLURM
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.sensors.agent import Agent
from fructosa_grafana.dashboards import DASHBOARDS
from fructosa_grafana.panels.panel import BACKENDS
from fructosa_grafana.queries.expressions import Rate

OF_SCRAPES = {"up", "scrape_duration_seconds", "scrape_samples_scraped"}
LEAVES = [leaf for board in DASHBOARDS for backend in BACKENDS for leaf in board.leaves(backend)]
WITH_PANEL = {leaf.metric for leaf in LEAVES}


def test_every_query_has_a_declared_metric_with_all_its_labels_in_order():
    """A metric of a sensor, of the agent, of lmaster, or of a scrape: a path has them so."""
    for leaf in LEAVES:
        if leaf.metric not in OF_SCRAPES:
            assert DECLARED[leaf.metric] == tuple(name for name, _ in leaf.labels), leaf.metric


def test_every_metric_that_is_on_by_default_has_a_panel_or_a_reason():
    """A new metric needs a panel, or says in its declaration why it has none."""
    missing = [
        metric.name
        for sensor in (*SENSORS.values(), Agent)
        for metric in sensor.metrics
        if sensor.on_by_default and not metric.without_panel
        if metric.name not in WITH_PANEL
    ]

    assert [] == missing


def test_every_metric_of_slurm_has_a_panel():
    """Those by user, account and QOS too, which are there on request."""
    assert set() == {metric.name for metric in OF_SLURM} - WITH_PANEL


def test_no_metric_with_a_panel_says_why_it_has_none():
    """The reason is removed when a panel is added."""
    both = [
        metric.name
        for sensor in (*SENSORS.values(), Agent)
        for metric in sensor.metrics
        if metric.without_panel and metric.name in WITH_PANEL
    ]

    assert [] == both


def test_counters_are_shown_as_rates_unless_they_count_rare_events():
    """A line that only rises shows little."""
    rare_events = re.compile(
        r"fructosa_(master_.*|edac_.*|gpu_(xid|xids|ecc|ecc_lifetime)_.*total)"
    )

    without_rate = {
        metric
        for board in DASHBOARDS
        for panel in board.panels
        for query in panel.queries
        for metric in metrics_without_rate(query.expr)
        if metric.endswith("_total")
    }

    assert [] == [metric for metric in without_rate if not rare_events.fullmatch(metric)]


def metrics_without_rate(expr):
    """Yield the metrics of an expression whose values it uses directly."""
    if isinstance(expr, Rate):
        return
    operands = [getattr(expr, name) for name in ("operand", "left", "right") if hasattr(expr, name)]
    for operand in operands:
        yield from metrics_without_rate(operand)
    if not operands:
        yield expr.metric
