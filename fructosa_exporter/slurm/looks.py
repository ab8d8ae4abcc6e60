"""Reads jobs: all their figures for a page, or at an end what would be lost with it."""

from . import figures
from .figures import Figures
from .folders import JobFolders
from .lives import Lives
from .step_times import StepTimes
from .tracked import Folder, TrackedJob

# What hardly ever changes is read again after this time.
SELDOM_S = 60.0
# In less CPU time than this, a job cannot have used memory that is worth a look.
IDLE_S = 0.001


class Looks:
    """Reads the figures of jobs in *folders*; those at ends go into *lives*."""

    def __init__(self, folders: JobFolders, lives: Lives, steps: StepTimes) -> None:
        self._folders, self._lives, self._steps = folders, lives, steps

    def read(self, job: TrackedJob, at_s: float) -> tuple[float, Figures, dict[str, int]]:
        """Return all figures of a job for a page, the time of the look, and its OOM kills."""
        version = self._folders.version
        names = figures.AT_END[version] + figures.NOW[version]
        if at_s >= job.seldom_s + SELDOM_S:
            job.seldom_s = at_s
            names += figures.SELDOM[version]
        found = self._folders.read(job.place, names)
        cpu_s = self._steps.cpu_s(job, found.cpu_s, keep=False)
        tasks = self._folders.tasks([folder.place for folder in list(job.tasks)])
        return at_s, found._replace(cpu_s=cpu_s, tasks=tasks), self._kills(job)

    def owner(self, job: TrackedJob) -> int | None:
        """Return the user id of a process of a job."""
        pids = (self._folders.first_pid(folder.place) for folder in list(job.tasks))
        owners = (self._folders.owner(pid) for pid in pids if pid)
        return next((owner for owner in owners if owner is not None), None)

    def look(self, job: TrackedJob, at_s: float) -> None:
        """Read what a job has used until now."""
        job.looked_s = at_s
        found, kills = self._since_end(job), {}
        if found is None:
            found, kills = self._at_end(job, at_s), self._kills(job)
        job.is_settled = found.cpu_s is not None and not job.running
        self._lives.look(job.key, found, at_s, kills=kills, is_final=not job.running)

    def keep_kills(self, task: Folder) -> None:
        """Read how many of a task's processes were killed; in version 2 its job's folder knows."""
        if self._folders.version == 1:
            self._lives.take_kills(task.place.key, self._folders.oom_kills([task.place]))

    def _since_end(self, job: TrackedJob) -> Figures | None:
        """Return the CPU time alone, if the job has used hardly any since it was settled.

        So it is when step_extern ends, unless somebody came into the job from another node.
        """
        entry = self._lives.running(job.key)
        if not job.is_settled or entry is None or entry.last.cpu_s is None:
            return None
        found = self._cpu_time(job, figures.AT_END[self._folders.version][:1])
        is_idle = found.cpu_s is not None and found.cpu_s - entry.last.cpu_s < IDLE_S
        return found if is_idle else None

    def _at_end(self, job: TrackedJob, at_s: float) -> Figures:
        version = self._folders.version
        names = figures.AT_END[version]
        if job.seldom_s < 0:
            names += figures.SELDOM[version]
        found = self._cpu_time(job, names)
        if found.limit_bytes is not None or found.cpus is not None:
            job.seldom_s = at_s
        return found

    def _cpu_time(self, job: TrackedJob, names: tuple[str, ...]) -> Figures:
        """Return figures of a job, with the CPU time of its steps."""
        found = self._folders.read(job.place, names)
        return found._replace(cpu_s=self._steps.cpu_s(job, found.cpu_s, keep=True))

    def _kills(self, job: TrackedJob) -> dict[str, int]:
        """Return the OOM kills of folders; in version 2 the job's folder has them all."""
        return {} if self._folders.version == 2 else self._folders.oom_kills(job.leaves)
