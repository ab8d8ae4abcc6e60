"""`python -m benchmarks.exporter.jobs`: what lagent knows of short jobs, and what that costs.

A real Slurm runs jobs of 0.1 to 2 s in cgroups of version 1, with PrologFlags=Contain and without,
while loops of the lowest priority keep all CPUs busy, and on an idle machine. lagent watches as an
ordinary user. Each job writes down what it has used, by wait4: a job is complete if lagent has its
CPU time within 10 ms, and a peak of memory that is not below what it had allocated. At the end,
three known jobs are compared with what others say of them. It needs root, for slurmd.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from fructosa_exporter.page.jobs_page import jobs_page
from fructosa_exporter.sensors.slurm_jobs import SlurmJobs
from tests.integration.slurm_cgroups import SlurmWithCgroups, cannot_write_cgroups, remove_folders

from .job_pages import Known, wait_until_watched
from .known_jobs import compared
from .processes import CannotRun, Exporter
from .table import table
from .unprivileged import lagent_as_nobody

_JOB = """\
#!{python} -SE
import os, random, resource, time
number = int(os.environ["SLURM_JOB_ID"])
draw = random.Random(number)
lasts_s, size = draw.uniform(0.1, 2), draw.randint(10, 80) * 10**6
burns_s = min(0.4, lasts_s * draw.uniform(0.1, 0.9))
child = os.fork()
if not child:
    memory = bytearray(size)
    for at in range(0, size, 4096):
        memory[at] = 1
    time.sleep(lasts_s - burns_s)
    until_s = time.process_time() + burns_s
    while time.process_time() < until_s:
        pass
    os._exit(0)
used = [os.wait4(child, 0)[2], resource.getrusage(resource.RUSAGE_SELF)]
cpu_s = sum(one.ru_utime + one.ru_stime for one in used)
with open("{truth}", "a") as file:
    file.write(f"{{number}} {{cpu_s}} {{size}}\\n")
    file.flush()
    os._exit(0)
