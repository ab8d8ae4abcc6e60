"""The checks of dashboards against the types and lists of Grafana 7.5 and of a current one."""

import shutil
from copy import deepcopy

import pytest

from tests.services import missing

from . import grafana_names, grafana_types
from .grafana_migrated import migrated

GRID = {"h": 8, "w": 12, "x": 0, "y": 1}
ONE = {
    "orientation": "auto",
    "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
}
THRESHOLDS = {
    "mode": "absolute",
    "steps": [{"color": "green", "value": None}, {"color": "red", "value": 0.9}],
}
UP = [
    {"id": 0, "type": 1, "value": "1", "text": "up"},
    {"id": 1, "type": 1, "value": "null", "text": "gone"},
    {"id": 2, "type": 2, "from": "2", "to": "9", "text": "odd"},
]
NODE_LINK = {"title": "Node", "url": "/d/node?${__url_time_range}&var-node=${__series.name}"}
CHOICE = {"selected": True, "text": "fructosa", "value": "fructosa"}


def panel(kind, number, **more):
    """Return a panel for Grafana 7.5."""
    given = {"fieldConfig": {"defaults": {}, "overrides": []}} | more
    return {
        "type": kind,
        "id": number,
        "title": kind.title(),
        "description": f"What a {kind} shows.",
        "gridPos": GRID,
        "datasource": "$datasource",
        "targets": [
            {"refId": "A", "target": "$prefix.*.load1"},
            {"refId": "B", "expr": "node_load1", "instant": True, "format": "table"},
        ],
    } | given


TIMESERIES = panel(
    "timeseries",
    1,
    options={
        "legend": {"calcs": ["max"], "displayMode": "table", "placement": "right"},
        "tooltipOptions": {"mode": "multi"},
    },
    fieldConfig={
        "defaults": {
            "color": {"mode": "palette-classic"},
            "custom": {
                "drawStyle": "line",
                "fillOpacity": 10,
                "hideFrom": {"graph": False, "legend": False, "tooltip": False},
                "scaleDistribution": {"type": "linear"},
                "showPoints": "never",
                "spanNulls": False,
                "stacking": {"mode": "normal", "group": "A"},
            },
            "links": [NODE_LINK],
            "min": 0,
            "thresholds": THRESHOLDS,
            "unit": "percentunit",
        },
        "overrides": [
            {
                "matcher": {"id": "byRegexp", "options": "/out/"},
                "properties": [{"id": "custom.fillOpacity", "value": 0}],
            }
        ],
    },
)
STAT = panel(
    "stat",
    2,
    options={**ONE, "colorMode": "background", "graphMode": "area"}
    | {"justifyMode": "auto", "textMode": "auto"},
    fieldConfig={"defaults": {"mappings": UP, "thresholds": THRESHOLDS}, "overrides": []},
)
TABLE = panel(
    "table",
    3,
    options={"showHeader": True, "sortBy": [{"displayName": "Load", "desc": True}]},
    fieldConfig={
        "defaults": {"custom": {"align": "left", "displayMode": "color-background"}},
        "overrides": [
            {
                "matcher": {"id": "byName", "options": "Load"},
                "properties": [{"id": "custom.displayMode", "value": "lcd-gauge"}],
            }
        ],
    },
    transformations=[{"id": "reduce", "options": {"reducers": ["lastNotNull"]}}],
)
BARGAUGE = panel("bargauge", 4, options={**ONE, "displayMode": "gradient", "showUnfilled": True})
HEATMAP = panel(
    "heatmap",
    5,
    options={},
    cards={"cardPadding": None, "cardRound": None},
    color={"mode": "spectrum", "colorScheme": "interpolateOranges", "exponent": 0.5},
    dataFormat="timeseries",
    heatmap={},
    hideZeroBuckets=True,
    highlightCards=True,
    legend={"show": True},
    reverseYBuckets=False,
    tooltip={"show": True, "showHistogram": True},
    xAxis={"show": True},
    xBucketNumber=40,
    yAxis={"show": True, "format": "short", "decimals": None, "logBase": 1}
    | {"min": None, "max": None, "splitFactor": None},
    yBucketBound="auto",
    yBucketNumber=12,
)
GOOD = {
    "uid": "fructosa-graphite-cluster",
    "title": "Cluster",
    "description": "All nodes.",
    "tags": ["fructosa"],
    "schemaVersion": 27,
    "graphTooltip": 1,
    "refresh": "30s",
    "time": {"from": "now-1h", "to": "now"},
    "links": [
        {
            "type": "dashboards",
            "title": "FrUCToSA",
            "icon": "external link",
            "tags": ["fructosa"],
            "tooltip": "",
            "asDropdown": False,
            "includeVars": True,
            "keepTime": True,
            "targetBlank": False,
        }
    ],
    "templating": {
        "list": [
            {"type": "datasource", "name": "datasource", "query": "graphite", "hide": 0},
            {"type": "textbox", "name": "prefix", "query": "fructosa"}
            | {"current": CHOICE, "options": [CHOICE]},
            {
                "type": "query",
                "name": "node",
                "datasource": "$datasource",
                "query": "$prefix.*",
                "refresh": 2,
                "sort": 1,
                "includeAll": True,
                "allValue": "*",
                "multi": True,
            },
            {"type": "interval", "name": "interval", "query": "1m,5m"}
            | {"auto": True, "auto_count": 30, "auto_min": "30s", "refresh": 2},
            {"type": "custom", "name": "worst", "query": "5,10,20"},
        ]
    },
    "panels": [
        TIMESERIES,
        STAT,
        {"type": "row", "id": 6, "title": "More", "collapsed": True}
        | {"gridPos": GRID, "panels": [TABLE, BARGAUGE, HEATMAP]},
    ],
}


