"""Totals over the nodes of a section, which lmaster exposes itself.

A database of 10,000 nodes would have to read a series of each node for every such total.

Which total a series adds to is decided when its line is first seen, and where its number is in a
page when the page's template is first seen. After that a page costs a look at a few numbers. The
nodes are added up when somebody scrapes lmaster.
"""

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from operator import itemgetter
from typing import NamedTuple
from weakref import WeakValueDictionary

from fructosa_service.device_names import DISKS, NETWORK_INTERFACES, RAPL_ZONES

from ..model.own_metric import OwnMetric

Labels = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ClusterTotal:
    """The sum of a *metric*'s series whose *labels* match regular expressions.

    Of a counter it is the sum of the rates. With *is_count* it is the number of these series; then
    there is a total with their sum as well.
    """

    quantity: str
    help: str
    metric: str
    labels: Labels = ()
    is_count: bool = False

    @property
    def exposed(self) -> OwnMetric:
        """The metric that lmaster exposes."""
        return OwnMetric(self.name, self.help, ("section",))

    @property
    def name(self) -> str:
        """The name of that metric."""
        return f"fructosa_cluster_{self.quantity}"

    @property
    def is_rate(self) -> bool:
        """Whether it adds up the growth of counters per second."""
        return self.metric.endswith("_total")

    def matches(self, labels: Labels) -> bool:
        """Return whether a series with these *labels* adds to it."""
        values = dict(labels)
        return all(re.fullmatch(regex, values.get(name, "")) for name, regex in self.labels)


_INTERFACES = (("interface", NETWORK_INTERFACES.regex),)
_DISKS = (("device", DISKS.regex),)
_ZONES = (("name", RAPL_ZONES.regex),)
_BYTES = "bytes_per_second"

TOTALS = (
    ClusterTotal("cpu_threads", "Hardware threads of all nodes.", "fructosa_cpu_threads"),
    ClusterTotal(
        "load_average",
        "Sum of the 1-minute load averages of all nodes.",
        "fructosa_load_average",
        (("minutes", "1"),),
    ),
    ClusterTotal(
        "load_runnable_threads",
        "Threads of all nodes that are running or runnable.",
        "fructosa_load_runnable_threads",
    ),
    ClusterTotal(
        "memory_total_bytes", "Installed memory of all nodes.", "fructosa_memory_total_bytes"
    ),
    ClusterTotal(
        "memory_available_bytes",
        "Memory of all nodes that is available without swapping.",
        "fructosa_memory_available_bytes",
    ),
    ClusterTotal(
        f"network_receive_{_BYTES}",
        "Bytes per second received by Ethernet, InfiniBand and Slingshot interfaces of all nodes.",
        "fructosa_network_receive_bytes_total",
        _INTERFACES,
    ),
    ClusterTotal(
        f"network_transmit_{_BYTES}",
        "Bytes per second sent by Ethernet, InfiniBand and Slingshot interfaces of all nodes.",
        "fructosa_network_transmit_bytes_total",
        _INTERFACES,
    ),
    ClusterTotal(
        f"disk_read_{_BYTES}",
        "Bytes per second read from the local disks of all nodes.",
        "fructosa_disk_read_bytes_total",
        _DISKS,
    ),
    ClusterTotal(
        f"disk_written_{_BYTES}",
        "Bytes per second written to the local disks of all nodes.",
        "fructosa_disk_written_bytes_total",
        _DISKS,
    ),
    ClusterTotal(
        "power_watts",
        "Power of processor packages and memory of all nodes that measure it (RAPL).",
        "fructosa_energy_joules_total",
        _ZONES,
    ),
    ClusterTotal("gpus_up", "GPUs of all nodes that respond.", "fructosa_gpu_up"),
    ClusterTotal(
        "gpus",
        "GPUs of all nodes, including those that stopped responding.",
        "fructosa_gpu_up",
        is_count=True,
    ),
    ClusterTotal(
        "gpu_utilization",
        "Sum of the utilization ratios of all GPUs: the number of busy GPUs.",
        "fructosa_gpu_utilization_ratio",
    ),
    ClusterTotal(
        "gpu_memory_total_bytes",
        "Memory of the GPUs of all nodes.",
        "fructosa_gpu_memory_total_bytes",
    ),
    ClusterTotal(
        "gpu_memory_used_bytes",
        "Memory in use on the GPUs of all nodes.",
        "fructosa_gpu_memory_used_bytes",
    ),
    ClusterTotal("gpu_power_watts", "Power of the GPUs of all nodes.", "fructosa_gpu_power_watts"),
    ClusterTotal(
        "gpu_power_limit_watts",
        "Power limit of the GPUs of all nodes.",
        "fructosa_gpu_power_limit_watts",
    ),
)
_INDEXES = {
    metric: [
        index for index, total in enumerate(TOTALS) if total.metric == metric and not total.is_count
    ]
    for metric in {total.metric for total in TOTALS}
}
# From a sum to the total that counts the same series.
_COUNT_OF = {
    _INDEXES[total.metric][0]: index for index, total in enumerate(TOTALS) if total.is_count
}
_UNKNOWN = array("d", [nan] * len(TOTALS))


class Addend(NamedTuple):
    """A series that adds to the total with this index in TOTALS."""

    total: int
    labels: frozenset[tuple[str, str]]


