"""GPUs: which there are."""

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
    """Whether serial numbers are told."""

    serial: bool = option(YES_NO, False, "Also tell the serial number of each board.")


class GPUInfo(GPUSensor):
    """Which GPUs there are, with their driver and MIG's instances; whether each answers.

    Source: NVML; AMD SMI. A GPU that has ever answered is up or down until the agent ends, also
    when its driver is unloaded or it fell off the bus. CUDA's version is the newest that the driver
    supports. Which GPU has which index is the same for nvidia-smi, whatever CUDA_VISIBLE_DEVICES
    says.
    """

    Options: ClassVar[type[SensorOptions]] = GPUInfoOptions
    options: GPUInfoOptions

    UP = gpu_metric("up", "1 if the GPU answers, 0 if it or its driver no longer does.")
    QUANTITIES = {
        "info": gpu_metric(
            "info",
            "What a GPU is.",
            "name",
            "pci_bus_id",
            "vendor",
            "driver_version",
            "cuda_version",
            declare=info,
        ),
        "serial": gpu_metric(
            "serial_info", "Serial number of the GPU's board.", "serial", declare=info
        ),
        "mig_enabled": gpu_metric("mig_enabled", "1 if the GPU is divided by MIG, else 0."),
        "mig_info": gpu_metric(
            "mig_info",
            "An instance that MIG has made of a GPU.",
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
        found = columns(gpu.info())
        if self.options.serial and (serial := gpu.serial()):
            found.append(((("serial", serial),), [1]))
        return found
