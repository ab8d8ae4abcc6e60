"""/metrics/nodes: what Slurm says of each node, for a Prometheus that scrapes the nodes itself.

A page of its own: with thousands of nodes it has more samples than /metrics may have.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..model.own_metric import OwnMetric
from ..model.target import Target
from ..naming.schemes import NODE_EXPECTED
from ..scrape.target_state import TargetState
from ..slurm import cluster
from ..slurm.monitor import SlurmMonitor
from ..slurm_states.node_states import UNLISTED
from .discovery import node_name

EXPECTED = OwnMetric(
    NODE_EXPECTED,
    "0 if Slurm says that the node is down on purpose, else 1.",
    ("node", "instance"),
)
STATE = OwnMetric(
    "fructosa_slurm_node_state",
    "1 for the present state of the node in Slurm, see docs/slurm.md.",
    ("node", "state"),
)
FAILED_JOBS = OwnMetric(
    "fructosa_slurm_node_failed_jobs",
    "Jobs that have failed on this node alone within MinJobAge.",
    ("node",),
)
METRICS = (EXPECTED, STATE, FAILED_JOBS)

_Sample = tuple[tuple[str, ...], int]
"""The values of the labels, and the value."""
_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def nodes_page(states: Sequence[TargetState], slurm: SlurmMonitor | None) -> str:
    """Return the page in the text format of Prometheus: the nodes of these targets, each once."""
    # The same page of a node may be in several sections.
    targets = list(
        {(one.target.name, node_name(one.target)): one.target for one in states}.values()
    )
    lines = list(_lines(EXPECTED, _expected(targets, slurm)))
    if slurm is not None:
        hosts = {node_name(one): one.host for one in targets}
        lines += _lines(STATE, _states(hosts.items(), slurm))
        lines += _lines(FAILED_JOBS, _failed_jobs(hosts.items(), slurm))
    return "".join(f"{line}\n" for line in lines)


def _expected(targets: Iterable[Target], slurm: SlurmMonitor | None) -> Iterator[_Sample]:
    for one in targets:
        is_expected = slurm is None or slurm.find(one.host).is_expected
        yield (node_name(one), one.name), int(is_expected)


def _states(hosts: Iterable[tuple[str, str]], slurm: SlurmMonitor) -> Iterator[_Sample]:
    for name, host in hosts:
        state = slurm.find(host).state
        if state != UNLISTED:
            yield (name, state), 1


def _failed_jobs(hosts: Iterable[tuple[str, str]], slurm: SlurmMonitor) -> Iterator[_Sample]:
    jobs = None if slurm.reading is None else slurm.reading.jobs
    failed: Counter[str] = cluster.failed_jobs(jobs or ())
    for name, host in hosts if failed else ():
        if count := sum(failed[node] for node in slurm.index.find(host)):
            yield (name,), count


def _lines(metric: OwnMetric, samples: Iterable[_Sample]) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} {metric.type}"
    for values, number in samples:
        pairs = zip(metric.labels, values, strict=True)
        labels = ",".join(f'{label}="{value.translate(_ESCAPED)}"' for label, value in pairs)
        yield f"{metric.name}{{{labels}}} {number}"
