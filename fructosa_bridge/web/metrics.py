"""The metrics of lmaster itself, on /metrics."""

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
from .status import StatusSource, journals


class MasterCollector(Collector):
    """Adds up targets and deliveries at each request, so that scraping nodes costs no more."""

    def __init__(self, source: StatusSource) -> None:
        self._source = source

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics of lmaster."""
        yield _labelled(
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
        yield from self._cluster_totals()
        yield from self._slurm()
        yield from self._jobs()
        yield from _process()

    def _configuration(self) -> Iterator[Metric]:
        source = self._source
        yield GaugeMetricFamily(
            "fructosa_master_ready", "Whether the first scrapes have been started.", source.is_ready
        )
        yield GaugeMetricFamily(
            "fructosa_master_config_last_reload_successful",
            "Whether the last configuration reload attempt was successful.",
            source.reload_succeeded,
        )
        yield GaugeMetricFamily(
            "fructosa_master_config_last_reload_success_timestamp_seconds",
            "Timestamp of the last successful configuration reload.",
            source.reload_time_s,
        )

    def _targets(self) -> Metric:
        made = GaugeMetricFamily(
            "fructosa_master_targets",
            "Number of targets by state and [nodes:...] section.",
            # Not "group": with our own service discovery, Prometheus adds that label to a target.
            labels=["section", "state"],
        )
        found = Counter((state.target.group, state.up) for state in self._source.states)
        for group in dict.fromkeys(group for group, _ in found):
            for up, name in ((True, "up"), (False, "down"), (None, "waiting")):
                made.add_metric([group, name], found[group, up])
        return made

    def _scrapes(self) -> Iterator[Metric]:
        scraped = replace(self._source.removed)
        for state in self._source.states:
            scraped.add(state)
        yield _labelled(
            CounterMetricFamily,
            "fructosa_master_scrapes_total",
            "Scrapes by result.",
            "result",
            {"up": scraped.scrapes - scraped.failures, "down": scraped.failures},
        )
        yield CounterMetricFamily(
            "fructosa_master_scrape_seconds_total",
            "Total duration of all scrapes.",
            scraped.seconds,
        )
        yield CounterMetricFamily(
            "fructosa_master_samples_total", "Samples scraped.", scraped.samples
        )
        yield CounterMetricFamily(
            "fructosa_master_slots_missed_total",
            "Slots without a scrape: lmaster was late, the clock jumped, or it was cancelled.",
            scraped.missed,
        )
        yield _labelled(
            CounterMetricFamily,
            "fructosa_master_samples_dropped_total",
            "Samples dropped because Graphite cannot store them, by reason.",
            "reason",
            {"not_finite": scraped.not_finite, "repeated": scraped.repeated},
        )

    def _delivery(self) -> Iterator[Metric]:
        def by_destination(value: Callable[[Delivery], float]) -> dict[str, float]:
            return {
                delivery.destination.name: value(delivery) for delivery in self._source.deliveries
            }

        yield _labelled(
            GaugeMetricFamily,
            "fructosa_master_destination_up",
            "0 if the last delivery to a destination failed, 1 otherwise.",
            "destination",
            by_destination(lambda delivery: delivery.last_error is None),
        )
        yield _labelled(
            GaugeMetricFamily,
            "fructosa_master_queue_points",
            "Points waiting for delivery.",
            "destination",
            by_destination(lambda delivery: delivery.spool.points),
        )
        yield _labelled(
            CounterMetricFamily,
            "fructosa_master_points_delivered_total",
            "Points delivered.",
            "destination",
            by_destination(lambda delivery: delivery.delivered_points),
        )
        dropped = CounterMetricFamily(
            "fructosa_master_points_dropped_total",
            "Points dropped instead of delivered, by reason.",
            labels=["destination", "reason"],
        )
        for delivery in self._source.deliveries:
            for reason in (*REASONS, *REFUSALS):
                dropped.add_metric(
                    [delivery.destination.name, reason], delivery.spool.dropped[reason]
                )
        yield dropped
        yield _labelled(
            GaugeMetricFamily,
            "fructosa_master_queue_memory_points",
            "Points waiting in memory only; they are lost if lmaster exits before delivery.",
            "destination",
            by_destination(lambda delivery: delivery.spool.memory_only_points),
        )

    def _queue(self) -> Iterator[Metric]:
        for journal in journals(self._source.deliveries)[:1]:
            yield GaugeMetricFamily(
                "fructosa_master_queue_bytes",
                "Size of the queue on disk.",
                journal.segments.size_bytes,
            )
            yield GaugeMetricFamily(
                "fructosa_master_queue_limit_bytes",
                "Size of the queue on disk at which the oldest points are dropped.",
                self._source.queue_limits[0],
            )
            yield GaugeMetricFamily(
                "fructosa_master_queue_age_seconds",
                "Age of the oldest segment of the queue on disk.",
                journal.segments.age_s,
            )
            yield GaugeMetricFamily(
                "fructosa_master_queue_on_disk",
                "Whether the queue on disk can be written; if not, points stay in memory.",
                journal.error is None,
            )
            yield CounterMetricFamily(
                "fructosa_master_queue_torn_bytes_total",
                "Incomplete bytes cut off the end of the queue at startup.",
                journal.segments.torn_bytes,
            )
            yield GaugeMetricFamily(
                "fructosa_master_queue_was_killed",
                "Whether the previous lmaster was killed: its last scrapes may be missing.",
                journal.segments.was_killed,
            )

    def _cluster_totals(self) -> Iterator[Metric]:
        """Yield the totals over the nodes of a section, if any of its nodes has the metric."""
        by_section = totals(
            (state.target.group, state.target.graphite_path, state.contribution.amounts)
            for state in self._source.states
            if state.contribution is not None
        )
        for number, total in enumerate(TOTALS):
            made = GaugeMetricFamily(total.name, total.help, labels=["section"])
            for section, values in by_section.items():
                if isfinite(values[number]):
                    made.add_metric([section], values[number])
            if made.samples:
                yield made

    def _jobs(self) -> Iterator[Metric]:
        """Yield how keeping jobs goes; nothing without [jobs]."""
        status = self._source.jobs_status
        if status is None:
            return
        yield _labelled(
            CounterMetricFamily,
            "fructosa_master_job_pages_total",
            "Pages of jobs by result: ok, refused or failed.",
            "result",
            dict(status.pages),
        )
        yield _labelled(
            CounterMetricFamily,
            "fructosa_master_job_ends_incomplete_total",
            "Ends of jobs of which something is missing: missed by the agent, dropped before they "
            "were fetched, or of a job unknown to Slurm.",
            "reason",
            dict(status.incomplete),
        )
        yield GaugeMetricFamily(
            "fructosa_master_job_runs_open", "Runs of jobs in memory.", status.open_runs
        )
        yield GaugeMetricFamily(
            "fructosa_master_job_archive_writable",
            "Whether the archive of jobs can be written; if not, jobs stay in memory.",
            status.is_writable,
        )
        yield GaugeMetricFamily(
            "fructosa_master_job_archive_bytes",
            "Size of the archive of jobs.",
            status.archive_bytes,
        )

    def _slurm(self) -> Iterator[Metric]:
        """Yield what Slurm last reported of the cluster."""
        slurm = self._source.slurm
        for metric, values in ({} if slurm is None else slurm.samples()).items():
            made = Metric(metric.name.removesuffix("_total"), metric.help, metric.type)
            for labels, value in values.items():
                made.add_sample(metric.name, dict(zip(metric.labels, labels, strict=True)), value)
            yield made


def _process() -> Iterator[Metric]:
    """Yield CPU time and memory of lmaster, under names that no other exporter uses.

    In Graphite, a query for lmaster's process_cpu_seconds_total would match those of all nodes.
    """
    process = psutil.Process()
    times = process.cpu_times()
    yield CounterMetricFamily(
        "fructosa_master_cpu_seconds_total",
        "CPU time used by lmaster.",
        times.user + times.system,
    )
    yield GaugeMetricFamily(
        "fructosa_master_memory_resident_bytes",
        "Resident memory of lmaster.",
        process.memory_info().rss,
    )


def _labelled(
    family: Callable[..., Metric], name: str, text: str, label: str, values: dict[str, float]
) -> Metric:
    made = family(name, text, labels=[label])
    for key, value in values.items():
        made.add_metric([key], value)  # type: ignore[attr-defined]
    return made


def registry(source: StatusSource) -> CollectorRegistry:
    """Return the registry of /metrics: lmaster's own metrics, and those of its process."""
    made = CollectorRegistry()
    made.register(MasterCollector(source))
    ProcessCollector(registry=made)
    return made
