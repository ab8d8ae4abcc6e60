"""The metrics of lmaster itself, on /metrics."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from math import isfinite

import psutil
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from fructosa_service import __version__

from ..deliver.delivery import REFUSALS, Delivery
from ..model.own_metric import OwnMetric, Values
from ..queue.spool import REASONS
from ..series.known_series import REASONS as REASONS_OF_SERIES
from ..translate.cluster_totals import TOTALS, totals
from . import own_metrics as own
from .status import StatusSource, journals


class MasterCollector(Collector):
    """Adds up targets and deliveries at each request, so that scraping nodes costs no more."""

    def __init__(self, source: StatusSource) -> None:
        self._source = source

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics of lmaster."""
        for metric, values in self._samples():
            made = Metric(metric.name.removesuffix("_total"), metric.help, metric.type)
            for labels, value in values.items():
                made.add_sample(metric.name, dict(zip(metric.labels, labels, strict=True)), value)
            yield made

    def _samples(self) -> Iterator[tuple[OwnMetric, Values]]:
        yield own.BUILD_INFO, {(__version__,): 1}
        yield from self._configuration()
        yield own.TARGETS, self._targets()
        yield from self._scrapes()
        yield from self._delivery()
        yield from self._queue()
        yield from self._cluster_totals()
        yield from self._slurm()
        yield from self._jobs()
        yield from _process()

    def _configuration(self) -> Iterator[tuple[OwnMetric, Values]]:
        source = self._source
        yield own.READY, {(): source.is_ready}
        yield own.RELOAD_SUCCESSFUL, {(): source.reload_succeeded}
        yield own.RELOAD_TIME, {(): source.reload_time_s}

    def _targets(self) -> Values:
        found = Counter((state.target.group, state.up) for state in self._source.states)
        return {
            (group, name): found[group, up]
            for group in dict.fromkeys(group for group, _ in found)
            for up, name in ((True, "up"), (False, "down"), (None, "waiting"))
        }

    def _scrapes(self) -> Iterator[tuple[OwnMetric, Values]]:
        removed = self._source.removed
        scraped = replace(removed, refused=removed.refused.copy())
        for state in self._source.states:
            scraped.add(state)
        results = {"up": scraped.scrapes - scraped.failures, "down": scraped.failures}
        yield own.SCRAPES, _by_one(results)
        yield own.SCRAPE_SECONDS, {(): scraped.seconds}
        yield own.SAMPLES, {(): scraped.samples}
        yield own.SLOTS_MISSED, {(): scraped.missed}
        refused = {why: scraped.refused[why] for why in REASONS_OF_SERIES}
        dropped = {"not_finite": scraped.not_finite, "repeated": scraped.repeated, **refused}
        yield own.SAMPLES_DROPPED, _by_one(dropped)

    def _delivery(self) -> Iterator[tuple[OwnMetric, Values]]:
        def by_destination(value: Callable[[Delivery], float]) -> Values:
            return {(one.destination.name,): value(one) for one in self._source.deliveries}

        yield own.DESTINATION_UP, by_destination(lambda one: one.last_error is None)
        yield own.QUEUE_POINTS, by_destination(lambda one: one.spool.points)
        yield own.POINTS_DELIVERED, by_destination(lambda one: one.delivered_points)
        dropped: Values = {
            (one.destination.name, reason): one.spool.dropped[reason]
            for one in self._source.deliveries
            for reason in (*REASONS, *REFUSALS)
        }
        yield own.POINTS_DROPPED, dropped
        yield own.QUEUE_MEMORY_POINTS, by_destination(lambda one: one.spool.memory_only_points)

    def _queue(self) -> Iterator[tuple[OwnMetric, Values]]:
        for journal in journals(self._source.deliveries)[:1]:
            yield own.QUEUE_BYTES, {(): journal.segments.size_bytes}
            yield own.QUEUE_LIMIT, {(): self._source.queue_limits[0]}
            yield own.QUEUE_AGE, {(): journal.segments.age_s}
            yield own.QUEUE_ON_DISK, {(): journal.error is None}
            yield own.QUEUE_TORN, {(): journal.segments.torn_bytes}
            yield own.QUEUE_WAS_KILLED, {(): journal.segments.was_killed}

    def _cluster_totals(self) -> Iterator[tuple[OwnMetric, Values]]:
        """Yield the totals over the nodes of a section, if any of its nodes has the metric."""
        by_section = totals(
            (state.target.group, state.target.graphite_path, state.contribution.amounts)
            for state in self._source.states
            if state.contribution is not None
        )
        for number, total in enumerate(TOTALS):
            found: Values = {
                (section,): values[number]
                for section, values in by_section.items()
                if isfinite(values[number])
            }
            if found:
                yield total.exposed, found

    def _jobs(self) -> Iterator[tuple[OwnMetric, Values]]:
        """Yield how keeping jobs goes; nothing without [jobs]."""
        status = self._source.jobs_status
        if status is None:
            return
        yield own.JOB_PAGES, _by_one(status.pages)
        yield own.JOB_ENDS_INCOMPLETE, _by_one(status.incomplete)
        yield own.JOB_RUNS_OPEN, {(): status.open_runs}
        yield own.JOB_ARCHIVE_WRITABLE, {(): status.is_writable}
        yield own.JOB_ARCHIVE_BYTES, {(): status.archive_bytes}

    def _slurm(self) -> Iterator[tuple[OwnMetric, Values]]:
        """Yield what Slurm last reported of the cluster."""
        slurm = self._source.slurm
        yield from ({} if slurm is None else slurm.samples()).items()


def _process() -> Iterator[tuple[OwnMetric, Values]]:
    """Yield CPU time and memory of lmaster, under names that no other exporter uses.

    In Graphite, a query for lmaster's process_cpu_seconds_total would match those of all nodes.
    """
    process = psutil.Process()
    times = process.cpu_times()
    yield own.CPU_SECONDS, {(): times.user + times.system}
    yield own.MEMORY_RESIDENT, {(): process.memory_info().rss}


def _by_one(values: Mapping[str, float]) -> Values:
    return {(value,): number for value, number in values.items()}


def registry(source: StatusSource) -> CollectorRegistry:
    """Return the registry of /metrics: lmaster's own metrics, and those of its process."""
    made = CollectorRegistry()
    made.register(MasterCollector(source))
    ProcessCollector(registry=made)
    return made
