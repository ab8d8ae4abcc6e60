"""A run of a job: what Slurm says of it, and what its nodes say."""

import re
from functools import lru_cache
from sys import intern

from ..slurm_output.host_lists import node_names
from ..slurm_output.records import JobRecord
from ..slurm_output.tres import number, time_s
from ..slurm_output.vocabulary import ENDED
from .names import RunKey, written
from .node_parts import NodePart

REQUEUED = "REQUEUED"
# These states have a job that waits, or is about to: no run.
WAITING = frozenset(
    {"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD"}
)
# After a run began or ended, the next page of each node comes within this time.
AWAITED_S = 90.0
# A node has left the list of a job that is completing once it is done with it.
_SHRINKING = "COMPLETING"
_MEMORY = re.compile(r"(?:^|,)mem=([0-9]+(?:\.[0-9]+)?)([KMGTP]?)(?:,|$)")
_FACTORS = {"": 2**20, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50}
_LIMIT = re.compile(r"(?:(?:([0-9]{1,6})-)?([0-9]{1,9}):)?([0-9]{1,9}):([0-9]{2})")
_LONGEST_TEXT = 1024
# What all runs of a job have in common.
_OF_OWNER = ("user", "uid", "account", "name", "array_job_id", "array_task")
# A run that began at most so long before another one with the same id is of the same job: Slurm
# gives millions of other ids before it gives one again.
_SAME_JOB_S = 86_400.0
_FEW_NODES = 16


