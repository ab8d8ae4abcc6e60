"""The JSON of a panel, by kind."""

import pytest

from fructosa_grafana.json_model.panel import panel
from fructosa_grafana.panels.panel import Bars, Graph, HeatMap, Query, Stat, Table
from fructosa_grafana.queries.expressions import nodes


def made(kind, **fields):
    """Return the JSON of a panel."""
    declared = kind(title="T", description="D.", queries=(Query(nodes("a"), "x"),), **fields)
    return panel(declared, "graphite")


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        (Graph, "timeseries"),
        (Stat, "stat"),
        (Bars, "bargauge"),
        (Table, "table"),
        (HeatMap, "heatmap"),
    ],
)
def test_each_kind_has_a_type_of_grafana(kind, type_):
    """And a title, and a description that ends with the number of series."""
    found = made(kind)

    assert (type_, "T") == (found["type"], found["title"])
    assert found["description"].startswith("D.\n\n")
    assert "1 series" in found["description"]


def test_a_wide_graph_has_a_legend_with_numbers():
    """A narrow one has no space for them."""
    wide, narrow = (made(Graph, width=width)["options"]["legend"] for width in (12, 8))

    assert ("table", ["mean", "max", "last"]) == (wide["displayMode"], wide["calcs"])
    assert ("list", []) == (narrow["displayMode"], narrow["calcs"])


@pytest.mark.parametrize(("has_sparkline", "mode"), [(True, "area"), (False, "none")])
def test_a_stat_may_have_a_sparkline(has_sparkline, mode):
    """The history behind the number."""
    assert mode == made(Stat, has_sparkline=has_sparkline)["options"]["graphMode"]


@pytest.mark.parametrize("kind", [Stat, Bars])
def test_a_panel_of_the_present_may_ask_for_the_last_minutes_only(kind):
    """What ended before must look missing. Without that, the range is that of the dashboard."""
    found = made(kind, only_last="5m")

    assert ("5m", True) == (found["timeFrom"], found["hideTimeOverride"])
    assert "timeFrom" not in made(kind)


def test_a_heat_map_has_what_newer_versions_need_to_migrate_it():
    """Both bucket numbers, and no options."""
    found = made(HeatMap, unit="percentunit", maximum=1)

    assert {"xBucketNumber": 60, "yBucketNumber": 20}.items() <= found.items()
    assert ("percentunit", 1) == (found["yAxis"]["format"], found["yAxis"]["max"])
    assert "options" not in found
