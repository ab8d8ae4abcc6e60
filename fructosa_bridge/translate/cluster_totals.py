"""Sums over the nodes of a section, told by lmaster: a database would have to look at each node.

What a series adds to is said when its line is first seen, and which numbers of a page these are
when its layout is first seen. A page then costs a look at those alone. Nodes are added up when
somebody asks.
"""

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from operator import itemgetter
from typing import NamedTuple
from weakref import WeakValueDictionary

from fructosa_grafana.query import DISKS, RAPL_WHOLE, WIRES

Labels = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ClusterTotal:
    """A sum over the series of a *metric* whose *labels* fit patterns; of a counter, its rate.

    Or their number: then there is a sum over the same series as well.
    """

    quantity: str
    text: str
    metric: str
    labels: Labels = ()
    is_count: bool = False

    @property
    def name(self) -> str:
        """What lmaster calls the sum."""
        return f"fructosa_cluster_{self.quantity}"

    @property
    def is_rate(self) -> bool:
        """Whether it is what counters grow by in a second."""
        return self.metric.endswith("_total")

    def takes(self, labels: Labels) -> bool:
        """Return whether a series with these *labels* adds to it."""
        said = dict(labels)
        return all(re.fullmatch(pattern, said.get(name, "")) for name, pattern in self.labels)


_WIRES = (("interface", WIRES.regex),)
_DISKS = (("device", DISKS.regex),)
_WHOLE = (("name", RAPL_WHOLE.regex),)
_BYTES = "bytes_per_second"

TOTALS = (
    ClusterTotal("cpu_threads", "Hardware threads of all nodes.", "fructosa_cpu_threads"),
    ClusterTotal(
        "load_average",
        "Load average of 1 minute, of all nodes together.",
        "fructosa_load_average",
        (("minutes", "1"),),
    ),
    ClusterTotal(
        "load_runnable_threads",
        "Threads of all nodes that run or want to.",
        "fructosa_load_runnable_threads",
    ),
    ClusterTotal("memory_total_bytes", "Memory of all nodes.", "fructosa_memory_total_bytes"),
    ClusterTotal(
        "memory_available_bytes",
        "Memory of all nodes that is usable without swapping.",
        "fructosa_memory_available_bytes",
    ),
    ClusterTotal(
        f"network_receive_{_BYTES}",
        "Bytes a second that Ethernet, InfiniBand and Slingshot interfaces of all nodes receive.",
        "fructosa_network_receive_bytes_total",
        _WIRES,
    ),
    ClusterTotal(
        f"network_transmit_{_BYTES}",
        "Bytes a second that Ethernet, InfiniBand and Slingshot interfaces of all nodes send.",
        "fructosa_network_transmit_bytes_total",
        _WIRES,
    ),
    ClusterTotal(
        f"disk_read_{_BYTES}",
        "Bytes a second read from the local disks of all nodes.",
        "fructosa_disk_read_bytes_total",
        _DISKS,
    ),
    ClusterTotal(
        f"disk_written_{_BYTES}",
        "Bytes a second written to the local disks of all nodes.",
        "fructosa_disk_written_bytes_total",
        _DISKS,
    ),
    ClusterTotal(
        "power_watts",
        "What processor packages and memory of all nodes draw, where they meter it (RAPL).",
        "fructosa_energy_joules_total",
        _WHOLE,
    ),
    ClusterTotal("gpus_up", "GPUs of all nodes that answer.", "fructosa_gpu_up"),
    ClusterTotal(
        "gpus", "GPUs of all nodes that answer or once did.", "fructosa_gpu_up", is_count=True
    ),
    ClusterTotal(
        "gpu_utilization",
        "How many GPUs of all nodes are busy, by the share of time in which something runs.",
        "fructosa_gpu_utilization_ratio",
    ),
    ClusterTotal(
        "gpu_memory_total_bytes",
        "Memory of the GPUs of all nodes.",
        "fructosa_gpu_memory_total_bytes",
    ),
    ClusterTotal(
        "gpu_memory_used_bytes",
        "Memory that is allocated on the GPUs of all nodes.",
        "fructosa_gpu_memory_used_bytes",
    ),
    ClusterTotal("gpu_power_watts", "What the GPUs of all nodes draw.", "fructosa_gpu_power_watts"),
    ClusterTotal(
        "gpu_power_limit_watts",
        "What the GPUs of all nodes are held to.",
        "fructosa_gpu_power_limit_watts",
    ),
)
_OF_METRIC = {
    metric: [
        number
        for number, summed in enumerate(TOTALS)
        if summed.metric == metric and not summed.is_count
    ]
    for metric in {summed.metric for summed in TOTALS}
}
# Of a sum, what counts the same series.
_COUNTED = {
    _OF_METRIC[summed.metric][0]: number for number, summed in enumerate(TOTALS) if summed.is_count
}
_NOTHING = array("d", [nan] * len(TOTALS))


class Addend(NamedTuple):
    """A series that adds to the sum with a *number*."""

    number: int
    labels: frozenset[tuple[str, str]]


