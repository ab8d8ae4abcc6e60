"""Dashboards as the JSON that Grafana loads: written for 7.5, which newer ones bring up to date.

So the data source is a string, and the heat map has the form that it had then.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ..panels.dashboard import Dashboard, Row
from ..panels.panel import Backend, Bars, Graph, HeatMap, Panel, Stat, Table
from . import panel_queries, series_count, tables, variables
from .field_config import field_config

Json = dict[str, Any]

SCHEMA_VERSION = 27  # of Grafana 7.5
SOURCE = "$datasource"
# The folder that people see in Grafana, whether dashboards get there as files or over HTTP.
FOLDER_TITLE = "FrUCToSA"
FOLDER_UID = "fructosa"
_COLUMNS = 24
_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_TYPES = {
    Graph: "timeseries",
    Stat: "stat",
    Bars: "bargauge",
    Table: "table",
    HeatMap: "heatmap",
}


def uid(name: str, backend: Backend) -> str:
    """Return what the dashboard *name* is called in addresses."""
    return f"fructosa-{name}-{backend}"


def model(board: Dashboard, backend: Backend, prefix: str = "", interval_s: int = 10) -> Json:
    """Return the JSON model of a dashboard for a data source of the kind *backend*.

    *prefix*, which ends in a dot or is empty, and *interval_s* are what its variables begin with.
    """
    return {
        "uid": uid(board.name, backend),
        "title": f"{board.title} ({backend.capitalize()})",
        "description": board.about,
        "tags": ["fructosa", backend],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "annotations": {"list": []},
        "templating": {"list": variables.of(board, backend, prefix, interval_s)},
        "links": [_to_others(backend)],
        "panels": list(_placed(board.rows, backend)),
    }


def _to_others(backend: Backend) -> Json:
    return {
        "type": "dashboards",
        "title": "FrUCToSA",
        "tags": ["fructosa", backend],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }


def _placed(rows: Sequence[Row], backend: Backend) -> Iterator[Json]:
    """Yield rows and panels with their ids and places, from left to right and downwards."""
    top, number = 0, 0
    for row in rows:
        number += 1
        made: list[Json] = []
        is_folded = backend in row.folded_in
        below, end = top + 1, number
        for panel in (panel for panel in row.panels if panel.only in (None, backend)):
            end += 1
            made.append({"id": end, **_panel(panel, backend)})
        below = _arranged(made, below)
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": is_folded,
            "panels": made if is_folded else [],
            "gridPos": {"x": 0, "y": top, "w": _COLUMNS, "h": 1},
        }
        yield from () if is_folded else made
        # What is folded takes a line.
        top, number = (top + 1 if is_folded else below), end


def _arranged(made: Sequence[Json], top: int) -> int:
    """Give panels their places below the line *top*; return the line below them all."""
    left = height = 0
    for panel in made:
        place = panel["gridPos"]
        if left + place["w"] > _COLUMNS:
            left, top, height = 0, top + height, 0
        place |= {"x": left, "y": top}
        left, height = left + place["w"], max(height, place["h"])
    return top + height


def _panel(panel: Panel, backend: Backend) -> Json:
    made: Json = {
        "type": _TYPES[type(panel)],
        "title": panel.title,
        "description": f"{panel.about}\n\n{series_count.told(panel, backend)}",
        "datasource": SOURCE,
        "interval": "$interval",
        "gridPos": {"x": 0, "y": 0, "w": panel.width, "h": panel.height},
        "targets": panel_queries.of(panel, backend),
        "fieldConfig": field_config(panel, backend),
    }
    match panel:
        case Graph():
            made["options"] = _of_graph(panel)
        case Stat():
            made["options"] = _of_stat(panel)
        case Bars():
            made["options"] = _OF_BARS
        case Table():
            made["options"] = {"showHeader": True, "sortBy": tables.order(panel, backend)}
            made["transformations"] = tables.transformations(panel, backend)
        case HeatMap():
            made |= _of_heat_map(panel)
    return made


def _of_graph(panel: Graph) -> Json:
    calcs = ["mean", "max", "last"]
    return {
        "legend": {
            "displayMode": "table" if panel.width > 8 else "list",
            "placement": "bottom",
            "calcs": calcs if panel.width > 8 else [],
        },
        "tooltipOptions": {"mode": "multi"},  # newer ones call it tooltip
    }


def _of_stat(panel: Stat) -> Json:
    return {
        "reduceOptions": _LAST,
        "colorMode": "value",
        "graphMode": "area" if panel.with_history else "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto",
    }


_OF_BARS: Json = {
    "reduceOptions": _LAST,
    "orientation": "horizontal",
    "displayMode": "gradient",
    "showUnfilled": True,
}


def _of_heat_map(panel: HeatMap) -> Json:
    """Return the settings of a heat map, which 7.5 has in the panel itself.

    Newer Grafanas bring them up to date where there are no options, and want both bucket numbers.
    """
    return {
        "dataFormat": "timeseries",
        "heatmap": {},
        "cards": {"cardPadding": 1, "cardRound": 1},
        "color": {
            "mode": "spectrum",
            "cardColor": "#b4ff00",
            "colorScale": "sqrt",
            "colorScheme": "interpolateSpectral",
            "exponent": 0.5,
        },
        "legend": {"show": True},
        "tooltip": {"show": True, "showHistogram": True},
        "highlightCards": True,
        "hideZeroBuckets": True,
        "reverseYBuckets": False,
        "xAxis": {"show": True},
        "xBucketNumber": 60,
        "xBucketSize": None,
        "yAxis": {
            "show": True,
            "format": panel.unit,
            "decimals": panel.decimals,
            "logBase": 1,
            "min": panel.low,
            "max": panel.high,
            "splitFactor": None,
        },
        "yBucketBound": "auto",
        "yBucketNumber": 20,
        "yBucketSize": None,
    }
