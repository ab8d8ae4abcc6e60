"""What lagent's page of jobs says, as it is asked again and again."""

import time
import urllib.request
from dataclasses import dataclass, field

from .processes import CannotRun, Exporter

_START_S = 30.0


@dataclass
class Known:
    """What lagent's pages said of the jobs that have ended, by job id."""

    slurmd: str
    cpu_s: dict[str, float] = field(default_factory=dict)
    peak_bytes: dict[str, float] = field(default_factory=dict)
    own_max_bytes: dict[str, float] = field(default_factory=dict)
    sequence: int = 0
    missed: int = 0

    def take(self, page: str) -> None:
        """Take the jobs of a page."""
        for line in page.splitlines():
            series, _, value = line.rpartition(" ")
            name, _, labels = series.partition("{")
            job = labels.partition('jobid="')[2].partition('"')[0]
            if job and f'slurmd="{self.slurmd}"' not in labels:
                continue  # of another Slurm on this machine
            if name == "fructosa_slurm_job_cpu_seconds_total":
                self.cpu_s[job] = float(value)
            elif name == "fructosa_slurm_job_memory_peak_bytes":
                self.peak_bytes[job] = float(value)
            elif name == "fructosa_slurm_job_memory_own_max_bytes":
                self.own_max_bytes[job] = float(value)
            elif name == "fructosa_slurm_jobs_sequence":
                self.sequence = int(value)
            elif name == "fructosa_slurm_jobs_missed_total":
                self.missed = int(value)

    def fetch(self, exporter: Exporter) -> None:
        """Take what lagent says now."""
        self.take(fetched(exporter, f"/jobs?after={self.sequence}"))


def fetched(exporter: Exporter, path: str) -> str:
    """Return a page of lagent."""
    with urllib.request.urlopen(f"http://127.0.0.1:{exporter.port}{path}", timeout=30) as response:
        return str(response.read().decode())


def wait_until_watched(exporter: Exporter) -> None:
    """Wait until lagent watches jobs; it listens a moment earlier."""
    until_s = time.monotonic() + _START_S
    while "fructosa_slurm_jobs_watched 1" not in fetched(exporter, "/jobs"):
        if time.monotonic() > until_s:
            raise CannotRun(f"lagent does not watch jobs after {_START_S:g} s")
        time.sleep(0.1)
