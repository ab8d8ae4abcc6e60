"""How values are displayed."""

import pytest

from fructosa_grafana.json_model.field_config import field_config
from fructosa_grafana.panels.panel import Bars, Graph, HeatMap, Query, Stat, Table
from fructosa_grafana.queries.expressions import nodes

THRESHOLDS = ((None, "green"), (1, "red"))


def panel(kind, *queries, **fields):
    """Return a panel."""
    queries = queries or (Query(nodes("a"), "x"),)
    return kind(title="T", description="D.", queries=queries, **fields)


def test_unit_limits_and_thresholds_are_those_of_the_panel():
    """A limit that is not set is left to Grafana."""
    bars = panel(Bars, unit="percentunit", minimum=0, thresholds=THRESHOLDS)

    defaults = field_config(bars, "graphite")["defaults"]

    assert ("percentunit", 0) == (defaults["unit"], defaults["min"])
    assert {"max", "decimals"}.isdisjoint(defaults)
    assert [(None, "green"), (1, "red")] == [
        (step["value"], step["color"]) for step in defaults["thresholds"]["steps"]
    ]


@pytest.mark.parametrize(("kind", "mode"), [(Graph, "palette-classic"), (Stat, "thresholds")])
def test_lines_are_colored_by_series_and_numbers_by_value(kind, mode):
    """Several lines of one color would look the same."""
    assert mode == field_config(panel(kind), "graphite")["defaults"]["color"]["mode"]


def test_a_stat_may_show_a_text_for_a_value():
    """As 7.5 declares it."""
    stat = panel(Stat, mappings=((0, "down"), (1, "up")))

    mappings = field_config(stat, "graphite")["defaults"]["mappings"]

    assert [("0", "down"), ("1", "up")] == [(each["value"], each["text"]) for each in mappings]


@pytest.mark.parametrize(
    ("backend", "node"),
    [("graphite", "${__series.name}"), ("prometheus", "${__field.labels.instance}")],
)
def test_a_series_links_to_its_node(backend, node):
    """On the dashboard for the same data source."""
    (link,) = field_config(panel(Bars, links_to_node=True), backend)["defaults"]["links"]

    assert link["url"].startswith(f"/d/fructosa-node-{backend}?var-node={node}&")


def test_a_column_of_a_table_has_its_own_unit_and_thresholds():
    """And the node is a link."""
    queries = (Query(nodes("a"), "A", "bytes", THRESHOLDS), Query(nodes("b"), "B", "s"))
    table = panel(Table, *queries, links_to_node=True)

    overrides = field_config(table, "prometheus")["overrides"]

    properties = {
        override["matcher"]["options"]: {
            each["id"]: each["value"] for each in override["properties"]
        }
        for override in overrides
    }
    assert {"unit": "s"} == properties["B"]
    assert ("bytes", "color-background") == (
        properties["A"]["unit"],
        properties["A"]["custom.displayMode"],
    )
    assert ["links"] == list(properties["Node"])


def test_a_heat_map_has_its_settings_elsewhere():
    """In the panel itself, as of 7.5."""
    assert {"defaults": {}, "overrides": []} == field_config(panel(HeatMap), "graphite")
