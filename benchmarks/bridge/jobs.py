"""`python -m benchmarks.bridge.jobs`: what the jobs of a large cluster cost lmaster.

10,000 nodes have four jobs each, and 2 % of the jobs end between two fetches, each followed by
another. A round is 30 s: the pages of all nodes are parsed and joined, Slurm's list is read in each
second round, and what is due is written to an archive on disk. Times are CPU time in user and
kernel mode; pages and lists are made outside of them. A second part asks a large archive.
"""

import argparse
import gc
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from benchmarks.exporter.table import table
from fructosa_bridge.job_archive.archive import JobArchive
from fructosa_bridge.job_archive.look_ups import ArchiveReader, JobQuery
from fructosa_bridge.job_archive.rows import ArchiveRows, RunRow, rows_of
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.jobs.names import JobName
from fructosa_bridge.jobs.page import JobPageParser, JobReading
from tests.bridge.jobs.known_jobs import record
from tests.bridge.jobs.pages import page, text_of

_T0 = 1_800_000_000
_ROUND_S = 30
_JOBS_PER_NODE, _ENDING = 4, 0.02
_CPU_TARGET_S, _MEMORY_TARGET_MIB = 3.0, 300
_LOOK_UP_TARGET_MS, _BYTES_TARGET = 5.0, 1500
# How many nodes a job of the archive has, and how often; 3.2 on average.
_NODES = {1: 50, 2: 20, 4: 15, 8: 12, 16: 3}
_HOURS = (0.01, 0.1, 0.5, 1, 4, 24)
_PROTOTYPES = 300


@dataclass
class BusyNode:
    """A node and its jobs: their ids and starts; and those that have ended, which it says once."""

    name: str
    jobs: dict[int, float] = field(default_factory=dict)
    ended: list[tuple[int, float, float]] = field(default_factory=list)
    sequence: int = 0


class BusyCluster:
    """The nodes, and what they and Slurm say at a time."""

    def __init__(self, nodes: int) -> None:
        self.random = random.Random(1)  # noqa: S311 - it is no secret
        self.count = 0
        self.ended: list[tuple[int, str, float, float]] = []
        self.nodes = [BusyNode(f"n{number:05}") for number in range(nodes)]
        for node in self.nodes:
            for _ in range(_JOBS_PER_NODE):
                self._start(node, _T0 - self.random.randrange(100_000))

    def _start(self, node: BusyNode, start_s: float) -> None:
        self.count += 1
        node.jobs[self.count] = start_s

    def pass_to(self, now_s: float) -> None:
        """Let 2 % of the jobs end, and others begin."""
        for node in self.nodes:
            node.ended.clear()
            for job_id, start_s in list(node.jobs.items()):
                if self.random.random() < _ENDING:
                    node.sequence += 1
                    del node.jobs[job_id]
                    node.ended.append((job_id, start_s, now_s - 10))
                    self.ended.append((job_id, node.name, start_s, now_s - 10))
                    self._start(node, now_s - 9)
        self.ended = [one for one in self.ended if one[3] > now_s - 300]

    def page_of(self, node: BusyNode, now_s: float) -> str:
        """Return the page of a node."""
        readings = [
            _reading(job_id, start_s, now_s, self.random) for job_id, start_s in node.jobs.items()
        ]
        for at, (job_id, start_s, end_s) in enumerate(node.ended):
            one = _reading(job_id, start_s, now_s, self.random)
            sequence = float(node.sequence - len(node.ended) + at + 1)
            ages = {"reading_age_s": now_s - end_s, "end_age_s": now_s - end_s}
            readings.append(one._replace(**ages, end_sequence=sequence))
        return text_of(
            page(*readings, instance=f"of {node.name}".replace(" ", "-"), sequence=node.sequence)
        )

    def records(self) -> list:
        """Return Slurm's list."""
        running = [
            record(
                job_id, start_s, nodes=node.name, user=f"user{job_id % 500}", name=f"job {job_id}"
            )
            for node in self.nodes
            for job_id, start_s in node.jobs.items()
        ]
        ended = [
            record(job_id, start_s, end_s, "COMPLETED", nodes=name, name=f"job {job_id}")
            for job_id, name, start_s, end_s in self.ended
        ]
        return running + ended


