"""How query results become a table."""

import pytest

from fructosa_grafana.json_model.tables import sort_order, transformations
from fructosa_grafana.panels.panel import BACKENDS, Query, Table
from fructosa_grafana.queries.expressions import ANY, node, nodes

LOAD = nodes("a_b", gpu=ANY, uuid=ANY)
TABLE = Table(
    title="T",
    description="D.",
    queries=(Query(LOAD.sum("instance", "gpu"), "A"), Query(LOAD.max("instance", "gpu"), "B")),
    row_labels=("instance", "gpu"),
)
FACTS = Table(
    title="T",
    description="D.",
    queries=(Query(node("os_info", system=ANY, release=ANY), "Kernel"),),
    fact_labels=("system", "release"),
)


def columns(table, backend):
    """Return the options of the transformation that arranges columns."""
    return transformations(table, backend)[-1]["options"]


def test_prometheus_has_a_column_per_row_label_and_per_query():
    """The row labels come first."""
    found = columns(TABLE, "prometheus")

    assert {"instance": 0, "gpu": 1} == found["indexByName"]
    named = {"instance": "Node", "gpu": "GPU", "Value #A": "A", "Value #B": "B"}
    assert named.items() <= found["renameByName"].items()


def test_graphite_has_one_column_for_all_row_labels():
    """Beside the last value, the mean and the maximum of the first query."""
    reduce, _ = transformations(TABLE, "graphite")

    assert {"reducers": ["last", "mean", "max"]} == reduce["options"]
    assert {"Field": "Node GPU"} == columns(TABLE, "graphite")["renameByName"]


def test_prometheus_shows_facts_as_columns():
    """Not the labels that come from the scrape."""
    found = columns(FACTS, "prometheus")

    assert {"system": 0, "release": 1} == found["indexByName"]
    assert {"Value", "instance", "job"} <= found["excludeByName"].keys()


def test_graphite_shows_facts_as_the_name_of_the_series():
    """The value, which is always 1, is hidden."""
    assert {"Last": True} == columns(FACTS, "graphite")["excludeByName"]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (TABLE, {"graphite": ["Mean"], "prometheus": ["A"]}),
        (FACTS, {"graphite": [], "prometheus": []}),
    ],
)
def test_the_highest_values_come_first(table, expected):
    """Facts have no order."""
    found = {
        backend: [column["displayName"] for column in sort_order(table, backend)]
        for backend in BACKENDS
    }

    assert expected == found
