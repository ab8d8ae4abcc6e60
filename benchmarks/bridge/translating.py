"""`python -m benchmarks.bridge.translating`: pages into points, and prometheus_client's parser.

All parse the same pages in one process, in turn: the pages of the tests, and one generated here.
prometheus_client returns a Python object per sample, lmaster a path and a number.
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
strict: lmaster's parser, used for a page that it has not seen before. look-up: a page of known
lines with one new line. matched: a page with the same series as the last one. Ratios compare CPU
time with prometheus_client's parser. An odd line must not cost a page its speed: matched, each of
the pages with 5,000 samples is to take at most three times what the plain one takes.
"""
_UNLIMITED = 10**9


@dataclass(frozen=True)
class Subject:
    """A page that is parsed again and again."""

    name: str
    page: str
    is_openmetrics: bool = False

    def prometheus_client(self) -> int:
        """Parse it with prometheus_client; return the number of samples."""
        families = openmetrics_families if self.is_openmetrics else text_families
        return sum(len(family.samples) for family in families(self.page))

    def strict(self) -> int:
        """Parse it with lmaster's parser; return the number of samples."""
        module = openmetrics if self.is_openmetrics else text_format
        return sum(1 for _ in module.samples(self.page))

    def matched(self) -> Callable[[], int]:
        """Return a function that translates the page, which has the same series each time."""
        translator = Translator()

        def translate() -> int:
            return translator.translate(
                self.page, "cluster.n1", _UNLIMITED, is_openmetrics=self.is_openmetrics
            ).samples

        translate()
        return translate

    def look_up(self) -> Callable[[], int]:
        """Return a function that translates the page, in turn with one more line and without it."""
        translator = Translator()
        longer = f"another 1\n{self.page}"
        pages = [self.page, longer]

        def translate() -> int:
            pages.reverse()
            return translator.translate(
                pages[0], "cluster.n1", _UNLIMITED, is_openmetrics=self.is_openmetrics
            ).samples

        translate()
        translate()
        return translate


def subjects() -> Iterator[Subject]:
    """Yield the pages to parse."""
    for name in ("node_exporter.txt", "prometheus.txt", "lagent.txt", "lagent.om"):
        path = PAGES / name
        yield Subject(name, path.read_text(), path.suffix == ".om")
    yield Subject("256 threads", _threads(256))
    yield from _odd_pages(_threads(625).splitlines())


def _odd_pages(lines: list[str]) -> Iterator[Subject]:
    """Yield a page of these *lines*, and the same with an odd line, or with nothing else."""

    def with_one(odd: str) -> str:
        return "\n".join([*lines[:-1], odd, ""])

    def with_all(end: str) -> str:
        return "".join(f"{line}{end}\n" for line in lines)

    series = lines[-1].partition(" ")[0]
    yield Subject("5,000 plain", with_all(""))
    yield Subject("one tab", with_one(lines[-1].replace(" ", "\t")))
    yield Subject("one NaN", with_one(f"{series} NaN"))
    yield Subject("one +Inf", with_one(f"{series} +Inf"))
    yield Subject("one twice", with_one(f"{lines[-1]}\n{lines[-1]}"))
    yield Subject("one time", with_one(f"{lines[-1]} 1700000000000"))
    yield Subject("all times", with_all(" 1700000000000"))
    head = "# TYPE node_cpu_seconds counter\n"
    yield Subject("times.om", f"{head}{with_all(' 1700000000.125')}# EOF\n", True)
    exemplar = ' # {trace_id="0123456789abcdef"} 0.5 1700000000.125'
    yield Subject("exemplars.om", f"{head}{with_all(exemplar)}# EOF\n", True)


def _threads(count: int) -> str:
    """Return a page with the CPU times of a large node, without comments."""
    modes = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    return "".join(
        f'node_cpu_seconds_total{{cpu="{cpu}",mode="{mode}"}} {cpu * 1234.5 + number:.2f}\n'
        for cpu in range(count)
        for number, mode in enumerate(modes)
    )


def sample_us(parse: Callable[[], int], round_s: float) -> float:
    """Return the CPU time per sample in µs: the best of five rounds of *round_s* CPU seconds."""
    best = float("inf")
    for _ in range(5):
        samples, started_s = 0, time.process_time()
        while (spent_s := time.process_time() - started_s) < round_s:
            samples += parse()
        best = min(best, spent_s / samples * 1e6)
    return best


def row(subject: Subject, round_s: float) -> tuple[str, ...]:
    """Return the row of one page."""
    ways = (subject.prometheus_client, subject.strict, subject.look_up(), subject.matched())
    theirs, *ours = (sample_us(parse, round_s) for parse in ways)
    cells = [f"{value / theirs:.3f} {TIMES} ({value:.2f} µs)" for value in ours]
    return subject.name, f"{subject.strict()}", f"{theirs:.2f} µs", *cells


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.bridge.translating", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="use short rounds: a test, not a result"
    )
    round_s = 0.02 if parser.parse_args().quick else 0.5
    rows = [row(subject, round_s) for subject in subjects()]
    print(f"Python {platform.python_version()}, {platform.machine()}; CPU time per sample\n")
    print(table(("page", "samples", "prometheus_client", "strict", "look-up", "matched"), rows))
    print(NOTES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
