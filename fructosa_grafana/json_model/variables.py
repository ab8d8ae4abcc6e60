"""The variables at the top of a dashboard: data source, cluster, nodes, interval."""

from ..panels.dashboard import Dashboard
from ..panels.panel import Backend
from . import SOURCE, Json

_INTERVALS_S = (1, 2, 5, 10, 15, 30, 60, 300, 900, 3600)
_ON_DASHBOARD_LOAD = 1
_NUMERICAL_SORT = 3  # node2 before node10
_NO_SLURM = "/^(?!slurm$)/"  # its series are below the prefix as those of a node are

ABOUT_PREFIX = "How all paths begin, including the dot before the node. Empty without a prefix."
ABOUT_MASTER = "A glob for lmasters. If two of them have the same nodes, choose one."
ABOUT_NODES = "A glob for nodes: node0[0-4]*. If there are thousands, choose some."
ABOUT_INTERVAL = "The shortest time between two points in a graph; at least the scrape interval."


def variables(board: Dashboard, backend: Backend, prefix: str, interval_s: int) -> list[Json]:
    """Return the variables of a dashboard; *prefix* and *interval_s* are defaults."""
    specific = _graphite(board, prefix) if backend == "graphite" else _prometheus(board)
    return [_data_source(backend), *specific, _interval(interval_s)]


def _graphite(board: Dashboard, prefix: str) -> list[Json]:
    found = [_textbox("prefix", "Prefix", prefix, ABOUT_PREFIX)]
    node = _query("node", "Node", "${prefix}*") | {"regex": _NO_SLURM}
    if board.scope == "slurm":
        return found
    if board.scope == "node":
        return [*found, node]
    scopes = {leaf.scope for leaf in board.leaves("graphite")}
    if "master" in scopes:
        found.append(_textbox("master", "lmaster", "*", ABOUT_MASTER))
    if "node" in scopes:
        found.append(node)
    return [*found, _textbox("nodes", "Nodes", "*", ABOUT_NODES)]


def _prometheus(board: Dashboard) -> list[Json]:
    found = [_label_values("cluster", "Cluster", board.node_metric)]
    if board.scope == "slurm":
        return found
    found.append(_label_values("job", "Job", f'{board.node_metric}{{cluster=~"$cluster"}}'))
    selected = f'{board.node_metric}{{cluster=~"$cluster",job=~"$job"}}'
    node = _query("node", "Node", f"label_values({selected}, instance)")
    if board.scope == "node":
        return [*found, node]
    has_node_panels = any(leaf.scope == "node" for leaf in board.leaves("prometheus"))
    group = _label_values("group", "Node set", selected)
    return [*found, group, *([node] if has_node_panels else [])]


def _common(name: str, kind: str, label: str, description: str = "") -> Json:
    made = {"name": name, "type": kind, "label": label, "hide": 0, "skipUrlSync": False}
    return made | {"description": description} if description else made


def _data_source(backend: Backend) -> Json:
    return _common("datasource", "datasource", "Data source") | {
        "query": backend,
        "regex": "",
        "options": [],
        "refresh": _ON_DASHBOARD_LOAD,
        "includeAll": False,
        "multi": False,
    }


def _textbox(name: str, label: str, value: str, description: str) -> Json:
    option = {"selected": True, "text": value, "value": value}
    return _common(name, "textbox", label, description) | {
        "query": value,
        "current": option,
        "options": [option],
    }


def _query(name: str, label: str, query: str) -> Json:
    return _common(name, "query", label) | {
        "datasource": SOURCE,
        "query": query,
        "definition": query,
        "regex": "",
        "refresh": _ON_DASHBOARD_LOAD,
        "sort": _NUMERICAL_SORT,
        "options": [],
        "includeAll": False,
        "multi": False,
    }


def _label_values(name: str, label: str, metric: str) -> Json:
    """Return a variable for values of a label; "All" also matches series without the label."""
    return _query(name, label, f"label_values({metric}, {name})") | {
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
    }


def _interval(interval_s: int) -> Json:
    default = _duration(interval_s)
    choices = [_duration(seconds) for seconds in sorted({*_INTERVALS_S, interval_s})]
    return _common("interval", "custom", "Interval", ABOUT_INTERVAL) | {
        "query": ",".join(choices),
        "current": _option(default, default),
        "options": [_option(choice, default) for choice in choices],
        "includeAll": False,
        "multi": False,
    }


def _option(value: str, default: str) -> Json:
    return {"selected": value == default, "text": value, "value": value}


def _duration(seconds: int) -> str:
    for unit_s, unit in ((3600, "h"), (60, "m")):
        if seconds % unit_s == 0:
            return f"{seconds // unit_s}{unit}"
    return f"{seconds}s"