def _reading(job_id: int, start_s: float, now_s: float, chance: random.Random) -> JobReading:
    age_s = now_s - start_s
    own = 1e9 + 1e8 * chance.random()
    return JobReading(
        str(job_id),
        cpu_s=age_s * 3.5,
        oom_kills=0.0,
        stalled_cpu_s=age_s * 0.01,
        stalled_memory_s=0.0,
        stalled_io_s=age_s * 0.02,
        cpus=4.0,
        own_max_bytes=1.1e9,
        peak_bytes=1.5e9,
        limit_bytes=8e9,
        swap_bytes=0.0,
        tasks=9.0,
        memory_bytes=own * 1.2,
        own_bytes=own,
        age_s=age_s,
        reading_age_s=0.004,
    )


class TimesByStage(dict[str, list[float]]):
    """CPU seconds of each round, by what was done."""

    def add(self, name: str, work: Callable[[], object]) -> object:
        """Do it, and add what it took to the last round."""
        began_s = time.process_time()
        result = work()
        self.setdefault(name, [0.0])[-1] += time.process_time() - began_s
        return result

    def next_round(self) -> None:
        """Begin a round."""
        for times in self.values():
            times.append(0.0)


def rounds(nodes: int, count: int, folder: Path) -> tuple[TimesByStage, float]:
    """Return the CPU seconds of *count* rounds, and the memory of it all in MiB."""
    cluster, times = BusyCluster(nodes), TimesByStage()
    archive, process = JobArchive(folder), psutil.Process()
    archive.open()
    gc.collect()
    before = process.memory_info().rss
    parser, ledger = JobPageParser(), JobLedger("c1")
    for number in range(count):
        now_s = _T0 + number * _ROUND_S
        cluster.pass_to(now_s)
        times.next_round()
        if number % 2 == 0:
            records = cluster.records()
            times.add("Slurm's list", partial(ledger.see_jobs, records, now_s))
            del records
        for node in cluster.nodes:
            text = cluster.page_of(node, now_s)
            found = times.add("parse pages", partial(parser.parse, text))
            times.add("join pages", partial(ledger.see_page, node.name, found, now_s))
        _write(ledger, archive, times, now_s)
        print(f"round {number + 1} of {count}", file=sys.stderr)
    gc.collect()
    memory = (process.memory_info().rss - before) / 2**20
    archive.close()
    return times, memory


def _write(ledger: JobLedger, archive: JobArchive, times: TimesByStage, now_s: float) -> None:
    while True:
        batch = times.add("make rows", partial(ledger.batch, now_s))
        if not batch:
            return
        rows = times.add("make rows", partial(rows_of, batch, now_s))
        times.add("write rows", partial(archive.write, rows))
        times.add("make rows", partial(ledger.written, batch, now_s))


def prototypes() -> list[RunRow]:
    """Return rows of runs of all sizes, as a ledger makes them."""
    chance, ledger = random.Random(2), JobLedger("c1")  # noqa: S311 - it is no secret
    sizes = chance.choices(list(_NODES), list(_NODES.values()), k=_PROTOTYPES)
    for job_id, size in enumerate(sizes, start=1):
        names = [f"n{chance.randrange(10_000):05}" for _ in range(size)]
        hours = chance.choice(_HOURS)
        start_s, end_s = _T0, _T0 + hours * 3600
        fields = {
            "nodes": ",".join(names),
            "user": f"user{chance.randrange(500)}",
            "name": "a name",
        }
        ledger.see_jobs(
            [record(job_id, start_s, end_s, "COMPLETED", **fields)], end_s, is_complete=False
        )
        looks = min(240, max(1, int(hours * 3600 / _ROUND_S)))
        for name in names:
            cpu_s = 0.0
            for look in range(1, looks + 1):
                now_s = start_s + look * (end_s - start_s) / looks
                cpu_s += chance.random() * 4 * (end_s - start_s) / looks
                one = _reading(job_id, start_s, now_s, chance)._replace(cpu_s=cpu_s)
                if look == looks:
                    one = one._replace(end_age_s=0.0, reading_age_s=0.0, end_sequence=float(job_id))
                ledger.see_page(name, page(one, sequence=job_id), now_s)
    return list(rows_of(ledger.batch(_T0 + 10**6, most=_PROTOTYPES), _T0 + 10**6).runs)


def fill(archive: JobArchive, jobs: int) -> None:
    """Write so many runs."""
    chance, models = random.Random(3), prototypes()  # noqa: S311 - it is no secret
    for first in range(0, jobs, 10_000):
        runs = list(_copies(models, first, min(10_000, jobs - first), chance))
        # Each run is written twice, as it runs and when it has ended.
        archive.write(ArchiveRows([_as_it_runs(run) for run in runs], [], []))
        ended = [run._replace(listed=()) for run in runs]
        archive.write(ArchiveRows(ended, [run.key for run in runs], []))
        if first % 100_000 == 0:
            print(f"{first:,} of {jobs:,} jobs", file=sys.stderr)


