"""GPUs: how busy they are, and how full their memory is."""

from typing import Any

from fructosa_exporter.gpus.quantities import Columns, QuantityValues

from .gpu_sensor import GPUSensor, gpu_metric


class GPUUtilization(GPUSensor):
    """How busy GPUs, their memory, and their engines for video and images are.

    Source: NVML, nvmlDeviceGetUtilizationRates and its kin; AMD SMI, GPU activity. They are of the
    driver's last sample period, a sixth of a second to one second. A GPU counts as busy as long
    as anything runs on it, be it on one of its hundred processors. A GPU that is divided by MIG
    tells none.
    """

    QUANTITIES = {
        "busy": gpu_metric("utilization_ratio", "Share of time in which something ran on the GPU."),
        "memory": gpu_metric(
            "memory_busy_ratio", "Share of time in which memory was read or written."
        ),
        "engine": gpu_metric(
            "engine_utilization_ratio", "Share of time that an engine worked.", "engine"
        ),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.utilization()  # type: ignore[no-any-return]


class GPUMemory(GPUSensor):
    """Memory of GPUs, of MIG's instances, and what of it can be seen over PCIe (BAR1).

    Source: NVML, nvmlDeviceGetMemoryInfo; AMD SMI, VRAM usage. What the driver and firmware
    reserve counts neither as used nor as free.
    """

    QUANTITIES = {
        "total": gpu_metric("memory_total_bytes", "Memory of the GPU."),
        "used": gpu_metric("memory_used_bytes", "Memory that is allocated."),
        "free": gpu_metric("memory_free_bytes", "Memory that can be allocated."),
        "reserved": gpu_metric("memory_reserved_bytes", "Memory that driver and firmware keep."),
        "bar1_total": gpu_metric("bar1_total_bytes", "Memory that can be mapped over PCIe."),
        "bar1_used": gpu_metric("bar1_used_bytes", "Memory that is mapped over PCIe."),
        "mig_total": gpu_metric(
            "mig_memory_total_bytes",
            "Memory of a MIG instance.",
            "gpu_instance",
            "compute_instance",
        ),
        "mig_used": gpu_metric(
            "mig_memory_used_bytes",
            "Memory that is allocated in a MIG instance.",
            "gpu_instance",
            "compute_instance",
        ),
        "mig_free": gpu_metric(
            "mig_memory_free_bytes",
            "Memory that can be allocated in a MIG instance.",
            "gpu_instance",
            "compute_instance",
        ),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.memory()  # type: ignore[no-any-return]
