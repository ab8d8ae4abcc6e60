"""What Slurm's commands report, as records. Times are in seconds since 1970, None if not set."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from .gpu_indexes import GPUUse
from .tres import gpu_count, number, time_s

_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")


class JobRecord(NamedTuple):
    """A job, a task of an array, or all pending tasks of an array: the text of each field.

    Properties convert what the cluster's series need, as 10,000 records of 30 fields are read a
    minute.
    """

    job_id: str
    array_job_id: str
    array_task_id: str
    het_job_id: str
    het_job_offset: str
    submit_time: str
    eligible_time: str
    start_time: str
    end_time: str
    state: str
    reason: str
    restarts: str
    exit_code: str
    partition: str
    qos: str
    user: str
    user_id: str
    cpus: str
    node_count: str
    tasks: str
    min_memory: str
    time_limit: str
    nodes: str
    reservation: str
    licenses: str
    tres: str
    account: str
    tres_per_job: str
    tres_per_node: str
    tres_per_socket: str
    tres_per_task: str
    name: str

    @property
    def partitions(self) -> list[str]:
        """The partitions: a pending job may be in the queues of several."""
        return self.partition.split(",")

    @property
    def eligible_s(self) -> float | None:
        """When it could have started first, or None if it cannot start yet."""
        return time_s(self.eligible_time)

    @property
    def gpus(self) -> int:
        """The number of GPUs it has, or asks for."""
        nodes, tasks = number(self.node_count) or 1, number(self.tasks) or 1
        return (
            gpu_count(self.tres)
            or gpu_count(self.tres_per_job)
            or gpu_count(self.tres_per_node) * nodes
            or gpu_count(self.tres_per_task) * tasks
            # How many sockets it gets is known once it runs: at least one a node.
            or gpu_count(self.tres_per_socket) * nodes
        )


class NodeRecord(NamedTuple):
    """A node. Memory is in bytes, GPUs are counted by type (``gpu`` where it has none).

    *gres_used* is the list of what is in use, which also tells which GPUs.
    """

    name: str
    address: str
    host_name: str
    base_state: str
    flags: frozenset[str] = frozenset()
    partitions: tuple[str, ...] = ()
    cpus: int = 0
    allocated_cpus: int = 0
    memory_bytes: int = 0
    allocated_memory_bytes: int = 0
    gpus: Mapping[str, int] = MappingProxyType({})
    allocated_gpus: Mapping[str, int] = MappingProxyType({})
    reason: str | None = None
    reason_user: str | None = None
    reason_time_s: float | None = None
    boot_time_s: float | None = None
    gres_used: str = ""


class PartitionRecord(NamedTuple):
    """A partition, and whether its state is UP: jobs are queued and started.

    *nodes* is the node set of all its nodes, also of those that scontrol does not list.
    """

    name: str
    is_up: bool
    total_nodes: int
    nodes: str = ""


class ReservationRecord(NamedTuple):
    """A reservation; *is_active* if it has begun and not ended."""

    name: str
    is_active: bool
    node_count: int
    flags: tuple[str, ...]
    start_s: float | None
    end_s: float | None


class LicenseRecord(NamedTuple):
    """A license: how many there are, in use and reserved."""

    name: str
    total: int
    used: int
    reserved: int


@dataclass(frozen=True)
class RPC:
    """The remote procedure calls of one kind that slurmctld has served."""

    kind: str
    count: int
    total_s: float


@dataclass(frozen=True)
class SchedulerStatistics:
    """What sdiag reports: numbers by their field (see sdiag.FIELDS), and the RPCs by kind."""

    values: Mapping[str, float] = field(default_factory=dict)
    rpcs: Sequence[RPC] = ()


@dataclass(frozen=True)
class SlurmConfig:
    """What ``scontrol show config`` reports, as far as it concerns the readings.

    *has_accounting* is whether there is a slurmdbd, which sacct asks.
    """

    cluster: str = ""
    version: str = ""
    slurm_user: str = ""
    private_data: frozenset[str] = frozenset()
    min_job_age_s: float | None = None
    job_plugins: Mapping[str, str] = field(default_factory=dict)  # how jobs are run and measured
    has_accounting: bool = False

    def is_at_least(self, *version: int) -> bool:
        """Return whether its version, as 25.11, is known to be this one or a later one."""
        found = _VERSION.match(self.version)
        return found is not None and tuple(map(int, found.groups())) >= version


@dataclass(frozen=True)
class SlurmReading:
    """What Slurm reported at one moment; a part is None if its command failed or hid it.

    It began at *time_s* and took *duration_s*. *gpus* are those of jobs, by the id of the job and
    by node, if they were asked for.
    """

    time_s: float
    duration_s: float = 0.0
    config: SlurmConfig = SlurmConfig()
    jobs: Sequence[JobRecord] | None = None
    sluids: Mapping[str, str] = field(default_factory=dict)  # by job id, if squeue has them
    nodes: Sequence[NodeRecord] | None = None
    partitions: Sequence[PartitionRecord] | None = None
    reservations: Sequence[ReservationRecord] | None = None
    licenses: Sequence[LicenseRecord] | None = None
    scheduler: SchedulerStatistics | None = None
    gpus: Mapping[str, Mapping[str, GPUUse]] | None = None
