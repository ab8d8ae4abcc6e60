"""The comparison of lagent with node_exporter, and its targets."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import measures, subjects, tree
from .processes import Exporter, lagent, node_exporter, read_at_each_scrape
from .table import ResultLine

_ROUNDS = 5
_SCRAPES = 100
_RATE_HZ = 10
_LATENCY_S = 30
_FIRST, _LAST = 1000, 10_000
# Allocators request and return pages as they like: this much in 9,000 scrapes is not a leak.
_NOISE_KB = 256
# A common scrape interval. The processor's caches are cold by the next scrape.
_INTERVAL_S = 15
_DEFAULT_SCRAPES = 12

NOTES = f"""
Both exporters run at the same time and are scraped in turn, {_ROUNDS} rounds of {_SCRAPES} scrapes;
the median of the rounds' ratios counts. CPU time is that of all threads, in user and kernel mode.
lagent reads every sensor at each scrape (time_interval = 0), except in the first line: there both
exporters have their defaults and are scraped {_DEFAULT_SCRAPES} times, {_INTERVAL_S} s apart.
Growth up to {_NOISE_KB} kB counts as none. The /proc of {tree.PROCESSORS} threads is generated from
this machine's /proc, not recorded; see tree.py."""


class Comparison:
    """Compares lagent, with the *available* sensors of this machine, with node_exporter.

    The number of scrapes is divided by *divisor*.
    """

    def __init__(self, folder: Path, available: Sequence[str], divisor: int = 1) -> None:
        self._folder = folder
        self._available = available
        self._divisor = divisor

    @property
    def measures(self) -> Sequence[Callable[[], list[ResultLine]]]:
        """The measurements, in the order of the table."""
        return self.scrape, self.sample, self.memory, self.latency

    def scrape(self) -> list[ResultLine]:
        """CPU time per scrape of this machine."""
        matching = subjects.present(subjects.SENSORS, self._available)
        with self._both({}) as both:
            our, their = measures.cpu_at_interval(
                *both, _INTERVAL_S, _DEFAULT_SCRAPES // self._divisor
            )
        measure = f"CPU per scrape, one in {_INTERVAL_S} s, defaults of both"
        lines = [_line(measure, our, their, 0.25)]
        with self._both(read_at_each_scrape(self._available)) as both:
            lines.append(self._scrape("CPU per scrape, all sensors read anew", both))
        with self._both(read_at_each_scrape(matching), subjects.only(subjects.COLLECTORS)) as both:
            return [*lines, self._scrape("CPU per scrape, same subjects", both)]

    def sample(self) -> list[ResultLine]:
        """CPU time per sample of a node with 256 threads."""
        node = tree.Tree(self._folder / "proc")
        settings = {"procfs": str(node.root)}
        options = [f"--path.procfs={node.root}", "--no-collector.netdev.netlink"]
        lines = []
        for words, sensors, collectors, target in (
            ("all of /proc", subjects.PROC_SENSORS, subjects.PROC_COLLECTORS, 0.4),
            ("same subjects", subjects.SENSORS_OF_PROC, subjects.COLLECTORS_OF_PROC, None),
        ):
            chosen = subjects.present(sensors, self._available)
            intervals_s = read_at_each_scrape(chosen)
            flags = [*options, *subjects.only(collectors)]
            with self._both(intervals_s, flags, settings) as both:
                measure = f"CPU per sample, {tree.PROCESSORS} threads, {words}"
                lines.append(self._sample(measure, both, target, node.advance))
        return lines

    def memory(self) -> list[ResultLine]:
        """Resident memory after 1,000 scrapes, and its growth up to 10,000."""
        first, last = _FIRST // self._divisor, _LAST // self._divisor
        with self._both(read_at_each_scrape(self._available)) as (ours, theirs):
            our, our_last = measures.resident_kb(ours, first, last)
            (their,) = measures.resident_kb(theirs, first)
        growth = our_last - our
        return [
            ResultLine(
                f"resident memory after {first:,} scrapes",
                our / their,
                f"{our / 1e3:.1f} MB",
                f"{their / 1e3:.1f} MB",
                1.25,
            ),
            ResultLine(
                f"growth from scrape {first:,} to {last:,}",
                growth,
                f"{growth:+} kB",
                "not measured",
                _NOISE_KB,
                "kB",
            ),
        ]

    def latency(self) -> list[ResultLine]:
        """Latency at 10 scrapes a second."""
        with self._both(read_at_each_scrape(self._available)) as both:
            latencies_s = measures.latencies_s(both, _RATE_HZ, _LATENCY_S / self._divisor)
        our, their = (measures.p99(values) for values in latencies_s)
        our_median, their_median = (sorted(values)[len(values) // 2] for values in latencies_s)
        return [
            ResultLine(
                f"99th percentile of latency, {_RATE_HZ} scrapes/s",
                our / their,
                f"{our * 1e3:.2f} ms (median {our_median * 1e3:.2f})",
                f"{their * 1e3:.2f} ms (median {their_median * 1e3:.2f})",
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
    ) -> ResultLine:
        our, their = measures.cpu(*both, _ROUNDS, _SCRAPES // self._divisor)
        return _line(measure, our, their, target)

    def _sample(
        self,
        measure: str,
        both: tuple[Exporter, Exporter],
        target: float | None,
        before_scrape: Callable[[], None],
    ) -> ResultLine:
        our, their = measures.cpu(*both, _ROUNDS, _SCRAPES // self._divisor, before_scrape)
        ours, theirs = (
            f"{cost.sample_us:.2f} µs ({cost.cpu_ms:.1f} ms, {cost.page})" for cost in (our, their)
        )
        value = measures.ratio(our, their) * their.samples / our.samples
        return ResultLine(measure, value, ours, theirs, target)


def _line(
    measure: str, our: measures.ScrapeCost, their: measures.ScrapeCost, target: float | None
) -> ResultLine:
    ours, theirs = (f"{cost.cpu_ms:.2f} ms ({cost.page})" for cost in (our, their))
    return ResultLine(measure, measures.ratio(our, their), ours, theirs, target)
