"""Records the cgroups of a job for the unit tests, as tests/exporter/recorded describes."""

from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
HEAD = """\
# Linux {kernel} with cgroups of version 2, {slurm} (Debian 12) with PrologFlags=Contain: a job of
# 300 MB on one CPU, in which a step of 60 MB was killed. Recorded by make test-cgroup2; other files
# left out.
"""
OF_JOB = (
    *("cpu.stat", "cpu.pressure", "memory.pressure", "io.pressure", "memory.current"),
    *("memory.peak", "memory.max", "memory.swap.current", "memory.stat", "memory.events"),
    *("cpuset.cpus.effective", "cgroup.events", "cgroup.procs"),
)
OF_STEP = ("slurm/cpu.stat", "user/cpu.stat", "user/cgroup.events")
OF_MACHINE = (
    *("/proc/1/cgroup", "/proc/uptime", "/proc/sys/kernel/overflowuid"),
    *("/proc/sys/kernel/random/boot_id", "/sys/fs/cgroup/cgroup.controllers"),
)


def record(job, slurm):
    """Return the recorded tree of a job's folder; *slurm* is the version."""
    paths = [job / name for name in OF_JOB]
    for step in sorted(job.glob("step_*")):
        paths += [step / name for name in OF_STEP]
        for leaf in sorted({*step.glob("slurm"), *step.glob("user/task_*")}):
            paths += [leaf / "cgroup.procs", leaf / "cgroup.threads"]
    paths += sorted(job.parent.glob("system/**/cgroup.procs"))
    pids = [
        int(pid) for path in job.glob("*/user/*/cgroup.procs") for pid in path.read_text().split()
    ]
    paths += [Path(f"/proc/{pid}/{name}") for pid in sorted(pids) for name in ("stat", "cgroup")]
    paths += [Path(one) for one in OF_MACHINE]
    kernel = ".".join(Path("/proc/sys/kernel/osrelease").read_text().split(".")[:2])
    found = "".join(f"== {path}\n{path.read_text().rstrip()}\n" for path in paths)
    return HEAD.format(kernel=kernel, slurm=slurm) + found
