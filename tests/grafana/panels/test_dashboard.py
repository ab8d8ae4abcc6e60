"""Dashboards: their panels, and the series that these query."""

from fructosa_grafana.panels.dashboard import COLLAPSED, COLLAPSED_IN_GRAPHITE, Dashboard, Row
from fructosa_grafana.panels.panel import Graph, Query
from fructosa_grafana.queries.expressions import cluster_total, nodes


def graph(title, *queries):
    """Return a graph."""
    return Graph(title=title, description="D.", queries=queries)


def test_panels_are_those_of_all_rows_in_their_order():
    """Also of collapsed rows."""
    one, two, three = graph("1"), graph("2"), graph("3")
    rows = (Row("R", (one, two)), Row("S", (three,), collapsed_in=COLLAPSED))

    assert (one, two, three) == Dashboard("n", "N", "D.", "nodes", rows).panels


def test_leaves_depend_on_the_data_source():
    """Graphite gets the totals of lmaster instead of the series of all nodes."""
    query = Query(nodes("a_b").sum(), "b", in_graphite=cluster_total("b"))
    board = Dashboard("n", "N", "D.", "nodes", (Row("R", (graph("1", query),)),))

    assert ["fructosa_cluster_b"] == [leaf.metric for leaf in board.leaves("graphite")]
    assert ["a_b"] == [leaf.metric for leaf in board.leaves("prometheus")]


def test_rows_are_collapsed_in_both_or_only_in_graphite():
    """Graphite is the slow one, with a file per series."""
    assert {"graphite", "prometheus"} == set(COLLAPSED)
    assert {"graphite"} == set(COLLAPSED_IN_GRAPHITE)
