"""All generated files for Grafana and Prometheus, as texts."""

import json
from collections.abc import Collection
from pathlib import PurePosixPath

from . import provisioning
from .alerts.rule_files import alert_rules, recording_rules
from .dashboards import DASHBOARDS
from .json_model import Json
from .json_model.dashboard import model
from .panels.panel import BACKENDS, Backend


def models(
    backends: Collection[Backend] = BACKENDS, prefix: str = "", interval_s: int = 10
) -> list[Json]:
    """Return the JSON models of all dashboards for each data source.

    *prefix* is that of Graphite paths; *interval_s* is the interval between scrapes.
    """
    dotted = f"{prefix}." if prefix else ""
    return [
        model(board, backend, dotted, interval_s) for backend in backends for board in DASHBOARDS
    ]


def provisioning_files(
    folder: PurePosixPath = provisioning.FOLDER,
    backends: Collection[Backend] = BACKENDS,
    *,
    prefix: str = "",
    interval_s: int = 10,
    graphite_url: str = provisioning.GRAPHITE_URL,
    prometheus_url: str = provisioning.PROMETHEUS_URL,
) -> dict[str, str]:
    """Return the files that Grafana reads when it starts, by their paths below *folder*."""
    texts = provisioning.provisioning(
        folder,
        backends=backends,
        graphite_url=graphite_url,
        prometheus_url=prometheus_url,
        interval_s=interval_s,
    )
    for backend in backends:
        for board in models([backend], prefix, interval_s):
            texts[f"dashboards/fructosa/{backend}/{file_stem(board)}.json"] = _json(board)
    return texts


def rule_files() -> dict[str, str]:
    """Return the rule files for Prometheus by name."""
    return {
        "fructosa-recording.yml": recording_rules(),
        "fructosa-alerts.yml": alert_rules(),
    }


def file_stem(board: Json) -> str:
    """Return the stem of a dashboard's file name: ``cluster`` for fructosa-cluster-graphite."""
    return str(board["uid"]).split("-")[1]


def _json(board: Json) -> str:
    return json.dumps(board, indent=1, ensure_ascii=False) + "\n"
