"""The edge of running totals: reads GPUs, energy and faults of a node for the page of jobs.

Busy seconds of a GPU: since Hopper, GPM tells the mean share of the time between two looks. Before,
utilisation (of the driver's last 1/6 to 1 s) times the time between looks, which are the fetches
of the page: accounting of processes needs root to be switched on, so it is not used.
"""

import time
from collections.abc import Callable
from typing import Any

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.gpus.driver import DriverError, Labels
from fructosa_exporter.gpus.driver_lock import DriverHangs
from fructosa_exporter.gpus.quantities import QuantityValues, columns
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.slurm_totals.gpu_totals import GPULook, GPUTotals
from fructosa_exporter.slurm_totals.node_series import NOT_READ, MachineTotals
from fructosa_exporter.sources.interface_state import link_losses
from fructosa_exporter.sources.mounts import Mounts

from .hardware.edac import EDAC
from .hardware.energy import EnergyRAPL
from .network.infiniband import InfiniBand
from .storage.disk import DiskUsage

_XIDS = ("xids",)
# Faults and file systems are read once in so many seconds, however often pages are; and so is
# whether the node measures its energy.
_CALM_S = 55.0

Pids = dict[str, set[int]]
"""The processes on each GPU, by its UUID."""


class MachineReader:
    """Reads the GPUs, the energy and the faults of a node; *name* is that of the sensor."""

    def __init__(
        self,
        name: str,
        gpus: AllVendors,
        read: Kernel,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._gpus = gpus
        self._clock = clock
        self._rapl, self._edac, self._infiniband = EnergyRAPL(), EDAC(), InfiniBand()
        for sensor in (self._rapl, self._edac, self._infiniband):
            sensor.read = read
        self._read = read
        self._disks = DiskUsage(mounts=Mounts(read))
        self._totals = GPUTotals()
        self._of_node, self._calm_s = NOT_READ, -_CALM_S

    @property
    def totals(self) -> MachineTotals:
        """The totals as of the last look."""
        return self._of_node._replace(gpus=self._totals.known())

    def look(self) -> Pids:
        """Read all, and return the processes on each GPU. What cannot be read is absent."""
        self._look_at_node()
        try:
            found = self._gpus.query_each(self._name, _query)
            xids = dict(self._gpus.events(self._name))
        except (SensorUnavailable, DriverError, DriverHangs):  # sensors of GPUs report it
            self._totals.add((), self._clock())
            return {}
        self._totals.add(
            (_look(labels, values, xids.get(labels, {})) for labels, (_, values) in found),
            self._clock(),
        )
        return {uuid: pids for (_, uuid), (pids, _) in found}

    def _look_at_node(self) -> None:
        now_s = self._clock()
        is_due = now_s >= self._calm_s + _CALM_S
        if is_due:  # these take most of the time of a page
            self._calm_s = now_s
            links = {**link_losses(self._read), **self._infiniband.link_downs()}
            self._of_node = self._of_node._replace(
                link_downs=tuple(links.items()),
                fullest=self._fullest(),
                memory_errors=self._edac.node_errors(),
            )
        if is_due or self._of_node.energy_joules is not None:
            self._of_node = self._of_node._replace(energy_joules=self._rapl.node_joules())

    def _fullest(self) -> tuple[str, float] | None:
        try:
            return self._disks.fullest()
        except (SensorUnavailable, OSError):  # the sensor DiskUsage says so
            return None


def _query(gpu: Any) -> tuple[set[int], QuantityValues]:
    """Return the processes on a GPU, and its values by quantity."""
    processes = gpu.processes().values()
    pids = {one.pid for of_kind in processes for one in of_kind if one.pid}
    info = (pair for part in columns(gpu.info()) for pair in zip(*part, strict=True))
    return pids, {**dict(info), **gpu.use(), **gpu.faults()}


def _look(labels: Labels, values: QuantityValues, events: QuantityValues) -> GPULook:
    index, uuid = labels
    minor = values.get(("minor",))
    infos = [names for names in values if names[0] == "info"]
    return GPULook(
        uuid,
        index,
        None if minor is None else int(minor),
        infos[0][2] if infos else "",
        bool(values.get(("mig_enabled",))),
        values.get(("busy",)),
        values.get(("mean_busy",)),
        values.get(("used",)),
        values.get(("energy",)),
        (*_named(values, "ecc", "ecc_{}"), *((("xid", events[_XIDS]),) if _XIDS in events else ())),
        _named(values, "throttled", "{}"),
    )


def _named(values: QuantityValues, name: str, text: str) -> tuple[tuple[str, float], ...]:
    """Return the values of a quantity by its label."""
    return tuple((text.format(key[1]), value) for key, value in values.items() if key[0] == name)
