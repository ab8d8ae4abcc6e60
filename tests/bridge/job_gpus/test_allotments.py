"""Which job has which GPUs, by Slurm's index."""

import pytest

from fructosa_bridge.job_gpus.allotments import allotted
from fructosa_bridge.slurm_output import job_details, scontrol
from fructosa_bridge.slurm_output.gpu_indexes import GPUUse

from ..jobs.known_jobs import T0, record
from ..slurm.small_cluster import node
from ..slurm_output.outputs import recorded
from ..slurm_output.test_gpu_indexes import use

NOW_S = T0 + 100


def n1(gres_used, gpus=4):
    """Return a node with four GPUs."""
    return node("n1", "MIXED", gpus={"a100": gpus}, gres_used=gres_used)


def job(job_id, gpus=1, **fields):
    """Return a job with GPUs on n1."""
    return record(job_id, tres_per_node=f"gres:gpu:{gpus}", **fields)


def test_the_gpus_of_a_node_that_one_job_uses_are_that_jobs():
    """Then Slurm need not be asked for more. Other jobs of the node have none."""
    found = allotted([n1("gpu:a100:2(IDX:1-2)")], [job(7, 2), record(8)], {}, NOW_S)

    assert ({"7": {"n1": use(1, 2)}}, frozenset()) == found


def test_while_jobs_share_a_node_details_tell():
    """Until then it is not known which has which."""
    nodes, jobs = [n1("gpu:a100:2(IDX:0-1)")], [job(7), job(8)]

    assert ({}, {"7", "8"}) == allotted(nodes, jobs, {}, NOW_S)
    details = {"7": {"n1": use(1)}, "8": {"n1": use(0)}}
    assert (details, frozenset()) == allotted(nodes, jobs, details, NOW_S)


def test_a_gpu_that_two_jobs_have_is_of_neither():
    """One of the records is wrong, or forged."""
    details = {"7": {"n1": use(0)}, "8": {"n1": use(0)}}

    found = allotted([n1("gpu:a100:2(IDX:0-1)")], [job(7), job(8)], details, NOW_S)

    unknown = GPUUse(1, None, False)
    assert {"7": {"n1": unknown}, "8": {"n1": unknown}} == found.by_job


def test_a_gpu_that_the_node_does_not_use_is_no_jobs():
    """Node and jobs were read at different times."""
    details = {"7": {"n1": use(3)}, "8": {"n1": use(0)}}

    found = allotted([n1("gpu:a100:2(IDX:0-1)")], [job(7), job(8)], details, NOW_S)

    assert {"7": {"n1": GPUUse(1, None, False)}, "8": {"n1": use(0)}} == found.by_job


def test_a_job_that_ended_between_the_two_lists_may_have_had_the_gpus():
    """The next job on the node does not inherit them."""
    jobs = [job(7, state="COMPLETED", end_s=NOW_S + 1), job(8)]

    assert frozenset({"7", "8"}) == allotted([n1("gpu:a100:1(IDX:0)")], jobs, {}, NOW_S).unsure
    jobs[0] = job(7, state="COMPLETED", end_s=NOW_S - 60)
    assert {"8": {"n1": use(0)}} == allotted([n1("gpu:a100:1(IDX:0)")], jobs, {}, NOW_S).by_job


def test_another_number_than_the_job_asked_for_is_doubtful():
    """So is one without indexes, unless all GPUs are in use."""
    nodes = [n1("gpu:a100:2(IDX:0-1)")]
    assert frozenset({"7"}) == allotted(nodes, [job(7, 1)], {}, NOW_S).unsure
    assert frozenset({"7"}) == allotted([n1("gpu:2")], [job(7, 2)], {}, NOW_S).unsure

    found = allotted([n1("gpu:2", gpus=2)], [job(7, 2)], {}, NOW_S)

    assert {"7": {"n1": use(0, 1)}} == found.by_job


def test_a_job_that_has_a_whole_node_has_its_gpus():
    """It need not ask for them."""
    found = allotted([n1("gpu:a100:4(IDX:0-3)")], [record(7)], {}, NOW_S)

    assert {"7": {"n1": use(0, 1, 2, 3)}} == found.by_job


def test_shards_are_told_by_details():
    """They have no GPU of their own."""
    jobs = [record(7, tres_per_node="gres:shard:2"), job(8)]
    details = {"7": {"n1": use(has_parts=True)}, "8": {"n1": use(1)}}

    nodes = [n1("gpu:a100:1(IDX:1),shard:a100:1(IDX:0)")]

    assert details == allotted(nodes, jobs, details, NOW_S).by_job


def test_a_cluster_without_gpus_needs_nothing():
    """Also where GRES are printed."""
    assert ({}, frozenset()) == allotted([n1(""), n1("gpu:0")], [record(7)], {}, NOW_S)


@pytest.mark.parametrize("is_told", [True, False])
def test_a_real_cluster_is_read(is_told):
    """As recorded: no job has the GPUs of another, and details tell of shared nodes only."""
    nodes = scontrol.parse(recorded("gpu-nodes")).nodes
    details = job_details.parse(recorded("gpu-jobs"))
    jobs = []
    for line in recorded("gpu-squeue").splitlines():
        job_id, array, state, names = line.split()
        told = details.get(job_id, {})
        parts = any(one.has_parts for one in told.values())
        gpus = max((one.total for one in told.values()), default=1)
        kind = f"gres:shard:{gpus}" if parts else f"gres:gpu:{gpus}" if gpus else "N/A"
        count = 2 if "-" in names else 1
        fields = {"nodes": names, "tres_per_node": kind, "node_count": count}
        jobs.append(record(job_id, state=state, array_job_id=array, **fields))

    found = allotted(nodes, jobs, details if is_told else {}, NOW_S)

    assert {"n5": use(1)} == found.by_job["8"]
    for name in {"n1", "n2", "n3"} & {one for by in found.by_job.values() for one in by}:
        given = [by[name].indexes for by in found.by_job.values() if name in by]
        assert sum(map(len, given)) == len(frozenset().union(*given))
    of_one = {"n2": use(2, 3), "n3": use(2)}
    assert (of_one if is_told else None) == found.by_job.get("5")
