"""The series of Slurm's jobs: their metrics, and their values from what is known. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from fructosa_exporter.metrics import Metric, counter, gauge, info

from .lives import JobEntry

_LABELS = ("jobid", "slurmd", "restart")
_NO_PANEL = "lmaster keeps jobs in an archive of its own, as series of single jobs are short"
_FOR_LMASTER = "tells lmaster which jobs to fetch, and how complete they are"

INFO = info(
    "fructosa_slurm_jobs_info",
    "This start of lagent and this boot of the node: sequence numbers are valid within both.",
    "instance",
    "boot_id",
    without_panel=_FOR_LMASTER,
)
SEQUENCE = gauge(
    "fructosa_slurm_jobs_sequence",
    "Highest sequence number of a job that has ended; ask for /jobs?after=NUMBER next time.",
    without_panel=_FOR_LMASTER,
)
WATCHED = gauge(
    "fructosa_slurm_jobs_watched",
    "1 if ends of jobs are watched, 0 if jobs are only read for each page.",
    without_panel=_FOR_LMASTER,
)
SEEN = counter(
    "fructosa_slurm_jobs_seen_total",
    "Jobs that have been on the node since lagent started.",
    without_panel=_FOR_LMASTER,
)
MISSED = counter(
    "fructosa_slurm_jobs_missed_total",
    "Jobs whose last values were not read, because their folder was gone before.",
    without_panel=_FOR_LMASTER,
)
DROPPED = counter(
    "fructosa_slurm_jobs_dropped_total",
    "Ended jobs that were dropped before they were fetched: more than 1,000, or after a day.",
    without_panel=_FOR_LMASTER,
)
OF_NODE = (INFO, SEQUENCE, WATCHED, SEEN, MISSED, DROPPED)


def _of_job(name: str, text: str, *labels: str, declare: Callable[..., Metric] = gauge) -> Metric:
    name = f"fructosa_slurm_job_{name}"
    return declare(name, text, *_LABELS, *labels, without_panel=_NO_PANEL)


CPU = _of_job(
    "cpu_seconds_total", "CPU time of all processes that the job has had.", declare=counter
)
CPUS = _of_job("cpus", "CPUs that the job may use; absent if Slurm does not confine it.")
MEMORY = _of_job("memory_bytes", "Memory in use, including the cache of files.")
OWN = _of_job("memory_own_bytes", "Anonymous and shared memory in use.")
OWN_MAX = _of_job("memory_own_max_bytes", "Largest anonymous and shared memory that was seen.")
PEAK = _of_job(
    "memory_peak_bytes", "Highest memory use, by the kernel; including the cache of files."
)
LIMIT = _of_job("memory_limit_bytes", "Memory limit; absent if there is none.")
SWAP = _of_job("swap_bytes", "Swap in use.")
OOM_KILLS = _of_job(
    "oom_kills_total", "Processes that the kernel killed for lack of memory.", declare=counter
)
TASKS = _of_job("tasks", "Processes and their threads.")
STALLED = _of_job(
    "stalled_seconds_total",
    "Time in which a process waited for the resource (PSI); only with version 2 of cgroups.",
    "resource",
    declare=counter,
)
AGE = _of_job("age_seconds", "Time since the job began on this node.")
READING_AGE = _of_job("reading_age_seconds", "Time since CPU time and memory were read.")
END_AGE = _of_job("end_age_seconds", "Time since the job ended; absent while it runs.")
END_SEQUENCE = _of_job("end_sequence", "Sequence number of the end of the job.")
GPU_PROCESSES = _of_job("gpu_processes", "Processes of the job that use the GPU.", "uuid")
UID = _of_job("uid", "User id of the job's owner; exposed on request only.")
OF_JOB = (
    *(CPU, CPUS, MEMORY, OWN, OWN_MAX, PEAK, LIMIT, SWAP, OOM_KILLS, TASKS, STALLED),
    *(AGE, READING_AGE, END_AGE, END_SEQUENCE, GPU_PROCESSES, UID),
)
RESOURCES = ("cpu", "memory", "io")

Values = Iterator[tuple[Metric, tuple[str, ...], float]]


class JobsState(NamedTuple):
    """What is known about the jobs of a node altogether."""

    instance: str
    boot_id: str
    is_watched: bool
    sequence: int
    seen: int
    missed: int
    dropped: int


def values_of_node(state: JobsState) -> Values:
    """Yield each metric, the values of its labels, and its value."""
    if state.boot_id:
        yield INFO, (state.instance, state.boot_id), 1
    yield SEQUENCE, (), state.sequence
    yield WATCHED, (), int(state.is_watched)
    yield SEEN, (), state.seen
    yield MISSED, (), state.missed
    yield DROPPED, (), state.dropped


def labels_of(entry: JobEntry) -> tuple[str, str, str]:
    """Return the labels that all series of a job have; an empty one is absent."""
    return entry.key.job, entry.key.slurmd, str(entry.restart or "")


def values_of_job(entry: JobEntry, now_s: float) -> Values:
    """Yield each metric that has a value, the values of its further labels, and its value.

    A job that has ended has no present values.
    """
    last, ended_s = entry.last, entry.ended_s
    known: Mapping[Metric, float | None] = {
        CPU: entry.total("cpu_s"),
        CPUS: last.cpus,
        MEMORY: last.memory_bytes,
        OWN: last.own_bytes,
        OWN_MAX: entry.own_max_bytes,
        PEAK: entry.peak_bytes,
        LIMIT: last.limit_bytes,
        SWAP: last.swap_bytes,
        OOM_KILLS: entry.total("oom_kills"),
        TASKS: last.tasks,
        AGE: _age_s(now_s, entry.began_s),
        READING_AGE: _age_s(now_s, entry.read_s),
        END_AGE: _age_s(now_s, ended_s),
        END_SEQUENCE: entry.sequence,
        UID: int(entry.uid) if entry.uid else None,
    }
    for metric, value in known.items():
        if value is not None:
            yield metric, (), value
    for resource in RESOURCES:
        if (stalled_s := entry.total(f"{resource}_stalled_s")) is not None:
            yield STALLED, (resource,), stalled_s
    for uuid, count in entry.gpu_processes.items():
        yield GPU_PROCESSES, (uuid,), count


def _age_s(now_s: float, at_s: float | None) -> float | None:
    return None if at_s is None else round(max(0.0, now_s - at_s), 3)