def addend(metric: str, labels: Labels) -> Addend | None:
    """Return what a series is a part of; None for nearly all."""
    for number in _OF_METRIC.get(metric, ()):
        if TOTALS[number].takes(labels):
            return Addend(number, frozenset(label for label in labels if label[1]))
    return None


class AddendIndex:
    """Which numbers of a layout are added up: gauges first, then counters."""

    __slots__ = ("__weakref__", "_take", "counts", "gauges", "parts", "spans")

    def __init__(self, placed: Iterable[tuple[int, Addend]]) -> None:
        # Of a series that stands twice the last is taken, as in Graphite.
        places = {addend: place for place, addend in placed}
        self.parts = tuple(
            sorted(places, key=lambda addend: (TOTALS[addend.number].is_rate, addend.number))
        )
        # One more, which is left out again: of a single place itemgetter() returns no tuple.
        self._take = itemgetter(*map(places.__getitem__, self.parts), 0)
        self.gauges = sum(not TOTALS[addend.number].is_rate for addend in self.parts)
        numbers = [addend.number for addend in self.parts]
        self.spans = tuple(
            (number, numbers.index(number), numbers.index(number) + numbers.count(number))
            for number in dict.fromkeys(numbers)
        )
        self.counts = tuple(
            (_COUNTED[number], start, stop)
            for number, start, stop in self.spans
            if number in _COUNTED
        )

    def taken(self, numbers: Sequence[float]) -> "Addends":
        """Return what the *numbers* of a page have to add."""
        return Addends(self, array("d", self._take(numbers)[:-1]))


class Addends(NamedTuple):
    """The values of a page that are added up, in the order of *picks*."""

    picks: AddendIndex
    values: "array[float]"


class AddendIndexes:
    """The picks in use, each once."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[tuple[tuple[int, Addend], ...], AddendIndex] = (
            WeakValueDictionary()
        )

    def of(self, placed: tuple[tuple[int, Addend], ...]) -> AddendIndex | None:
        """Return these picks: one object for all who say the same; None where there are none."""
        if not placed:
            return None
        found = self._known.get(placed)
        if found is None:
            found = self._known[placed] = AddendIndex(placed)
        return found


class Contribution(NamedTuple):
    """What the last page of a target has to add: *amounts* by the number of the sum, or NaN."""

    due_s: float
    picks: AddendIndex
    values: "array[float]"
    amounts: "array[float]"


def contribution(taken: Addends, due_s: float, before: Contribution | None) -> Contribution:
    """Return what a page that was due at *due_s* adds, given the page *before* it, if any."""
    picks, values = taken
    each = [*values[: picks.gauges], *_growth(taken, due_s, before)]
    amounts = _NOTHING[:]
    for number, start, stop in picks.spans:
        amounts[number] = _sum(each[start:stop])
    for number, start, stop in picks.counts:
        amounts[number] = sum(map(isfinite, each[start:stop]))
    return Contribution(due_s, picks, values, amounts)


def _growth(taken: Addends, due_s: float, before: Contribution | None) -> list[float]:
    """Return what each counter grew by in a second, NaN where that is not known."""
    now = taken.values[taken.picks.gauges :]
    if before is None or due_s <= before.due_s:
        return [nan] * len(now)
    took_s = due_s - before.due_s
    pairs = zip(now, _counters(before, taken.picks), strict=True)
    return [(value - had) / took_s if value >= had else nan for value, had in pairs]


def _counters(before: Contribution, picks: AddendIndex) -> Sequence[float]:
    """Return the values that the counters of *picks* had; NaN where one is new."""
    if before.picks is picks or before.picks.parts == picks.parts:
        return before.values[picks.gauges :]
    known = dict(zip(before.picks.parts, before.values, strict=True))
    return [known.get(addend, nan) for addend in picks.parts[picks.gauges :]]


def _sum(values: Sequence[float]) -> float:
    """Return the sum of those that are finite; NaN where none is."""
    total = sum(values)
    if isfinite(total):
        return total
    finite = list(filter(isfinite, values))
    total = sum(finite)
    return total if finite and isfinite(total) else nan


def totals(each: Iterable[tuple[str, str, Sequence[float]]]) -> dict[str, list[float]]:
    """Return the sums of each section, by their number; NaN where no node tells it.

    *each* is a target's section, path and amounts. Where two have a path, the node counts once for
    each sum: in the section that comes first.
    """
    rows: dict[str, list[Sequence[float]]] = {}
    counted: dict[str, list[Sequence[float]]] = {}
    for section, path, amounts in each:
        before = counted.setdefault(path, [])
        for earlier in before:
            # NaN alone differs from itself.
            amounts = [
                new if had != had else nan for had, new in zip(earlier, amounts, strict=True)
            ]
        before.append(amounts)
        rows.setdefault(section, []).append(amounts)
    return {
        section: [_sum(column) for column in zip(*row, strict=True)]
        for section, row in rows.items()
    }
