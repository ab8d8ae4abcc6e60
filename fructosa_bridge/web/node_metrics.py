"""/metrics/nodes: what Slurm says of each node, for a Prometheus that scrapes the nodes itself.

A page of its own: with thousands of nodes it has more samples than /metrics may have.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..naming.schemes import NODE_EXPECTED
from ..scrape.target_state import TargetState
from ..slurm import cluster
from ..slurm.monitor import SlurmMonitor
from ..slurm_states.node_states import UNLISTED
from .discovery import node_name

NODE_STATE = "fructosa_slurm_node_state"
FAILED_JOBS = "fructosa_slurm_node_failed_jobs"
_HELP = {
    NODE_EXPECTED: "0 if Slurm says that the node is down on purpose, else 1.",
    NODE_STATE: "1 for the present state of the node in Slurm, see docs/slurm.md.",
    FAILED_JOBS: "Jobs that have failed on this node alone within MinJobAge.",
}
_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def nodes_page(states: Sequence[TargetState], slurm: SlurmMonitor | None) -> str:
    """Return the page in the text format of Prometheus: the nodes of these targets, each once."""
    # The same page of a node may be in several sections.
    targets = list(
        {(one.target.name, node_name(one.target)): one.target for one in states}.values()
    )
    lines = list(
        _metric(
            NODE_EXPECTED,
            (
                (
                    f'node="{_escaped(node_name(one))}",instance="{_escaped(one.name)}"',
                    int(slurm is None or slurm.find(one.host).is_expected),
                )
                for one in targets
            ),
        )
    )
    if slurm is not None:
        hosts = {node_name(one): one.host for one in targets}
        lines += _metric(NODE_STATE, _states(hosts.items(), slurm))
        lines += _metric(FAILED_JOBS, _failed_jobs(hosts.items(), slurm))
    return "".join(f"{line}\n" for line in lines)


def _states(hosts: Iterable[tuple[str, str]], slurm: SlurmMonitor) -> Iterator[tuple[str, int]]:
    for name, host in hosts:
        state = slurm.find(host).state
        if state != UNLISTED:
            yield f'node="{_escaped(name)}",state="{state}"', 1


def _failed_jobs(
    hosts: Iterable[tuple[str, str]], slurm: SlurmMonitor
) -> Iterator[tuple[str, int]]:
    jobs = None if slurm.reading is None else slurm.reading.jobs
    failed: Counter[str] = cluster.failed_jobs(jobs or ())
    for name, host in hosts if failed else ():
        if count := sum(failed[node] for node in slurm.index.find(host)):
            yield f'node="{_escaped(name)}"', count


def _metric(name: str, samples: Iterable[tuple[str, int]]) -> Iterator[str]:
    yield f"# HELP {name} {_HELP[name]}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        yield f"{name}{{{labels}}} {value}"


def _escaped(text: str) -> str:
    return text.translate(_ESCAPED)
