"""GPUs: their identity and whether they respond."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from fructosa_exporter.gpus.quantities import Columns, QuantityValues, columns
from fructosa_exporter.metrics import Rows, Sample, info
from fructosa_exporter.sensor import SensorOptions
from fructosa_service.config.kinds import YES_NO
from fructosa_service.config.settings import option

from .gpu_sensor import GPUSensor, gpu_metric


@dataclass(frozen=True, kw_only=True)
class GPUInfoOptions(SensorOptions):
    """Whether serial numbers are exposed."""

    serial: bool = option(YES_NO, False, "Also expose the serial number of each board.")


class GPUInfo(GPUSensor):
    """GPUs of the node, with driver versions and MIG instances, and whether each responds.

    Source: NVML; AMD SMI. A GPU that has once responded is exposed as up or down until the agent
    exits, even if its driver is unloaded or it falls off the bus. The CUDA version is the newest
    that the driver supports. The index of a GPU is that of nvidia-smi, regardless of
    CUDA_VISIBLE_DEVICES; the minor number of a GPU may differ from it.
    """

    Options: ClassVar[type[SensorOptions]] = GPUInfoOptions
    options: GPUInfoOptions

    UP = gpu_metric("up", "1 if the GPU responds, 0 if it or its driver no longer does.")
    QUANTITIES = {
        "info": gpu_metric(
            "info",
            "Name, PCI address, vendor and driver versions of the GPU.",
            "name",
            "pci_bus_id",
            "vendor",
            "driver_version",
            "cuda_version",
            declare=info,
        ),
        "minor": gpu_metric(
            "minor_number",
            "Number N of the GPU's device file /dev/nvidiaN, by which Slurm may count GPUs.",
            without_panel="tells lmaster which GPUs a job of Slurm has",
        ),
        "serial": gpu_metric(
            "serial_info",
            "Serial number of the GPU's board.",
            "serial",
            declare=info,
            without_panel="exposed on request only",
        ),
        "mig_enabled": gpu_metric(
            "mig_enabled",
            "1 if MIG is enabled on the GPU, else 0.",
            without_panel="MIG instances show it",
        ),
        "mig_info": gpu_metric(
            "mig_info",
            "A MIG instance of the GPU.",
            "gpu_instance",
            "compute_instance",
            "mig_uuid",
            "profile",
            declare=info,
        ),
    }

    def samples(self) -> Iterable[Sample | Rows]:
        states = list(self.read.up(self.name))
        samples = [self.UP.sample(int(is_up), *gpu) for gpu, is_up in states]
        return [*samples, *super().samples()] if any(is_up for _, is_up in states) else samples

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        parts = columns(gpu.info())
        if self.options.serial and (serial := gpu.serial()):
            parts.append(((("serial", serial),), [1]))
        return parts
