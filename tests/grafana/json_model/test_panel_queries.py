"""The queries of a panel, and how many series they query."""

import pytest

from fructosa_grafana.json_model.panel_queries import panel_queries, series_count
from fructosa_grafana.panels.panel import Bars, Graph, Query, Stat, Table
from fructosa_grafana.queries.expressions import ANY, node, nodes, scrape_metric

LOAD = nodes("a_b", gpu=ANY, uuid=ANY)


def panel(kind, *queries, **fields):
    """Return a panel."""
    return kind(title="T", description="D.", queries=queries, **fields)


def test_queries_have_letters_and_legends():
    """Each in the language of the data source."""
    graph = panel(Graph, Query(node("a", disk=ANY), "{disk}"), Query(node("b"), "all"))

    assert [
        {"refId": "A", "target": "aliasByNode(${prefix}$node.a.*, -1)", "textEditor": True},
        {"refId": "B", "target": "alias(${prefix}$node.b, 'all')", "textEditor": True},
    ] == panel_queries(graph, "graphite")
    assert [("A", "{{disk}}"), ("B", "all")] == [
        (query["refId"], query["legendFormat"]) for query in panel_queries(graph, "prometheus")
    ]


@pytest.mark.parametrize(
    ("kind", "is_instant", "format_"),
    [
        (Graph, False, "time_series"),
        (Stat, False, "time_series"),  # for its sparkline
        (Bars, True, "time_series"),
        (Table, True, "table"),
    ],
)
def test_prometheus_is_queried_for_an_instant_if_no_history_is_shown(kind, is_instant, format_):
    """That is one value per series instead of hundreds."""
    (query,) = panel_queries(panel(kind, Query(nodes("a"), "x")), "prometheus")

    assert (is_instant, not is_instant) == (query["instant"], query["range"])
    assert format_ == query["format"]


def test_a_table_on_graphite_has_only_the_first_query():
    """Its rows are named by their labels."""
    queries = (Query(LOAD.sum("instance", "gpu"), "A"), Query(LOAD.max("instance", "gpu"), "B"))
    table = panel(Table, *queries, row_labels=("instance", "gpu"))

    (query,) = panel_queries(table, "graphite")

    assert r"'^(.+?)\.(.+)$', '\1 \2'" in query["target"]
    assert 2 == len(panel_queries(table, "prometheus"))


def test_series_are_counted_by_their_keys():
    """A sentence for the description of the panel."""
    graph = panel(
        Graph,
        Query(nodes("a_b"), "x"),
        Query(nodes("c_d", disk=ANY).sum(), "y"),
        Query(nodes("e_f", disk=ANY).max(), "z"),
    )

    count = series_count(graph, "graphite")

    assert "Queries 1 series per node, 2 series per node and disk from Graphite." == count


def test_the_group_of_a_node_does_not_count():
    """Most nodes are in one group only."""
    up = panel(Stat, Query(scrape_metric("up", "node").min(), "up"))

    assert "Queries 1 series from Prometheus." == series_count(up, "prometheus")


def test_a_numa_node_is_not_called_a_node():
    """Its label is called so, too."""
    graph = panel(Graph, Query(node("numa_memory", node=ANY), "{node}"))

    assert "per NUMA node" in series_count(graph, "graphite")
