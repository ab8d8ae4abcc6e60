"""The runs in memory, by all that they are looked up by."""

from collections.abc import Iterable, Sequence

from .names import JobName, RunKey
from .runs import AWAITED_S, JobRun

LINGER_S = 60.0  # how long a run stays in memory after its end, if all is known of it
UNKNOWN_S = 3600.0  # the same, if Slurm forgot it: sacct may still know it
MOST_S = 25 * 3600.0  # agents keep ended jobs for a day


class RunTable:
    """Open runs, and those that have ended lately.

    *current* has the run of each job that Slurm lists, by the id that squeue prints. *done* are the
    keys of runs that were dropped while Slurm lists them, each with the list that it was in last.
    """

    def __init__(self) -> None:
        self.current: dict[str, JobRun] = {}
        self.done: dict[RunKey, int] = {}
        self.lists = 0  # how many lists of Slurm were read
        self.listed_s = 0.0  # when the last one was
        self.removed: list[RunKey] = []  # of runs that turned out to be others
        self._by_job: dict[int, list[JobRun]] = {}
        self._by_sluid: dict[str, list[JobRun]] = {}

    @property
    def runs(self) -> list[JobRun]:
        """All runs."""
        return [run for runs in self._by_job.values() for run in runs]

    @property
    def count(self) -> int:
        """How many runs there are. The copy is made at once, so any thread may ask."""
        return sum(map(len, list(self._by_job.values())))

    def of_job(self, job_id: int) -> Sequence[JobRun]:
        """Return the runs of a job."""
        return self._by_job.get(job_id, ())

    def of_entry(self, job_id: str) -> Sequence[JobRun]:
        """Return the runs of a job as a node names it: by its id, or by its SLUID."""
        if job_id.isdecimal():
            return self._by_job.get(int(job_id), ())
        return self._by_sluid.get(job_id, ())

    def is_listed_since(self, run: JobRun, time_s: float) -> bool:
        """Return whether Slurm has listed a run after a time."""
        return run.listed == self.lists and self.listed_s >= time_s

    def find(self, name: JobName) -> list[JobRun]:
        """Return the runs of a job, as the archive finds them."""
        if name.sluid is not None:
            return list(self.of_entry(name.sluid))
        return [run for run in self.runs if _is_named(run, name)]

    def add(self, run: JobRun, job_id: str) -> None:
        """Add a run, or make one current again: squeue prints *job_id*."""
        runs = self._by_job.setdefault(run.key.job_id, [])
        if run not in runs:
            runs.append(run)
        self.current[job_id] = run
        self._index_sluid(run)

    def add_past(self, run: JobRun) -> None:
        """Add a run that has ended, and is not, or no longer, the one that Slurm lists."""
        self._by_job.setdefault(run.key.job_id, []).append(run)
        self._index_sluid(run)

    def _index_sluid(self, run: JobRun) -> None:
        if run.sluid is not None:
            of_sluid = self._by_sluid.setdefault(run.sluid, [])
            if run not in of_sluid:
                of_sluid.append(run)

    def _forget_sluid(self, run: JobRun) -> None:
        of_sluid = self._by_sluid.get(run.sluid or "", [])
        if run in of_sluid:
            of_sluid.remove(run)
            if not of_sluid:
                del self._by_sluid[run.sluid or ""]

    def name(self, run: JobRun, sluid: str) -> None:
        """Give a run its SLUID."""
        self._forget_sluid(run)
        run.sluid = sluid
        self._index_sluid(run)

    def drop(self, run: JobRun) -> None:
        """Drop a run; if Slurm still lists it, that is no new one."""
        runs = self._by_job[run.key.job_id]
        runs.remove(run)
        if not runs:
            del self._by_job[run.key.job_id]
        self._forget_sluid(run)
        job_id = str(run.key.job_id)
        if self.current.get(job_id) is run:
            del self.current[job_id]
            self.done[run.key] = self.lists
        for part in run.parts.values():
            part.run = None

    def remove(self, run: JobRun) -> None:
        """Drop a run that turned out to be another one, whose parts have a run by now."""
        run.parts = {}
        self.drop(run)
        self.removed.append(run.key)

    def unclaimed(self, run: JobRun) -> list[JobRun]:
        """Return the runs that only nodes have told of, and that may be a run of Slurm's."""
        found = (*self.of_job(run.key.job_id), *self._by_sluid.get(run.sluid or "", ()))
        return [one for one in found if one.is_unclaimed]

    def restarts(self, more: Iterable[RunKey]) -> dict[int, dict[int, int]]:
        """Return how often jobs had been restarted, by id and time of submission.

        *more* are keys that are not in memory.
        """
        found: dict[int, dict[int, int]] = {}
        for key in (*more, *self.done, *(run.key for run in self.runs)):
            if key.submit_s > 0:
                of_job = found.setdefault(key.job_id, {})
                of_job[key.submit_s] = max(key.restart, of_job.get(key.submit_s, 0))
        return found

    def restore(self, runs: Iterable[JobRun], done: Iterable[RunKey]) -> None:
        """Take over runs that were written, and the keys of runs that are done."""
        self.done = dict.fromkeys(done, self.lists + 1)
        for run in sorted(runs, key=lambda one: one.start_s or 0.0):
            if run.is_unclaimed:
                self.add_past(run)
            else:
                self.add(run, str(run.key.job_id))
            run.is_written = True

    def to_write(self, most: int, before_s: float, now_s: float) -> tuple[list[JobRun], bool]:
        """Return runs that are to be written, and whether these are all that have changed.

        These come first; then come open runs that were written last before a time. A run whose end
        was awaited of its nodes, and has not come, has changed, too.
        """
        due, late = [], []
        for run in self.runs:
            if not run.is_written or _is_awaited_no_more(run, now_s):
                due.append(run)
            elif run.written_s <= before_s and not run.is_over:
                late.append(run)
        return (due + late)[:most], len(due) <= most

    def unwritten_beyond(self, most: int) -> list[JobRun]:
        """Return the ended runs that are not written and exceed a number, first the oldest."""
        over = [run for run in self.runs if run.is_over and not run.is_written]
        over.sort(key=lambda run: run.over_since_s)
        return over[: max(0, len(over) - most)]

    def to_drop(self, now_s: float, most: int) -> list[JobRun]:
        """Return ended runs of which all is known and written, or that wait for too long.

        At most *most* ended runs stay.
        """
        over = [run for run in self.runs if run.is_over and run.is_written]
        over.sort(key=lambda run: run.over_since_s)
        surplus = len(over) - most
        return [run for at, run in enumerate(over) if at < surplus or _may_go(run, now_s)]


def _is_awaited_no_more(run: JobRun, now_s: float) -> bool:
    if not run.is_over:
        return False
    until_s = run.over_since_s + AWAITED_S
    return run.written_s < until_s <= now_s and not _is_whole(run)


def _may_go(run: JobRun, now_s: float) -> bool:
    age_s = now_s - run.over_since_s
    linger_s = LINGER_S if run.state is not None else UNKNOWN_S
    return age_s > MOST_S or (age_s > linger_s and _is_whole(run))


def _is_whole(run: JobRun) -> bool:
    """Return whether all nodes of a run have told of its end."""
    return bool(run.nodes) and all(
        one in run.parts and run.parts[one].end_s is not None for one in run.nodes
    )


def _is_named(run: JobRun, name: JobName) -> bool:
    job_id, task, offset = name.job_id, name.task, name.offset
    if task is not None:
        return (run.array_job_id, run.array_task) == (job_id, task)
    if offset is not None:
        return (run.het_job_id, run.het_offset) == (job_id, offset)
    return job_id in (run.key.job_id, run.array_job_id, run.het_job_id)
