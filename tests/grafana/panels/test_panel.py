"""Panels and their queries."""

from fructosa_grafana.panels.panel import Graph, Query, Stat, Table
from fructosa_grafana.queries.expressions import cluster_total, nodes

PER_NODE, TOTAL = nodes("a_b").sum(), cluster_total("b")


def test_graphite_runs_the_query_that_is_made_for_it():
    """Prometheus runs the other one."""
    query = Query(PER_NODE, "b", in_graphite=TOTAL)

    assert TOTAL is query.expr_for("graphite")
    assert PER_NODE is query.expr_for("prometheus")


def test_both_run_the_same_query_by_default():
    """One declaration is enough."""
    query = Query(PER_NODE, "b")

    assert PER_NODE is query.expr_for("graphite") is query.expr_for("prometheus")


def test_panels_of_a_kind_have_a_size_that_fits_in_a_row():
    """Two graphs, or six numbers, side by side."""
    widths = {
        kind: kind(title="T", description="D.", queries=()).width for kind in (Graph, Stat, Table)
    }

    assert {Graph: 12, Stat: 4, Table: 12} == widths
