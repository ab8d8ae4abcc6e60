"""What is compared, and what is wanted of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import measures, subjects, tree
from .processes import Exporter, anew, lagent, node_exporter
from .table import Line

_ROUNDS = 5
_SCRAPES = 100
_RATE_HZ = 10
_LATENCY_S = 30
_FIRST, _LAST = 1000, 10_000
# Allocators take and give back pages as they like: this much in 9,000 scrapes is no leak.
_NOISE_KB = 256
# An interval that many sites have. What came in between has emptied the processor's caches.
_INTERVAL_S = 15
_USUAL_SCRAPES = 12

NOTES = f"""
Both exporters run at the same time and are scraped in turn, {_ROUNDS} rounds of {_SCRAPES} scrapes;
the median of the rounds' ratios counts. CPU time is that of all threads, in user and kernel mode.
lagent reads every sensor anew at each scrape (time_interval = 0), but for the first line: there
both are as they come, and are scraped {_USUAL_SCRAPES} times, {_INTERVAL_S} s apart. Growth up
to {_NOISE_KB} kB counts as none. The node of {tree.PROCESSORS} threads is made from this machine's
/proc, not recorded: tree.py says how."""


class Comparison:
    """Measures lagent, with the sensors that it reads *here*, beside node_exporter.

    *hurry* divides what is done.
    """

    def __init__(self, folder: Path, here: Sequence[str], hurry: int = 1) -> None:
        self._folder = folder
        self._here = here
        self._hurry = hurry

    @property
    def measures(self) -> Sequence[Callable[[], list[Line]]]:
        """What can be measured, one after the other."""
        return self.scrape, self.sample, self.memory, self.latency

    def scrape(self) -> list[Line]:
        """CPU time of a scrape of this machine."""
        matching = subjects.present(subjects.SENSORS, self._here)
        with self._both({}) as both:
            our, their = measures.cpu_in_use(*both, _INTERVAL_S, _USUAL_SCRAPES // self._hurry)
        measure = f"CPU per scrape, one in {_INTERVAL_S} s, defaults of both"
        lines = [_line(measure, our, their, 0.25)]
        with self._both(anew(self._here)) as both:
            lines.append(self._scrape("CPU per scrape, all sensors read anew", both))
        with self._both(anew(matching), subjects.only(subjects.COLLECTORS)) as both:
            return [*lines, self._scrape("CPU per scrape, same subjects", both)]

    def sample(self) -> list[Line]:
        """CPU time of a sample of a node with 256 threads."""
        node = tree.Tree(self._folder / "proc")
        settings = {"procfs": str(node.root)}
        options = [f"--path.procfs={node.root}", "--no-collector.netdev.netlink"]
        lines = []
        for words, sensors, collectors, target in (
            ("all of /proc", subjects.PROC_SENSORS, subjects.PROC_COLLECTORS, 0.4),
            ("same subjects", subjects.SENSORS_OF_PROC, subjects.COLLECTORS_OF_PROC, None),
        ):
            chosen = subjects.present(sensors, self._here)
            with self._both(anew(chosen), [*options, *subjects.only(collectors)], settings) as both:
                measure = f"CPU per sample, {tree.PROCESSORS} threads, {words}"
                lines.append(self._sample(measure, both, target, node.go_on))
        return lines

    def memory(self) -> list[Line]:
        """Resident memory after 1,000 scrapes, and its growth up to 10,000."""
        first, last = _FIRST // self._hurry, _LAST // self._hurry
        with self._both(anew(self._here)) as (ours, theirs):
            our, our_last = measures.resident_kb(ours, first, last)
            (their,) = measures.resident_kb(theirs, first)
        grown = our_last - our
        return [
            Line(
                f"resident memory after {first:,} scrapes",
                our / their,
                f"{our / 1e3:.1f} MB",
                f"{their / 1e3:.1f} MB",
                1.25,
            ),
            Line(
                f"growth from scrape {first:,} to {last:,}",
                grown,
                f"{grown:+} kB",
                "not measured",
                _NOISE_KB,
                "kB",
            ),
        ]

    def latency(self) -> list[Line]:
        """Latency at 10 scrapes a second."""
        with self._both(anew(self._here)) as both:
            taken = measures.latencies_s(both, _RATE_HZ, _LATENCY_S / self._hurry)
        our, their = (measures.p99(values) for values in taken)
        our_half, their_half = (sorted(values)[len(values) // 2] for values in taken)
        return [
            Line(
                f"99th percentile of latency, {_RATE_HZ} scrapes/s",
                our / their,
                f"{our * 1e3:.2f} ms (median {our_half * 1e3:.2f})",
                f"{their * 1e3:.2f} ms (median {their_half * 1e3:.2f})",
                1,
            )
        ]

    @contextmanager
    def _both(
        self,
        intervals_s: Mapping[str, float],
        options: Sequence[str] = (),
        settings: dict[str, str] | None = None,
    ) -> Iterator[tuple[Exporter, Exporter]]:
        config = self._folder / "lagent.conf"
        with lagent(config, intervals_s, settings) as ours, node_exporter(*options) as theirs:
            yield ours, theirs

    def _scrape(
        self, measure: str, both: tuple[Exporter, Exporter], target: float | None = None
    ) -> Line:
        our, their = measures.cpu(*both, _ROUNDS, _SCRAPES // self._hurry)
        return _line(measure, our, their, target)

    def _sample(
        self,
        measure: str,
        both: tuple[Exporter, Exporter],
        target: float | None,
        before: Callable[[], None],
    ) -> Line:
        our, their = measures.cpu(*both, _ROUNDS, _SCRAPES // self._hurry, before)
        ours, theirs = (
            f"{cost.sample_us:.2f} µs ({cost.cpu_ms:.1f} ms, {cost.page})" for cost in (our, their)
        )
        value = measures.ratio(our, their) * their.samples / our.samples
        return Line(measure, value, ours, theirs, target)


def _line(measure: str, our: measures.Cost, their: measures.Cost, target: float | None) -> Line:
    ours, theirs = (f"{cost.cpu_ms:.2f} ms ({cost.page})" for cost in (our, their))
    return Line(measure, measures.ratio(our, their), ours, theirs, target)
