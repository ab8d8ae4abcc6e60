"""The page ``/jobs`` of an agent: what each job of a node has used.

It is the Prometheus text format 0.0.4, read by a parser of its own: 10,000 nodes are asked every
half minute, and labels of a job are the same on each of its lines, and at each fetch. Ages are in
seconds before the moment of the fetch, so the clocks of nodes do not matter.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..model.errors import PageError
from ..slurm_output.gpu_indexes import MOST_GPUS

MOST_BYTES = 8 * 2**20
MOST_JOBS = 4_000

NO_JOBS_PAGE = (
    "not a page of jobs: it has no fructosa_slurm_jobs_info; check that the agent's sensor "
    "SlurmJobs is on"
)
CUT = "the page of jobs is cut: it does not end in a newline"
TOO_LARGE = f"the page of jobs is larger than {MOST_BYTES} bytes"
TOO_MANY = f"the page of jobs has more than {MOST_JOBS} jobs"
INVALID = "the page of jobs has an invalid line: {line}"
TWICE = "the page of jobs has a sample twice: {line}"


class JobReading(NamedTuple):
    """What a node reports of a job; None is what it cannot read.

    *job_id* is a number, or a SLUID. *slurmd* is the name of the node if several slurmd run on its
    host, else empty. *restart* is ``1`` once the node has seen the job begin anew, at first empty.
    Totals are over all lives of the job's cgroup since then. *gpus* are UUIDs, each with the number
    of processes of the job on it.
    """

    job_id: str
    slurmd: str = ""
    restart: str = ""
    # These are totals.
    cpu_s: float | None = None
    oom_kills: float | None = None
    stalled_cpu_s: float | None = None
    stalled_memory_s: float | None = None
    stalled_io_s: float | None = None
    # Of these the largest value counts.
    cpus: float | None = None
    own_max_bytes: float | None = None
    peak_bytes: float | None = None
    limit_bytes: float | None = None
    swap_bytes: float | None = None
    tasks: float | None = None
    # Of these the last value counts.
    memory_bytes: float | None = None
    own_bytes: float | None = None
    age_s: float | None = None
    reading_age_s: float | None = None
    end_age_s: float | None = None
    end_sequence: float | None = None
    uid: float | None = None
    gpus: tuple[tuple[str, float], ...] = ()


class JobPage(NamedTuple):
    """A page: which agent it is of, since which boot, and the readings of its jobs.

    *sequence* is the highest number of an ended job. *is_watched* is whether the agent is told of
    ends, else it only polls. The last three are totals: jobs seen, jobs whose last values could not
    be read, and ended jobs that waited for too long.
    """

    instance: str
    boot_id: str
    sequence: int
    is_watched: bool
    seen: int
    missed: int
    dropped: int
    readings: Sequence[JobReading]


_Line = tuple[str, str, str]  # the name of a series, its labels, its value
JobLabels = tuple[str, str, str]
"""The labels of a job: its id, its slurmd, its restart."""

_JOB = "fructosa_slurm_job_"
_VALUES = JobReading._fields[3:-1]
_NOTHING: list[float | None] = [None] * len(_VALUES)
_COLUMNS = {
    name: _VALUES.index(field)
    for name, field in {
        "cpu_seconds_total": "cpu_s",
        "cpus": "cpus",
        "memory_bytes": "memory_bytes",
        "memory_own_bytes": "own_bytes",
        "memory_own_max_bytes": "own_max_bytes",
        "memory_peak_bytes": "peak_bytes",
        "memory_limit_bytes": "limit_bytes",
        "swap_bytes": "swap_bytes",
        "oom_kills_total": "oom_kills",
        "tasks": "tasks",
        "age_seconds": "age_s",
        "reading_age_seconds": "reading_age_s",
        "end_age_seconds": "end_age_s",
        "end_sequence": "end_sequence",
        "uid": "uid",
    }.items()
}
_STALLED = {name: _VALUES.index(f"stalled_{name}_s") for name in ("cpu", "memory", "io")}
_RESOURCE = ",resource="
_STALLED_LAST = {f'"{name}"': column for name, column in _STALLED.items()}
_STALLS, _GPUS = "stalled_seconds_total", "gpu_processes"
# These series have one more label.
_FURTHER = {_STALLS: "resource", _GPUS: "uuid"}
_LABELS = frozenset({"jobid", "slurmd", "restart"})
_KNOWN = _COLUMNS.keys() | _FURTHER.keys()
_PAGE = "fructosa_slurm_jobs_"
_LINES = re.compile(
    rf"\n{_JOB}([a-z_]{{1,64}})\{{([^}}\n]{{0,500}})\}} (-?[0-9][0-9.eE+-]{{0,30}})(?=\n|$)"
)
_PAGE_LINES = re.compile(rf"\n{_PAGE}([a-z_]{{1,64}})(?:\{{([^}}\n]*)\}})? ([^\n]*)")
_WHOLE = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?(?:[eE]\+?[0-9]{1,2})?")
_PAIR = re.compile(r'(?<![a-z_])([a-z_]{1,32}+)="([A-Za-z0-9_.:+-]{0,128})"')
_UUID = re.compile(r"[A-Za-z0-9_.:/+-]{1,64}")
_ID = re.compile(r"[0-9]{1,10}|s[0-9A-Z]{13}")
_RESTART = re.compile(r"(?:[1-9][0-9]{0,5})?")
# The labels of so many lines are remembered: some 250 bytes each.
_MOST_REMEMBERED = 200_000
_LONGEST_SHOWN = 80
_PIECE_CHARACTERS = 2**16
# What is larger is nonsense; the largest number is the "no limit" of cgroups v1.
_LARGEST, _LARGEST_AGE_S = 2.0**63 - 4096, 1e10
_LARGEST_WHOLE = 2.0**53  # what float has exactly; SQLite and JSON stop at 2^63


class JobPageParser:
    """Parses pages, and remembers the labels that it has seen."""

    def __init__(self) -> None:
        self._labels: dict[str, JobLabels] = {}

    def parse(self, text: str) -> JobPage:
        """Return the page in *text*. Series that are not known are ignored.

        Raises: PageError if a line is invalid, the page was cut, or it has too much.
        """
        if len(text) > MOST_BYTES:
            raise PageError(TOO_LARGE)
        if not text.endswith("\n"):
            raise PageError(CUT)
        text = f"\n{text}"
        lines = [line for piece in pieces(text) for line in _LINES.findall(piece)]
        if len(lines) != text.count(f"\n{_JOB}"):
            _check(text)
        jobs = _Jobs()
        for line in self._add_usual(jobs, lines):
            if line[0] in _FURTHER:
                self._add_further(jobs, *line)
        return _page(_totals(text), jobs)

    def _add_usual(self, jobs: "_Jobs", lines: list[_Line]) -> list[_Line]:
        """Add what most lines are; return the others."""
        columns, by_labels = _COLUMNS, dict[str, list[float | None]]()
        others = []
        for line in lines:
            name, labels, number = line
            column = columns.get(name)
            if column is None:
                # As lagent writes it, the resource is the last label.
                labels, _, resource = labels.rpartition(_RESOURCE)
                column = _STALLED_LAST.get(resource) if name == _STALLS else None
                if column is None:
                    others.append(line)
                    continue
            values = by_labels.get(labels)
            if values is None:
                values = by_labels[labels] = self._values(jobs, labels)
            if values[column] is not None:
                raise PageError(TWICE.format(line=_shown(f"{name} {line[1]}")))
            values[column] = _value(name, number)
        return others

    def _add_further(self, jobs: "_Jobs", name: str, labels: str, number: str) -> None:
        before, _, after = labels.partition(f'{_FURTHER[name]}="')
        of, quote, rest = after.partition('"')
        of_job = before[:-1] + rest if before else rest[1:]
        if not quote:
            raise _invalid(name, labels)
        job, values = self._remember(of_job), self._values(jobs, of_job)
        value = _value(name, number)
        if name == _GPUS:
            jobs.add_gpu(job, of, value)
            return
        if of not in _STALLED or values[_STALLED[of]] is not None:
            raise _invalid(name, labels)
        values[_STALLED[of]] = value

    def _values(self, jobs: "_Jobs", labels: str) -> list[float | None]:
        """Return the values of the job with these labels."""
        job = self._remember(labels)
        return jobs.get(job) or jobs.add(job)

    def _remember(self, text: str) -> JobLabels:
        found = self._labels.get(text)
        if found is None:
            if len(self._labels) >= _MOST_REMEMBERED:
                self._labels.clear()
            found = self._labels[text] = _job_labels(text)
        return found


class _Jobs(dict[JobLabels, list[float | None]]):
    """The values of each job, as they are in a reading."""

    def __init__(self) -> None:
        super().__init__()
        self.gpus: dict[JobLabels, dict[str, float]] = {}

    def add(self, job: JobLabels) -> list[float | None]:
        """Add a job.

        Raises: PageError if there are too many.
        """
        if len(self) >= MOST_JOBS:
            raise PageError(TOO_MANY)
        values = self[job] = _NOTHING.copy()
        return values

    def add_gpu(self, job: JobLabels, uuid: str, processes: float) -> None:
        """Add a GPU that a job has processes on."""
        gpus = self.gpus.setdefault(job, {})
        if not _UUID.fullmatch(uuid) or uuid in gpus or len(gpus) >= MOST_GPUS:
            raise _invalid(_GPUS, job[0], uuid)
        gpus[uuid] = processes


def pieces(text: str) -> Iterator[str]:
    """Yield a page in pieces of whole lines, each after its line feed.

    No other thread runs while an expression is matched: each piece takes a millisecond.
    """
    at = 0
    while at < len(text):
        end = text.find("\n", at + _PIECE_CHARACTERS)
        end = len(text) if end < 0 else end
        yield text[at:end]
        at = end


def _value(name: str, number: str) -> float:
    """Return a number; zero for an age below zero: a clock that was set back by a little."""
    try:
        value = float(number)
    except ValueError:
        raise _invalid(name, number) from None
    if 0 <= value <= _LARGEST_AGE_S:
        return value
    is_age = name.endswith("age_seconds")
    if is_age and -_LARGEST_AGE_S <= value < 0:
        return 0.0
    if is_age or not 0 <= value <= _LARGEST:
        raise _invalid(name, number)
    return value


def _check(text: str) -> None:
    """Refuse a line of a known series that is invalid."""
    for line in text.split("\n"):
        name = line.removeprefix(_JOB).partition("{")[0].partition(" ")[0]
        if line.startswith(_JOB) and name in _KNOWN and not _LINES.fullmatch(f"\n{line}"):
            raise _invalid(line)


def _job_labels(text: str) -> JobLabels:
    """Return the labels in the *text* between the braces of a line."""
    pairs = _PAIR.findall(text)
    found = dict(pairs)
    if ",".join(f'{name}="{value}"' for name, value in pairs) != text.removesuffix(","):
        raise _invalid(text)
    if len(found) != len(pairs) or found.keys() - _LABELS:
        raise _invalid(text)
    job_id, restart = found.get("jobid", ""), found.get("restart", "")
    if not _ID.fullmatch(job_id) or not _RESTART.fullmatch(restart):
        raise _invalid(text)
    return job_id, found.get("slurmd", ""), restart


def _totals(text: str) -> dict[str, str]:
    """Return what the page says of itself: numbers by name, and the labels of the agent."""
    found: dict[str, str] = {}
    for name, labels, number in _PAGE_LINES.findall(text):
        if name in found:
            raise PageError(TWICE.format(line=_shown(f"{_PAGE}{name}")))
        found[name] = labels if name == "info" else number
    return found


def _whole(found: dict[str, str], name: str) -> int:
    number = found.get(name, "0")
    # A counter may be written as 1e+06.
    if not _WHOLE.fullmatch(number) or float(number) > _LARGEST_WHOLE:
        raise _invalid(f"{_PAGE}{name} {number}")
    return int(float(number))


def _page(found: dict[str, str], jobs: _Jobs) -> JobPage:
    labels = dict(_PAIR.findall(found.get("info", "")))
    if not labels.get("instance") or "sequence" not in found:
        raise PageError(NO_JOBS_PAGE)
    make, gpus = JobReading._make, jobs.gpus
    readings = [
        make((*job, *values, tuple(gpus[job].items()) if job in gpus else ()))
        for job, values in jobs.items()
    ]
    return JobPage(
        labels["instance"],
        labels.get("boot_id", ""),
        _whole(found, "sequence"),
        _whole(found, "watched") > 0,
        _whole(found, "seen_total"),
        _whole(found, "missed_total"),
        _whole(found, "dropped_total"),
        readings,
    )


def _shown(line: str) -> str:
    return repr(line if len(line) <= _LONGEST_SHOWN else f"{line[: _LONGEST_SHOWN - 1]}…")


def _invalid(*line: str) -> PageError:
    return PageError(INVALID.format(line=_shown(" ".join(line))))
