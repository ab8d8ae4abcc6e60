"""The series of the node that figures of its jobs are made of: GPUs and energy. Pure.

They are only on the page of jobs: for /metrics, the sensors of GPUs and EnergyRAPL have their own.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fructosa_exporter.metrics import Metric, counter, gauge, info
from fructosa_exporter.slurm.series import Values

from .gpu_totals import GPUTotal

_FOR_LMASTER = "lmaster works out from it what a job has used"


GPU_INFO = info(
    "fructosa_slurm_gpu_info",
    "A GPU: its index, its device file, its PCI address; mig=1 if it is divided.",
    "uuid",
    "index",
    "minor",
    "pci",
    "mig",
    without_panel=_FOR_LMASTER,
)
GPU_BUSY = counter(
    "fructosa_slurm_gpu_busy_seconds_total",
    "Time in which something ran on the GPU, since lagent started.",
    "uuid",
    without_panel=_FOR_LMASTER,
)
GPU_MEMORY_MAX = gauge(
    "fructosa_slurm_gpu_memory_max_bytes",
    "Largest memory of the GPU in use that was seen since lagent started.",
    "uuid",
    without_panel=_FOR_LMASTER,
)
GPU_ENERGY = counter(
    "fructosa_slurm_gpu_energy_joules_total",
    "Energy that the GPU has used since its driver was loaded.",
    "uuid",
    without_panel=_FOR_LMASTER,
)
GPU_FAULTS = counter(
    "fructosa_slurm_gpu_faults_total",
    "Errors of the GPU: ecc_corrected and ecc_uncorrected since its driver was loaded, xid since "
    "lagent started.",
    "uuid",
    "kind",
    without_panel=_FOR_LMASTER,
)
GPU_THROTTLED = counter(
    "fructosa_slurm_gpu_throttled_seconds_total",
    "Time that clocks were throttled for the reason since the driver was loaded.",
    "uuid",
    "reason",
    without_panel=_FOR_LMASTER,
)
MEMORY_ERRORS = counter(
    "fructosa_slurm_node_memory_errors_total",
    "Memory errors that EDAC has counted: corrected and uncorrected.",
    "kind",
    without_panel=_FOR_LMASTER,
)
LINK_DOWNS = counter(
    "fructosa_slurm_node_link_downs_total",
    "Times that the link of a network interface (eth0) or of an InfiniBand port (mlx5_0/1) went "
    "down.",
    "link",
    without_panel=_FOR_LMASTER,
)
FULLEST = gauge(
    "fructosa_slurm_node_fullest_filesystem_ratio",
    "Used share of the fullest local file system that can be written.",
    "mountpoint",
    without_panel=_FOR_LMASTER,
)
NODE_ENERGY = counter(
    "fructosa_slurm_node_energy_joules_total",
    "Energy that processors and their memory have used since lagent started (RAPL).",
    without_panel=_FOR_LMASTER,
)
OF_MACHINE = (
    *(GPU_INFO, GPU_BUSY, GPU_MEMORY_MAX, GPU_ENERGY, GPU_FAULTS, GPU_THROTTLED),
    *(NODE_ENERGY, MEMORY_ERRORS, LINK_DOWNS, FULLEST),
)


class MachineTotals(NamedTuple):
    """The running totals of a node, and its fullest file system with its used share.

    None is unknown.
    """

    gpus: Sequence[GPUTotal] = ()
    energy_joules: float | None = None
    memory_errors: tuple[tuple[str, int], ...] = ()
    link_downs: tuple[tuple[str, int], ...] = ()
    fullest: tuple[str, float] | None = None


NOT_READ = MachineTotals()


def values_of_machine(totals: MachineTotals) -> Values:
    """Yield each metric that has a value, the values of its labels, and its value."""
    for total in totals.gpus:
        look = total.look
        minor = "" if look.minor is None else str(look.minor)
        mig = "1" if look.is_divided else ""
        yield GPU_INFO, (look.uuid, look.number, minor, look.pci, mig), 1
    for metric, name in (
        (GPU_BUSY, "busy_s"),
        (GPU_MEMORY_MAX, "memory_max_bytes"),
        (GPU_ENERGY, "energy_joules"),
    ):
        yield from _of_gpus(metric, name, totals.gpus)
    for total in totals.gpus:
        for kind, count in total.look.faults:
            yield GPU_FAULTS, (total.look.uuid, kind), count
        for reason, seconds in total.look.throttled_s:
            yield GPU_THROTTLED, (total.look.uuid, reason), seconds
    if totals.energy_joules is not None:
        yield NODE_ENERGY, (), totals.energy_joules
    for kind, count in totals.memory_errors:
        yield MEMORY_ERRORS, (kind,), count
    for link, count in totals.link_downs:
        yield LINK_DOWNS, (link,), count
    if totals.fullest is not None:
        yield FULLEST, (totals.fullest[0],), totals.fullest[1]


def _of_gpus(metric: Metric, name: str, gpus: Iterable[GPUTotal]) -> Values:
    for total in gpus:
        if (value := getattr(total, name)) is not None:
            yield metric, (total.look.uuid,), value
