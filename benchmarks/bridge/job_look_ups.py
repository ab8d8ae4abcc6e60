"""An archive of many jobs, as lmaster writes it: how long look-ups take, and how large it is."""

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator

from benchmarks.exporter.table import table
from fructosa_bridge.job_archive.archive import JobArchive
from fructosa_bridge.job_archive.look_ups import ArchiveReader, JobQuery
from fructosa_bridge.job_archive.rows import ArchiveRows, RunRow, rows_of
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.jobs.names import JobName
from fructosa_bridge.jobs.page import JobReading
from tests.bridge.jobs.known_jobs import record
from tests.bridge.jobs.pages import page

from .job_keeping import CLUSTER, ROUND_S

_T0 = 1_800_000_000
_LOOK_UP_TARGET_MS, _BYTES_TARGET = 5.0, 1500
# How many nodes a job of the archive has, and how often; 3.2 on average.
_NODES = {1: 50, 2: 20, 4: 15, 8: 12, 16: 3}
_HOURS = (0.01, 0.1, 0.5, 1, 4, 24)
_PROTOTYPES = 300


def prototypes() -> list[RunRow]:
    """Return rows of runs of all sizes, as a ledger makes them."""
    chance, ledger = random.Random(2), JobLedger(CLUSTER)  # noqa: S311 - it is no secret
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
        looks = min(240, max(1, int(hours * 3600 / ROUND_S)))
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