"""


class Setting(NamedTuple):
    """How Slurm and the machine are."""

    contain: bool
    is_busy: bool

    @property
    def name(self) -> str:
        """What the table calls it."""
        return (
            f"{'with' if self.contain else 'without'} Contain, {'busy' if self.is_busy else 'idle'}"
        )


_SETTINGS = [Setting(contain, is_busy) for is_busy in (True, False) for contain in (True, False)]
_TOLERANCE_S = 0.01
_FETCH_S = 5.0
_MOST_S = 1800.0
_START_S = 30.0
_ROUNDS, _PAGES = 9, 20
# Shares complete, and CPU time in ms: of a job's life, and of a page by its number of jobs.
_LEAST_SHARE = {True: 0.99, False: 0.95}
_MOST_MS_A_JOB = 1.5
_MOST_MS_A_PAGE = {1: 0.2, 10: 1.2, 100: 12.0}


def thread_cpu_s(exporter: Exporter) -> float:
    """Return the CPU time of the thread that watches: the first one that lagent has started."""
    threads = sorted(int(one.name) for one in Path(f"/proc/{exporter.pid}/task").iterdir())
    text = Path(f"/proc/{exporter.pid}/task/{threads[1]}/schedstat").read_text()
    return int(text.split()[0]) / 1e9


@contextmanager
def load(processes: int) -> Iterator[None]:
    """Keep CPUs busy with the lowest priority until the block ends."""
    loop = [
        "setsid",
        "nice",
        "-n",
        "19",
        "timeout",
        f"{_MOST_S:g}",
        "sh",
        "-c",
        "while :; do :; done",
    ]
    started = [subprocess.Popen(loop) for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def is_complete(known: Known, job: str, cpu_s: float, size: int) -> bool:
    """Return whether lagent has both final values of a job."""
    difference_s = abs(known.cpu_s.get(job, -1) - cpu_s)
    return difference_s <= _TOLERANCE_S and known.peak_bytes.get(job, 0) >= size


def run_jobs(
    folder: Path, jobs: int, setting: Setting
) -> tuple[dict[str, tuple[float, int]], Known, float]:
    """Run jobs; return what each has used, what lagent knows, and the CPU time of its watching."""
    truth, script = folder / "truth", folder / "job.py"
    truth.touch()
    script.write_text(_JOB.format(python=shutil.which("python3", path="/usr/bin"), truth=truth))
    more = "PrologFlags=Contain\n" if setting.contain else ""
    with ExitStack() as stack:
        slurm = SlurmWithCgroups(folder, more=more)
        stack.callback(slurm.end)
        known = Known(slurm.nodes[0])
        exporter = stack.enter_context(lagent_as_nobody(folder, {"SlurmJobs": {}}))
        wait_until_watched(exporter)
        if setting.is_busy:
            stack.enter_context(load(os.cpu_count() or 1))
        began_s, before_s = time.monotonic(), thread_cpu_s(exporter)
        usual = ("--parsable", "-D", str(folder), "-o", "/dev/null", "--mem=200")
        slurm.run("sbatch", *usual, f"--array=1-{jobs}", str(script))
        while slurm.run("squeue", "-h", "-t", "PD,R,CG").stdout:
            if time.monotonic() > began_s + _MOST_S:
                raise CannotRun(f"{jobs} jobs have not ended in {_MOST_S:g} s; ask for fewer")
            time.sleep(_FETCH_S)
            known.fetch(exporter)
        time.sleep(1)
        known.fetch(exporter)
        used_s = thread_cpu_s(exporter) - before_s
    lines = (line.split() for line in truth.read_text().splitlines())
    return {job: (float(cpu_s), int(size)) for job, cpu_s, size in lines}, known, used_s


def rows_of_jobs(jobs: int, setting: Setting) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table for one setting of Slurm."""
    with tempfile.TemporaryDirectory(prefix="bench-jobs-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        truth, known, used_s = run_jobs(folder, jobs, setting)
    complete = sum(is_complete(known, job, *used) for job, used in truth.items())
    share, cost_ms = complete / max(1, len(truth)), used_s / max(1, len(truth)) * 1000
    least = _LEAST_SHARE[setting.contain]
    name = setting.name
    yield (
        f"{name}: complete of {len(truth)} jobs",
        f"{share:.1%}",
        f"≥ {least:.0%}",
        "met" if share >= least else "missed",
    )
    yield f"{name}: counted as missed by lagent", str(known.missed), "", ""
    yield (
        f"{name}: CPU time of a job's life",
        f"{cost_ms:.2f} ms",
        f"≤ {_MOST_MS_A_JOB} ms",
        "met" if cost_ms <= _MOST_MS_A_JOB else "missed",
    )


@contextmanager
def folders_of_jobs(name: str, jobs: int) -> Iterator[None]:
    """Make cgroups like those of Slurm, without processes, until the block ends."""
    below = [f"{name}/uid_1/job_{job}/step_batch/task_0" for job in range(1, jobs + 1)]
    try:
        for hierarchy in ("memory", "cpuacct"):
            for path in below:
                Path(f"/sys/fs/cgroup/{hierarchy}/{path}").mkdir(parents=True)
        yield
    finally:
        remove_folders(name)


def rows_of_pages() -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table for pages with 1, 10 and 100 jobs, without HTTP."""
    for jobs, most_ms in _MOST_MS_A_PAGE.items():
        with folders_of_jobs("slurm_bench", jobs):
            sensor = SlurmJobs()
            sensor.begin()
            cost_ms = page_cost_ms(sensor, jobs)
            sensor.close()
        verdict = "met" if cost_ms <= most_ms else "missed"
        yield f"a page of {jobs} jobs", f"{cost_ms:.2f} ms", f"≤ {most_ms} ms", verdict


def page_cost_ms(sensor: SlurmJobs, jobs: int) -> float:
    """Return the CPU time of a page: of reading the jobs, and of its text."""

    def page() -> str:
        sensor.look()
        return jobs_page(*sensor.known())

    until_s = time.monotonic() + _START_S
    while page().count("job_age_seconds{") < jobs:
        if time.monotonic() > until_s:
            raise CannotRun(f"{jobs} folders of jobs were not found in {_START_S:g} s")
    costs_s = []
    for _ in range(_ROUNDS):
        before_s = time.thread_time()
        for _ in range(_PAGES):
            page()
        costs_s.append((time.thread_time() - before_s) / _PAGES)
    return statistics.median(costs_s) * 1000


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exporter.jobs")
    parser.add_argument("--jobs", type=int, default=1000, help="short jobs for each setting")
    arguments = parser.parse_args()
    if reason := cannot_write_cgroups():
        print(f"cannot run: {reason}", file=sys.stderr)
        return 1
    rows = []
    for setting in _SETTINGS:
        rows += list(rows_of_jobs(arguments.jobs, setting))
        print(*(" ".join(row) for row in rows[-3:]), sep="\n", file=sys.stderr)
    rows += rows_of_pages()
    print(table(("jobs of 0.1 to 2 s", "measured", "target", ""), rows), flush=True)
    print(f"\n{compared()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
