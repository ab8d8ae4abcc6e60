"""Records: what a job needs, and that readings say what they know."""

import pytest

from fructosa_bridge.slurm_output import squeue
from fructosa_bridge.slurm_output.records import JobRecord, SlurmReading

from .outputs import MARK, recorded

JOBS = {job.name: job for job in squeue.parse(recorded("squeue"), MARK)}
EMPTY = JobRecord._make([""] * len(JobRecord._fields))


@pytest.mark.parametrize(
    ("name", "gpus"),
    [
        ("running", 0),
        ("typed", 1),  # --gres=gpu:a100:1
        ("plain", 2),  # --gpus=2
        ("gpus", 2),  # --gpus=a100:2
        ("gpus-per-node", 4),  # of two nodes
        ("gpus-per-task", 4),  # of two tasks
        ("gpus-per-socket", 2),  # at least one socket
        ("free-type", 2),  # --gres=gpu:a<separator>b:2
    ],
)
def test_a_job_has_the_gpus_that_it_asks_for(name, gpus):
    """However it asks for them."""
    assert gpus == JOBS[name].gpus


def test_what_is_allocated_counts_before_what_was_asked_for():
    """With slurmdbd, a job's TRES has its GPUs; without, only its request has them."""
    tres = "cpu=1,gres/gpu=3,gres/gpu:a100=3"

    assert EMPTY._replace(tres=tres, tres_per_node="gres:gpu:1", node_count="5").gpus == 3
    assert EMPTY._replace(tres="cpu=1", tres_per_node="gres:gpu:1", node_count="5").gpus == 5
    assert EMPTY._replace(tres_per_task="gres:gpu:2", tasks="").gpus == 2


def test_a_job_may_wait_in_several_partitions():
    """It has each of them."""
    assert ["debug", "everything"] == JOBS["partitions"].partitions
    assert ["debug"] == JOBS["running"].partitions


def test_a_held_job_is_not_eligible_and_one_with_a_begin_time_is_later():
    """Both wait, but not for resources."""
    assert JOBS["held"].eligible_s is None
    assert JOBS["begin"].eligible_s > float(JOBS["begin"].submit_time)
    assert JOBS["resources"].eligible_s == float(JOBS["resources"].submit_time)


def test_of_a_reading_nothing_is_known_until_it_is_read():
    """None is not an empty list."""
    reading = SlurmReading(1.0)

    parts = (reading.jobs, reading.nodes, reading.partitions, reading.reservations)
    assert {None} == {*parts, reading.licenses, reading.scheduler}
