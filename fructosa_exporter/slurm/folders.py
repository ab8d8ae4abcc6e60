"""Reads the cgroups of jobs: which folders there are, and the files in them."""

import os
from collections.abc import Iterable

from fructosa_exporter.kernel import Kernel

from . import figures
from .figures import Figures
from .layouts import SLICE, USUAL, WATCHED_V1, Level, Place, is_slice, prefixes

CGROUPS = "/sys/fs/cgroup"
_AT_ONCE = 64 * 1024
# OOM kills of version 1 are read from so many folders of a job at most.
_MOST_FOLDERS = 64
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class JobFolders:
    """The folders of jobs below the mount point *root* of the cgroups.

    *kernel* maps paths to those of a recorded machine.
    """

    def __init__(self, kernel: Kernel, root: str = CGROUPS) -> None:
        self._kernel = kernel
        self._root = kernel.path(root)
        self.version = 2 if os.path.exists(f"{self._root}/cgroup.controllers") else 1  # noqa: PTH110
        self._watched = self._root if self.version == 2 else f"{self._root}/{self._hierarchy()}"

    def _hierarchy(self) -> str:
        there = (one for one in WATCHED_V1 if os.path.isdir(f"{self._root}/{one}"))  # noqa: PTH112
        return next(there, WATCHED_V1[0])

    @property
    def is_there(self) -> bool:
        """Whether there are cgroups at all."""
        return os.path.isdir(self._watched)  # noqa: PTH112

    def path(self, place: Place) -> str:
        """Return the path of a folder in the hierarchy that is watched."""
        return f"{self._watched}/{place.path}" if place.path else self._watched

    def roots(self) -> list[Place]:
        """Return the folders in which that of a slurmd may be or come."""
        if self.version == 1:
            return [Place(Level.ROOT, 1, "")]
        try:
            text = self._kernel.text("/proc/1/cgroup")
        except OSError:
            text = ""
        found = []
        for prefix in prefixes(text):
            names = self._names(f"{self._watched}/{prefix}")
            if names is not None:
                found.append(Place(Level.ROOT, 2, prefix))
                found += self._slices(prefix, names)
        return found

    def _slices(self, prefix: str, names: Iterable[str]) -> list[Place]:
        """Return Slurm's usual slice, and others that have a slurmd's folder in them."""
        slices = [
            Place(Level.ROOT, 2, f"{prefix}/{one}".lstrip("/")) for one in names if is_slice(one)
        ]
        return [one for one in slices if one.path.rpartition("/")[2] == SLICE or self.children(one)]

    def children(self, place: Place) -> list[Place] | None:
        """Return the folders of jobs in a folder; None if it does not exist.

        It is listed only if it has others than usual, as a folder of cgroups has dozens of files.
        The kernel counts the folders in it as its links.
        """
        path = self.path(place)
        try:
            links = os.stat(path).st_nlink  # noqa: PTH116
        except OSError:
            return None
        if links == 2:
            return []
        most, usual = USUAL.get((self.version, place.level), (0, ()))
        for name in usual if links <= most else ():
            if os.access(f"{path}/{name}", os.F_OK) and (child := place.child(name)):
                return [child]
        names = self._names(path)
        if names is None:
            return None
        first = place.first_of_children
        found = (place.child(name) for name in names if name.startswith(first))
        return [one for one in found if one]

    def is_there_still(self, place: Place) -> bool:
        """Return whether there is a folder in that place, though it may be a later one."""
        return os.access(self.path(place), os.F_OK)

    def read(self, job: Place, names: Iterable[str]) -> Figures:
        """Return the figures in files of a job's folder."""
        contents = {}
        for name in names:
            if (content := self._content(self._file(job, name))) is not None:
                contents[name] = content
        return figures.figures(self.version, contents)

    def oom_kills(self, places: Iterable[Place]) -> dict[str, int]:
        """Return the OOM kills of folders by path; in version 2 the job's folder has them all."""
        kills: dict[str, int] = {}
        for place in list(places)[:_MOST_FOLDERS]:
            count = figures.oom_kills(self._content(self._file(place, figures.OOM_V1)))
            if count is not None:
                kills[place.path] = count
        return kills

    def tasks(self, places: Iterable[Place]) -> int:
        """Return how many threads the processes in folders have."""
        name = figures.THREADS[self.version]
        contents = (self._content(self._file(place, name)) for place in places)
        return figures.count_lines(one for one in contents if one)

    def step_cpu_us(self, step: Place) -> int | None:
        """Return the CPU time of the user's processes in a step of version 2."""
        return figures.cpu_us(self._content(self._file(step, figures.STEP_CPU_V2)))

    def is_populated(self, place: Place) -> bool | None:
        """Return whether a folder of version 2 has processes; None if it does not say."""
        return figures.is_populated(self._content(self._file(place, figures.EVENTS_V2)))

    def first_pid(self, place: Place) -> int | None:
        """Return the first process in a folder; None if there is none."""
        name = figures.PROCESSES[self.version]
        return figures.first_number(self._content(self._file(place, name)))

    def age_s(self, pid: int) -> float | None:
        """Return how long a process has been running; None if it has ended."""
        try:
            stat = self._kernel.content(f"/proc/{pid}/stat")
            uptime_s = float(self._kernel.content("/proc/uptime").split()[0])
            started_s = int(stat.rpartition(b")")[2].split()[19]) / _TICKS_PER_S
        except (OSError, ValueError, IndexError):
            return None
        return max(0.0, uptime_s - started_s)

    def owner(self, pid: int) -> int | None:
        """Return the user id of a process; None if it has ended."""
        try:
            return os.stat(self._kernel.path(f"/proc/{pid}")).st_uid  # noqa: PTH116
        except OSError:
            return None

    def _file(self, place: Place, name: str) -> str:
        if self.version == 2:
            return f"{self._root}/{place.path}/{name}"
        hierarchy, _, file = name.rpartition("/")
        return f"{self._root}/{hierarchy}{'/' if hierarchy else ''}{place.path}/{file}"

    def _names(self, folder: str) -> list[str] | None:
        try:
            return os.listdir(folder)  # noqa: PTH208 - names, not Path objects
        except OSError:
            return None

    def _content(self, path: str) -> bytes | None:
        """Return what one read of a file returns; None if it cannot be read.

        The kernel writes these files into one buffer, so that one read gets all of them.
        """
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            return os.read(file, _AT_ONCE)
        except OSError:
            return None
        finally:
            os.close(file)
