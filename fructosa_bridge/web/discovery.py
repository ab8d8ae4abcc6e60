"""Targets as Prometheus's service discovery wants them: file_sd and http_sd, which read the same.

A Prometheus that takes them scrapes the same pages as lmaster, on the same intervals.
"""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from ..model.access import METRICS_PATH
from ..model.target import Target


def target_groups(targets: Iterable[Target]) -> list[dict[str, object]]:
    """Return the *targets*, those with equal labels together, in their order.

    Sensors can't be told: ``__param_collect[]`` is no name of a label, and Prometheus refuses a
    list that holds one. They are in ``__meta_fructosa_sensors``, for rules of relabelling; who
    wants only some sets ``params`` of the job. Files with secrets are the job's matter as well.
    """
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for target in targets:
        groups.setdefault(tuple(_labels(target).items()), []).append(target.name)
    return [{"targets": names, "labels": dict(labels)} for labels, names in groups.items()]


def _labels(target: Target) -> dict[str, str]:
    """Return what stands beside a target; interval and timeout always, as the job's are others."""
    labels = {
        "group": target.group,
        "__scrape_interval__": _duration(target.interval_s),
        "__scrape_timeout__": _duration(target.timeout_s),
    }
    if target.access.tls:
        labels["__scheme__"] = "https"
    path, _, query = target.path.partition("?")
    if path != METRICS_PATH:
        labels["__metrics_path__"] = path
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name.isascii() and name.isidentifier():
            labels.setdefault(f"__param_{name}", value)
    if target.sensors:
        labels["__meta_fructosa_sensors"] = ",".join(target.sensors)
    return labels


def _duration(seconds: float) -> str:
    """Return *seconds* as Prometheus writes them: whole numbers of a unit."""
    if seconds == int(seconds):
        return f"{int(seconds)}s"
    return f"{round(seconds * 1000)}ms"
