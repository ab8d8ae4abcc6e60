"""What is done with pages of jobs, stage by stage, without HTTP: CPU times in user and kernel mode.

Pages and lists are made outside of them.
"""

import gc
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.exporter.table import table
from fructosa_bridge.job_archive.archive import JobArchive
from fructosa_bridge.job_archive.rows import rows_of
from fructosa_bridge.job_gpus.job_devices import JobDevices
from fructosa_bridge.job_gpus.machine_page import machine_figures
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.jobs.page import JobPageParser

from .busy_cluster import BusyCluster
from .job_keeping import CLUSTER, ROUND_S

_T0 = 1_800_000_000
T = TypeVar("T")


class TimesByStage(dict[str, list[float]]):
    """CPU seconds of each round, by what was done."""

    def add(self, name: str, work: Callable[[], T]) -> T:
        """Do it, and add what it took to the last round."""
        began_s = time.process_time()
        result = work()
        self.setdefault(name, [0.0])[-1] += time.process_time() - began_s
        return result

    def next_round(self) -> None:
        """Begin a round."""
        for times in self.values():
            times.append(0.0)


def rounds(nodes: int, count: int, folder: Path) -> TimesByStage:
    """Return the CPU seconds of *count* rounds."""
    cluster, times = BusyCluster(nodes, _T0 - ROUND_S), TimesByStage()
    archive = JobArchive(folder)
    archive.open()
    gc.collect()
    parser, ledger, devices = JobPageParser(), JobLedger(CLUSTER, ROUND_S), JobDevices()
    for number in range(count):
        now_s = _T0 + number * ROUND_S
        times.next_round()
        if number % 2 == 0:
            records = cluster.records(now_s)
            times.add("take Slurm's list", partial(ledger.see_jobs, records, now_s))
            del records
        for at, name in enumerate(cluster.names):
            text = cluster.page(at, ledger.after(name) or 0, now_s)
            found = times.add("parse pages", partial(parser.parse, text))
            figures = times.add("parse pages", partial(machine_figures, text))
            times.add("join pages", partial(ledger.see_page, name, found, now_s))
            parts = ledger.parts_on(name)
            share = partial(devices.see_page, name, found, figures, parts, now_s)
            times.add("share out GPUs and energy", share)
        if number % 2 == 0:
            _write(ledger, devices, archive, times, now_s)
        print(f"round {number + 1} of {count}", file=sys.stderr)
    archive.close()
    return times


def _write(
    ledger: JobLedger, devices: JobDevices, archive: JobArchive, times: TimesByStage, now_s: float
) -> None:
    while True:
        batch = times.add("make rows of what is due", partial(ledger.batch, now_s))
        if not batch:
            return
        for run in batch.runs:
            times.add("make rows of what is due", partial(devices.fill, run))
        rows = times.add("make rows of what is due", partial(rows_of, batch, now_s))
        times.add("write rows", partial(archive.write, rows))
        times.add("make rows of what is due", partial(ledger.written, batch, now_s))


def report_rounds(times: TimesByStage) -> str:
    """Return the means of the rounds but the first, in which all is new, as a table."""
    rows = [(name, f"{statistics.mean(of[1:]):.2f} s") for name, of in times.items()]
    sums = [sum(of) for of in zip(*times.values(), strict=True)]
    rows += [
        ("all of it", f"{statistics.mean(sums[1:]):.2f} s"),
        ("all of it, in the first round", f"{sums[0]:.2f} s"),
    ]
    return table(("without HTTP, by stage, a round of 30 s", "CPU time"), rows)
