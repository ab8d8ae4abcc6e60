"""Three jobs whose use is known: what lagent, a poll of their cgroups, and sacct say of it.

A real Slurm with slurmdbd and MariaDB runs them, and its accounting looks every 5 s. lagent is
asked every 30 s, as lmaster does. The poll reads CPU time and anonymous memory of each job every
10 s, as an exporter that looks at cgroups when it is scraped. It needs root, for slurmd.
"""

import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

from tests.integration.slurm import SlurmDatabase
from tests.integration.slurm_cgroups import SlurmWithCgroups

from .job_pages import Known, wait_until_watched
from .processes import CannotRun, Exporter
from .table import table
from .unprivileged import lagent_as_nobody

# What Slurm's programs and this one share: a program of the system, which starts fast.
_USES = """\
#!/usr/bin/python3 -SE
import os, resource, subprocess, sys, time

def use(megabytes, burns_s, lasts_s):
    child = os.fork()
    if not child:
        began_s = time.monotonic()
        memory = b"1" * (megabytes * 10**6)
        while time.process_time() < burns_s:
            pass
        time.sleep(max(0.0, began_s + lasts_s - time.monotonic()))
        os._exit(0)
    return os.wait4(child, 0)[2]

def run(*command):
    return os.wait4(subprocess.Popen(command).pid, 0)[2]

def copy():
    used = run("dd", "if=/dev/zero", "of={folder}/copy", "bs=1M", "count=250", "status=none")
    time.sleep(4)
    return used

def step(*words):
    return ("srun", "-n", "1", "--exact", "--mem=300", sys.argv[0], *words)

def steps():
    both = [subprocess.Popen(step("use", size, "0.5", "12")) for size in ("40", "90")]
    return [*(os.wait4(one.pid, 0)[2] for one in both), run(*step("copy"))]

what, *numbers = sys.argv[1:]
if what == "steps":
    used = steps()
else:
    used = [copy() if what == "copy" else use(int(numbers[0]), *map(float, numbers[1:]))]
used.append(resource.getrusage(resource.RUSAGE_SELF))
cpu_s = sum(one.ru_utime + one.ru_stime for one in used)
with open("{folder}/truth", "a") as file:
    file.write(os.environ["SLURM_JOB_ID"] + f" {cpu_s}\\n")
    file.flush()
    os._exit(0)
"""
_FETCH_S, _POLL_S = 30.0, 10.0
_MOST_S = 120.0
_MB = 10**6
_UNKNOWN = "–"  # noqa: RUF001 - the dash is intended
_CPU_TEXT = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")
_CGROUPS = Path("/sys/fs/cgroup")


class KnownJob(NamedTuple):
    """A job: what it does, the most that it allocates at once, and how it is submitted."""

    text: str
    megabytes: int
    options: Sequence[str]
    words: Sequence[str]


_JOBS = (
    KnownJob("8 s of CPU, 200 MB, 33 s", 200, ("--mem=400",), ("use", "200", "8", "33")),
    KnownJob(
        "three steps: 40 + 90 MB, then 250 MB of files, 18 s", 130, ("-n3", "--mem=900"), ("steps",)
    ),
    KnownJob("0.2 s of CPU, 30 MB, 0.46 s", 30, ("--mem=100",), ("use", "30", "0.2", "0.46")),
)


class Poll(Thread):
    """Reads the cgroups of a node's jobs now and then, and knows what it saw of each job."""

    def __init__(self, folder: str) -> None:
        super().__init__(daemon=True)
        self.cpu_s: dict[str, float] = {}
        self.anon_max_bytes: dict[str, int] = {}
        self._folder = folder
        self._is_over = Event()

    def run(self) -> None:
        """Look until close()."""
        while not self._is_over.wait(_POLL_S):
            for path in (_CGROUPS / "memory" / self._folder).glob("uid_*/job_*"):
                try:
                    self._look(path)
                except OSError:
                    continue  # it has just ended

    def _look(self, path: Path) -> None:
        job = path.name.removeprefix("job_")
        usage = _CGROUPS / "cpuacct" / path.relative_to(_CGROUPS / "memory") / "cpuacct.usage"
        self.cpu_s[job] = int(usage.read_text()) / 1e9
        stat = dict(line.split() for line in (path / "memory.stat").read_text().splitlines())
        anon = int(stat["total_rss"])
        self.anon_max_bytes[job] = max(anon, self.anon_max_bytes.get(job, 0))

    def close(self) -> None:
        """Look no more."""
        self._is_over.set()
        self.join()


class Accounted(NamedTuple):
    """What sacct says of a job: the sum of its steps, and the largest of them."""

    cpu_s: float
    most_bytes: int


