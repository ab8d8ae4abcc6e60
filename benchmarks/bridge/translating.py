"""`python -m benchmarks.bridge.translating`: pages into points, beside prometheus_client's parser.

All read the same pages in one process, in turn; the pages are those of the tests and one that is
made here. A sample of theirs is a Python object, of ours a path and a number.
"""

import argparse
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families as text_families

from benchmarks.exporter.table import TIMES, table
from fructosa_bridge.translate import openmetrics, text_format
from fructosa_bridge.translate.translator import Translator

PAGES = Path(__file__).parents[2] / "tests" / "bridge" / "pages"
NOTES = """
strict: our parser, as at first sight. look-up: all lines known, one of them new. matched: a page
with the layout of last time. Ratios are of CPU time, to prometheus_client's parser.
"""
_UNLIMITED = 10**9


@dataclass(frozen=True)
class Subject:
    """A page that is read again and again."""

    name: str
    page: str
    is_openmetrics: bool = False

    def theirs(self) -> int:
        """Read it with prometheus_client; return how many samples it has."""
        families = openmetrics_families if self.is_openmetrics else text_families
        return sum(len(family.samples) for family in families(self.page))

    def strict(self) -> int:
        """Read it with our parser."""
        module = openmetrics if self.is_openmetrics else text_format
        return sum(1 for _ in module.samples(self.page))

    def translator(self) -> Callable[[], int]:
        """Return what translates the page again."""
        translator = Translator()

        def again() -> int:
            return translator.translate(
                self.page, "cluster.n1", _UNLIMITED, is_openmetrics=self.is_openmetrics
            ).samples

        again()
        return again

    def looking_up(self) -> Callable[[], int]:
        """Return what translates the page with a line more or less each time."""
        translator = Translator()
        longer = f"another 1\n{self.page}"
        pages = [self.page, longer]

        def again() -> int:
            pages.reverse()
            return translator.translate(
                pages[0], "cluster.n1", _UNLIMITED, is_openmetrics=self.is_openmetrics
            ).samples

        again()
        again()
        return again


def subjects() -> Iterator[Subject]:
    """Yield what is read."""
    for name in ("node_exporter.txt", "prometheus.txt", "lagent.txt", "lagent.om"):
        path = PAGES / name
        yield Subject(name, path.read_text(), path.suffix == ".om")
    yield Subject("256 threads", _threads(256))


def _threads(count: int) -> str:
    """Return a page of a large node's processor times, without comments."""
    modes = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    return "".join(
        f'node_cpu_seconds_total{{cpu="{cpu}",mode="{mode}"}} {cpu * 1234.5 + at:.2f}\n'
        for cpu in range(count)
        for at, mode in enumerate(modes)
    )


def microseconds(read: Callable[[], int], least_s: float) -> float:
    """Return the CPU time of a sample, in µs: the best of five rounds."""
    best = float("inf")
    for _ in range(5):
        samples, began_s = 0, time.process_time()
        while (spent_s := time.process_time() - began_s) < least_s:
            samples += read()
        best = min(best, spent_s / samples * 1e6)
    return best


def row(subject: Subject, least_s: float) -> tuple[str, ...]:
    """Measure all ways for one page."""
    reads = (subject.theirs, subject.strict, subject.looking_up(), subject.translator())
    theirs, *ours = (microseconds(read, least_s) for read in reads)
    cells = [f"{value / theirs:.3f} {TIMES} ({value:.2f} µs)" for value in ours]
    return subject.name, f"{subject.strict()}", f"{theirs:.2f} µs", *cells


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.bridge.translating", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="to try it, not to quote it")
    least_s = 0.02 if parser.parse_args().quick else 0.5
    rows = [row(subject, least_s) for subject in subjects()]
    print(f"Python {platform.python_version()}, {platform.machine()}; CPU time a sample\n")
    print(table(("page", "samples", "prometheus_client", "strict", "look-up", "matched"), rows))
    print(NOTES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
