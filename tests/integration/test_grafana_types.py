"""Dashboards against Grafana's own types and lists, of 7.5 and of now."""

import shutil
from copy import deepcopy

import pytest

from . import grafana_names, grafana_types
from .conftest import missing
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
    """Return a panel as Grafana 7.5 takes it."""
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


def at(path, value):
    """Return the good dashboard with one thing changed, or taken away where it is ``...``."""
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
FAULTS = {
    "a title that is a number": (("title",), 5),
    "a dashboard without uid": (("uid",), ...),
    "a later schema": (("schemaVersion",), 39),
    "a key that isn't one": (("autorefresh",), "30s"),
    "a link without tags": (("links", 0, "tags"), ...),
    "a kind of variable that isn't one": (("templating", "list", 1, "type"), "text"),
    "a query variable without source": (("templating", "list", 2, "datasource"), ...),
    "a panel without gridPos": ((*GRAPH, "gridPos"), ...),
    "a panel that is a plug-in": ((*GRAPH, "type"), "grafana-piechart-panel"),
    "a target without query": ((*GRAPH, "targets", 0, "target"), ...),
    "a legend of no known kind": ((*GRAPH, "options", "legend", "displayMode"), "grid"),
    "a tooltip as 8.0 has it": ((*GRAPH, "options", "tooltip"), {"mode": "multi"}),
    "a style of drawing that isn't one": ((*CUSTOM, "drawStyle"), "lines"),
    "a misspelt option of drawing": ((*CUSTOM, "fillOpacitiy"), 10),
    "what 7.5 has no number for": ((*CUSTOM, "spanNulls"), 60000),
    "a colour mode of later": ((*GRAPH, "fieldConfig", "defaults", "color", "mode"), "shades"),
    "an override of nothing": (
        (*GRAPH, "fieldConfig", "overrides", 0, "properties", 0, "id"),
        "custom.filling",
    ),
    "a stat that wants a later colour": (("panels", 1, "options", "colorMode"), "none"),
    "a value's text as 8.0 has it": (
        ("panels", 1, "fieldConfig", "defaults", "mappings"),
        [{"type": "value", "options": {"1": {"text": "up"}}}],
    ),
    "a folded panel's wrong cell": (
        (*FOLDED, 0, "fieldConfig", "defaults", "custom", "displayMode"),
        "color-foreground",
    ),
    "a folded bar without what it reduces": ((*FOLDED, 1, "options", "reduceOptions"), ...),
    "a heat map with options that 7.5 lacks": ((*FOLDED, 2, "options"), {"calculate": True}),
    "a heat map without axis": ((*FOLDED, 2, "yAxis"), ...),
}


@pytest.fixture(scope="module")
def found():
    """What was found, by fault; the compiler runs once for all."""
    require()
    models = [GOOD] + [at(*fault) for fault in FAULTS.values()]
    texts = [grafana_types.as_typescript(model) for model in models]
    assert len(set(texts)) == len(texts)
    return dict(zip(["nothing", *FAULTS], grafana_types.check_each(models), strict=True))


def require():
    """Skip where Grafana's packages are not installed."""
    if not shutil.which("node") or not (grafana_types.NODE / ".installed").exists():
        missing("a folder with Grafana's types", "from npm, with Debian's nodejs and npm")


def test_a_good_dashboard_has_the_types_of_both(found):
    """One with each kind of panel and of variable that ours have."""
    assert "" == found["nothing"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(found, fault):
    """Whether 7.5 does not take it, or a current Grafana, or neither."""
    assert "error TS" in found[fault]


def test_a_complaint_names_dashboard_and_panel(found):
    """And the line of JSON; nobody sees the file that was compiled."""
    told = found["a legend of no known kind"]

    assert "'Cluster', panel 'Timeseries' in Grafana 7.5" in told
    assert "'Cluster', panel 'Timeseries' in a current Grafana" in told
    assert '"displayMode": "grid"' in told
    assert "'Stat'" not in told


def test_both_know_the_names_that_matter():
    """And not those of a time between."""
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


def test_a_name_that_not_both_know_is_told_with_its_panel():
    """Wherever a panel names units, calculations, transformations and ways to colour."""
    require()
    model = deepcopy(GOOD)
    graph, stat, row = model["panels"]
    graph["options"]["legend"]["calcs"] = ["max", "median"]
    graph["fieldConfig"]["overrides"][0]["properties"] = [{"id": "unit", "value": "sishort"}]
    stat["options"]["reduceOptions"] = {"calcs": ["p95"]}
    stat["fieldConfig"]["defaults"] |= {"unit": "suffix: nodes", "color": {"mode": "shades"}}
    row["panels"][0]["transformations"][0]["id"] = "joinByField"
    row["panels"][2]["yAxis"]["format"] = "furlong"

    assert [] == grafana_names.strangers(GOOD)
    assert [
        ("Timeseries", "unit", "sishort"),
        ("Timeseries", "calculation", "median"),
        ("Stat", "color mode", "shades"),
        ("Stat", "calculation", "p95"),
        ("Table", "transformation", "joinByField"),
        ("Heatmap", "unit", "furlong"),
    ] == grafana_names.strangers(model)


def test_old_settings_become_what_a_current_grafana_makes_of_them():
    """As its migrations do."""
    hidden = at((*GRAPH, "options", "legend", "displayMode"), "hidden")

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


def test_what_is_migrated_leaves_the_model_alone():
    """A check changes nothing of what it is given."""
    before = deepcopy(GOOD)

    migrated(GOOD)

    assert before == GOOD
