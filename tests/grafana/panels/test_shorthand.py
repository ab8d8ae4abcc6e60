"""Short forms of common panels."""

from fructosa_grafana.panels.shorthand import facts_table, line_graph
from fructosa_grafana.queries.expressions import ANY, node


def test_a_line_graph_has_a_query_per_line():
    """And an axis that begins at 0, unless values may be below."""
    graph = line_graph("T", "D.", "bytes", (node("a"), "used"), (node("b"), "free"))

    assert [(node("a"), "used"), (node("b"), "free")] == [
        (query.expr, query.legend) for query in graph.queries
    ]
    assert 0 == graph.minimum
    assert line_graph("T", "D.", "s", (node("a"), "offset"), minimum=None).minimum is None


def test_a_table_of_facts_shows_all_labels_of_the_metric():
    """Of the node that is selected."""
    table = facts_table("Kernel", "D.", "os_info", "system", "release")

    assert [node("os_info", system=ANY, release=ANY)] == [query.expr for query in table.queries]
    assert ("system", "release") == table.fact_labels
