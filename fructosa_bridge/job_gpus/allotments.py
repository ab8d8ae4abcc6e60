"""Which GPUs Slurm has given to which job, by index (IDX), and when it must tell more."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..slurm_output.gpu_indexes import NOTHING, GPUUse, gpu_use, whole_node
from ..slurm_output.host_lists import node_names
from ..slurm_output.job_details import JobDetails
from ..slurm_output.records import JobRecord, NodeRecord
from ..slurm_output.tres import number, time_s
from ..slurm_output.vocabulary import ENDED

# Nodes are read before jobs, and clocks differ: a job that ended so lately may have had the GPUs.
_LATELY_S = 30.0
# A job that waits has no node; one that completes may still have its GPUs.
_WITHOUT_NODES = frozenset({"", "(null)"})

Allotments = Mapping[str, Mapping[str, GPUUse]]
"""The GPUs of each job that has some, by its id (as squeue prints it) and by node."""


class Allotted(NamedTuple):
    """What is known of the GPUs of jobs, and the ids of jobs whose details would tell more."""

    by_job: Allotments
    unsure: frozenset[str]


def allotted(
    nodes: Sequence[NodeRecord],
    jobs: Iterable[JobRecord],
    details: JobDetails,
    now_s: float,
) -> Allotted:
    """Return the GPUs of each job, of *nodes* that were read at *now_s*, and *jobs* soon after.

    Those of a node that only one job uses are that job's. Of others, *details* tell.
    """
    uses = {node.name: _use_of(node) for node in nodes if "gpu" in node.gres_used}
    uses = {name: use for name, use in uses.items() if use.total or use.has_parts}
    if not uses:
        return Allotted({}, frozenset())
    holders = _holders(jobs, uses.keys(), now_s - _LATELY_S)
    found: defaultdict[str, dict[str, GPUUse]] = defaultdict(dict)
    unsure: set[str] = set()
    for node, use in uses.items():
        on_node = holders.get(node, [])
        if len(on_node) == 1 and _has_all(on_node[0], use):
            found[on_node[0].job_id][node] = use
            continue
        ids = [job.job_id for job in on_node]
        unsure.update(job_id for job_id in ids if job_id not in details)
        for job_id, of_job in _told(node, use, ids, details):
            found[job_id][node] = of_job
    return Allotted(found, frozenset(unsure))


def _use_of(node: NodeRecord) -> GPUUse:
    return whole_node(sum(node.gpus.values()), gpu_use(node.gres_used))


def _has_all(job: JobRecord, use: GPUUse) -> bool:
    """Return whether the GPUs in use on a node are those of the only job there."""
    if use.indexes is None or use.has_parts:
        return False
    return number(job.node_count) != 1 or job.gpus in (0, use.total)


def _holders(
    jobs: Iterable[JobRecord], nodes: Iterable[str], since_s: float
) -> Mapping[str, list[JobRecord]]:
    """Return the jobs on each of the *nodes* that may have GPUs there, or had some at *since_s*.

    A job that has a whole node may have its GPUs without having asked for them.
    """
    wanted = set(nodes)
    asking: defaultdict[str, list[JobRecord]] = defaultdict(list)
    others: defaultdict[str, list[JobRecord]] = defaultdict(list)
    for job in jobs:
        if job.nodes in _WITHOUT_NODES:
            continue
        if job.state in ENDED and (time_s(job.end_time) or 0.0) < since_s:
            continue
        found = asking if job.gpus or _asks_for_parts(job) else others
        for name in node_names(job.nodes):
            if name in wanted:
                found[name].append(job)
    return {name: asking.get(name) or others.get(name, []) for name in wanted}


def _asks_for_parts(job: JobRecord) -> bool:
    """Return whether a job has shards or shares of MPS."""
    texts = (job.tres, job.tres_per_node, job.tres_per_job, job.tres_per_task)
    return any("shard" in text or "mps" in text for text in texts)


def _told(
    node: str, use: GPUUse, jobs: Sequence[str], details: JobDetails
) -> Iterable[tuple[str, GPUUse]]:
    """Return what details tell of a node: indexes that two jobs have are of neither."""
    told = {job: details[job].get(node, NOTHING) for job in jobs if job in details}
    taken: set[int] = set()
    twice: set[int] = set()
    for one in told.values():
        indexes = one.indexes or frozenset()
        twice |= taken & indexes
        taken |= indexes
    for job, one in told.items():
        indexes = one.indexes or frozenset()
        is_wrong = indexes & twice or (use.indexes is not None and indexes - use.indexes)
        if one.total or one.has_parts:
            yield job, one._replace(indexes=None) if is_wrong else one
