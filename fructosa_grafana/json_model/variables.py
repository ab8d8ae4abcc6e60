"""What people choose at the top of a dashboard: data source, cluster, nodes, fineness."""

from typing import Any

from ..panels.dashboard import Dashboard
from ..panels.panel import Backend

Json = dict[str, Any]

_INTERVALS_S = (1, 2, 5, 10, 15, 30, 60, 300, 900, 3600)
_SOURCE = "$datasource"
_ON_LOAD = 1  # when a variable's values are asked for anew


def of(board: Dashboard, backend: Backend, prefix: str, interval_s: int) -> list[Json]:
    """Return the variables of a dashboard, with what they begin with."""
    made = _of_graphite(board, prefix) if backend == "graphite" else _of_prometheus(board)
    return [_data_source(backend), *made, _interval(interval_s)]


def _of_graphite(board: Dashboard, prefix: str) -> list[Json]:
    about_prefix = (
        "What all paths begin with, to the dot before the node; empty if that is nothing."
    )
    found = [_text("prefix", "Prefix", prefix, about_prefix)]
    if board.looks_at == "node":
        return [*found, _query("node", "Node", "${prefix}*")]
    if any(leaf.scope == "master" for leaf in board.leaves("graphite")):
        about_master = "Which lmasters, as a glob; where two have the same nodes, one of them."
        found.append(_text("master", "lmaster", "*", about_master))
    if any(leaf.scope == "node" for leaf in board.leaves("graphite")):
        found.append(_query("node", "Node", "${prefix}*"))
    about_nodes = "Which nodes, as a glob: node0[0-4]*. Of thousands, choose some."
    return [*found, _text("nodes", "Nodes", "*", about_nodes)]


def _of_prometheus(board: Dashboard) -> list[Json]:
    found = [
        _labels("cluster", "Cluster", board.example),
        _labels("job", "Job", f'{board.example}{{cluster=~"$cluster"}}'),
    ]
    chosen = f'{board.example}{{cluster=~"$cluster",job=~"$job"}}'
    node = _query("node", "Node", f"label_values({chosen}, instance)")
    if board.looks_at == "node":
        return [*found, node]
    looks_closer = any(leaf.scope == "node" for leaf in board.leaves("prometheus"))
    return [*found, _labels("group", "Node set", chosen), *([node] if looks_closer else [])]


def _common(name: str, kind: str, label: str, about: str = "") -> Json:
    made = {"name": name, "type": kind, "label": label, "hide": 0, "skipUrlSync": False}
    return made | {"description": about} if about else made


def _data_source(backend: Backend) -> Json:
    return _common("datasource", "datasource", "Data source") | {
        "query": backend,
        "regex": "",
        "options": [],
        "refresh": _ON_LOAD,
        "includeAll": False,
        "multi": False,
    }


def _text(name: str, label: str, value: str, about: str) -> Json:
    only = {"selected": True, "text": value, "value": value}
    return _common(name, "textbox", label, about) | {
        "query": value,
        "current": only,
        "options": [only],
    }


def _query(name: str, label: str, query: str) -> Json:
    return _common(name, "query", label) | {
        "datasource": _SOURCE,
        "query": query,
        "definition": query,
        "regex": "",
        "refresh": _ON_LOAD,
        "sort": 3,  # node2 before node10
        "options": [],
        "includeAll": False,
        "multi": False,
    }


def _labels(name: str, label: str, metric: str) -> Json:
    """Return a choice of a label's values; all of them, or the label's absence, match too."""
    all_of_them = {"selected": True, "text": ["All"], "value": ["$__all"]}
    return _query(name, label, f"label_values({metric}, {name})") | {
        "current": all_of_them,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
    }


def _interval(interval_s: int) -> Json:
    about = "The least time between two points that are drawn: no less than nodes are scraped at."
    chosen = _duration(interval_s)
    choices = [_duration(one) for one in sorted({*_INTERVALS_S, interval_s})]
    return _common("interval", "custom", "Interval", about) | {
        "query": ",".join(choices),
        "current": _option(chosen, chosen),
        "options": [_option(one, chosen) for one in choices],
        "includeAll": False,
        "multi": False,
    }


def _option(value: str, chosen: str) -> Json:
    return {"selected": value == chosen, "text": value, "value": value}


def _duration(seconds: int) -> str:
    for unit_s, unit in ((3600, "h"), (60, "m")):
        if seconds % unit_s == 0:
            return f"{seconds // unit_s}{unit}"
    return f"{seconds}s"
