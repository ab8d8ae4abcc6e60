"""The GPUs and the energy of runs: Slurm's indexes, what processes show, and totals of nodes."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from ..jobs.names import RunKey
from ..jobs.node_parts import NodePart
from ..jobs.page import JobPage
from ..jobs.runs import JobRun
from ..slurm_output.gpu_indexes import GPUUse
from ..slurm_output.records import NodeRecord
from .allotments import Allotments
from .gpu_orders import AUTO, GPUOrders
from .machine_page import MachineFigures
from .meters import NodeMeters, PartMeter

HAD_PARTS = "GPUs: it had shards, MPS or MIG instances: nobody measures the use of a part of a GPU"
NOT_TOLD = "GPUs: Slurm did not tell which it had"
NOT_ORDERED = (
    "GPUs: which of {node} Slurm means is not certain: set `gpu order` in [jobs] of lmaster.conf"
)
OF_ANOTHER = "GPUs: {uuid} of {node} is used by another job's process"
NOT_GIVEN = (
    "GPUs: its process uses {uuid} of {node}, which Slurm did not give it: check `gpu order` in "
    "[jobs], and ConstrainDevices in cgroup.conf"
)
NO_ORDER = (
    "GPUs: its processes on {node} use GPUs that no order of Slurm's indexes explains: check "
    "ConstrainDevices in cgroup.conf, or set `gpu order` in [jobs] of lmaster.conf"
)
TOO_LITTLE = "GPUs: too little of its time was read to tell how long they were busy"
NO_TOTALS = "GPUs: {node} does not tell how long they were busy"
ESTIMATE = "energy: an estimate, as other jobs shared its nodes: its share by CPU time"
WITHOUT_CPUS = "energy: that of its GPUs, as its nodes do not measure that of processors"

# Of less than this share of a run's time, its use is not stated.
_LEAST_COVERAGE = 0.8
_MOST_DOUBTS = 8  # notes of a run


class DeviceUse(NamedTuple):
    """What is known of the GPUs of a run: None is unknown."""

    uuids: tuple[str, ...] | None
    busy_s: float | None
    joules: float | None
    coverage: float
    notes: Sequence[str]


_UNKNOWN = DeviceUse(None, None, None, 1.0, ())


class JobDevices:
    """Knows the GPUs of runs that are in memory; *order* is ``[jobs] gpu order``."""

    def __init__(self, order: str = AUTO) -> None:
        self.contradictions = 0  # between what Slurm says and where processes are
        self._orders = GPUOrders(order)
        self._meters = NodeMeters()
        self._allotted: dict[RunKey, dict[str, GPUUse]] = {}
        self._doubts: defaultdict[RunKey, dict[str, None]] = defaultdict(dict)

    def keep_nodes(self, nodes: Iterable[str]) -> None:
        """Forget all nodes but these."""
        nodes = set(nodes)
        self._orders.keep(nodes)
        self._meters.keep(nodes)

    def see_page(
        self,
        node: str,
        page: JobPage,
        figures: MachineFigures | None,
        parts: Sequence[NodePart],
        now_s: float,
    ) -> None:
        """Take what a *page* tells of its node, with the *parts* on it."""
        if any(part.node != node for part in parts):
            self._orders.forget(node)  # several slurmd share the machine: whose GPUs are unknown
        elif figures is not None and figures.gpus:
            self._orders.set_gpus(node, figures.gpus)
        self._meters.add(node, figures, parts, (page.instance, page.boot_id), now_s)
        for part in parts:
            if part.gpus and part.run is not None and part.meter is not None:
                self._compare(part, part.run, part.meter, parts)

    def _compare(
        self, part: NodePart, run: JobRun, meter: PartMeter, parts: Sequence[NodePart]
    ) -> None:
        """Compare the GPUs on which processes of a run are seen with those that Slurm gave it."""
        use = self._of_node(run, part.node)
        if use is None or use.indexes is None:
            return
        seen = frozenset(part.gpus)
        state = use.indexes, seen, self._orders.layout(part.node)
        if meter.checked == (*state, self._orders.version):
            return
        fits = True
        if meter.checked is None or meter.checked[:3] != state:
            fits = self._orders.see(part.node, use.indexes, seen)
        meter.checked = *state, self._orders.version
        own = self._orders.uuids(part.node, use.indexes)
        if own is None:
            if not fits:
                self._doubt(run, NO_ORDER.format(node=part.node))
            return
        for uuid in sorted(seen - own):
            self._doubt(run, NOT_GIVEN.format(uuid=uuid, node=part.node))
            for other in parts:
                if other.run not in (None, run) and uuid in self._own(other):
                    self._doubt(other.run, OF_ANOTHER.format(uuid=uuid, node=part.node))

    def _own(self, part: NodePart) -> frozenset[str]:
        use = None if part.run is None else self._of_node(part.run, part.node)
        if use is None or use.indexes is None:
            return frozenset()
        return self._orders.uuids(part.node, use.indexes) or frozenset()

    def _doubt(self, run: JobRun | None, text: str) -> None:
        if run is None:
            return
        doubts = self._doubts[run.key]
        if text not in doubts and len(doubts) < _MOST_DOUBTS:
            doubts[text] = None
            self.contradictions += 1
            run.is_written = run.is_written and not run.is_over

    def _of_node(self, run: JobRun, node: str) -> GPUUse | None:
        """Return the GPUs of a run on a node if they are whole ones."""
        use = self._allotted.get(run.key, {}).get(node)
        if use is None or use.has_parts or self._orders.has_divided(node):
            return None
        return use

    def see_allotments(
        self,
        allotments: Allotments,
        current: Callable[[str], JobRun | None],
        runs: Iterable[JobRun],
    ) -> None:
        """Take which GPUs jobs have; *current* finds the run of a job, *runs* are in memory."""
        for job_id, by_node in allotments.items():
            run = current(job_id)
            if run is None:
                continue
            known = self._allotted.setdefault(run.key, {})
            for node, use in by_node.items():
                if use.indexes is not None or node not in known:
                    known[node] = use
        if self._allotted or self._doubts:
            keys = {run.key for run in runs}
            for key in self._allotted.keys() - keys:
                del self._allotted[key]
            for key in self._doubts.keys() - keys:
                del self._doubts[key]

    def see_nodes(self, nodes: Iterable[NodeRecord]) -> None:
        """Take how many GPUs Slurm counts on its nodes."""
        self._orders.set_configured(
            {node.name: sum(node.gpus.values()) for node in nodes if node.gpus}
        )

    def fill(self, run: JobRun) -> None:
        """Set the GPUs of a run, their use, its energy, and what is doubtful of them."""
        use = self.figures(run)
        if use is not None:
            run.gpus, run.gpu_busy_s, run.energy_joules = use.uuids, use.busy_s, use.joules
            run.gpu_coverage, run.gpu_notes = use.coverage, tuple(use.notes)

    def figures(self, run: JobRun) -> DeviceUse | None:
        """Return the GPUs and the energy of a run, None if no more is known than before."""
        if run.gpus is not None and run.key not in self._allotted:
            return None  # it ended before lmaster was started
        use = self._gpu_use(run)
        joules, is_estimate = _processors(run)
        notes = list(use.notes)
        energy = joules
        # They use most of it: without them it would be no figure of the run.
        if self._has_gpus(run):
            energy = None if use.joules is None else (joules or 0.0) + use.joules
        if energy is not None and joules is None:
            notes.append(WITHOUT_CPUS)
        elif energy is not None and is_estimate:
            notes.append(ESTIMATE)
        return use._replace(joules=energy, notes=notes)

    def _has_gpus(self, run: JobRun) -> bool:
        return bool(run.gpu_count or self._allotted.get(run.key))

    def _gpu_use(self, run: JobRun) -> DeviceUse:
        if not self._has_gpus(run):
            return _UNKNOWN
        doubts = tuple(self._doubts.get(run.key, ()))
        by_node = self._allotted.get(run.key, {})
        if any(use.has_parts or self._orders.has_divided(node) for node, use in by_node.items()):
            return _UNKNOWN._replace(notes=(HAD_PARTS, *doubts))
        if not _is_complete(run, by_node):
            return _UNKNOWN._replace(notes=(NOT_TOLD, *doubts))
        if doubts:
            return _UNKNOWN._replace(notes=doubts)
        uuids: dict[str, frozenset[str]] = {}
        for node, use in by_node.items():
            found = self._orders.uuids(node, use.indexes or ())
            if found is None:
                note = NOT_ORDERED if self._orders.is_known(node) else NO_TOTALS
                return _UNKNOWN._replace(notes=(note.format(node=node),))
            uuids[node] = found
        return _used(run, uuids)


def _is_complete(run: JobRun, by_node: Mapping[str, GPUUse]) -> bool:
    """Return whether all GPUs of a run are known by index."""
    if not by_node or any(use.indexes is None for use in by_node.values()):
        return False
    count = sum(use.total for use in by_node.values())
    return count == run.gpu_count or all(node in by_node for node in run.nodes)


def _used(run: JobRun, uuids: Mapping[str, frozenset[str]]) -> DeviceUse:
    """Return what GPUs were used by a run whose GPUs are known."""
    found = tuple(uuid for node in uuids for uuid in sorted(uuids[node]))
    busy: list[float | None] = []
    joules: list[float | None] = []
    notes: dict[str, None] = {}
    coverage = 1.0
    for node, of_node in uuids.items():
        part = run.parts.get(node)
        meter = None if part is None else part.meter
        if part is None or meter is None or not _is_enough(part, meter, meter.gpu_s):
            return DeviceUse(found, None, None, 1.0, (TOO_LITTLE,))
        coverage = min(coverage, meter.gpu_s / max(_elapsed_s(part), 1e-3))
        for uuid in of_node:
            used = meter.gpus.get(uuid, (None, None))
            busy.append(used[0])
            joules.append(used[1])
            if used[0] is None and len(notes) < _MOST_DOUBTS:
                notes[NO_TOTALS.format(node=node)] = None
    return DeviceUse(found, _sum(busy), _sum(joules), coverage, tuple(notes))


def _processors(run: JobRun) -> tuple[float | None, bool]:
    """Return the run's share of the energy of its nodes' processors, and whether others ran there.

    None if a node does not measure it, or for too little of the time.
    """
    joules, is_estimate = 0.0, False
    for node in run.nodes:
        part = run.parts.get(node)
        meter = None if part is None else part.meter
        if part is None or meter is None or not _is_enough(part, meter, meter.node_s):
            return None, False
        joules += meter.joules
        is_estimate |= meter.is_estimate
    return (joules if run.nodes else None), is_estimate


def _is_enough(part: NodePart, meter: PartMeter, metered_s: float) -> bool:
    return metered_s - meter.at_edges_s >= _LEAST_COVERAGE * _elapsed_s(part) and metered_s > 0


def _elapsed_s(part: NodePart) -> float:
    """Return for how long a run was on a node, until it ended or was last read."""
    until_s = part.end_s if part.end_s is not None else (part.meter and part.meter.until_s)
    return max(0.0, (until_s or 0.0) - (part.began_s or 0.0))


def _sum(values: Sequence[float | None]) -> float | None:
    return None if None in values else sum(value for value in values if value is not None)
