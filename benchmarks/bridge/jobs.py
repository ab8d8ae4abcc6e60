"""`python -m benchmarks.bridge.jobs`: what the jobs of a large cluster cost lmaster.

10,000 nodes have four jobs each, and 2 % of the jobs end between two fetches, each followed by
another. A round is 30 s. The first part runs lmaster's part that keeps jobs in a process of its
own: it fetches all pages by HTTP from another process, and archives what they tell. The second
part does the same without HTTP, stage by stage. The third asks a large archive.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.exporter.table import table
from fructosa_bridge.job_archive.archive import JobArchive
from fructosa_bridge.job_archive.look_ups import ArchiveReader

from .busy_cluster import JOBS_PER_NODE
from .job_farm import job_farm
from .job_keeping import ROUND_S, KeepingCost, keep_jobs
from .job_look_ups import fill, look_ups, report_look_ups
from .job_stages import report_rounds, rounds
from .program import allow_connections, run

_SHARE_TARGET, _MEMORY_TARGET_MIB = 0.1, 300
_KB_PER_MIB = 1024
# Pages that are on their way when a round ends.
_TOLERANCE = 0.02
_AGE_S = 100  # of the agents when lmaster starts


def report_keeping(cost: KeepingCost) -> str:
    """Return what lmaster's process has used as a table."""
    total_s, keeping_s = statistics.mean(cost.rounds_s), statistics.mean(cost.keeping_s)
    memory = cost.peak_kb / _KB_PER_MIB
    most_s = _SHARE_TARGET * ROUND_S
    spread = f"{min(cost.rounds_s):.2f} to {max(cost.rounds_s):.2f} s"
    rows = [
        ("fetch pages", f"{total_s - keeping_s:.2f} s", "", ""),
        ("parse, join and archive them", f"{keeping_s:.2f} s", "", ""),
        (
            "all of it",
            f"{total_s:.2f} s",
            f"≤ {most_s:.0f} s ({_SHARE_TARGET:.0%} of a core)",
            _verdict(total_s, most_s),
        ),
        (f"{len(cost.rounds_s)} rounds", spread, "", ""),
        ("learn all of it at first", f"{cost.first_s:.2f} s", "", ""),
        (
            "most memory",
            f"{memory:.0f} MiB",
            f"≤ {_MEMORY_TARGET_MIB} MiB",
            _verdict(memory, _MEMORY_TARGET_MIB),
        ),
    ]
    return table(("lmaster with HTTP, a round of 30 s", "CPU time", "target", ""), rows)


def _verdict(value: float, target: float) -> str:
    return "met" if value <= target else "missed"


def keeping_errors(cost: KeepingCost, nodes: int) -> list[str]:
    """Return what went wrong, one message each."""
    due = nodes * len(cost.rounds_s)
    errors = []
    if abs(cost.pages - due) > _TOLERANCE * due:
        errors.append(f"{cost.pages} pages were taken, {due} were due")
    if cost.failures or cost.refused:
        errors.append(f"{cost.failures} fetches failed, {cost.refused} pages were refused")
    return errors


def main() -> int:
    """Measure and print."""
    return run(_measure)


def _measure() -> bool:
    arguments = _arguments()
    allow_connections(arguments.nodes)
    print(f"{arguments.nodes:,} nodes with {JOBS_PER_NODE} jobs each\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-jobs-") as name:
        folder = Path(name)
        (folder / "kept").mkdir()
        since_s = time.time() - _AGE_S
        with job_farm(arguments.nodes, since_s) as nodes:
            cost = keep_jobs(nodes, since_s, folder / "kept", arguments.fetched)
        print(f"{report_keeping(cost)}\n", flush=True)
        errors = keeping_errors(cost, arguments.nodes)
        print(*(f"ERROR: {error}\n" for error in errors), end="")
        if arguments.rounds:
            times = rounds(arguments.nodes, arguments.rounds, folder / "rounds")
            print(f"{report_rounds(times)}\n", flush=True)
        if arguments.archived:
            print(_of_archive(folder / "large", arguments.archived))
    return not errors


def _of_archive(folder: Path, jobs: int) -> str:
    archive = JobArchive(folder)
    archive.open()
    fill(archive, jobs)
    size = archive.size_bytes() / jobs
    found = look_ups(ArchiveReader(archive.path), jobs)
    archive.close()
    return f"an archive of {jobs:,} jobs\n\n{report_look_ups(found, size)}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.bridge.jobs", description=__doc__)
    for name, default, text in (
        ("nodes", 10_000, "how many"),
        ("fetched", 4, "rounds with HTTP"),
        ("rounds", 12, "rounds without; 0 leaves them out"),
        ("archived", 1_000_000, "jobs in the archive; 0 leaves it out"),
    ):
        parser.add_argument(
            f"--{name}", type=int, default=default, help=f"{text} (default: {default})"
        )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
