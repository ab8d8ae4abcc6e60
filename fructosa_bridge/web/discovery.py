"""Targets for Prometheus's service discovery; file_sd and http_sd use the same JSON.

A Prometheus that uses it scrapes the same pages as lmaster, at the same intervals.
"""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from ..model.access import METRICS_PATH
from ..model.target import Target

NODES_PATH = "/metrics/nodes"
NODES_JOB = "lmaster-nodes"
# The page changes when Slurm is read. A Prometheus must not take its series for gone.
_LONGEST_INTERVAL_S = 60

TargetGroup = dict[str, object]


def node_name(target: Target) -> str:
    """Return the name of a target's node: the last part of its path in Graphite."""
    return target.graphite_path.rpartition(".")[2]


def target_groups(targets: Iterable[Target], *, has_slurm: bool = False) -> list[TargetGroup]:
    """Return the *targets* in their order, grouped by equal labels.

    With Slurm each has a label ``node``, which the series of /metrics/nodes have too.

    The choice of sensors cannot be passed on: ``__param_collect[]`` is not a valid label name, and
    Prometheus rejects the whole list if it has one. The label ``__meta_fructosa_sensors`` has the
    sensors, for relabelling. To collect only some, set ``params`` of the scrape job. Credentials
    belong into the scrape job too.
    """
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for target in targets:
        labels = _labels(target)
        if has_slurm:
            labels["node"] = node_name(target)
        groups.setdefault(tuple(labels.items()), []).append(target.endpoint)
    return [{"targets": names, "labels": dict(labels)} for labels, names in groups.items()]


def nodes_page_group(address: str, scheme: str, interval_s: int) -> TargetGroup:
    """Return the target group of lmaster's own page of nodes, with a job label of its own."""
    labels = {
        "job": NODES_JOB,
        "__metrics_path__": NODES_PATH,
        "__scrape_interval__": _duration(min(interval_s, _LONGEST_INTERVAL_S)),
        "__scrape_timeout__": "10s",
    }
    if scheme == "https":
        labels["__scheme__"] = scheme
    return {"targets": [address], "labels": labels}


def _labels(target: Target) -> dict[str, str]:
    """Return the labels of a target; interval and timeout override those of the scrape job."""
    labels = {
        "group": target.group,
        "__scrape_interval__": _duration(target.interval_s),
        "__scrape_timeout__": _duration(target.timeout_s),
    }
    if target.address is not None:
        labels["instance"] = target.name  # else it would be the address
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
