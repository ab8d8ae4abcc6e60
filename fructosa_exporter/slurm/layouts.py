"""Where Slurm has the cgroups of jobs: names of folders into places. Pure.

Version 1 has a tree in each hierarchy, and version 2 one tree:

    memory/slurm[_NODE]/uid_U/job_N/step_S/task_T
    system.slice/[NODE_]slurmstepd.scope/job_N/step_S/user/task_T

NODE is there if Slurm was built for several slurmd on a host, as Debian's is. CgroupSlice names
another slice. Since 26.05, version 2 names jobs by SLUID. In a container, the tree of version 2 is
below the cgroup of process 1. Source: src/plugins/cgroup of Slurm 22.05 to 26.05.
"""

import re
from enum import IntEnum
from typing import NamedTuple

# The hierarchies of version 1 in which Slurm has a tree. The first one that is mounted is watched.
WATCHED_V1 = ("memory", "cpuacct")
SLICE = "system.slice"
EXTERN = "extern"
BATCH = "batch"
MOST_PREFIXES = 4

_NODE = r"(?P<node>[A-Za-z0-9][\w.-]{0,252})"
_SCOPES = {
    1: re.compile(rf"slurm(?:_{_NODE})?", re.ASCII),
    2: re.compile(rf"(?:{_NODE}_)?slurmstepd\.scope", re.ASCII),
}
# Letters of Crockford's base 32; Slurm calls them SLUID.
_SLUID = "s[0-9A-HJKMNP-TV-Z]{13}"
_JOBS = {
    1: re.compile(r"job_(?P<job>[0-9]{1,10})", re.ASCII),
    2: re.compile(rf"job_(?P<job>[0-9]{{1,10}})|(?P<sluid>{_SLUID})", re.ASCII),
}
_UID = re.compile(r"uid_(?P<uid>[0-9]{1,10})", re.ASCII)
_STEP = re.compile(r"step_(?P<step>[\w+.]{1,40})", re.ASCII)
_TASK = re.compile(r"task_\w{1,40}", re.ASCII)


class Level(IntEnum):
    """What a folder is for."""

    ROOT = 0  # where the folder of a slurmd is
    SCOPE = 1  # that of a slurmd
    UID = 2
    JOB = 3
    STEP = 4
    USER = 5  # the processes of a step that are not Slurm's own
    TASK = 6


# By version and level: the names that a folder's only one mostly has, and how many links the folder
# has at most if it has no other. In a step of version 2, the processes of Slurm are in another.
USUAL = {
    (1, Level.JOB): (3, ("step_extern", "step_batch")),
    (1, Level.STEP): (3, ("task_0",)),
    (2, Level.JOB): (3, ("step_extern", "step_batch")),
    (2, Level.STEP): (4, ("user",)),
    (2, Level.USER): (3, ("task_0",)),
}


class JobKey(NamedTuple):
    """A job on this node: the *slurmd* that started it, if there are several, and its id."""

    slurmd: str
    job: str


class Place(NamedTuple):
    """A folder: its *path* below the root of the hierarchy, and what the names in it say."""

    level: Level
    version: int
    path: str
    slurmd: str = ""
    uid: str = ""
    job: str = ""
    step: str = ""

    @property
    def key(self) -> JobKey:
        """The job that the folder belongs to."""
        return JobKey(self.slurmd, self.job)

    @property
    def first_of_children(self) -> str | tuple[str, ...]:
        """How the names of folders in this one begin, if ``child`` knows them."""
        return _FIRST[self.level]

    def child(self, name: str) -> "Place | None":
        """Return the place of the folder *name* in this one; None if it is not of a job."""
        return _CHILDREN[self.level](self, name) if name.startswith(_FIRST[self.level]) else None

    def at(self, level: Level, name: str) -> "Place":
        """Return a place of this *level* in the folder *name* in this one."""
        path = f"{self.path}/{name}" if self.path else name
        return Place(level, self.version, path, self.slurmd, self.uid, self.job, self.step)


def _of_root(place: Place, name: str) -> Place | None:
    match = _SCOPES[place.version].fullmatch(name)
    return match and place.at(Level.SCOPE, name)._replace(slurmd=match["node"] or "")


def _of_scope(place: Place, name: str) -> Place | None:
    if place.version == 2:
        return _of_user(place, name)
    match = _UID.fullmatch(name)
    return match and place.at(Level.UID, name)._replace(uid=match["uid"])


def _of_user(place: Place, name: str) -> Place | None:
    match = _JOBS[place.version].fullmatch(name)
    return match and place.at(Level.JOB, name)._replace(job=match[match.lastgroup or 0])


def _of_job(place: Place, name: str) -> Place | None:
    match = _STEP.fullmatch(name)
    return match and place.at(Level.STEP, name)._replace(step=match["step"])


def _of_step(place: Place, name: str) -> Place | None:
    if place.version == 2:
        return place.at(Level.USER, name) if name == "user" else None
    return _of_processes(place, name)


def _of_processes(place: Place, name: str) -> Place | None:
    return place.at(Level.TASK, name) if _TASK.fullmatch(name) else None


def _of_task(_place: Place, _name: str) -> Place | None:
    return None


# By level: what makes a place of a name, and how such a name begins, as folders of cgroups hold
# dozens of files.
_CHILDREN = (_of_root, _of_scope, _of_user, _of_job, _of_step, _of_processes, _of_task)
_FIRST: tuple[str | tuple[str, ...], ...] = (
    "",
    ("job_", "s", "uid_"),
    "job_",
    "step_",
    ("task_", "user"),
    "task_",
    "",
)


def prefixes(init_cgroup: str) -> list[str]:
    """Return the folders of version 2 that may have slices, from the text of /proc/1/cgroup.

    On a host, process 1 is in init.scope, beside the slices. In a container it is where Slurm's
    tree begins.
    """
    found = [""]
    for line in init_cgroup.splitlines():
        if line.startswith("0::/"):
            path = line[4:].rstrip("/")
            found += [path, path.rpartition("/")[0]]
    return [one for one in dict.fromkeys(found) if ".." not in one.split("/")][:MOST_PREFIXES]


def is_slice(name: str) -> bool:
    """Return whether a folder of version 2 is a slice, which may have a slurmd's folder in it."""
    return name.endswith(".slice")


def job_of_process(cgroups: str) -> JobKey | None:
    """Return the job of a process from the text of its /proc/PID/cgroup; None if there is none."""
    for line in cgroups.splitlines():
        number, _, rest = line.partition(":")
        place: Place | None = None
        version = 2 if number == "0" else 1
        for name in rest.partition(":")[2].split("/"):
            place = (place and place.child(name)) or Place(Level.ROOT, version, "").child(name)
            if place and place.job:
                return place.key
    return None