class Lab(NamedTuple):
    """What runs the jobs and looks at them."""

    folder: Path
    slurm: SlurmWithCgroups
    exporter: Exporter
    poll: Poll
    known: Known


def compared() -> str:
    """Run the jobs, and return what was said of them as a table."""
    with lab() as made:
        jobs = [run_job(made, job) for job in _JOBS]
        rows = [
            row
            for job, number in zip(_JOBS, jobs, strict=True)
            for row in rows_of(made, job, number)
        ]
    head = ("a job", "truth", "lagent", f"poll every {_POLL_S:.0f} s", "sacct")
    return table(head, rows)


@contextmanager
def lab() -> Iterator[Lab]:
    """Start Slurm with its database, lagent and the poll; end them with the block."""
    with tempfile.TemporaryDirectory(prefix="bench-known-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        database = SlurmDatabase(folder)
        stack.callback(database.end)
        more = f"PrologFlags=Contain\nJobAcctGatherFrequency=5\n{database.more}"
        (place := folder / "cluster").mkdir()
        slurm = SlurmWithCgroups(place, more, name="k")
        stack.callback(slurm.end)
        exporter = stack.enter_context(lagent_as_nobody(folder, {"SlurmJobs": {}}))
        wait_until_watched(exporter)
        poll = Poll(slurm.folder_of_node)
        poll.start()
        stack.callback(poll.close)
        yield Lab(place, slurm, exporter, poll, Known(slurm.nodes[0]))


def run_job(made: Lab, job: KnownJob) -> str:
    """Run a job, while lagent is asked now and then; return its id."""
    script = made.folder / "uses"
    script.write_text(_USES.replace("{folder}", str(made.folder)))
    script.chmod(0o755)
    usual = ("--parsable", "-D", str(made.folder), "-o", str(made.folder / "output"))
    words = ("sbatch", *usual, *job.options, "--wrap", f"exec {script} {' '.join(job.words)}")
    number = str(made.slurm.run(*words).stdout.strip())
    began_s = fetched_s = time.monotonic()
    while made.slurm.run("squeue", "-h", "-j", number, check=False).stdout:
        now_s = time.monotonic()
        if now_s > began_s + _MOST_S:
            raise CannotRun(f"job {number} has not ended in {_MOST_S:g} s")
        if now_s > fetched_s + _FETCH_S:
            fetched_s = now_s
            made.known.fetch(made.exporter)
        time.sleep(0.2)
    time.sleep(1)
    made.known.fetch(made.exporter)
    return number


def rows_of(made: Lab, job: KnownJob, number: str) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a job: its CPU time, its own memory, and memory with files."""
    truth = (line.split() for line in (made.folder / "truth").read_text().splitlines())
    true_s = sum(float(cpu_s) for of, cpu_s in truth if of == number)
    known, poll, accounted = made.known, made.poll, accounted_of(made.slurm, number)
    yield (
        f"{job.text}: CPU time",
        *(_seconds(true_s), _seconds(known.cpu_s.get(number))),
        *(_seconds(poll.cpu_s.get(number)), _seconds(accounted.cpu_s)),
    )
    yield (
        "its own memory",
        *(_megabytes(job.megabytes * _MB), _megabytes(known.own_max_bytes.get(number))),
        *(_megabytes(poll.anon_max_bytes.get(number)), _megabytes(accounted.most_bytes)),
    )
    yield "its memory, with files", "", _megabytes(known.peak_bytes.get(number)), "", ""


def accounted_of(slurm: SlurmWithCgroups, number: str) -> Accounted:
    """Return what sacct says of a job, once it knows of its end."""
    until_s = time.monotonic() + _MOST_S
    words = ("sacct", "-n", "-P", "--noconvert", "-j", number, "-o", "State,TotalCPU,MaxRSS")
    while True:
        found = [line.split("|") for line in slurm.run(*words).stdout.splitlines()]
        if found and all(state != "RUNNING" for state, *_ in found):
            break
        if time.monotonic() > until_s:
            raise CannotRun(f"slurmdbd does not know the end of job {number}")
        time.sleep(0.5)
    # The first line is of the job: it has the sum of its steps.
    return Accounted(_cpu_s(found[0][1]), max(_bytes(most) for *_, most in found))


def _cpu_s(text: str) -> float:
    match = _CPU_TEXT.fullmatch(text)
    if match is None:
        raise CannotRun(f"sacct prints the CPU time {text!r}")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _bytes(text: str) -> int:
    factor = {"K": 1024, "M": 1024**2, "G": 1024**3}.get(text[-1:], 1)
    return round(float(text.rstrip("KMG") or 0) * factor)


def _seconds(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.2f} s"


def _megabytes(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value / _MB:.0f} MB"
