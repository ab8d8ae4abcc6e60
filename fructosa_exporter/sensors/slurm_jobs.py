"""Jobs of Slurm on this node."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Sample
from fructosa_exporter.sensor import Sensor, SensorOptions
from fructosa_exporter.sensors.gpu.gpu_sensor import GPUS
from fructosa_exporter.slurm import series
from fructosa_exporter.slurm.folders import CGROUPS, JobFolders
from fructosa_exporter.slurm.layouts import JobKey, job_of_process
from fructosa_exporter.slurm.lives import JobEntry
from fructosa_exporter.slurm.watch import JobWatch
from fructosa_exporter.slurm_totals.node_series import MachineTotals
from fructosa_service.config.kinds import YES_NO
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import option

from .machine_totals import MachineReader, Pids

log = logging.getLogger(__name__)

NO_CGROUPS = "no cgroups are mounted at {path}"
WATCHED = "jobs of Slurm are watched, and served at /jobs"
HIDDEN = "/proc hides processes that use GPUs, so that their jobs are unknown"


@dataclass(frozen=True, kw_only=True)
class SlurmJobsOptions(SensorOptions):
    """What is exposed of jobs, and where."""

    uid: bool = option(YES_NO, False, "Also expose the user id of the owner of each job.")
    on_metrics_page: bool = option(
        YES_NO,
        False,
        "Also expose jobs at /metrics, for Prometheus; lmaster reads /jobs.",
        key="on metrics page",
    )
    cgroup_root: Path = option(
        PATH,
        Path(CGROUPS),
        "Mount point of the cgroups, which is CgroupMountpoint of Slurm's cgroup.conf.",
        key="cgroup root",
    )


class SlurmJobs(Sensor):
    """Slurm's jobs on this node: what each has used until its last moment.

    Source: the cgroups of jobs, version 1 or 2; inotify and pidfd for their ends; NVML and AMD SMI
    for the GPUs that their processes use. Jobs are at /jobs, for lmaster, with those that have
    ended within the last day, at most 1,000; only there are totals of GPUs and energy. Totals are
    added up if a job's cgroup goes and comes back, as with salloc for each step. Slurm must use
    proctrack/cgroup and jobacct_gather/cgroup or task/cgroup. Accounts and names of users are known
    to lmaster only.
    """

    Options: ClassVar[type[SensorOptions]] = SlurmJobsOptions
    options: SlurmJobsOptions
    on_by_default = False
    cost = "0.1 ms per job and page; 1 to 2.5 ms for the beginning and end of a job"
    rights = "none, unless /proc is mounted with hidepid=: then GPUs of jobs are unknown"

    NODE = dict(enumerate(series.OF_NODE))
    JOB = dict(enumerate(series.OF_JOB))

    read: Kernel = Kernel()

    def __init__(
        self,
        options: SensorOptions | None = None,
        read: Callable[..., Any] | None = None,
        gpus: AllVendors = GPUS,
    ) -> None:
        super().__init__(options, read)
        self._machine = MachineReader(self.name, gpus, self.read)
        self._instance = os.urandom(8).hex()
        self._folders = JobFolders(self.read, str(self.options.cgroup_root))
        self._watch = JobWatch(self._folders)
        self._hides_processes = False

    def begin(self) -> None:
        if self._folders.is_there:
            self._watch.begin()
            if self._watch.is_watched:
                log.info(WATCHED)

    def close(self) -> None:
        self._watch.close()

    @property
    def is_on_metrics_page(self) -> bool:
        return self.options.on_metrics_page

    @property
    def note(self) -> str:
        notes = (self._watch.notes, HIDDEN if self._hides_processes else "")
        return "; ".join(filter(None, notes))

    def look(self) -> None:
        """Read all jobs that run. Raises: SensorUnavailable."""
        if not self._folders.is_there:
            raise SensorUnavailable(NO_CGROUPS.format(path=self.options.cgroup_root))
        jobs = self._watch.look(with_uid=self.options.uid)
        pids = self._machine.look()
        self._watch.set_gpu_processes(self._gpu_processes(pids) if jobs else {})

    @property
    def machine(self) -> MachineTotals:
        """The running totals of the node's GPUs and energy, as of the last look."""
        return self._machine.totals

    def known(self, after: int = 0) -> tuple[series.JobsState, list[JobEntry], float]:
        """Return what is known: of the node, of its jobs, and the time now.

        Jobs that have ended are those with a sequence number above *after*.
        """
        watch = self._watch
        entries, now_s = watch.known(after)
        for entry in entries:
            if not self.options.uid or entry.uid == self._overflow_uid:
                entry.uid = ""
        return (
            series.JobsState(self._instance, self._boot_id, watch.is_watched, *watch.counts),
            entries,
            now_s,
        )

    @cached_property
    def _boot_id(self) -> str:
        return self.read.word("/proc/sys/kernel/random/boot_id") or ""

    @cached_property
    def _overflow_uid(self) -> str:
        """The user id that stands for those of other users in a namespace of users."""
        return self.read.word("/proc/sys/kernel/overflowuid") or ""

    def _gpu_processes(self, found: Pids) -> dict[JobKey, dict[str, int]]:
        """Return how many processes of each job use a GPU, by its UUID."""
        jobs: dict[JobKey, dict[str, int]] = {}
        self._hides_processes = False
        for uuid, pids in found.items():
            for key, count in Counter(map(self._job_of, pids)).items():
                if key is not None:
                    jobs.setdefault(key, {})[uuid] = count
        return jobs

    def _job_of(self, pid: int) -> JobKey | None:
        """Return the job of a process; None if it has none, or has ended, or is hidden."""
        try:
            return job_of_process(self.read.text(f"/proc/{pid}/cgroup"))
        except PermissionError:
            self._hides_processes = True
        except FileNotFoundError:
            # With hidepid=2, processes of others do not exist. Process 1 is there otherwise.
            self._hides_processes |= self.read.word("/proc/1/stat") is None
        except OSError:
            pass
        return None

    def samples(self) -> Iterator[Sample]:
        self.look()
        state, entries, now_s = self.known()
        for metric, labels, value in series.values_of_node(state):
            yield metric.sample(value, *labels)
        for entry in entries:
            of_job = series.labels_of(entry)
            for metric, more, value in series.values_of_job(entry, now_s):
                yield metric.sample(value, *of_job, *more)
