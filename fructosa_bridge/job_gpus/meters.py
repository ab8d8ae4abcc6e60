"""What the totals of a node grew by while each of its jobs ran."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..jobs.node_parts import NodePart
from .machine_page import GPUFigures, MachineFigures

# An interval between two pages that is longer does not tell when in it a job used what.
_LONGEST_S = 300.0
# Times of the start and the end of a job are rounded.
_WHOLE = 0.999
# What a GPU uses at most: with more, a counter has jumped.
_MOST_WATTS = 3_000.0
_MOST_NODE_WATTS = 50_000.0


class PartMeter:
    """What was used on a node while a run was there.

    *gpus* has the busy seconds and the joules of each GPU of the node, None if unknown, in
    *gpu_s* seconds. *joules* is the run's share of the energy of processors, in *node_s* seconds.
    Of *at_edges_s* seconds, in which the run began or ended between two pages, it is estimated how
    much was used in its time. *is_estimate* if other jobs ran at the same time. *cpu_s* are the CPU
    seconds of the part that are accounted for.
    """

    __slots__ = (
        *("at_edges_s", "checked", "cpu_s", "gpu_s", "gpus", "is_estimate", "joules", "node_s"),
        "until_s",
    )

    def __init__(self) -> None:
        self.gpus: dict[str, tuple[float | None, float | None]] = {}
        self.gpu_s = self.node_s = self.at_edges_s = self.joules = 0.0
        self.is_estimate = False
        self.cpu_s: float | None = None
        self.until_s: float | None = None
        # Which indexes and processes were compared, and with which orders of GPUs.
        self.checked: tuple[frozenset[int], frozenset[str], int, int] | None = None

    def values(self) -> list[Any]:
        """Return all that it knows, as plain values."""
        gpus = {uuid: list(used) for uuid, used in self.gpus.items()}
        return [
            *(gpus, self.gpu_s, self.node_s, self.at_edges_s, self.joules, self.is_estimate),
            *(self.cpu_s, self.until_s),
        ]

    @classmethod
    def of_values(cls, values: Sequence[Any]) -> "PartMeter":
        """Return a meter as values() returned it. Raises: ValueError, TypeError."""
        meter = cls()
        gpus, meter.gpu_s, meter.node_s, meter.at_edges_s, meter.joules, *rest = values
        meter.is_estimate, meter.cpu_s, meter.until_s = rest
        meter.gpus = {uuid: (busy_s, joules) for uuid, (busy_s, joules) in gpus.items()}
        return meter


class _Page(NamedTuple):
    instance: str
    boot_id: str
    time_s: float
    figures: MachineFigures


class NodeMeters:
    """Compares each page of a node with the one before."""

    def __init__(self) -> None:
        self._pages: dict[str, _Page] = {}

    def keep(self, nodes: Iterable[str]) -> None:
        """Forget all nodes but these."""
        for node in self._pages.keys() - set(nodes):
            del self._pages[node]

    def add(
        self,
        node: str,
        figures: MachineFigures | None,
        parts: Sequence[NodePart],
        agent: tuple[str, str],
        now_s: float,
    ) -> None:
        """Add what a page tells to the meters of the *parts* on it; *agent* is instance and boot.

        Between pages of two starts of an agent nothing is known: totals begin anew.
        """
        before = self._pages.pop(node, None)
        if figures is None:
            return
        self._pages[node] = _Page(*agent, now_s, figures)
        if before is None or before[:2] != agent or not 0 < now_s - before.time_s <= _LONGEST_S:
            grown, since_s = None, now_s
        else:
            grown, since_s = _grown(before.figures, figures, now_s - before.time_s), before.time_s
        _share(grown, parts, since_s, now_s)


class _Grown(NamedTuple):
    gpus: Mapping[str, tuple[float | None, float | None]]
    joules: float | None


def _grown(before: MachineFigures, now: MachineFigures, seconds: float) -> _Grown:
    """Return by how much totals grew; None where they fell or jumped."""
    known = {gpu.uuid: gpu for gpu in before.gpus}
    nothing = GPUFigures("")
    gpus = {
        gpu.uuid: (
            _difference(known.get(gpu.uuid, nothing).busy_s, gpu.busy_s, seconds * 1.1 + 2),
            _difference(
                known.get(gpu.uuid, nothing).energy_joules,
                gpu.energy_joules,
                (seconds + 2) * _MOST_WATTS,
            ),
        )
        for gpu in now.gpus
    }
    most_joules = (seconds + 2) * _MOST_NODE_WATTS
    return _Grown(gpus, _difference(before.energy_joules, now.energy_joules, most_joules))


def _difference(before: float | None, now: float | None, most: float) -> float | None:
    if before is None or now is None or not 0 <= now - before <= most:
        return None
    return now - before


class _Stay(NamedTuple):
    """The time of a part in an interval, and the CPU seconds that it used then."""

    meter: PartMeter
    lived_s: float
    cpu_s: float


def _share(grown: _Grown | None, parts: Sequence[NodePart], since_s: float, now_s: float) -> None:
    stays = [stay for part in parts if (stay := _stay(part, since_s, now_s)) is not None]
    if grown is None or not stays:
        return
    seconds = now_s - since_s
    cpu_s = sum(stay.cpu_s for stay in stays)
    lived_s = sum(stay.lived_s for stay in stays)
    for meter, part_s, part_cpu_s in stays:
        if part_s < seconds * _WHOLE:
            meter.at_edges_s += part_s
        if grown.gpus:
            _add_gpus(meter, grown.gpus, part_s / seconds)
            meter.gpu_s += part_s
        if grown.joules is None:
            continue
        meter.node_s += part_s
        if lived_s <= seconds / _WHOLE:  # one job, or one after the other
            meter.joules += grown.joules * min(1.0, part_s / seconds)
            continue
        meter.joules += grown.joules * (part_cpu_s / cpu_s if cpu_s > 0 else part_s / lived_s)
        meter.is_estimate = True


def _stay(part: NodePart, since_s: float, now_s: float) -> _Stay | None:
    """Return the stay of a part, None if it was not there; note its CPU seconds."""
    if part.began_s is None:
        return None
    if part.meter is None:
        part.meter = PartMeter()
    meter = part.meter
    begins_s = max(part.began_s, since_s)
    ends_s = now_s if part.end_s is None else min(part.end_s, now_s)
    total_s = part.totals[0] or 0.0
    if meter.cpu_s is None:  # it may have run before; what it used in this time is estimated
        age_s = max(ends_s - part.began_s, 1e-3)
        used_s = total_s * min(1.0, max(0.0, ends_s - begins_s) / age_s)
    else:
        used_s = max(0.0, total_s - meter.cpu_s)
    meter.cpu_s = total_s
    meter.until_s = max(ends_s, meter.until_s or ends_s)
    return _Stay(meter, ends_s - begins_s, used_s) if ends_s > begins_s else None


def _add_gpus(
    meter: PartMeter, gpus: Mapping[str, tuple[float | None, float | None]], share: float
) -> None:
    sums = meter.gpus
    is_first = not meter.gpu_s
    for uuid, (busy_s, joules) in gpus.items():
        before = sums.get(uuid, (0.0, 0.0) if is_first else (None, None))
        sums[uuid] = _plus(before[0], busy_s, share), _plus(before[1], joules, share)
    for uuid in sums.keys() - gpus.keys():  # a GPU that is lost
        sums[uuid] = None, None


def _plus(before: float | None, grown: float | None, share: float) -> float | None:
    return None if before is None or grown is None else before + grown * share
