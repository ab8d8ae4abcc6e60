"""The JSON model of a dashboard: identity, rows and positions."""

from fructosa_grafana.json_model.dashboard import SCHEMA_VERSION, model
from fructosa_grafana.panels.dashboard import Dashboard, Row
from fructosa_grafana.panels.panel import Graph, Query
from fructosa_grafana.queries.expressions import node


def graph(title="T", **fields):
    """Return a graph."""
    return Graph(title=title, description="D.", queries=(Query(node("a_b"), "x"),), **fields)


def board(*rows):
    """Return a dashboard."""
    return Dashboard("n", "N", "D.", "node", rows)


def positions(made):
    """Return the positions of rows and panels."""
    return [tuple(panel["gridPos"][key] for key in "xywh") for panel in made["panels"]]


def test_each_data_source_has_a_dashboard_of_its_own():
    """With its own uid and title, so both can be in one Grafana."""
    made = model(board(), "graphite")

    assert ("fructosa-n-graphite", "N (Graphite)") == (made["uid"], made["title"])
    assert SCHEMA_VERSION == made["schemaVersion"]


def test_a_collapsed_row_contains_its_panels():
    """Grafana then sends no queries until the row is opened."""
    declared = board(Row("R", (graph(), graph()), collapsed_in=("graphite",)))

    collapsed, open_ = model(declared, "graphite"), model(declared, "prometheus")

    assert [1] == [panel["id"] for panel in collapsed["panels"]]
    assert [2, 3] == [panel["id"] for panel in collapsed["panels"][0]["panels"]]
    assert [1, 2, 3] == [panel["id"] for panel in open_["panels"]]


def test_panels_are_placed_from_left_to_right_and_then_below():
    """A row begins below the highest panel of the row before."""
    rows = (Row("R", (graph(), graph(height=9), graph())), Row("S", ()))

    assert [
        (0, 0, 24, 1),
        (0, 1, 12, 8),
        (12, 1, 12, 9),
        (0, 10, 12, 8),
        (0, 18, 24, 1),
    ] == positions(model(board(*rows), "graphite"))


def test_a_collapsed_row_takes_up_one_line():
    """Its panels are placed as if it were open."""
    rows = (Row("R", (graph(),), collapsed_in=("graphite",)), Row("S", ()))

    made = model(board(*rows), "graphite")

    assert [(0, 0, 24, 1), (0, 1, 24, 1)] == positions(made)
    assert [(0, 1, 12, 8)] == positions(made["panels"][0])


def test_a_panel_may_be_for_one_data_source_only():
    """If the other cannot answer the query."""
    declared = board(Row("R", (graph("both"), graph("one", only_for="prometheus"))))

    titles = {
        backend: [panel["title"] for panel in model(declared, backend)["panels"]]
        for backend in ("graphite", "prometheus")
    }

    assert {"graphite": ["R", "both"], "prometheus": ["R", "both", "one"]} == titles