def addend(metric: str, labels: Labels) -> Addend | None:
    """Return what a series adds to; None for nearly all series."""
    for index in _INDEXES.get(metric, ()):
        if TOTALS[index].matches(labels):
            return Addend(index, frozenset(label for label in labels if label[1]))
    return None


class AddendIndex:
    """Where the addends are among the numbers of a template: gauges first, then counters.

    *spans* are (index of the total, start, stop) in that order; *counts* likewise, of totals that
    count.
    """

    __slots__ = ("__weakref__", "_pick", "addends", "counts", "gauges", "spans")

    def __init__(self, placed: Iterable[tuple[int, Addend]]) -> None:
        places: dict[Addend, int] = {}
        for place, addend in placed:
            places.setdefault(addend, place)  # the first of repeated series counts
        self.addends = tuple(sorted(places, key=lambda one: (TOTALS[one.total].is_rate, one.total)))
        # One place more, whose number is dropped: of one place itemgetter() returns no tuple.
        self._pick = itemgetter(*map(places.__getitem__, self.addends), 0)
        self.gauges = sum(not TOTALS[one.total].is_rate for one in self.addends)
        indexes = [one.total for one in self.addends]
        self.spans = tuple(
            (index, indexes.index(index), indexes.index(index) + indexes.count(index))
            for index in dict.fromkeys(indexes)
        )
        self.counts = tuple(
            (_COUNT_OF[index], start, stop)
            for index, start, stop in self.spans
            if index in _COUNT_OF
        )

    def values(self, numbers: Sequence[float]) -> "AddendValues":
        """Return the values of the addends in a page with these *numbers*."""
        return AddendValues(self, array("d", self._pick(numbers)[:-1]))


class AddendValues(NamedTuple):
    """The values of the addends of a page, in the order of *addend_index*."""

    addend_index: AddendIndex
    values: "array[float]"


class AddendIndexes:
    """The indexes in use, each of them once."""

    def __init__(self) -> None:
        self._shared: WeakValueDictionary[tuple[tuple[int, Addend], ...], AddendIndex]
        self._shared = WeakValueDictionary()

    def shared(self, placed: tuple[tuple[int, Addend], ...]) -> AddendIndex | None:
        """Return the same object for all templates with these addends; None if there are none."""
        if not placed:
            return None
        found = self._shared.get(placed)
        if found is None:
            found = self._shared[placed] = AddendIndex(placed)
        return found

    def __len__(self) -> int:
        return len(self._shared)


class Contribution(NamedTuple):
    """What the last page of a target adds: *amounts* by the index of the total, NaN if unknown."""

    due_s: float
    addend_index: AddendIndex
    values: "array[float]"
    amounts: "array[float]"


def contribution(addends: AddendValues, due_s: float, before: Contribution | None) -> Contribution:
    """Return what a page that was due at *due_s* adds; *before* is that of the page before it."""
    index, values = addends
    each = [*values[: index.gauges], *_rates(addends, due_s, before)]
    amounts = _UNKNOWN[:]
    for total, start, stop in index.spans:
        amounts[total] = _sum(each[start:stop])
    for total, start, stop in index.counts:
        amounts[total] = sum(map(isfinite, each[start:stop]))
    return Contribution(due_s, index, values, amounts)


def _rates(addends: AddendValues, due_s: float, before: Contribution | None) -> list[float]:
    """Return the growth of each counter per second, NaN if unknown."""
    now = addends.values[addends.addend_index.gauges :]
    if before is None or due_s <= before.due_s:
        return [nan] * len(now)
    elapsed_s = due_s - before.due_s
    pairs = zip(now, _counters(before, addends.addend_index), strict=True)
    return [(value - old) / elapsed_s if value >= old else nan for value, old in pairs]


def _counters(before: Contribution, index: AddendIndex) -> Sequence[float]:
    """Return the previous values of the counters of *index*, NaN for a new one."""
    if before.addend_index is index or before.addend_index.addends == index.addends:
        return before.values[index.gauges :]
    known = dict(zip(before.addend_index.addends, before.values, strict=True))
    return [known.get(one, nan) for one in index.addends[index.gauges :]]


def _sum(values: Sequence[float]) -> float:
    """Return the sum of the finite values, NaN if there are none."""
    total = sum(values)
    if isfinite(total):
        return total
    finite = list(filter(isfinite, values))
    total = sum(finite)
    return total if finite and isfinite(total) else nan


def totals(each: Iterable[tuple[str, str, Sequence[float]]]) -> dict[str, list[float]]:
    """Return the totals of each section by their index, NaN if no node has a value.

    *each* is section, Graphite path and amounts of a target. If two targets have the same path, the
    node counts once for each total: in the section that comes first.
    """
    rows: dict[str, list[Sequence[float]]] = {}
    counted: dict[str, list[Sequence[float]]] = {}
    for section, path, amounts in each:
        before = counted.setdefault(path, [])
        for earlier in before:
            # Only NaN differs from itself.
            amounts = [
                new if old != old else nan for old, new in zip(earlier, amounts, strict=True)
            ]
        before.append(amounts)
        rows.setdefault(section, []).append(amounts)
    return {
        section: [_sum(column) for column in zip(*row, strict=True)]
        for section, row in rows.items()
    }
