"""What lmaster says of itself on /metrics."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fructosa_service import __version__

from .deliver import Delivery
from .scraper import State
from .spool import REASONS


class MasterCollector(Collector):
    """Adds up targets and deliveries when it is asked, so that scraping costs nothing more."""

    def __init__(self, states: Sequence[State], deliveries: Sequence[Delivery]) -> None:
        self._states = states
        self._deliveries = deliveries

    def collect(self) -> Iterator[Metric]:
        """Yield all of lmaster's metrics."""
        yield _by(
            GaugeMetricFamily,
            "fructosa_master_build_info",
            "Version of lmaster.",
            "version",
            {__version__: 1},
        )
        yield from self._targets()
        yield from self._delivery()
        yield from self._queue()

    def _targets(self) -> Iterator[Metric]:
        states = self._states
        up = sum(state.up is True for state in states)
        down = sum(state.up is False for state in states)
        yield _by(
            GaugeMetricFamily,
            "fructosa_master_targets",
            "Targets by state.",
            "state",
            {"up": up, "down": down, "waiting": len(states) - up - down},
        )
        failures = sum(state.failures for state in states)
        yield _by(
            CounterMetricFamily,
            "fructosa_master_scrapes_total",
            "Scrapes by result.",
            "result",
            {"up": sum(state.scrapes for state in states) - failures, "down": failures},
        )
        yield CounterMetricFamily(
            "fructosa_master_samples_total",
            "Samples read from pages.",
            sum(state.samples_total for state in states),
        )
        yield CounterMetricFamily(
            "fructosa_master_slots_missed_total",
            "Slots in which a target was not scraped: the scrape before took too long.",
            sum(state.missed for state in states),
        )
        yield _by(
            CounterMetricFamily,
            "fructosa_master_samples_dropped_total",
            "Samples that Graphite can't hold, by reason.",
            "reason",
            {
                "not_finite": sum(state.not_finite for state in states),
                "repeated": sum(state.repeated for state in states),
            },
        )

    def _delivery(self) -> Iterator[Metric]:
        def by_destination(value: Callable[[Delivery], float]) -> dict[str, float]:
            return {delivery.destination.name: value(delivery) for delivery in self._deliveries}

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
        for delivery in self._deliveries:
            for reason in REASONS:
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
        journals = {delivery.spool.journal for delivery in self._deliveries}
        for journal in filter(None, journals):
            yield GaugeMetricFamily(
                "fructosa_master_queue_bytes",
                "Size of the queue on disk.",
                journal.segments.size_bytes,
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


def _by(
    family: Callable[..., Metric], name: str, text: str, label: str, values: dict[str, float]
) -> Metric:
    made = family(name, text, labels=[label])
    for key, value in values.items():
        made.add_metric([key], value)  # type: ignore[attr-defined]
    return made


def registry(states: Sequence[State], deliveries: Iterable[Delivery]) -> CollectorRegistry:
    """Return the registry of lmaster's own page: its work, processor time and memory."""
    made = CollectorRegistry()
    made.register(MasterCollector(states, list(deliveries)))
    ProcessCollector(registry=made)
    return made
