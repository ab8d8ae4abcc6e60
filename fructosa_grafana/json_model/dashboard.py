"""The JSON model of a whole dashboard: settings, variables, and panels at their positions."""

from collections.abc import Iterator, Sequence

from ..panels.dashboard import Dashboard, Row
from ..panels.panel import Backend
from . import Json, panel, variables

SCHEMA_VERSION = 27  # of Grafana 7.5
# The Grafana folder of the dashboards, both when provisioned from files and when pushed.
FOLDER_TITLE = "FrUCToSA"
FOLDER_UID = "fructosa"
_COLUMNS = 24


def model(board: Dashboard, backend: Backend, prefix: str = "", interval_s: int = 10) -> Json:
    """Return the JSON model of a dashboard for one kind of data source.

    *prefix*, which is empty or ends with a dot, and *interval_s* are the defaults of variables.
    """
    return {
        "uid": f"fructosa-{board.name}-{backend}",
        "title": f"{board.title} ({backend.capitalize()})",
        "description": board.description,
        "tags": ["fructosa", backend],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "annotations": {"list": []},
        "templating": {"list": variables.variables(board, backend, prefix, interval_s)},
        "links": [_dashboard_links(backend)],
        "panels": list(_rows_and_panels(board.rows, backend)),
    }


def _dashboard_links(backend: Backend) -> Json:
    """Return the links to the other dashboards for the same data source."""
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


def _rows_and_panels(rows: Sequence[Row], backend: Backend) -> Iterator[Json]:
    """Yield rows and panels with ids and positions, from left to right and top to bottom."""
    top, row_id = 0, 0
    for row in rows:
        row_id += 1
        is_collapsed = backend in row.collapsed_in
        shown = [one for one in row.panels if one.only_for in (None, backend)]
        panels = [
            {"id": panel_id, **panel.panel(one, backend)}
            for panel_id, one in enumerate(shown, start=row_id + 1)
        ]
        bottom = _arrange(panels, top + 1)
        yield {
            "id": row_id,
            "type": "row",
            "title": row.title,
            "collapsed": is_collapsed,
            "panels": panels if is_collapsed else [],
            "gridPos": {"x": 0, "y": top, "w": _COLUMNS, "h": 1},
        }
        if not is_collapsed:
            yield from panels
        # Of a collapsed row, only the title takes up space.
        top = top + 1 if is_collapsed else bottom
        row_id += len(panels)


def _arrange(panels: Sequence[Json], top: int) -> int:
    """Set the positions of panels, beginning at line *top*; return the line below all of them."""
    left = height = 0
    for one in panels:
        position = one["gridPos"]
        if left + position["w"] > _COLUMNS:
            left, top, height = 0, top + height, 0
        position |= {"x": left, "y": top}
        left, height = left + position["w"], max(height, position["h"])
    return top + height
