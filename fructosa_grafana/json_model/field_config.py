"""How values look: units, limits, thresholds, colours, and where a click on them leads."""

from typing import Any

from ..panels.panel import Backend, Graph, HeatMap, Panel, Query, Stat, Step, Table

Json = dict[str, Any]

# Grafana takes these names of its own colours since 7.
_PLAIN: tuple[Step, ...] = ((None, "green"),)


def field_config(panel: Panel, backend: Backend) -> Json:
    """Return the ``fieldConfig`` of a *panel*."""
    if isinstance(panel, HeatMap):
        return {"defaults": {}, "overrides": []}
    defaults: Json = {
        "unit": panel.unit,
        "color": {"mode": _colour_mode(panel)},
        "thresholds": {"mode": "absolute", "steps": _steps(panel.steps)},
        "mappings": _mappings(panel),
    }
    bounds = {"min": panel.low, "max": panel.high, "decimals": panel.decimals}
    defaults |= {name: value for name, value in bounds.items() if value is not None}
    if panel.link and not isinstance(panel, Table):
        defaults["links"] = [_to_node(panel, backend)]
    if isinstance(panel, Graph):
        defaults["custom"] = _line(panel)
    return {"defaults": defaults, "overrides": _overrides(panel, backend)}


def _colour_mode(panel: Panel) -> str:
    return "palette-classic" if isinstance(panel, Graph) else "thresholds"


def _steps(steps: tuple[Step, ...]) -> list[Json]:
    return [{"value": value, "color": colour} for value, colour in steps or _PLAIN]


def _mappings(panel: Panel) -> list[Json]:
    if not isinstance(panel, Stat):
        return []
    return [
        {"id": number, "type": 1, "value": f"{value:g}", "text": word}
        for number, (value, word, _) in enumerate(panel.words, start=1)
    ]


def _line(panel: Graph) -> Json:
    return {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 30 if panel.stacked else 5,
        "showPoints": "never",
        "pointSize": 4,
        "spanNulls": False,  # a gap is what there is when a node is down
        "lineInterpolation": "linear",
        "axisPlacement": "auto",
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
    }


def _to_node(panel: Panel, backend: Backend) -> Json:
    if isinstance(panel, Table):
        named = "${__value.text}"  # of the cell, which is the node's
    elif backend == "graphite":
        named = "${__series.name}"
    else:
        named = "${__field.labels.instance}"
    page = f"/d/fructosa-node-{backend}?var-node={named}"
    return {
        "title": f"All of {named}",
        "url": f"{page}&${{__url_time_range}}&{_PASSED[backend]}",
        "targetBlank": False,
    }


# What the dashboard of a node must know besides its name.
_PASSED = {
    "graphite": "var-datasource=${datasource}&var-prefix=${prefix}&var-interval=${interval}",
    "prometheus": "var-datasource=${datasource}&var-interval=${interval}",
}


def _overrides(panel: Panel, backend: Backend) -> list[Json]:
    """Return what single columns of a table have: each its unit and colours, the node its link."""
    if not isinstance(panel, Table):
        return []
    found = [
        _override("byName", query.legend, _column(query))
        for query in panel.queries
        if backend == "prometheus" and query.unit
    ]
    if not found and panel.steps:
        found = [_override("byType", "number", {"custom.displayMode": "color-background"})]
    if panel.link:
        found.append(_override("byName", "Node", {"links": [_to_node(panel, backend)]}))
    return found


def _column(query: Query) -> Json:
    made: Json = {"unit": query.unit}
    if query.steps:
        made["thresholds"] = {"mode": "absolute", "steps": _steps(query.steps)}
        made["custom.displayMode"] = "color-background"
    return made


def _override(matcher: str, wanted: str, properties: Json) -> Json:
    return {
        "matcher": {"id": matcher, "options": wanted},
        "properties": [{"id": name, "value": value} for name, value in properties.items()],
    }
