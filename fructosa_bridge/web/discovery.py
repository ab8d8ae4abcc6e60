"""Targets for Prometheus's service discovery; file_sd and http_sd use the same JSON.

A Prometheus that uses it scrapes the same pages as lmaster, at the same intervals.
"""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from ..model.access import METRICS_PATH
from ..model.target import Target


def target_groups(targets: Iterable[Target]) -> list[dict[str, object]]:
    """Return the *targets* in their order, grouped by equal labels.

    The choice of sensors cannot be passed on: ``__param_collect[]`` is not a valid label name, and
    Prometheus rejects the whole list if it has one. The label ``__meta_fructosa_sensors`` has the
    sensors, for relabelling. To collect only some, set ``params`` of the scrape job. Credentials
    belong into the scrape job too.
    """
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for target in targets:
        groups.setdefault(tuple(_labels(target).items()), []).append(target.name)
    return [{"targets": names, "labels": dict(labels)} for labels, names in groups.items()]


def _labels(target: Target) -> dict[str, str]:
    """Return the labels of a target; interval and timeout override those of the scrape job."""
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
    """Return *seconds* as Prometheus writes durations: an integer and a unit."""
    if seconds == int(seconds):
        return f"{int(seconds)}s"
    return f"{round(seconds * 1000)}ms"
