"""What lmaster says of itself on /metrics."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import isfinite

import psutil
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fructosa_service import __version__

from ..deliver.delivery import REFUSALS, Delivery
from ..queue.spool import REASONS
from ..translate.cluster_totals import TOTALS, totals
from .status import MasterView, journals


class MasterCollector(Collector):
    """Adds up targets and deliveries when it is asked, so that scraping costs nothing more."""

    def __init__(self, view: MasterView) -> None:
        self._view = view

    def collect(self) -> Iterator[Metric]:
        """Yield all of lmaster's metrics."""
        yield _by(
            GaugeMetricFamily,
            "fructosa_master_build_info",
            "Version of lmaster.",
            "version",
            {__version__: 1},
        )
        yield from self._configuration()
        yield self._targets()
        yield from self._scrapes()
        yield from self._delivery()
        yield from self._queue()
        yield from self._sums()
        yield from _cost()

    def _configuration(self) -> Iterator[Metric]:
        view = self._view
        yield GaugeMetricFamily(
            "fructosa_master_ready", "Whether the first scrapes were started.", view.is_ready
        )
        yield GaugeMetricFamily(
            "fructosa_master_config_last_reload_successful",
            "Whether the configuration could be used when it was read last.",
            view.reload_succeeded,
        )
        yield GaugeMetricFamily(
            "fructosa_master_config_last_reload_success_timestamp_seconds",
            "When a configuration came into use last.",
            view.reload_time_s,
        )

    def _targets(self) -> Metric:
        made = GaugeMetricFamily(
            "fructosa_master_targets",
            "Targets by state and [nodes:...] section.",
            # Not group: Prometheus has a label of its own called so for the target itself.
            labels=["section", "state"],
        )
        found = Counter((state.target.group, state.up) for state in self._view.states)
        for group in dict.fromkeys(group for group, _ in found):
            for up, name in ((True, "up"), (False, "down"), (None, "waiting")):
                made.add_metric([group, name], found[group, up])
        return made

    def _scrapes(self) -> Iterator[Metric]:
        sums = replace(self._view.removed)
        for state in self._view.states:
            sums.add(state)
        yield _by(
            CounterMetricFamily,
            "fructosa_master_scrapes_total",
            "Scrapes by result.",
            "result",
            {"up": sums.scrapes - sums.failures, "down": sums.failures},
        )
        yield CounterMetricFamily(
            "fructosa_master_scrape_seconds_total",
            "Seconds that scrapes took, one after the other.",
            sums.seconds,
        )
        yield CounterMetricFamily(
            "fructosa_master_samples_total", "Samples read from pages.", sums.samples
        )
        yield CounterMetricFamily(
            "fructosa_master_slots_missed_total",
            "Slots in which a target was not scraped: the scrape before took too long.",
            sums.missed,
        )
        yield _by(
            CounterMetricFamily,
            "fructosa_master_samples_dropped_total",
            "Samples that Graphite can't hold, by reason.",
            "reason",
            {"not_finite": sums.not_finite, "repeated": sums.repeated},
        )

    def _delivery(self) -> Iterator[Metric]:
        def by_destination(value: Callable[[Delivery], float]) -> dict[str, float]:
            return {
                delivery.destination.name: value(delivery) for delivery in self._view.deliveries
            }

        yield _by(
            GaugeMetricFamily,
            "fructosa_master_destination_up",
            "Whether a destination took what it was sent last: 1, or 0 with an error.",
            "destination",
            by_destination(lambda delivery: delivery.last_error is None),
        )
        yield _by(
            GaugeMetricFamily,
            "fructosa_master_queue_points",
            "Points that wait for delivery.",
            "destination",
            by_destination(lambda delivery: delivery.spool.points),
        )
        yield _by(
            CounterMetricFamily,
            "fructosa_master_points_delivered_total",
            "Points delivered.",
            "destination",
            by_destination(lambda delivery: delivery.delivered_points),
        )
        dropped = CounterMetricFamily(
            "fructosa_master_points_dropped_total",
            "Points dropped before they were delivered, by reason.",
            labels=["destination", "reason"],
        )
        for delivery in self._view.deliveries:
            for reason in (*REASONS, *REFUSALS):
                dropped.add_metric(
                    [delivery.destination.name, reason], delivery.spool.dropped[reason]
                )
        yield dropped
        yield _by(
            GaugeMetricFamily,
            "fructosa_master_queue_memory_points",
            "Points that wait in memory alone: they end with lmaster.",
            "destination",
            by_destination(lambda delivery: delivery.spool.unsafe_points),
        )

    def _queue(self) -> Iterator[Metric]:
        for journal in journals(self._view.deliveries)[:1]:
            yield GaugeMetricFamily(
                "fructosa_master_queue_bytes",
                "Size of the queue on disk.",
                journal.segments.size_bytes,
            )
            yield GaugeMetricFamily(
                "fructosa_master_queue_limit_bytes",
                "Size at which the oldest points are dropped.",
                self._view.queue_limits[0],
            )
            yield GaugeMetricFamily(
                "fructosa_master_queue_age_seconds",
                "Age of the oldest segment of the queue on disk.",
                journal.segments.age_s,
            )
            yield GaugeMetricFamily(
                "fructosa_master_queue_on_disk",
                "Whether the queue can be written: 1, or 0 while points stay in memory.",
                journal.error is None,
            )
            yield CounterMetricFamily(
                "fructosa_master_queue_torn_bytes_total",
                "Bytes cut off the end of the queue at the start: their writing was cut short.",
                journal.segments.torn_bytes,
            )
            yield GaugeMetricFamily(
                "fructosa_master_queue_was_killed",
                "Whether the lmaster before was killed: its last scrapes may not be in the queue.",
                journal.segments.was_killed,
            )

    def _sums(self) -> Iterator[Metric]:
        """Yield the sums over nodes that some node of the section tells."""
        found = totals(
            (state.target.group, state.target.graphite_path, state.contribution.amounts)
            for state in self._view.states
            if state.contribution is not None
        )
        for number, summed in enumerate(TOTALS):
            made = GaugeMetricFamily(summed.name, summed.help, labels=["section"])
            for section, values in found.items():
                if isfinite(values[number]):
                    made.add_metric([section], values[number])
            if made.samples:
                yield made


def _cost() -> Iterator[Metric]:
    """Yield what lmaster costs, by names that no other exporter has, as lagent does.

    In Graphite, process_cpu_seconds_total of all nodes would have to be looked through for it.
    """
    process = psutil.Process()
    times = process.cpu_times()
    yield CounterMetricFamily(
        "fructosa_master_cpu_seconds_total",
        "Processor time that lmaster has used.",
        times.user + times.system,
    )
    yield GaugeMetricFamily(
        "fructosa_master_memory_resident_bytes",
        "Resident memory of lmaster.",
        process.memory_info().rss,
    )


def _by(
    family: Callable[..., Metric], name: str, text: str, label: str, values: dict[str, float]
) -> Metric:
    made = family(name, text, labels=[label])
    for key, value in values.items():
        made.add_metric([key], value)  # type: ignore[attr-defined]
    return made


def registry(view: MasterView) -> CollectorRegistry:
    """Return the registry of lmaster's own page: its work, processor time and memory."""
    made = CollectorRegistry()
    made.register(MasterCollector(view))
    ProcessCollector(registry=made)
    return made
