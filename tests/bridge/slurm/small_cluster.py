"""A reading of a small cluster, made by hand: what Slurm's commands would print, as records."""

from fructosa_bridge.slurm.cluster import samples
from fructosa_bridge.slurm_output.records import (
    JobRecord,
    LicenseRecord,
    NodeRecord,
    PartitionRecord,
    ReservationRecord,
    SchedulerStatistics,
    SlurmConfig,
    SlurmReading,
)
from fructosa_bridge.slurm_states.node_states import node_state

NOW_S = 1_700_000_000.0
_EMPTY = dict.fromkeys(JobRecord._fields, "N/A")


def job(number, state, **fields):
    """Return a job of one CPU in the partition debug."""
    usual = {"partition": "debug", "cpus": "1", "node_count": "1", "tasks": "1", "reason": "None"}
    return JobRecord(**(_EMPTY | usual | {"job_id": str(number), "state": state} | fields))


def node(name, base_state, *flags, **fields):
    """Return a node of four CPUs and two GPUs in the partition debug."""
    usual = {
        "address": name,
        "host_name": name,
        "partitions": ("debug",),
        "cpus": 4,
        "allocated_cpus": 0,
        "memory_bytes": 2**30,
        "allocated_memory_bytes": 0,
        "gpus": {"a100": 2},
        "allocated_gpus": {"a100": 0},
    }
    return NodeRecord(
        **(usual | {"name": name, "base_state": base_state, "flags": frozenset(flags)} | fields)
    )


NODES = (
    node("n1", "MIXED", allocated_cpus=3, allocated_gpus={"a100": 1}),
    node("n2", "IDLE", partitions=("debug", "small")),
    node("n3", "IDLE", "DRAIN", reason="bad DIMM", reason_user="ann", reason_time_s=NOW_S - 7200),
    node("n4", "DOWN", "NOT_RESPONDING", reason="Not responding", reason_user="slurm"),
)
JOBS = (
    job(1, "RUNNING", cpus="3", nodes="n1", user="ann"),
    job(2, "PENDING", reason="Resources", eligible_time=str(int(NOW_S) - 3600), cpus="8"),
    job(3, "PENDING", reason="JobHeldUser", array_task_id="1-10"),
    job(4, "FAILED", nodes="n4"),
    job(5, "FAILED", nodes="n4"),
)
READING = SlurmReading(
    NOW_S,
    0.07,
    config=SlurmConfig(cluster="lab", version="22.05.8", slurm_user="slurm"),
    jobs=JOBS,
    nodes=NODES,
    partitions=(PartitionRecord("debug", True, 4), PartitionRecord("small", False, 1)),
    reservations=(ReservationRecord("weekly", True, 2, ("MAINT",), NOW_S, NOW_S + 3600),),
    licenses=(LicenseRecord("matlab", 3, 1, 0),),
    scheduler=SchedulerStatistics(
        {"main_last_cycle_s": 0.002, "backfill_last_time_s": NOW_S - 30, "dbd_agent_queue_size": 7}
    ),
)
STATES = {one.name: node_state(one, "slurm") for one in NODES}
SAMPLES = samples(READING, STATES)