def changed(path, value):
    """Return the good dashboard with one value changed, or deleted if it is ``...``."""
    model = deepcopy(GOOD)
    *way, last = path
    where = model
    for step in way:
        where = where[step]
    if value is ...:
        del where[last]
    else:
        where[last] = value
    return model


GRAPH = ("panels", 0)
CUSTOM = (*GRAPH, "fieldConfig", "defaults", "custom")
FOLDED = ("panels", 2, "panels")
MISTAKES = {
    "a title that is a number": (("title",), 5),
    "a dashboard without uid": (("uid",), ...),
    "a later schema": (("schemaVersion",), 39),
    "an unknown key": (("autorefresh",), "30s"),
    "a link without tags": (("links", 0, "tags"), ...),
    "an unknown type of variable": (("templating", "list", 1, "type"), "text"),
    "a query variable without source": (("templating", "list", 2, "datasource"), ...),
    "a panel without gridPos": ((*GRAPH, "gridPos"), ...),
    "a panel that is a plug-in": ((*GRAPH, "type"), "grafana-piechart-panel"),
    "a target without query": ((*GRAPH, "targets", 0, "target"), ...),
    "an unknown kind of legend": ((*GRAPH, "options", "legend", "displayMode"), "grid"),
    "a tooltip of 8.0": ((*GRAPH, "options", "tooltip"), {"mode": "multi"}),
    "an unknown draw style": ((*CUSTOM, "drawStyle"), "lines"),
    "a misspelt draw option": ((*CUSTOM, "fillOpacitiy"), 10),
    "a number where 7.5 has a boolean": ((*CUSTOM, "spanNulls"), 60000),
    "a color mode of a later version": (
        (*GRAPH, "fieldConfig", "defaults", "color", "mode"),
        "shades",
    ),
    "an override of an unknown property": (
        (*GRAPH, "fieldConfig", "overrides", 0, "properties", 0, "id"),
        "custom.filling",
    ),
    "a stat with a color mode of a later version": (("panels", 1, "options", "colorMode"), "none"),
    "a value mapping of 8.0": (
        ("panels", 1, "fieldConfig", "defaults", "mappings"),
        [{"type": "value", "options": {"1": {"text": "up"}}}],
    ),
    "a collapsed table with a wrong cell": (
        (*FOLDED, 0, "fieldConfig", "defaults", "custom", "displayMode"),
        "color-foreground",
    ),
    "a collapsed bar gauge without reduceOptions": ((*FOLDED, 1, "options", "reduceOptions"), ...),
    "a heatmap with options, which 7.5 does not have": (
        (*FOLDED, 2, "options"),
        {"calculate": True},
    ),
    "a heatmap without axis": ((*FOLDED, 2, "yAxis"), ...),
}


