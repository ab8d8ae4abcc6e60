"""Rows on GPUs: totals, the worst GPUs, and all that the GPUs of one node report."""

import pytest

from fructosa_grafana.dashboards.gpus import GPUS
from fructosa_grafana.gpu_rows.activity import GPU_ACTIVITY
from fructosa_grafana.gpu_rows.errors import GPU_ERRORS
from fructosa_grafana.gpu_rows.links import GPU_LINKS
from fructosa_grafana.gpu_rows.series import all_gpus, node_gpus
from fructosa_grafana.gpu_rows.temperatures import GPU_TEMPERATURES
from fructosa_grafana.gpu_rows.totals import GRAPHS, STATS
from fructosa_grafana.gpu_rows.utilization import GPU_UTILIZATION
from fructosa_grafana.gpu_rows.worst import WORST_GPUS
from fructosa_grafana.panels.dashboard import COLLAPSED

OF_A_NODE = (GPU_UTILIZATION, GPU_ACTIVITY, GPU_TEMPERATURES, GPU_LINKS, GPU_ERRORS)


def queries(panels):
    """Return the queries of panels."""
    return [query for panel in panels for query in panel.queries]


@pytest.mark.parametrize("row", OF_A_NODE, ids=lambda row: row.title)
def test_rows_of_one_node_show_each_of_its_gpus(row):
    """They are collapsed, and on the dashboard GPUs."""
    leaves = [leaf for query in queries(row.panels) for leaf in query.expr.leaves()]

    assert row in GPUS.rows
    assert COLLAPSED == row.collapsed_in
    assert {("node", "gpu")} == {(leaf.scope, leaf.labels[0][0]) for leaf in leaves}


def test_totals_are_single_series_that_lmaster_computes_for_graphite():
    """Graphite would have to read the series of every GPU."""
    for query in queries((*STATS, *GRAPHS)):
        assert () == query.expr.keys
        for leaf in query.expr_for("graphite").leaves():
            assert leaf.metric.startswith("fructosa_cluster_gpu")


def test_the_worst_are_the_highest_ten_named_by_node_and_gpu():
    """Of all nodes."""
    for query in queries(WORST_GPUS.panels):
        assert 10 == query.expr.limit
        assert query.legend.startswith("{instance} GPU {gpu}")


def test_series_have_the_gpu_and_its_uuid_first():
    """Then the labels of the metric, in their order."""
    for series in (all_gpus("x", kind="y"), node_gpus("x", kind="y")):
        assert "fructosa_gpu_x" == series.metric
        assert ["gpu", "uuid", "kind"] == [name for name, _ in series.labels]
    assert ("nodes", "node") == (all_gpus("x").scope, node_gpus("x").scope)
