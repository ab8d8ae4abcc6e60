"""How values are displayed: units, limits, thresholds, colors and links."""

from ..panels.panel import Backend, Graph, HeatMap, Panel, Query, Stat, Table, Threshold
from . import Json

_DEFAULT_THRESHOLDS: tuple[Threshold, ...] = ((None, "green"),)


def field_config(panel: Panel, backend: Backend) -> Json:
    """Return the ``fieldConfig`` of a *panel*."""
    if isinstance(panel, HeatMap):
        return {"defaults": {}, "overrides": []}
    defaults: Json = {
        "unit": panel.unit,
        "color": {"mode": "palette-classic" if isinstance(panel, Graph) else "thresholds"},
        "thresholds": _thresholds(panel.thresholds or _DEFAULT_THRESHOLDS),
        "mappings": _mappings(panel),
    }
    limits = {"min": panel.minimum, "max": panel.maximum, "decimals": panel.decimals}
    defaults |= {name: value for name, value in limits.items() if value is not None}
    if panel.links_to_node and not isinstance(panel, Table):
        defaults["links"] = [_link_to_node(panel, backend)]
    if isinstance(panel, Graph):
        defaults["custom"] = _line_style(panel)
    return {"defaults": defaults, "overrides": _overrides(panel, backend)}


def _thresholds(thresholds: tuple[Threshold, ...]) -> Json:
    steps = [{"value": value, "color": color} for value, color in thresholds]
    return {"mode": "absolute", "steps": steps}


def _mappings(panel: Panel) -> list[Json]:
    if not isinstance(panel, Stat):
        return []
    return [
        {"id": number, "type": 1, "value": f"{value:g}", "text": text}
        for number, (value, text) in enumerate(panel.mappings, start=1)
    ]


def _line_style(graph: Graph) -> Json:
    return {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 30 if graph.stacked else 5,
        "showPoints": "never",
        "pointSize": 4,
        "spanNulls": False,  # Show a gap while a node is down.
        "lineInterpolation": "linear",
        "axisPlacement": "auto",
        "stacking": {"mode": "normal" if graph.stacked else "none", "group": "A"},
    }


def _link_to_node(panel: Panel, backend: Backend) -> Json:
    if isinstance(panel, Table):
        node = "${__value.text}"  # of the clicked cell
    elif backend == "graphite":
        node = "${__series.name}"
    else:
        node = "${__field.labels.instance}"
    dashboard = f"/d/fructosa-node-{backend}?var-node={node}"
    return {
        "title": f"All of {node}",
        "url": f"{dashboard}&${{__url_time_range}}&{_PASSED_VARIABLES[backend]}",
        "targetBlank": False,
    }


_PASSED_VARIABLES = {
    "graphite": "var-datasource=${datasource}&var-prefix=${prefix}&var-interval=${interval}",
    "prometheus": "var-datasource=${datasource}&var-interval=${interval}",
}


def _overrides(panel: Panel, backend: Backend) -> list[Json]:
    """Return the overrides for columns of a table: unit and colors, and the link of the node."""
    if not isinstance(panel, Table):
        return []
    found = [
        _override("byName", query.legend, _column(query))
        for query in panel.queries
        if backend == "prometheus" and query.unit
    ]
    if not found and panel.thresholds:
        found = [_override("byType", "number", {"custom.displayMode": "color-background"})]
    if panel.links_to_node:
        found.append(_override("byName", "Node", {"links": [_link_to_node(panel, backend)]}))
    return found


def _column(query: Query) -> Json:
    made: Json = {"unit": query.unit}
    if query.thresholds:
        made["thresholds"] = _thresholds(query.thresholds)
        made["custom.displayMode"] = "color-background"
    return made


def _override(matcher: str, matched: str, properties: Json) -> Json:
    return {
        "matcher": {"id": matcher, "options": matched},
        "properties": [{"id": name, "value": value} for name, value in properties.items()],
    }
