"""A large cluster whose jobs follow from the time: several processes know the same one.

Each node has four slots, and in each a job of 25 minutes follows the one before: 2 % of the jobs
end in 30 s. Pages are made by the code of lagent.
"""

from collections.abc import Iterator
from typing import NamedTuple

from fructosa_bridge.slurm_output.records import JobRecord
from fructosa_exporter.page.jobs_page import jobs_page
from fructosa_exporter.slurm.figures import Figures
from fructosa_exporter.slurm.layouts import JobKey
from fructosa_exporter.slurm.lives import JobEntry
from fructosa_exporter.slurm.series import JobsState
from fructosa_exporter.slurm_totals.node_series import MachineTotals
from tests.bridge.jobs.known_jobs import record

JOBS_PER_NODE = 4
_SLOT_S = 1500  # from the start of a job to that of the next one
_PAUSE_S = 1
_STEP_S = 419  # between the starts of two slots; it has no divisor in common with _SLOT_S
_LISTED_S = 300  # how long Slurm lists a job that has ended
_BOOT = "5e8b1d0c-0000-4000-8000-000000000001"
_MACHINE = MachineTotals(
    memory_errors=(("corrected", 0), ("uncorrected", 0)),
    link_downs=(("eth0", 1), ("mlx5_0/1", 2)),
    fullest=("/var", 0.4711),
)


class BusyJob(NamedTuple):
    """A job, and when it ends, which may be in the future."""

    job_id: int
    node: int
    start_s: float
    end_s: float


class BusyCluster:
    """The nodes, and what they and Slurm say at a time; agents were started at *since_s*."""

    def __init__(self, nodes: int, since_s: float) -> None:
        self.names = [f"n{number:05}" for number in range(nodes)]
        self.since_s = since_s
        self._first = int(since_s // _SLOT_S) - 1

    def jobs(self, node: int, from_s: float, now_s: float) -> Iterator[BusyJob]:
        """Yield the jobs that ran on a node at some time between two times."""
        slots = len(self.names) * JOBS_PER_NODE
        for slot in range(node * JOBS_PER_NODE, (node + 1) * JOBS_PER_NODE):
            phase_s = slot * _STEP_S % _SLOT_S
            turns = range(int((from_s - phase_s) // _SLOT_S), int((now_s - phase_s) // _SLOT_S) + 1)
            for turn in turns:
                start_s = phase_s + turn * _SLOT_S
                job = (turn - self._first) * slots + slot + 1
                yield BusyJob(job, node, start_s, start_s + _SLOT_S - _PAUSE_S)

    def page(self, node: int, after: int, now_s: float) -> str:
        """Return the page of a node: its jobs that run, and those that ended after a number."""
        jobs = list(self.jobs(node, self.since_s, now_s))
        ended = sorted(
            (one for one in jobs if self.since_s < one.end_s <= now_s), key=lambda one: one.end_s
        )
        entries = [_running(one, now_s) for one in jobs if one.end_s > now_s]
        entries += [_ended(one, at + 1) for at, one in enumerate(ended) if at + 1 > after]
        state = JobsState(f"{node:016x}", _BOOT, True, len(ended), len(jobs), 0, 0)
        return jobs_page(state, entries, now_s, _MACHINE)

    def records(self, now_s: float) -> list[JobRecord]:
        """Return Slurm's list."""
        return [
            _record(job, name, now_s)
            for node, name in enumerate(self.names)
            for job in self.jobs(node, now_s - _LISTED_S, now_s)
            if job.end_s > now_s - _LISTED_S
        ]


def _running(job: BusyJob, now_s: float) -> JobEntry:
    read_s = max(job.start_s, now_s - 0.004)
    entry = _entry(job, read_s)
    own = round(1e9 + 1e8 * _share(job.job_id + int(now_s)))
    entry.last = entry.last._replace(
        memory_bytes=own + own // 5, own_bytes=own, swap_bytes=0, tasks=9
    )
    return entry


def _ended(job: BusyJob, sequence: int) -> JobEntry:
    entry = _entry(job, job.end_s)
    entry.ended_s, entry.sequence, entry.is_final = job.end_s, sequence, True
    return entry


def _entry(job: BusyJob, read_s: float) -> JobEntry:
    """Return a job with its totals at a time."""
    age_s = read_s - job.start_s
    figures = Figures(
        cpu_s=round(age_s * (1 + 3 * _share(job.job_id)), 6),
        cpus=4,
        limit_bytes=8_589_934_592,
        oom_kills=0,
        cpu_stalled_s=round(age_s / 100, 6),
        memory_stalled_s=0.0,
        io_stalled_s=round(age_s / 50, 6),
    )
    key = JobKey("", str(job.job_id))
    entry = JobEntry(key, 0, job.start_s, read_s=read_s, last=figures)
    entry.own_max_bytes, entry.peak_bytes = 1_112_473_600, 1_512_472_576
    return entry


def _share(number: int) -> float:
    """Return a number from 0 to 1 that looks like chance."""
    return number * 2_654_435_761 % 2**32 / 2**32


def _record(job: BusyJob, name: str, now_s: float) -> JobRecord:
    fields = {"nodes": name, "user": f"user{job.job_id % 500}", "name": f"job {job.job_id}"}
    submit_s = int(job.start_s) - 60
    if job.end_s > now_s:
        return record(job.job_id, job.start_s, submit_s=submit_s, **fields)
    return record(job.job_id, job.start_s, job.end_s, "COMPLETED", submit_s=submit_s, **fields)
