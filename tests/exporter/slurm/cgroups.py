"""Cgroups of jobs as folders of a test, in the layouts of Slurm."""

import shutil

from fructosa_exporter.kernel import Kernel
from fructosa_exporter.slurm.folders import JobFolders

STEP = {1: "step_{step}", 2: "step_{step}/user"}


class Cgroups:
    """A tree of one slurmd, in version 1 or 2; *folders* reads it."""

    def __init__(self, root, version=1):
        self.version, self.kernel = version, Kernel(root)
        self.root = root / "sys/fs/cgroup"
        if version == 2:
            (self.root / "system.slice/slurmstepd.scope").mkdir(parents=True)
            (self.root / "cgroup.controllers").touch()
            self.hierarchies = [self.root / "system.slice/slurmstepd.scope"]
        else:
            self.hierarchies = [self.root / one / "slurm" for one in ("memory", "cpuacct")]
            for folder in self.hierarchies:
                (folder / "uid_7").mkdir(parents=True)

    @property
    def folders(self):
        """What reads the tree."""
        return JobFolders(self.kernel)

    def job(self, job, part=0):
        """Return the folder of a job in the first hierarchy, or in another."""
        above = self.hierarchies[part]
        return (above / "uid_7" if self.version == 1 else above) / f"job_{job}"

    def task(self, job, step="batch", task=0):
        """Return the folder of a task."""
        return self.job(job) / STEP[self.version].format(step=step) / f"task_{task}"

    def begin(self, job, step="batch", pid=None, task=0):
        """Make the folders of a task, and put a process into the last one."""
        for part in range(len(self.hierarchies)):
            self.job(job, part).mkdir(parents=True, exist_ok=True)
        self.task(job, step, task).mkdir(parents=True)
        self.put(job, step, pid, task)
        if self.version == 2:
            (self.task(job, step, task).parent / "cgroup.events").write_text("populated 1\n")

    def put(self, job, step, pid, task=0):
        """Write the processes of a task, as slurmstepd does when it has started one."""
        text = "" if pid is None else f"{pid}\n"
        for name in ("cgroup.procs", "cgroup.threads", "tasks"):
            (self.task(job, step, task) / name).write_text(text)

    def use(self, job, cpu_s, peak_bytes=1, step="batch"):
        """Set what a job has used, all of it in one step if that is there."""
        if self.version == 2:
            if (user := self.job(job) / f"step_{step}/user").exists():
                (user / "cpu.stat").write_text(f"usage_usec {cpu_s * 10**6:.0f}\n")
            (self.job(job) / "cpu.stat").write_text(f"usage_usec {cpu_s * 10**6:.0f}\n")
            (self.job(job) / "memory.peak").write_text(f"{peak_bytes}\n")
        else:
            (self.job(job, 1) / "cpuacct.usage").write_text(f"{cpu_s * 10**9:.0f}\n")
            (self.job(job) / "memory.max_usage_in_bytes").write_text(f"{peak_bytes}\n")

    def kill(self, job, step, task=0, kills=1):
        """Let the kernel kill processes of a task for lack of memory; it counts them there."""
        text = f"oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n"
        (self.task(job, step, task) / "memory.oom_control").write_text(text)

    def end_step(self, job, step="batch"):
        """Remove a step."""
        shutil.rmtree(self.job(job) / f"step_{step}")

    def end(self, job):
        """Remove a job."""
        for part in range(len(self.hierarchies)):
            shutil.rmtree(self.job(job, part))