def _as_it_runs(run: RunRow) -> RunRow:
    return run._replace(nodes=[], curves=None, has_figures=False)


def _copies(
    models: list[RunRow], first: int, count: int, chance: random.Random
) -> Iterator[RunRow]:
    for job_id in range(first + 1, first + count + 1):
        model = models[job_id % len(models)]
        start_s = _T0 + 30 * job_id
        columns = list(model.columns)
        columns[1:3] = job_id, start_s - 60
        columns[9] = f"user{chance.randrange(500)}"
        columns[-1] = start_s
        key = model.key._replace(job_id=job_id, submit_s=start_s - 60)
        yield model._replace(key=key, columns=columns, state=b"")


def look_ups(reader: ArchiveReader, jobs: int) -> dict[str, list[float]]:
    """Return the CPU times of questions in seconds: the file is opened for each of them."""
    chance = random.Random(4)  # noqa: S311 - it is no secret
    # Nodes of prototypes have far more jobs than others.
    nodes = sorted({name for run in reader.runs(JobQuery(most=1000)) for name in run.nodes})
    questions: dict[str, Callable[[], object]] = {
        "a job by its id": lambda: reader.find(JobName(chance.randrange(1, jobs + 1))),
        "the last 100 of a user": lambda: reader.runs(
            JobQuery(user=f"user{chance.randrange(500)}")
        ),
        "the last 100 of a node": lambda: reader.runs(JobQuery(nodes=(chance.choice(nodes),))),
        "the last 100 of 64 nodes": lambda: reader.runs(JobQuery(nodes=chance.sample(nodes, 64))),
        "the runs of 100 jobs, counted": lambda: reader.run_counts(reader.runs(JobQuery())),
        "the last 100 of a state": lambda: reader.runs(JobQuery(states=("COMPLETED",))),
    }
    found: dict[str, list[float]] = {}
    for name, ask in questions.items():
        for _ in range(300):
            began_s = time.process_time()
            ask()
            found.setdefault(name, []).append(time.process_time() - began_s)
    return found


def report_rounds(times: TimesByStage, memory: float) -> str:
    """Return the medians of the rounds but the first, in which all is new, as a table."""
    rows = [(name, f"{statistics.mean(of[1:]):.2f} s", "") for name, of in times.items()]
    sums = [sum(of) for of in zip(*times.values(), strict=True)]
    total = statistics.mean(sums[1:])
    rows += [
        ("all of it", f"{total:.2f} s", f"≤ {_CPU_TARGET_S:.0f} s"),
        ("the first round", f"{sums[0]:.2f} s", ""),
        ("memory", f"{memory:.0f} MiB", f"≤ {_MEMORY_TARGET_MIB} MiB"),
    ]
    return table(("a round of 30 s", "CPU time", "target"), rows)


def report_look_ups(found: dict[str, list[float]], bytes_per_job: float) -> str:
    """Return the times of look-ups and the size of the archive as a table."""
    rows = [
        (
            name,
            f"{statistics.median(times) * 1000:.2f} ms",
            f"{statistics.quantiles(times, n=100)[98] * 1000:.2f} ms",
            f"≤ {_LOOK_UP_TARGET_MS:.0f} ms" if "id" in name else "",
        )
        for name, times in found.items()
    ]
    rows.append(("bytes a job", f"{bytes_per_job:.0f}", "", f"≤ {_BYTES_TARGET}"))
    return table(("a look-up", "median", "99 %", "target"), rows)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.bridge.jobs", description=__doc__)
    parser.add_argument("--nodes", type=int, default=10_000, help="how many (default: 10000)")
    parser.add_argument("--rounds", type=int, default=12, help="how many (default: 12)")
    parser.add_argument("--archived", type=int, default=1_000_000, help="jobs (default: 1000000)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-jobs-") as folder:
        print(f"{arguments.nodes:,} nodes with {_JOBS_PER_NODE} jobs each")
        print()
        print(report_rounds(*rounds(arguments.nodes, arguments.rounds, Path(folder) / "rounds")))
        archive = JobArchive(Path(folder) / "large")
        archive.open()
        fill(archive, arguments.archived)
        size = archive.size_bytes() / arguments.archived
        found = look_ups(ArchiveReader(archive.path), arguments.archived)
        archive.close()
        print()
        print(f"an archive of {arguments.archived:,} jobs")
        print()
        print(report_look_ups(found, size))
    return 0


if __name__ == "__main__":
    sys.exit(main())
