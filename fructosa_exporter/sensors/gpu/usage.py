"""GPUs: their utilization and memory."""

from typing import Any

from fructosa_exporter.gpus.quantities import Columns, QuantityValues

from .gpu_sensor import GPUSensor, gpu_metric


class GPUUtilization(GPUSensor):
    """Utilization of GPUs, their memory, and their engines for video and images.

    Source: NVML, nvmlDeviceGetUtilizationRates and similar functions; AMD SMI, GPU activity. The
    values cover the driver's last sample period, between 1/6 s and 1 s. A GPU counts as busy while
    anything runs on it, even on a single multiprocessor. With MIG there are no values.
    """

    QUANTITIES = {
        "busy": gpu_metric("utilization_ratio", "Share of time that something ran on the GPU."),
        "memory": gpu_metric(
            "memory_busy_ratio", "Share of time that the GPU's memory was read or written."
        ),
        "engine": gpu_metric(
            "engine_utilization_ratio", "Share of time that the engine was busy.", "engine"
        ),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.utilization()  # type: ignore[no-any-return]


class GPUMemory(GPUSensor):
    """Memory of GPUs and MIG instances, and the memory mapped over PCIe (BAR1).

    Source: NVML, nvmlDeviceGetMemoryInfo; AMD SMI, VRAM usage. Memory reserved by driver and
    firmware counts as neither used nor free.
    """

    QUANTITIES = {
        "total": gpu_metric("memory_total_bytes", "Size of the GPU's memory."),
        "used": gpu_metric("memory_used_bytes", "GPU memory that is allocated."),
        "free": gpu_metric(
            "memory_free_bytes",
            "GPU memory that is available.",
            without_panel="total memory minus allocated and reserved memory",
        ),
        "reserved": gpu_metric(
            "memory_reserved_bytes",
            "GPU memory reserved by driver and firmware.",
            without_panel="some hundred MB that the driver always reserves",
        ),
        "bar1_total": gpu_metric("bar1_total_bytes", "GPU memory that can be mapped over PCIe."),
        "bar1_used": gpu_metric("bar1_used_bytes", "GPU memory that is mapped over PCIe."),
        "mig_total": gpu_metric(
            "mig_memory_total_bytes",
            "Memory of the MIG instance.",
            "gpu_instance",
            "compute_instance",
        ),
        "mig_used": gpu_metric(
            "mig_memory_used_bytes",
            "Allocated memory of the MIG instance.",
            "gpu_instance",
            "compute_instance",
        ),
        "mig_free": gpu_metric(
            "mig_memory_free_bytes",
            "Available memory of the MIG instance.",
            "gpu_instance",
            "compute_instance",
            without_panel="total memory of an instance minus allocated memory",
        ),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.memory()  # type: ignore[no-any-return]
