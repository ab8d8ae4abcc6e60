"""Everything that Grafana and Prometheus are given, as texts of files."""

import json
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Any

from . import provisioning
from .alerts import rule_files
from .dashboards import BOARDS
from .json_model.dashboard import model
from .panels.panel import BACKENDS, Backend

Json = dict[str, Any]


def models(
    backends: Collection[Backend] = BACKENDS, prefix: str = "", interval_s: int = 10
) -> list[Json]:
    """Return the JSON models of all dashboards, for each of the data sources.

    *prefix* is what Graphite's paths begin with; *interval_s* how often nodes are scraped.
    """
    begin = f"{prefix}." if prefix else ""
    return [model(board, backend, begin, interval_s) for backend in backends for board in BOARDS]


def provisioned(
    folder: PurePosixPath = provisioning.FOLDER,
    backends: Collection[Backend] = BACKENDS,
    *,
    prefix: str = "",
    interval_s: int = 10,
    graphite_url: str = provisioning.GRAPHITE_URL,
    prometheus_url: str = provisioning.PROMETHEUS_URL,
) -> dict[str, str]:
    """Return the files that Grafana reads at its start, by their paths below *folder*."""
    made = provisioning.provisioning(
        folder,
        backends=backends,
        graphite_url=graphite_url,
        prometheus_url=prometheus_url,
        interval_s=interval_s,
    )
    for backend in backends:
        for board in models([backend], prefix, interval_s):
            made[f"dashboards/fructosa/{backend}/{name(board)}.json"] = text(board)
    return made


def for_prometheus() -> dict[str, str]:
    """Return the files of rules that Prometheus loads, by their names."""
    return {
        "fructosa-recording.yml": rule_files.recording_rules(),
        "fructosa-alerts.yml": rule_files.alert_rules(),
    }


def name(board: Json) -> str:
    """Return what the file of a dashboard is called: ``cluster`` for fructosa-cluster-graphite."""
    return str(board["uid"]).split("-")[1]


def text(board: Json) -> str:
    """Return a model as its file has it."""
    return json.dumps(board, indent=1, ensure_ascii=False) + "\n"