class JobRun:
    """A run: Slurm's side is None where it did not say.

    *parts* are the figures by node. *is_over* is whether the run has ended, also if when is
    unknown. *gpus*, *gpu_busy_s* and *energy_joules* are set by who knows the GPUs of nodes,
    *page_error* by who knows why a node that told nothing could not be read. *marks* say what
    happened, in words.
    """

    __slots__ = (
        *("account", "array_job_id", "array_task", "cpus", "end_s", "energy_joules"),
        *("exit_code", "gpu_busy_s", "gpu_count", "gpu_coverage", "gpu_notes", "gpus"),
        *("het_job_id", "het_offset", "is_over"),
        *("is_written", "key", "listed", "marks", "memory_asked_bytes", "name", "node_set"),
        *("nodes", "nodes_written", "over_since_s", "page_error", "partition", "parts", "qos"),
        *("reason", "record_hash", "sluid"),
        *("start_s", "state", "time_limit_s", "uid", "unlisted", "user", "was_suspended"),
        "written_s",
    )

    def __init__(self, key: RunKey) -> None:
        self.key = key
        self.sluid: str | None = None
        self.array_job_id: int | None = None
        self.array_task: int | None = None
        self.het_job_id: int | None = None
        self.het_offset: int | None = None
        self.user: str | None = None
        self.uid: int | None = None
        self.account: str | None = None
        self.partition: str | None = None
        self.qos: str | None = None
        self.name: str | None = None
        self.state: str | None = None
        self.reason: str | None = None
        self.exit_code: str | None = None
        self.nodes: tuple[str, ...] = ()
        self.start_s: float | None = None
        self.end_s: float | None = None
        self.cpus: int | None = None
        self.memory_asked_bytes: int | None = None
        self.gpu_count: int | None = None
        self.time_limit_s: float | None = None
        self.gpus: tuple[str, ...] | None = None
        self.gpu_busy_s: float | None = None
        self.gpu_coverage = 1.0  # the share of its time that gpu_busy_s is of
        self.gpu_notes: tuple[str, ...] = ()  # what is doubtful of its GPUs and its energy
        self.energy_joules: float | None = None
        self.was_suspended = False
        self.is_over = False
        self.over_since_s = 0.0  # when lmaster learned of it
        self.marks: tuple[str, ...] = ()
        self.parts: dict[str, NodePart] = {}
        self.page_error: str | None = None
        # How the ledger remembers it.
        self.node_set: frozenset[str] | None = None
        self.record_hash = 0
        self.listed = 0
        self.unlisted = 0
        self.is_written = False
        self.nodes_written: tuple[str, ...] = ()  # those that the archive finds it by
        self.written_s = 0.0

    @property
    def id(self) -> str:
        """The id of its job as Slurm writes it to people."""
        return written(
            self.key.job_id, self.array_job_id, self.array_task, self.het_job_id, self.het_offset
        )

    @property
    def is_unclaimed(self) -> bool:
        """Whether only nodes have told of it: its key is made of what they said."""
        return self.key.submit_s < 0

    @property
    def ended_s(self) -> float | None:
        """When it ended: as Slurm says, else as all its nodes say; None if unknown."""
        if self.end_s is not None or not self.is_over:
            return self.end_s
        ends = [part.end_s for part in self.parts.values()]
        known = [end for end in ends if end is not None]
        if not known or len(known) < max(len(ends), len(self.nodes)):
            return None
        return max(*known, self.start_s or 0.0)

    def has_node(self, name: str) -> bool:
        """Return whether it has, or had, a node."""
        if len(self.nodes) <= _FEW_NODES:
            return name in self.nodes
        if self.node_set is None or len(self.node_set) != len(self.nodes):
            self.node_set = frozenset(self.nodes)
        return name in self.node_set

    def mark(self, text: str) -> None:
        """Say what happened to it, once."""
        if text not in self.marks:
            self.marks = (*self.marks, text)

    def take_owner(self, later: "JobRun", reason: str) -> None:
        """Take from a *later* run of the job whose it is, if only nodes have told of this run.

        The later one must have a restart count: Slurm then says that the job was requeued, and so
        had an earlier run. *reason* is the note about it.
        """
        is_first = self.is_unclaimed and self.user is None
        if not is_first or later.is_unclaimed or not later.key.restart:
            return
        if 0 < (later.start_s or 0.0) - (self.start_s or 0.0) < _SAME_JOB_S:
            for name in _OF_OWNER:
                setattr(self, name, getattr(later, name))
            self.state, self.marks, self.is_written = REQUEUED, (reason,), False

    def take(self, record: JobRecord) -> None:
        """Take what Slurm says."""
        self.user, self.account = _text(record.user), _text(record.account)
        self.partition, self.qos = _text(record.partition), _text(record.qos)
        self.name = _cut(record.name)
        self.uid = number(record.user_id)
        self.state, self.reason = intern(record.state), _text(record.reason)
        self.array_job_id, self.array_task = _array(record)
        self.het_job_id = number(record.het_job_id) or None
        self.het_offset = number(record.het_job_offset) if self.het_job_id else None
        self.cpus, self.gpu_count = number(record.cpus), record.gpus
        self.memory_asked_bytes = memory_bytes(record.tres)
        self.time_limit_s = limit_s(record.time_limit)
        self.start_s = time_s(record.start_time) or self.start_s
        self.was_suspended |= record.state == "SUSPENDED"
        self._take_nodes(record)
        if record.state in ENDED:
            self.end_s = time_s(record.end_time)
            self.exit_code = exit_code(record.exit_code)
            if self.end_s is not None and self.start_s is not None:
                self.end_s = max(self.end_s, self.start_s)

    def take_end(self, record: JobRecord) -> None:
        """Take what Slurm's accounting says of a run that has ended, also if it was requeued."""
        self.take(record)
        end_s = time_s(record.end_time)
        if end_s is not None:
            self.end_s = max(end_s, self.start_s or 0.0)
        self.marks = ()

    def _take_nodes(self, record: JobRecord) -> None:
        """Add the nodes: a job may get some and give some back, and has had all of them."""
        names = node_names(record.nodes)
        if names == self.nodes or not names:
            return
        if not self.nodes:
            self.nodes = names
        elif record.state != _SHRINKING or len(names) > len(self.nodes):
            self.nodes = tuple(dict.fromkeys((*self.nodes, *names)))


def _array(record: JobRecord) -> tuple[int | None, int | None]:
    """Return the array and the task; a record of many tasks is of none of them."""
    task = number(record.array_task_id)
    return (None, None) if task is None else (number(record.array_job_id), task)


@lru_cache(maxsize=10_000)
def _text(text: str) -> str | None:
    return None if text in ("", "(null)", "N/A") else text[:_LONGEST_TEXT]


def _cut(text: str) -> str:
    return text[:_LONGEST_TEXT]  # mostly of one job: not worth remembering


@lru_cache(maxsize=10_000)
def memory_bytes(tres: str) -> int | None:
    """Return the memory in a list of TRES (``cpu=1,mem=100M,node=1``), None if it has none."""
    match = _MEMORY.search(tres)
    return None if match is None else int(float(match[1]) * _FACTORS[match[2]])


@lru_cache(maxsize=1000)
def limit_s(text: str) -> float | None:
    """Return a limit of time (``1-02:03:04``, ``1:00``), None if there is none."""
    match = _LIMIT.fullmatch(text)
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return (days * 24 + hours) * 3600.0 + minutes * 60 + seconds


@lru_cache(maxsize=1000)
def exit_code(status: str) -> str | None:
    """Return a status as wait(2) reports it, as ``code:signal``: 768 is 3:0, 15 is 0:15."""
    value = number(status)
    return None if value is None else f"{value >> 8 & 255}:{value & 127}"
