"""CPU time of the steps of jobs, in version 2 of cgroups.

There the folder of a job counts slurmstepd too, which takes 10 to 20 ms for each step: as much as
a short job. The processes of the user are in a folder of their own in each step, which goes with
the step. So it is read when the last of its processes has ended. The time of the job's own folder
is taken if a step was not read: if it came before it was watched, or went too quickly.
"""

from .folders import JobFolders
from .layouts import EXTERN, Level
from .tracked import Folder, TrackedJob


class StepTimes:
    """Reads the CPU time of steps, and adds it up for their jobs."""

    def __init__(self, folders: JobFolders) -> None:
        self._folders = folders
        self._is_used = folders.version == 2

    def task_came(self, task: Folder) -> None:
        """Note that a step has another task."""
        if (step := self._step(task)) is not None:
            step.is_settled = False

    def task_ended(self, task: Folder, job: TrackedJob) -> None:
        """Read a step if none of its tasks runs any more."""
        step = self._step(task)
        if step is None or step.place.step == EXTERN:
            return
        user = task if task.place.level is Level.USER else task.parent
        if user is None or job.running.isdisjoint(user.children.values()):
            used_us = self._folders.step_cpu_us(step.place)
            if used_us is not None:
                step.used_us, step.is_settled = used_us, True

    def step_went(self, step: Folder, job: TrackedJob) -> None:
        """Keep what a step has used."""
        if self._is_used:
            job.used_before_us += step.used_us or 0
            job.has_lost |= not step.is_settled and step.place.step != EXTERN

    def cpu_s(self, job: TrackedJob, whole_s: float | None, *, keep: bool) -> float | None:
        """Return the CPU time of a job, *whole_s* being that of its folder; None if unknown.

        *keep* remembers what was read; only the thread that follows the folders may.
        """
        if not self._is_used or job.has_lost:
            return whole_s
        total_us, is_known = job.used_before_us, job.used_before_us > 0
        for step in list(job.steps):
            used_us = step.used_us
            is_extern = step.place.step == EXTERN
            if is_extern or not step.is_settled:
                now_us = self._folders.step_cpu_us(step.place)
                if now_us is None and not is_extern:
                    job.has_lost |= keep
                    return whole_s if keep else None
                used_us = used_us if now_us is None else now_us
                if keep:
                    step.used_us = used_us
            total_us += used_us or 0
            is_known |= used_us is not None
        return total_us / 1e6 if is_known else None

    def _step(self, folder: Folder) -> Folder | None:
        """Return the step of a folder in it."""
        at: Folder | None = folder if self._is_used else None
        while at is not None and at.place.level is not Level.STEP:
            at = at.parent
        return at
