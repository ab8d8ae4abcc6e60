"""What in slurm.conf keeps the use of jobs from being known, and what to set instead."""

from collections.abc import Iterator, Mapping

from ..slurm_output.records import SlurmConfig

NO_CGROUPS = (
    "jobs have no cgroups, so what they use is not known; set ProctrackType=proctrack/cgroup, "
    "TaskPlugin=task/cgroup and JobAcctGatherType=jobacct_gather/cgroup in slurm.conf"
)
NO_CPU_TIME = (
    "with cgroups of version 1, the CPU time of jobs is not known; set "
    "JobAcctGatherType=jobacct_gather/cgroup in slurm.conf"
)
NO_CONTAIN = (
    "last values of short jobs may be missing; set PrologFlags=Contain in slurm.conf, so that a "
    "job's cgroup outlives its last process by a moment"
)


def job_advice(config: SlurmConfig) -> Iterator[str]:
    """Yield advice on a configuration; none if it is not known."""
    plugins: Mapping[str, str] = config.job_plugins
    if not plugins:
        return
    if "cgroup" not in plugins["ProctrackType"]:
        yield NO_CGROUPS
        return
    if "cgroup" not in plugins["JobAcctGatherType"]:
        yield NO_CPU_TIME
    if "contain" not in plugins["PrologFlags"].lower():
        yield NO_CONTAIN
