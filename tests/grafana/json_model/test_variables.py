"""The variables at the top of a dashboard."""

import re

import pytest

from fructosa_grafana.json_model.variables import variables
from fructosa_grafana.panels.dashboard import Dashboard, Row
from fructosa_grafana.panels.panel import Graph, Query
from fructosa_grafana.queries.expressions import master, node, nodes, slurm


def board(scope, *exprs):
    """Return a dashboard with a panel that has a query for each expression."""
    queries = tuple(Query(expr, "x") for expr in exprs)
    graph = Graph(title="T", description="D.", queries=queries)
    return Dashboard("n", "N", "D.", scope, (Row("R", (graph,)),), node_metric="c_d")


def by_name(declared, backend, prefix="", interval_s=10):
    """Return the variables by name."""
    made = variables(declared, backend, prefix, interval_s)
    return {variable["name"]: variable for variable in made}


@pytest.mark.parametrize(
    ("scope", "expr", "names"),
    [
        ("nodes", nodes("a_b"), ["datasource", "prefix", "nodes", "interval"]),
        ("nodes", master("a_b"), ["datasource", "prefix", "master", "nodes", "interval"]),
        ("node", node("a_b"), ["datasource", "prefix", "node", "interval"]),
        ("slurm", slurm("a"), ["datasource", "prefix", "interval"]),
    ],
)
def test_graphite_has_variables_for_parts_of_the_path(scope, expr, names):
    """Only those that some panel needs."""
    assert names == list(by_name(board(scope, expr), "graphite"))


@pytest.mark.parametrize(
    ("scope", "expr", "names"),
    [
        ("nodes", nodes("a_b"), ["datasource", "cluster", "job", "group", "interval"]),
        ("node", node("a_b"), ["datasource", "cluster", "job", "node", "interval"]),
        ("slurm", slurm("a"), ["datasource", "cluster", "interval"]),
    ],
)
def test_prometheus_has_variables_for_labels(scope, expr, names):
    """Of the targets."""
    assert names == list(by_name(board(scope, expr), "prometheus"))


def test_a_dashboard_for_all_nodes_may_also_have_panels_for_one_node():
    """People select it among the nodes that have the dashboard's metric."""
    declared = board("nodes", node("a_b"))

    assert "${prefix}*" == by_name(declared, "graphite")["node"]["query"]
    assert (
        'label_values(c_d{cluster=~"$cluster",job=~"$job"}, instance)'
        == by_name(declared, "prometheus")["node"]["query"]
    )


@pytest.mark.parametrize(
    ("name", "is_offered"), [("node1", True), ("slurmd1", True), ("slurm", False)]
)
def test_what_slurm_reports_is_not_offered_as_a_node(name, is_offered):
    """Its series are below the prefix as those of nodes are. A node with that name is left out."""
    variable = by_name(board("node", node("a_b")), "graphite")["node"]

    assert is_offered == bool(re.search(variable["regex"].strip("/"), name))


def test_all_also_matches_series_without_the_label():
    """Not every Prometheus has the labels cluster and group."""
    group = by_name(board("nodes", nodes("a_b")), "prometheus")["group"]

    assert (".*", ["$__all"]) == (group["allValue"], group["current"]["value"])


def test_prefix_and_interval_have_the_given_defaults():
    """An interval that is not among the choices is added to them."""
    found = by_name(board("nodes", nodes("a_b")), "graphite", "site.cluster.", 20)

    assert "site.cluster." == found["prefix"]["current"]["value"]
    assert "20s" == found["interval"]["current"]["value"]
    assert "1s,2s,5s,10s,15s,20s,30s,1m,5m,15m,1h" == found["interval"]["query"]
