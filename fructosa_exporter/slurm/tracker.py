"""Which jobs there are, and when their files are read for the last time.

Messages of inotify say which folders come and go, a pidfd says that a task's first process has
ended. Each folder is listed after it is watched, so that nothing comes in between unseen. Without
inotify, the folders are listed for each page instead.
"""

from collections.abc import Callable

from . import figures, inotify
from .ends import ProcessEnds
from .figures import Figures
from .folders import JobFolders
from .inotify import Event, Inotify
from .layouts import BATCH, EXTERN, JobKey, Level, Place
from .lives import Lives
from .looks import Looks
from .step_times import StepTimes
from .tracked import Folder, TrackedJob

# While other tasks of a job run, the ends of some are read together, after this time.
TOGETHER_S = 0.2

# Tasks go with their step: the kernel need not tell of them one by one.
_MASKS = {
    **dict.fromkeys(Level, inotify.CREATE | inotify.DELETE),
    Level.STEP: inotify.CREATE,
    Level.USER: inotify.CREATE,
    Level.TASK: inotify.CLOSE_WRITE,
}


class Tracker:
    """Follows the folders of jobs, and reads their figures into *lives*.

    *messages* is None to list the folders only in ``refresh``; *ends* watches processes.

    Raises: InotifyUnavailable from any method, if there are too many watches.
    """

    def __init__(
        self,
        folders: JobFolders,
        lives: Lives,
        clock: Callable[[], float],
        messages: Inotify | None = None,
        ends: ProcessEnds | None = None,
    ) -> None:
        self.jobs: dict[JobKey, TrackedJob] = {}
        self.ends = ends or ProcessEnds(None)
        self._folders, self._lives, self._clock = folders, lives, clock
        self._messages, self._steps = messages, StepTimes(folders)
        self._looks = Looks(folders, lives, self._steps)
        self._roots: dict[str, Folder] = {}
        self._by_watch: dict[int, Folder] = {}
        self._due: dict[TrackedJob, float] = {}
        # Ages of processes tell when a job began that was there before it was watched.
        self._is_late = True

    def find_roots(self) -> None:
        """Find the folders in which a slurmd has its own, and forget those that have gone."""
        roots = {place.path: place for place in self._folders.roots()}
        for path, folder in list(self._roots.items()):
            if path not in roots or not self._is_there(folder):
                self._leave(folder)
        for path in roots.keys() - self._roots.keys():
            self._enter(None, roots[path])

    def refresh(self) -> None:
        """List all folders again: find those that have come, forget those that have gone."""
        self._is_late = True
        for job in self.jobs.values():
            job.has_lost = True  # steps may have come and gone
        known = list(self._roots.values())
        self.find_roots()
        for folder in known:
            if self._roots.get(folder.place.path) is folder:
                self._list_again(folder)
        self._lives.keep(self.jobs.keys(), self._clock())
        self._is_late = self._messages is None

    def handle(self, event: Event) -> None:
        """Follow a message of inotify."""
        if event.mask & inotify.OVERFLOW:
            self.refresh()
            return
        folder = self._by_watch.get(event.watch)
        if folder is None:
            return
        if event.mask & inotify.IGNORED:
            self._by_watch.pop(event.watch)
        elif event.mask & inotify.MODIFY:
            self._populated(folder)
        elif event.mask & inotify.CLOSE_WRITE:
            if event.name == "cgroup.procs" and folder.pidfd < 0:
                self._adopt(folder)
        elif event.mask & inotify.IS_FOLDER:
            known = folder.children.get(event.name)
            if event.mask & inotify.DELETE and known is not None:
                self._gone(known)
            elif event.mask & inotify.CREATE and known is None:
                self._came(folder, event.name)

    def ended(self, pidfd: int) -> None:
        """Note that the process of a *pidfd* has ended."""
        if (folder := self.ends.take(pidfd)) is not None:
            self._task_ended(folder)

    def look_if_due(self) -> float | None:
        """Read the jobs that are due; return when the next one is, None if none waits."""
        if not self._due:
            return None
        now_s = self._clock()
        for job in [job for job, due_s in self._due.items() if due_s <= now_s]:
            self._look(job)
        return min(self._due.values(), default=None)

    def read(self, job: TrackedJob) -> tuple[float, Figures, dict[str, int]]:
        """Return all figures of a job for a page, when their reading began, and its OOM kills."""
        return self._looks.read(job, self._clock())

    def owner(self, job: TrackedJob) -> int | None:
        """Return the user id of a process of a job."""
        return self._looks.owner(job)

    # Folders come and go.

    def _came(self, parent: Folder, name: str) -> None:
        if (place := parent.place.child(name)) is not None:
            self._enter(parent, place)

    def _enter(self, parent: Folder | None, place: Place) -> None:
        is_task = place.level is Level.TASK
        # A task is watched only for its first process, which mostly is there.
        pid = self._folders.first_pid(place) if is_task else None
        watch = -1 if pid else self._watch(place)
        if watch is None:
            if place.level is Level.JOB and place.key not in self.jobs:
                self._lives.begin(place.key, "", self._clock(), place.uid)
                self._lives.end(place.key, self._clock())
            return
        folder = Folder(place, parent, watch)
        siblings = self._roots if parent is None else parent.children
        siblings[folder.name] = folder
        if watch >= 0:
            self._by_watch[watch] = folder
        self._entered(folder, pid)
        is_later = place.level is Level.STEP and self._is_extern(place)
        if not is_task and not is_later:
            self._list_again(folder)

    def _entered(self, folder: Folder, pid: int | None) -> None:
        """Note what the folder says about its job."""
        place, job = folder.place, folder.job
        if place.level is Level.JOB:
            folder.job = self.jobs[place.key] = TrackedJob(place)
            folder.job.has_lost = self._is_late
        elif job is None:
            return
        elif place.level is Level.STEP:
            job.steps[folder] = None
            self._lives.begin(place.key, place.step, self._clock(), place.uid)
            if place.step != EXTERN:
                self.adopt_extern(job)
        elif place.level is Level.USER and self._messages and not self._is_extern(place):
            self._watch_events(folder, self._messages)
        elif place.level is Level.TASK:
            job.tasks[folder] = None
            self._steps.task_came(folder)
            if place.step != EXTERN:
                job.running.add(folder)
                job.is_settled = False
            self._adopt(folder, pid)

    def _list_again(self, folder: Folder) -> None:
        places = self._folders.children(folder.place)
        found = {place.path.rpartition("/")[2]: place for place in places or ()}
        for name in folder.children.keys() - found.keys():
            self._leave(folder.children[name])
        for name, place in found.items():
            known = folder.children.get(name)
            if known is not None and place.level < Level.STEP and not self._is_there(known):
                self._leave(known)
                known = None
            if known is None:
                self._enter(folder, place)
            elif place.level is not Level.TASK:
                self._list_again(known)

    def _is_there(self, folder: Folder) -> bool:
        """Return whether the folder is still the one that is watched, and no later one."""
        return self._messages is None or self._watch(folder.place) == folder.watch

    def _gone(self, folder: Folder) -> None:
        """Note that a folder has gone; an earlier one of its name, if this one is still watched."""
        is_once = folder.place.level >= Level.STEP  # in the life of its job's folder
        is_there = not is_once and self._folders.is_there_still(folder.place)
        there = self._watch(folder.place) if is_there else None
        if there is not None and there == folder.watch:
            return
        self._leave(folder)
        if there is not None:
            self._enter(folder.parent, folder.place)

    def _leave(self, folder: Folder) -> None:
        for child in list(folder.children.values()):
            self._leave(child)
        siblings = self._roots if folder.parent is None else folder.parent.children
        del siblings[folder.name]
        for watch in (folder.watch, folder.events_watch):
            if self._messages is not None and self._by_watch.pop(watch, None) is not None:
                self._messages.remove(watch)
        self.ends.forget(folder)
        if folder.job is not None:
            self._left(folder, folder.job)

    def _left(self, folder: Folder, job: TrackedJob) -> None:
        if folder.place.level is Level.JOB:
            del self.jobs[job.key]
            self._due.pop(job, None)
            if self._lives.running(job.key) is None:  # its steps came and went unseen
                self._lives.begin(job.key, "", self._clock(), job.place.uid)
            self._lives.end(job.key, self._clock())
            return
        job.running.discard(folder)
        if folder in job.steps:
            self._steps.step_went(folder, job)
            del job.steps[folder]
        elif folder in job.tasks:
            del job.tasks[folder]
            self._steps.task_ended(folder, job)
        if not job.is_settled:
            self._plan(job)

    def _is_extern(self, place: Place) -> bool:
        """Whether a folder is of step_extern, which only waits for the job's end.

        It is not watched: half of all messages would be about it. Its processes are.
        """
        return place.step == EXTERN and self._messages is not None

    def adopt_extern(self, job: TrackedJob) -> None:
        """Watch the process of step_extern, whose end is that of the job; once others are there.

        A job with a batch step ends with that. On other nodes, and with salloc, processes may be
        brought into step_extern from elsewhere, and outlive all steps.
        """
        if any(folder.place.step == BATCH for folder in job.steps):
            return
        for folder in list(job.steps):
            if self._is_extern(folder.place) and not folder.children:
                self._list_again(folder)

    def _watch(self, place: Place) -> int | None:
        """Watch a folder; return the number of its watch, -1 if it has none, None if it is gone."""
        if self._messages is None or self._is_extern(place):
            return -1
        return self._messages.add(self._folders.path(place), _MASKS[place.level])

    # Processes begin and end.

    def _watch_events(self, folder: Folder, messages: Inotify) -> None:
        """Watch the file of version 2 that changes when the last process of a step has ended."""
        path = f"{self._folders.path(folder.place)}/{figures.EVENTS_V2}"
        watch = messages.add(path, inotify.MODIFY)
        if watch is not None:
            folder.events_watch = watch
            self._by_watch[watch] = folder

    def _populated(self, folder: Folder) -> None:
        if folder.job is not None and self._folders.is_populated(folder.place) is False:
            folder.job.running.difference_update(folder.children.values())
            self._steps.task_ended(folder, folder.job)
            self._plan(folder.job)

    def _adopt(self, folder: Folder, pid: int | None = None) -> None:
        """Watch the first process of a task, if there is one yet."""
        pid = pid or self._folders.first_pid(folder.place)
        if pid is None:
            return
        if self._is_late:
            self._began_earlier(folder.place.key, pid)
        if self.ends.watch(folder, pid):
            self._task_ended(folder)

    def _began_earlier(self, key: JobKey, pid: int) -> None:
        entry, age_s = self._lives.running(key), self._folders.age_s(pid)
        if entry is not None and age_s is not None:
            entry.began_s = min(entry.began_s, self._clock() - age_s)

    def _task_ended(self, folder: Folder) -> None:
        if folder.job is not None:
            folder.job.running.discard(folder)
            self._steps.task_ended(folder, folder.job)
            if folder.job.running:  # the job is read later, and this folder may be gone by then
                self._looks.keep_kills(folder)
            self._plan(folder.job)

    # Jobs are read.

    def _plan(self, job: TrackedJob) -> None:
        """Read a job now if none of its tasks runs any more, else soon."""
        if self._messages is None:
            return
        soon_s = job.looked_s + TOGETHER_S if job.running else 0
        self._due[job] = min(soon_s, self._due.get(job, soon_s))

    def _look(self, job: TrackedJob) -> None:
        """Read what a job has used until now."""
        del self._due[job]
        self._looks.look(job, self._clock())
