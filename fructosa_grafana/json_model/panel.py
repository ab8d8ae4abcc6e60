"""The JSON of a panel."""

from ..panels.panel import Backend, Bars, Graph, HeatMap, Panel, Stat, Table
from . import SOURCE, Json, tables
from .field_config import field_config
from .panel_queries import panel_queries, series_count

_TYPES = {
    Graph: "timeseries",
    Stat: "stat",
    Bars: "bargauge",
    Table: "table",
    HeatMap: "heatmap",
}
_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def panel(declared: Panel, backend: Backend) -> Json:
    """Return the JSON of a panel, without its id and position."""
    made: Json = {
        "type": _TYPES[type(declared)],
        "title": declared.title,
        "description": f"{declared.description}\n\n{series_count(declared, backend)}",
        "datasource": SOURCE,
        "interval": "$interval",
        "gridPos": {"x": 0, "y": 0, "w": declared.width, "h": declared.height},
        "targets": panel_queries(declared, backend),
        "fieldConfig": field_config(declared, backend),
    }
    if declared.only_last:
        made |= {"timeFrom": declared.only_last, "hideTimeOverride": True}
    match declared:
        case Graph():
            made["options"] = _graph_options(declared)
        case Stat():
            made["options"] = _stat_options(declared)
        case Bars():
            made["options"] = _BARS_OPTIONS
        case Table():
            made["options"] = {"showHeader": True, "sortBy": tables.sort_order(declared, backend)}
            made["transformations"] = tables.transformations(declared, backend)
        case HeatMap():
            made |= _heat_map_settings(declared)
    return made


def _graph_options(graph: Graph) -> Json:
    is_wide = graph.width > 8
    return {
        "legend": {
            "displayMode": "table" if is_wide else "list",
            "placement": "bottom",
            "calcs": ["mean", "max", "last"] if is_wide else [],
        },
        "tooltipOptions": {"mode": "multi"},  # "tooltip" in newer versions
    }


def _stat_options(stat: Stat) -> Json:
    return {
        "reduceOptions": _LAST,
        "colorMode": "value",
        "graphMode": "area" if stat.has_sparkline else "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto",
    }


_BARS_OPTIONS: Json = {
    "reduceOptions": _LAST,
    "orientation": "horizontal",
    "displayMode": "gradient",
    "showUnfilled": True,
}


def _heat_map_settings(heat_map: HeatMap) -> Json:
    """Return the settings of a heat map, which Grafana 7.5 expects in the panel itself.

    Newer versions migrate them if there are no options. They need both bucket numbers for it.
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
            "format": heat_map.unit,
            "decimals": heat_map.decimals,
            "logBase": 1,
            "min": heat_map.minimum,
            "max": heat_map.maximum,
            "splitFactor": None,
        },
        "yBucketBound": "auto",
        "yBucketNumber": 20,
        "yBucketSize": None,
    }