@pytest.fixture(scope="module")
def found():
    """The errors by mistake; the compiler runs only once."""
    require()
    models = [GOOD] + [changed(*mistake) for mistake in MISTAKES.values()]
    texts = [grafana_types.as_typescript(model) for model in models]
    assert len(set(texts)) == len(texts)
    return dict(zip(["nothing", *MISTAKES], grafana_types.check_each(models), strict=True))


def require():
    """Skip the test if Grafana's packages are not installed."""
    if not shutil.which("node") or not (grafana_types.NODE / ".installed").exists():
        missing("a folder with Grafana's types", "from npm, with Debian's nodejs and npm")


def test_a_good_dashboard_has_no_errors(found):
    """It has all kinds of panels and variables that our dashboards have."""
    assert "" == found["nothing"]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(found, mistake):
    """Some are errors in 7.5, some in a current Grafana, some in both."""
    assert "error TS" in found[mistake]


def test_an_error_names_dashboard_and_panel(found):
    """It also shows the line of JSON, because the compiled file is temporary."""
    error = found["an unknown kind of legend"]

    assert "'Cluster', panel 'Timeseries' in Grafana 7.5" in error
    assert "'Cluster', panel 'Timeseries' in a current Grafana" in error
    assert '"displayMode": "grid"' in error
    assert "'Stat'" not in error


def test_the_known_names_are_those_of_both_versions():
    """Names of versions in between are not among them."""
    require()

    units = grafana_names.known_units()
    assert {"short", "percentunit", "bytes", "Bps", "s", "celsius", "watt", "dtdurations"} <= units
    assert "sishort" not in units
    assert {"lastNotNull", "max", "mean"} <= grafana_names.known_reducers()
    assert "median" not in grafana_names.known_reducers()
    transformations = grafana_names.known_transformations()
    assert {"reduce", "organize", "merge", "seriesToColumns"} <= transformations
    assert "joinByField" not in transformations
    modes = grafana_names.known_color_modes()
    assert {"thresholds", "fixed", "continuous-GrYlRd"} <= modes
    assert "shades" not in modes


def test_an_unknown_name_is_reported_with_its_panel():
    """This holds for units, calculations, transformations and color modes."""
    require()
    model = deepcopy(GOOD)
    graph, stat, row = model["panels"]
    graph["options"]["legend"]["calcs"] = ["max", "median"]
    graph["fieldConfig"]["overrides"][0]["properties"] = [{"id": "unit", "value": "sishort"}]
    stat["options"]["reduceOptions"] = {"calcs": ["p95"]}
    stat["fieldConfig"]["defaults"] |= {"unit": "suffix: nodes", "color": {"mode": "shades"}}
    row["panels"][0]["transformations"][0]["id"] = "joinByField"
    row["panels"][2]["yAxis"]["format"] = "furlong"

    assert [] == grafana_names.unknown_names(GOOD)
    assert [
        ("Timeseries", "unit", "sishort"),
        ("Timeseries", "calculation", "median"),
        ("Stat", "color mode", "shades"),
        ("Stat", "calculation", "p95"),
        ("Table", "transformation", "joinByField"),
        ("Heatmap", "unit", "furlong"),
    ] == grafana_names.unknown_names(model)


def test_old_settings_are_migrated_as_a_current_grafana_does():
    """It migrates legends, tooltips, data sources, value mappings and table cells."""
    hidden = changed((*GRAPH, "options", "legend", "displayMode"), "hidden")

    graph, stat, row = migrated(hidden)["panels"]

    assert graph["options"] == {
        "legend": {"calcs": ["max"], "displayMode": "list", "placement": "right"}
        | {"showLegend": False},
        "tooltip": {"mode": "multi"},
    }
    assert {"uid": "$datasource"} == graph["datasource"]
    assert [
        {"type": "value", "options": {"1": {"text": "up"}}},
        {"type": "special", "options": {"match": "null", "result": {"text": "gone"}}},
        {"type": "range", "options": {"from": 2, "to": 9, "result": {"text": "odd"}}},
    ] == stat["fieldConfig"]["defaults"]["mappings"]
    assert row["panels"][0]["fieldConfig"]["overrides"][0]["properties"] == [
        {"id": "custom.cellOptions", "value": {"type": "gauge", "mode": "lcd"}}
    ]


def test_migration_does_not_change_its_input():
    """It works on a copy."""
    before = deepcopy(GOOD)

    migrated(GOOD)

    assert before == GOOD
