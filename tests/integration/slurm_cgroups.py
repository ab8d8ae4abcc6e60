"""A real Slurm whose jobs have cgroups of version 1, on a machine where root may make them."""

import os
import shutil
from pathlib import Path

from .slurm import Slurm

CGROUPS = Path("/sys/fs/cgroup")
HIERARCHIES = ("memory", "cpuacct", "cpuset", "freezer", "devices")
_CONF = """\
CgroupPlugin=cgroup/v1
CgroupAutomount=no
CgroupMountpoint=/sys/fs/cgroup
ConstrainCores={cores}
ConstrainRAMSpace=yes
ConstrainDevices=no
"""
_SETTINGS = {
    "ProctrackType": "proctrack/cgroup",
    "TaskPlugin": "task/cgroup",
    "JobAcctGatherType": "jobacct_gather/cgroup",
}


def cannot_write_cgroups():
    """Return why jobs cannot have cgroups of version 1 here; empty if they can."""
    if os.geteuid() != 0:
        return "only root can make cgroups"
    if missing := [one for one in HIERARCHIES if not (CGROUPS / one / "cgroup.procs").exists()]:
        return f"version 1 of cgroups is not mounted here: {', '.join(missing)}"
    if not os.access(CGROUPS / "memory" / "cgroup.procs", os.W_OK):
        return "cgroups cannot be written here"
    return "" if shutil.which("slurmd", path="/usr/sbin") else "slurmd is not installed"


def remove_folders(name):
    """Remove the cgroups of a slurmd, which stay when it ends."""
    for hierarchy in HIERARCHIES:
        for path, _, _ in os.walk(CGROUPS / hierarchy / name, topdown=False):
            Path(path).rmdir()


class SlurmWithCgroups(Slurm):
    """A cluster of one node, whose name nobody else on this machine uses.

    *name* tells clusters of one test run apart. *cores* says whether jobs are confined to CPUs,
    which then are those of this machine. *settings* replace lines of slurm.conf.
    """

    def __init__(self, folder, more="", *, cores=False, name="x", **settings):
        conf = _CONF.format(cores="yes" if cores else "no")
        (Path(folder) / "cgroup.conf").write_text(conf)
        super().__init__(
            folder, nodes=1, more=more, prefix=f"j{os.getpid()}{name}", **_SETTINGS, **settings
        )

    @property
    def folder_of_node(self):
        """The name of the node's folder in each hierarchy."""
        return f"slurm_{self.nodes[0]}"

    def end(self):
        """End all daemons, and remove the node's cgroups."""
        super().end()
        remove_folders(self.folder_of_node)
